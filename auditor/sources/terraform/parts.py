"""Putting resources that are parts of another one where the API shows them: into the data of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.sources.terraform.mapping import Context, Draft
from auditor.sources.terraform.plan import Planned, references_of
from auditor.sources.terraform.references import follow
from auditor.sources.terraform.types.parts import PARTS, Part
from auditor.sources.terraform.walk import AFTER_APPLY, Walk, descend

_MAY_ADD = "a part in this plan may be of it: {}"
_ADDS_ONLY = "a plan shows only the {list} that it adds"
_LISTS = {
    whole: sorted({part.path for part in PARTS.values() if part.asset_type == whole})
    for whole in {part.asset_type for part in PARTS.values()}
}
"""Asset type → the lists in it that resources of their own are parts of."""


def assemble(context: Context, drafts: dict[str, Draft], parts: Iterable[Planned], created: set[str]) -> list[Planned]:
    """Add `parts` to the drafts of their wholes; gives back those whose whole the plan does not have.

    `created` has the addresses of new resources: of all others the plan shows only what it adds.
    """
    alone = []
    for planned in parts:
        part = PARTS[planned.type]
        whole = _whole(context, drafts, planned, part)
        if whole is None or whole.data is None:
            alone.append(planned)
            if planned.is_unknown(part.attribute):
                _open(drafts, planned, part, created)
            continue
        whole.parts.append(planned.address)
        elements, unknown = _elements(context, planned, part)
        above, _, last = part.path.rpartition(".")
        listed = descend(whole.data, above).setdefault(last, [])
        if whole.unknown.get(part.path) is not None:
            del whole.unknown[part.path]
        for element in elements:
            listed.append(element)
            for path, cause in unknown.items():
                whole.note(f"{part.path}.{len(listed) - 1}.{path}", cause)
        if whole.address not in created:
            whole.note(f"{part.path}.*", _ADDS_ONLY.format(list=last))
        elif planned.is_unknown("role_entity") or planned.is_unknown("predefined_acl"):
            whole.note(f"{part.path}.*", AFTER_APPLY)
    _others(drafts, created)
    return alone


def _others(drafts: dict[str, Draft], created: set[str]) -> None:
    """Note the lists of what is there already and of which the plan shows nothing: they may be kept elsewhere."""
    for draft in drafts.values():
        if draft.address in created or draft.data is None:
            continue
        for path in _LISTS.get(draft.asset_type, ()):
            above, _, last = path.rpartition(".")
            if (not above or above in draft.data) and not descend(draft.data, above).setdefault(last, []):
                draft.note(f"{path}.*", _ADDS_ONLY.format(list=last))


def _open(drafts: dict[str, Draft], planned: Planned, part: Part, created: set[str]) -> None:
    """Note a part whose whole is not known yet with every new asset that may be it."""
    above, _, last = part.path.rpartition(".")
    for draft in drafts.values():
        if draft.asset_type == part.asset_type and draft.address in created and draft.data is not None:
            if part.path not in draft.unknown:
                descend(draft.data, above).setdefault(last, [])
            draft.note(f"{part.path}.*", _MAY_ADD.format(planned.address))


def _whole(context: Context, drafts: dict[str, Draft], planned: Planned, part: Part) -> Draft | None:
    found = follow(context.plan, planned, references_of(planned.config, part.attribute))
    if found is not None:
        draft = drafts.get(found[0].address)
        return draft if draft is not None and draft.asset_type == part.asset_type else None
    name = planned.text(part.attribute).rpartition("/")[2]
    same = (draft for draft in drafts.values() if draft.asset_type == part.asset_type)
    return next((draft for draft in same if name and draft.name.rpartition("/")[2] == name), None)


def _elements(context: Context, planned: Planned, part: Part) -> tuple[list[Any], dict[str, str]]:
    """The elements that a resource stands for, and what is unknown of the one."""
    if part.elements is not None:
        return part.elements(planned), {}
    data: dict[str, Any] = {}
    draft = Draft("", "", [], planned.address, data)
    Walk(part.mapping, planned, context, draft).into(data)
    return [data], draft.unknown
