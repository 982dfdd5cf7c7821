"""Terraform plans: `terraform show -json` of a plan, as the assets that will be there after apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.sources.files import why
from auditor.sources.terraform import iam
from auditor.sources.terraform.mapping import Context, Draft, Made
from auditor.sources.terraform.names import Namer
from auditor.sources.terraform.parts import assemble
from auditor.sources.terraform.plan import Plan, Planned, read
from auditor.sources.terraform.removals import removals
from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.parts import PARTS

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

_TEMPLATES = {kind: mapping.name for kind, mapping in MAPPINGS.items()}
_CONTAINERS = {kind: mapping.container for kind, mapping in MAPPINGS.items()}
_MISSHAPEN = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What a value of an unexpected shape raises in a conversion."""
_ADVICE = "check that the JSON is that of terraform show; every other resource was audited"
_PROJECT_METADATA = "compute.googleapis.com/Project"


@dataclass(slots=True)
class TerraformPlan:
    """One plan.

    `unsupported` counts, after `lines`, the resources of Google types that no table converts, and those that
    are part of another resource which the plan does not have (a rule of a policy, say).
    """

    path: str
    shown: str
    """How places in it are told."""
    document: dict[str, Any]
    kind: str = "Terraform plan"
    partial: bool = True
    trusted: bool = True
    """Whether lines may say what only this program says of an asset: what is unknown, its Terraform address."""
    unsupported: Counter[str] = field(default_factory=Counter)
    made_of: dict[str, list[str]] = field(default_factory=dict)
    """Address of an asset, after `lines` → the addresses of the other resources that make it up."""
    granted: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    """Address of an asset, after `lines` → (role, member) of its policy → the address of what grants it."""

    def lines(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """(place, line) of every asset that the plan leaves in place or makes."""
        self.unsupported.clear()
        self.made_of.clear()
        self.granted.clear()
        try:
            plan = read(self.document, self.shown, gaps)
            drafts = self._drafts(plan, Context(plan, Namer(plan, _TEMPLATES, _CONTAINERS)), gaps)
        except RecursionError as error:
            gaps.add(self.shown, why(error), "make the plan's JSON again: terraform show -json PLAN")
            return
        for draft in drafts:
            if draft.parts:
                self.made_of[draft.address] = draft.parts
            if draft.granted:
                self.granted[draft.address] = draft.granted
            yield f"{self.shown} {draft.address}", msgspec.json.encode(draft.line())

    def notices(self) -> list[str]:
        """What is no finding and should be known: protection that the plan removes."""
        return list(removals(self.document))

    def _drafts(self, plan: Plan, context: Context, gaps: Gaps) -> list[Draft]:
        drafts: dict[str, Draft] = {}
        beside: list[Draft] = []
        grants: list[Planned] = []
        parts: list[Planned] = []
        for planned in plan.resources:
            if iam.is_iam(planned):
                grants.append(planned)
            elif planned.type in PARTS:
                parts.append(planned)
            elif planned.type not in MAPPINGS:
                self.unsupported[planned.type] += 1
            else:
                try:
                    draft, more = _convert(planned, context)
                except _MISSHAPEN as error:
                    gaps.add(f"{self.shown} {planned.address}", f"its attributes cannot be read ({error})", _ADVICE)
                    continue
                beside += more
                if draft.asset_type:
                    drafts[planned.address] = draft
        created = [planned for planned in plan.resources if planned.is_new]
        for planned in assemble(context, drafts, parts, {planned.address for planned in created}):
            self.unsupported[planned.type] += 1
        outside = iam.Folder(context, drafts, self.shown, gaps).fold(created, grants)
        return [*_merged(drafts.values()), *beside, *outside]


def _convert(planned: Planned, context: Context) -> tuple[Draft, list[Draft]]:
    """The asset of a resource, and the assets beside it."""
    mapping = MAPPINGS[planned.type]
    draft = mapping.draft(planned, context)
    if mapping.beside is None:
        return draft, []
    return draft, list(mapping.beside(Made(draft, planned, context, draft.data or {})))


def _merged(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The drafts, with the items of a project's metadata, which several resources make up, in one."""
    projects: dict[str, Draft] = {}
    for draft in drafts:
        if draft.asset_type != _PROJECT_METADATA:
            yield draft
        elif draft.name not in projects:
            projects[draft.name] = draft
        else:
            _add_items(projects[draft.name], draft)
    yield from projects.values()


def _add_items(first: Draft, further: Draft) -> None:
    first.parts.append(further.address)
    items = _items(first)
    offset = len(items)
    items += _items(further)
    for path, cause in further.unknown.items():
        steps = path.split(".")
        if len(steps) > 2 and steps[2].isdigit():
            steps[2] = str(int(steps[2]) + offset)
        first.note(".".join(steps), cause)


def _items(draft: Draft) -> list[Any]:
    common = (draft.data or {}).setdefault("commonInstanceMetadata", {})
    items = common.setdefault("items", [])
    return items if isinstance(items, list) else []
