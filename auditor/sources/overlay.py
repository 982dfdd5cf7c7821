"""An estate as it will be once a Terraform plan is applied: the assets of the export, changed by the plan.

Only what the plan touches is held in memory; every other record goes through as it was read, so an export of any
size can be laid under a plan. The export is read twice: once for the names that its projects and accounts go by.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.model.text import plural
from auditor.resources import content
from auditor.resources.decode import Unreadable, parse
from auditor.sources.base import Gaps, Source
from auditor.sources.overlay_names import EstateNames
from auditor.sources.terraform.changes import AssetChange, Changes, Target, changes_of
from auditor.sources.terraform.grants import Grants, PolicyChange
from auditor.sources.terraform.merge import merge
from auditor.sources.terraform.places import Placed
from auditor.sources.terraform_plan import TerraformPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

Line = dict[str, Any]
_HEAD = re.compile(rb'\s*\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"asset_type"\s*:\s*"([^"\\]+)"')
_HOLDERS = (b"cloudresourcemanager.", b"accesscontextmanager.", b"identity.accesscontext")
"""Types whose lines may carry policies that are assets of their own."""
_DATA = "resource.data."
_SERVICE = 2
"""Slashes in `//SERVICE`, below which names of assets begin."""
_MISSING = (
    "the plan keeps or changes {} that the estate lacks, being older or narrower than the plan; "
    "judged as the plan alone tells, the first is {}"
)
_PRESENT = "the plan creates {} that the estate has already; judged with the grants of both, the first is {}"


class NotAPlan(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """What should be laid over an estate is no plan; the message says what it is."""


def plan_in(source: Source) -> TerraformPlan:
    """The plan in a source. Raises `NotAPlan`."""
    inner = source.source if isinstance(source, Placed) else source
    if not isinstance(inner, TerraformPlan):
        raise NotAPlan(f"{source.path}: a {source.kind}; only a Terraform plan can be laid over an estate with --on")
    return inner


class Overlay:
    """A plan over the sources of an estate. `sources()` gives the estate after apply, each time anew.

    `exported` are the content types that the user vouched for: what is exported in full and has no IAM policy has
    an empty one. After all of the sources were read, `notices` tells what the plan and the estate disagree about.
    """

    def __init__(self, plan: Source, estate: Sequence[Source], exported: frozenset[str] = frozenset()) -> None:
        self.notices: list[str] = []
        self._gaps = Gaps()
        document = plan_in(plan)
        assert isinstance(plan, Placed | TerraformPlan)
        self.plan = plan
        self._changes: Changes = changes_of(plan, document, self._gaps)
        self._estate = estate
        self._vouched = "iam-policy" in exported
        emails = [line["resource"]["data"]["email"] for line in self._lines() if _is_account(line)]
        self.names = EstateNames(emails + [_email(name) for name in self._changes.policies])
        self.names.read(estate)
        self._assets: dict[str, AssetChange] = {}
        self._gone: dict[str, AssetChange] = {}
        for change in self._changes.assets:
            self._enter(change)
        self._policies = {self.names.of(name): target for name, target in self._changes.policies.items()}
        self._held: dict[str, Line] = {}

    def _lines(self) -> Iterator[Line]:
        return (line for change in self._changes.assets for line in (change.before, change.after) if line is not None)

    def _enter(self, change: AssetChange) -> None:
        """Note which names of the estate a change is about."""
        name = self.names.call(change.line)
        if change.after is None:
            if change.remains is None:
                self._gone[name] = change
            else:
                self._assets[name] = change
            return
        before = self.names.call(change.before) if change.before is not None else name
        if change.replaced:
            self._gone[before] = change
        if before != name and not change.replaced:
            name = before  # an update that gives no name, or not yet
        self._assets[name] = change

    def sources(self) -> list[Source]:
        """The estate after apply: first what the plan leaves alone, then what it touches."""
        self._held, self.notices = {}, []
        return [*(_Rest(source, self) for source in self._estate), _Touched(self)]

    def is_gone(self, name: str, line: bytes) -> bool:
        """Whether apply deletes what a record of the estate is about, or what holds it."""
        if not self._gone:
            return False
        if name in self._gone:
            return True
        above = name
        while (above := above.rpartition("/")[0]).count("/") > _SERVICE:
            if above in self._gone:
                return True
        return any(
            f"//cloudresourcemanager.googleapis.com/{home}" in self._gone for home in self.names.homes_of(name, line)
        )

    def touches(self, name: str) -> bool:
        """Whether the plan has something to say of an asset, by the name that the overlay knows it by."""
        return name in self._assets or name in self._policies

    def hold(self, name: str, record: Line) -> bool:
        """Keep a record of the estate if the plan touches its asset; whether it does."""
        if not self.touches(name):
            return False
        held = self._held.setdefault(name, {"name": record["name"], "asset_type": record["asset_type"], "unknown": {}})
        held["unknown"] |= record.get("unknown") or {}
        for key, value in record.items():
            if value is not None:
                held.setdefault(key, value)
        return True

    def pass_on(self, gaps: Gaps) -> None:
        """Tell what of the plan could not be read."""
        gaps.told += self._gaps.told
        gaps.untold += self._gaps.untold
        gaps.files += self._gaps.files

    def touched(self) -> Iterator[tuple[str, Line]]:
        """(place, asset) of everything that the plan touches and leaves in place, after apply."""
        missing: list[str] = []
        present: list[str] = []
        for name, change in self._assets.items():
            held = self._held.pop(name, None)
            if held is None and change.before is not None and not change.replaced and change.after is not None:
                missing.append(change.line["address"])
            made = self._after(change, held)
            if made is None:
                continue
            target = self._policies.get(name)
            if held is not None and change.before is None and change.after is not None:
                present.append(change.line["address"])
                target = Target(change.after, change.place, PolicyChange(joined=Grants.of(change.after)))
            yield change.place or self.plan.shown, self._with_policy(made, held, target)
        for name, target in self._policies.items():
            if name not in self._assets and name not in self._gone:
                held = self._held.pop(name, None)
                yield target.place, self._with_policy(self._bare(target.line, held), held, target)
        for addresses, what in ((missing, _MISSING), (present, _PRESENT)):
            if addresses:
                self.notices.append(what.format(plural(len(addresses), "resource"), addresses[0]))

    def _bare(self, line: Line, held: Line | None) -> Line:
        """An asset without its policy: as the estate has it, else as the plan names it."""
        bare = {key: line[key] for key in ("name", "asset_type", "address")} | {"unknown": {}}
        if held is None:
            return bare | {"ancestors": self.names.ancestors(line["ancestors"])}
        return bare | {key: value for key, value in held.items() if key not in ("iam_policy", "address")}

    def _after(self, change: AssetChange, held: Line | None) -> Line | None:
        """An asset after apply, with the policy that it has if it is new; None where nothing is left of it."""
        if change.after is None:
            if held is None:
                return None
            cause = {"resource.data": change.remains} if change.remains else {}
            return _with_unknown(self._bare(change.line, held), cause)
        after = {**change.after, "ancestors": self.names.ancestors(change.after["ancestors"])}
        resource = (held or {}).get("resource")
        present = resource.get("data") if isinstance(resource, dict) else None
        if change.replaced or held is None:
            return after
        bare = self._bare(change.after, held)
        if change.before is None or not isinstance(present, dict):
            return _with_unknown(bare | {"resource": after["resource"]}, _of_data(after))
        if _settled(change):
            return bare
        unknown = {path.removeprefix(_DATA): cause for path, cause in _of_data(after).items()}
        merged = merge(present, change.before["resource"]["data"], after["resource"]["data"], unknown)
        told = {_DATA + path: cause for path, cause in merged.unknown.items()}
        return _with_unknown(bare | {"resource": {"data": merged.data}}, told)

    def _with_policy(self, made: Line, held: Line | None, target: Target | None) -> Line:
        """The asset with its policy after apply."""
        present = (held or {}).get("iam_policy")
        if target is None:
            return made if present is None else made | {"iam_policy": present}
        known = present if isinstance(present, dict) else {} if held is not None and self._vouched else None
        policy, unknown = target.change.apply(known)
        return _with_unknown(made | {"iam_policy": policy}, unknown)


def _with_unknown(line: Line, unknown: dict[str, str]) -> Line:
    """The asset with more of it unknown."""
    return line | {"unknown": {**line["unknown"], **unknown}}


def _of_data(line: Line) -> dict[str, str]:
    """What is unknown of an asset's data."""
    return {path: cause for path, cause in line["unknown"].items() if path.startswith("resource")}


def _settled(change: AssetChange) -> bool:
    """Whether the plan leaves the asset as it is."""
    assert change.before is not None
    assert change.after is not None
    return bool(change.before["resource"] == change.after["resource"]) and not (
        _of_data(change.after).keys() - _of_data(change.before).keys()
    )


def _is_account(line: Line) -> bool:
    data = line.get("resource", {}).get("data")
    return line["asset_type"] == "iam.googleapis.com/ServiceAccount" and isinstance((data or {}).get("email"), str)


def _email(name: str) -> str:
    return name.rpartition("/")[2] if "/serviceAccounts/" in name else ""


@dataclass(slots=True)
class _Rest:
    """What one source of the estate has, without what the plan touches: that is held by the overlay."""

    source: Source
    overlay: Overlay
    unsupported: Counter[str] = field(default_factory=Counter)

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def kind(self) -> str:
        return self.source.kind

    @property
    def partial(self) -> bool:
        return self.source.partial

    @property
    def trusted(self) -> bool:
        return self.source.trusted

    @property
    def file(self) -> Path:
        """Where it is read from, so that no output overwrites it."""
        return Path(getattr(self.source, "file", self.source.path))

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """(place, line) of each record that stays as it is."""
        overlay, names = self.overlay, self.overlay.names
        for place, line in self.source.lines(gaps):
            head = _HEAD.match(line)
            if head is not None and not (
                head[2].startswith(_HOLDERS) and content.CARRIES_POLICIES.search(line) is not None
            ):
                name = names.of(head[1].decode(errors="surrogateescape"))
                if overlay.is_gone(name, line):
                    continue
                if not overlay.touches(name):
                    yield place, line
                    continue
            yield from ((place, kept) for kept in self._apart(line))
        self.unsupported.update(self.source.unsupported)

    def _apart(self, line: bytes) -> Iterable[bytes]:
        """The records of a line of another shape, or of one that the plan touches, without those that are held."""
        try:
            records = content.records(parse(line), trusted=self.trusted)
        except Unreadable:
            return [line]  # the reader of the lines tells what is wrong with it
        left = []
        for record in records:
            name = self.overlay.names.of(record["name"])
            if not self.overlay.is_gone(name, line) and not self.overlay.hold(name, record):
                left.append(record)
        return [line] if len(left) == len(records) else [msgspec.json.encode(record) for record in left]


@dataclass(slots=True)
class _Touched:
    """What the plan touches, after apply."""

    overlay: Overlay
    partial: bool = False
    trusted: bool = True

    @property
    def path(self) -> str:
        return self.overlay.plan.path

    @property
    def kind(self) -> str:
        return "Terraform plan, laid over the estate"

    @property
    def unsupported(self) -> Counter[str]:
        return self.overlay.plan.unsupported

    def lines(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """(place, line) of each asset."""
        self.overlay.pass_on(gaps)
        for place, line in self.overlay.touched():
            yield place, msgspec.json.encode(line)
