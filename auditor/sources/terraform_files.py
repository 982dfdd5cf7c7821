"""Terraform files: a folder of `.tf` and `.tf.json`, as the assets that would be there after apply.

No Terraform is run and nothing is fetched. The files are evaluated to a document in the form of a plan, which the
conversion of plans reads; what the files do not tell is unknown, with its cause.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.model.text import plural
from auditor.sources.files import printable
from auditor.sources.terraform import iam
from auditor.sources.terraform.hcl.evaluate import Evaluated, Place, evaluate
from auditor.sources.terraform.hcl.exceptions import InlineException, exceptions_in
from auditor.sources.terraform.hcl.load import Module, read_module
from auditor.sources.terraform.hcl.pinpoint import line_in
from auditor.sources.terraform.hcl.roots import folders_with_files, roots
from auditor.sources.terraform.hcl.syntax import Block
from auditor.sources.terraform.hcl.variables import given_values
from auditor.sources.terraform.places import grant_in, split
from auditor.sources.terraform.walk import AFTER_APPLY
from auditor.sources.terraform_plan import TerraformPlan

if TYPE_CHECKING:
    from auditor.exceptions import Claim
    from auditor.model.run import Finding
    from auditor.sources.base import Gaps

_PLAN, _FILES = "the plan does ", "the files do "
_MOMENTS = ("createTime", "creationTimestamp", "timeCreated")
"""What is known only after apply, whatever else the files do not tell."""


@dataclass(slots=True)
class TerraformFiles:
    """A folder with Terraform files, in it or below it.

    After `lines`, `unsupported` counts the resources of Google types that no table converts, `places` tells where
    each address is written, and `exceptions` what comments accept.
    """

    folder: Path
    shown: str
    """How the folder is called."""
    var_files: tuple[Path, ...] = ()
    """Files of values, as given with `--var-file`."""
    planned: tuple[Path, ...] = ()
    """Folders for whose files, and those below, plans stand that are audited beside them."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where `TF_VAR_…` are looked up."""
    kind: str = "Terraform files"
    partial: bool = True
    trusted: bool = True
    """Whether lines may say what only this program says of an asset: what is unknown, its Terraform address."""
    unsupported: Counter[str] = field(default_factory=Counter)
    places: dict[str, Place] = field(default_factory=dict)
    """Root folder and address, as in the place of a line, → where its block begins."""
    exceptions: list[InlineException] = field(default_factory=list)
    _modules: dict[Path, Module] = field(default_factory=dict)
    _blocks: dict[str, set[Place]] = field(default_factory=dict)
    """Place of a line → the blocks that its asset comes of; only where comments accept something."""
    _grants: dict[str, dict[tuple[str, str], Place]] = field(default_factory=dict)
    """Place of a line → (role, member) of the asset's policy → the block that says so."""
    _states: list[str] = field(default_factory=list)
    """Stored states that lie with the files."""
    _written: dict[str, Block] = field(default_factory=dict)
    """Place of a line → the block of its resource."""

    @property
    def path(self) -> str:
        """The folder, printable whatever bytes its name has."""
        return printable(self.folder)

    def lines(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """(place, line) of every asset; a place is `FILE:LINE ADDRESS`."""
        self.unsupported.clear()
        self.places.clear()
        self._modules.clear()
        self._blocks.clear()
        self._grants.clear()
        self._written.clear()
        self._states.clear()
        folders = [
            folder
            for folder in folders_with_files(self.folder, gaps, self._states)
            if not any(folder.is_relative_to(planned) for planned in self.planned)
        ]
        found = roots(folders, lambda folder: self._read(folder, gaps))
        taken: set[str] = set()
        for root in found:
            mark = "" if root == self.folder or len(found) == 1 else f"{printable(root.relative_to(self.folder))}: "
            values = given_values(root, self.var_files, self.environment, gaps)
            evaluated = evaluate(
                root,
                scanned=self.folder,
                read=lambda folder: self._read(folder, gaps),
                values=values,
                gaps=gaps,
                mark=mark,
            )
            yield from self._converted(evaluated, mark, taken, gaps, alone=len(found) == 1)
        self.exceptions = [one for module in self._modules.values() for one in exceptions_in(module)]

    def notices(self) -> list[str]:
        """What lies with the files and is not read with them."""
        if not self._states:
            return []
        others = f" and {plural(len(self._states) - 1, 'other')}" if len(self._states) > 1 else ""
        told = "a stored state, not read with the files; name it to have it audited and searched for secrets"
        return [f"{self._states[0]}{others}: {told}"]

    def claims(self) -> list[Claim]:
        """The exceptions in comments, each about the findings of what its block makes."""
        return [one.claim(self._about(Place(one.block_file, one.block_line))) for one in self.exceptions]

    def _about(self, block: Place) -> Callable[[Finding], bool]:
        return lambda finding: block in self._blocks.get(finding.source, ())

    def written_at(self, finding: Finding) -> str:
        """`FILE:LINE` of the block that grants what a finding is about, or of the attribute that sets it, or `""`."""
        grants = self._grants.get(finding.source, {})
        place = grants.get(grant_in(finding, grants))
        if place is not None:
            return f"{place.file}:{place.line}"
        block = self._written.get(finding.source)
        line = line_in(block, finding.asset_type, finding.evidence) if block is not None else None
        return f"{block.file.shown}:{line}" if block is not None and line is not None else ""

    def _read(self, folder: Path, gaps: Gaps) -> Module:
        """The module in a folder, read once whatever path leads to it."""
        resolved = folder.resolve()
        if resolved not in self._modules:
            self._modules[resolved] = read_module(folder, gaps)
        return self._modules[resolved]

    def _converted(
        self, evaluated: Evaluated, mark: str, taken: set[str], gaps: Gaps, *, alone: bool
    ) -> Iterator[tuple[str, bytes]]:
        """The lines of one root module, as the conversion of plans makes them, with their places and causes."""
        plan = TerraformPlan(self.path, self.shown, evaluated.document)
        begin = len(self.shown) + 1
        commented = any(file.comments for module in self._modules.values() for file in module.files)
        for shown, line in plan.lines(gaps):
            addresses = shown[begin:].replace(mark, "") if mark else shown[begin:]
            first = addresses.partition(", ")[0]
            place = evaluated.places.get(first)
            where = f"{place.file}:{place.line} {addresses}" if place is not None else f"{self.shown} {addresses}"
            if place is not None:
                self.places[mark + first] = place
            if first in evaluated.written:
                self._written[where] = evaluated.written[first]
            if granted := plan.granted.get(shown[begin:]):
                makers = {grant: address.removeprefix(mark) for grant, address in granted.items()}
                self._grants[where] = {
                    grant: evaluated.makers.get(address) or evaluated.places[address]
                    for grant, address in makers.items()
                    if address in evaluated.places
                }
            if commented:
                parts = [part.removeprefix(mark) for part in plan.made_of.get(shown[begin:], ())]
                made_of = [*split(addresses), *parts]
                self._blocks[where] = {block for one in made_of for block in evaluated.blocks.get(one, ())}
            if not alone or b'"unknown":{}' not in line:
                line = _told(line, addresses, evaluated, mark, taken if not alone else None)
            yield where, line
        self.unsupported.update(plan.unsupported)


def _told(line: bytes, addresses: str, evaluated: Evaluated, mark: str, taken: set[str] | None) -> bytes:
    """The line with causes as files have them, its plain address, and a name that no other root has given."""
    asset: dict[str, Any] = msgspec.json.decode(line)
    asset["address"] = addresses
    causes = [evaluated.causes[address] for address in addresses.split(", ") if address in evaluated.causes]
    untold = "; ".join(dict.fromkeys(causes)) or AFTER_APPLY
    for path, cause in asset["unknown"].items():
        if cause == AFTER_APPLY and not path.endswith(_MOMENTS):
            asset["unknown"][path] = untold
        elif cause == iam.ADDS_ONLY:
            asset["unknown"][path] = "the files show only the bindings that they add"
        elif cause.startswith(_PLAN):
            asset["unknown"][path] = _FILES + cause.removeprefix(_PLAN)
    if taken is not None:
        if asset["name"] in taken:
            asset["name"] += f" ({mark.replace('/', '%2F')}{addresses.replace('/', '%2F')})"
        taken.add(asset["name"])
    return msgspec.json.encode(asset)
