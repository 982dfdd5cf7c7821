"""Folding IAM resources into the policies of the assets they act on.

`_iam_policy` is the whole policy, `_iam_binding` all members of a role, `_iam_member` one member more;
`_iam_audit_config` the audit configuration of a service. Of an asset that the plan creates the plan shows
the whole policy; of one that is there already, what the plan adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.sources.terraform.datasets import DATASET, unify
from auditor.sources.terraform.mapping import Context, Draft
from auditor.sources.terraform.names import UNKNOWN, is_open, may_be
from auditor.sources.terraform.plan import Planned, as_dict, as_list, references_of
from auditor.sources.terraform.references import data_source, follow
from auditor.sources.terraform.types.iam_targets import TARGETS, Target
from auditor.sources.terraform.walk import AFTER_APPLY

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

ADDS_ONLY = "a plan shows only the bindings that it adds"
_NO_AUDIT_CONFIGS = "the plan does not show the audit configuration that is there already"
_MAY_BE = "a grant of this plan may be on it: {}"
_ADDRESSES = 10
"""How many IAM resources are told as the address of an asset outside the plan, or as what may act on one."""
_KINDS = ("_iam_policy", "_iam_binding", "_iam_member", "_iam_audit_config")


@dataclass(slots=True)
class _Binding:
    role: str | None
    condition: dict[str, Any] | None
    condition_unknown: list[str]
    members: list[str] = field(default_factory=list)
    more: bool = False
    """Whether it may have members that are not known yet."""


@dataclass(slots=True)
class _Policy:
    """The policy of one asset, as far as the plan tells."""

    draft: Draft
    complete: bool
    unknown: bool = False
    whole: bool = False
    """Whether the plan writes the whole policy."""
    bindings: list[_Binding] = field(default_factory=list)
    audit_configs: list[dict[str, Any]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    """The IAM resources that make up the policy of an asset outside the plan."""
    doubts: dict[str, str] = field(default_factory=dict)
    """IAM resources that may act on the asset, as their target is not known yet: address → kind."""

    def seal(self) -> None:
        """Write the policy into the draft."""
        draft = self.draft
        if self.addresses:
            draft.address = _told(self.addresses)
        if self.unknown and not self.bindings:
            draft.iam_policy = {}
            draft.policy_unknown["iam_policy"] = AFTER_APPLY
            return
        granted = [binding for binding in self.bindings if binding.members or binding.more]
        draft.iam_policy = {"bindings": [self._binding(i, b) for i, b in enumerate(granted)]}
        if self.audit_configs:
            draft.iam_policy["auditConfigs"] = self.audit_configs
        if not self.complete:
            draft.policy_unknown["iam_policy.auditConfigs.*"] = _NO_AUDIT_CONFIGS
        elif cause := self._doubt("_iam_audit_config", "_iam_policy"):
            draft.policy_unknown["iam_policy.auditConfigs.*"] = cause
        if self.unknown or not self.complete:
            draft.policy_unknown["iam_policy.bindings.*"] = AFTER_APPLY if self.unknown else ADDS_ONLY
        elif cause := self._doubt("_iam_member", "_iam_binding", "_iam_policy"):
            draft.policy_unknown["iam_policy.bindings.*"] = cause

    def _doubt(self, *kinds: str) -> str:
        """Why there may be more than is told: IAM resources of these kinds; `""` where there are none."""
        addresses = [address for address, kind in self.doubts.items() if kind in kinds]
        return _MAY_BE.format(_told(addresses)) if addresses else ""

    def _binding(self, position: int, binding: _Binding) -> dict[str, Any]:
        place = f"iam_policy.bindings.{position}"
        made: dict[str, Any] = {"role": binding.role or "", "members": binding.members}
        if binding.role is None:
            self.draft.policy_unknown[f"{place}.role"] = AFTER_APPLY
        if binding.more:
            self.draft.policy_unknown[f"{place}.members" + (".*" if binding.members else "")] = AFTER_APPLY
        if binding.condition is not None:
            made["condition"] = binding.condition
        for part in binding.condition_unknown:
            self.draft.policy_unknown[f"{place}.condition.{part}"] = AFTER_APPLY
        return made

    def grant(self, binding: _Binding, address: str, *, merge: bool = False) -> None:
        """Add a binding; one member's to the binding of the same role and condition, where `merge`."""
        for member in binding.members if binding.role is not None else ():
            self.draft.granted.setdefault((binding.role or "", member), address)
        if merge and binding.role is not None and not binding.condition_unknown:
            for present in self.bindings:
                if (present.role, present.condition) == (
                    binding.role,
                    binding.condition,
                ) and not present.condition_unknown:
                    present.members += [member for member in binding.members if member not in present.members]
                    present.more |= binding.more
                    return
        self.bindings.append(binding)


def is_iam(planned: Planned) -> bool:
    """Whether the resource is part of the IAM policy of a known kind of asset."""
    return _split(planned.type)[0] in TARGETS


def _split(kind: str) -> tuple[str, str]:
    """The type that an IAM resource acts on, and which kind of IAM resource it is."""
    for ending in _KINDS:
        if kind.endswith(ending):
            return kind.removesuffix(ending), ending
    return "", ""


_PROJECT = re.compile(r"//[^/]+/projects/([^/]+)")


def _project_in(name: str) -> str:
    """The project of an asset, as its name tells it: one that the plan does not have may be in any (a bucket, say)."""
    found = _PROJECT.match(name)
    return f"projects/{found[1] if found else UNKNOWN}"


def _told(addresses: list[str]) -> str:
    more = len(addresses) - _ADDRESSES
    return ", ".join(addresses[:_ADDRESSES] + ([f"{more} more"] if more > 0 else []))


class Folder:
    """Folds the IAM resources of one plan. `drafts` has the asset of each Terraform address."""

    def __init__(self, context: Context, drafts: dict[str, Draft], where: str, gaps: Gaps) -> None:
        self._context = context
        self._drafts = drafts
        self._by_name = {draft.name: draft for draft in drafts.values()}
        self._where = where
        self._gaps = gaps
        self._policies: dict[str, _Policy] = {}

    def fold(self, created: Iterable[Planned], resources: Iterable[Planned]) -> Iterator[Draft]:
        """Give `created` assets their policy and add what `resources` grant; yields assets outside the plan."""
        for planned in created:
            draft = self._drafts.get(planned.address)
            if planned.type in TARGETS and draft is not None:
                self._policies[draft.name] = _Policy(draft, complete=True)
        outside: list[Draft] = []
        unplaced: list[tuple[Planned, Draft]] = []
        order = {kind: position for position, kind in enumerate(_KINDS)}
        for planned in sorted(resources, key=lambda p: order[_split(p.type)[1]]):
            prefix, kind = _split(planned.type)
            draft, inside = self._target(planned, TARGETS[prefix])
            policy = self._policies.get(draft.name)
            if policy is None:
                policy = self._policies[draft.name] = _Policy(draft, complete=False)
                if not inside:
                    outside.append(draft)
            self._add(policy, planned, kind)
            draft.parts.append(planned.address)
            if not inside:
                policy.addresses.append(planned.address)
                if planned.is_unknown(TARGETS[prefix].attribute) or is_open(draft.name):
                    unplaced.append((planned, draft))
        self._doubt(unplaced)
        for policy in self._policies.values():
            policy.seal()
            if policy.draft.asset_type == DATASET:
                unify(policy.draft, whole=policy.whole)
        yield from outside

    def _doubt(self, unplaced: Iterable[tuple[Planned, Draft]]) -> None:
        """Note IAM resources whose target is not known yet with every asset of the plan that it may be."""
        placed: dict[str, list[_Policy]] = {}
        for policy in self._policies.values():
            if policy.draft.address in self._drafts:
                placed.setdefault(policy.draft.asset_type, []).append(policy)
        for planned, draft in unplaced:
            for policy in placed.get(draft.asset_type, ()):
                if may_be(draft.name, policy.draft.name):
                    policy.doubts[planned.address] = _split(planned.type)[1]

    def _target(self, planned: Planned, target: Target) -> tuple[Draft, bool]:
        """The asset that an IAM resource acts on, and whether the plan has it as a resource."""
        namer = self._context.namer
        followed = self._followed(planned, target.attribute)
        if followed is not None and followed.asset_type == target.asset_type:
            return followed, True
        name = target.name_of(namer, planned)
        found = self._by_name.get(name) or self._service_account(name)
        if found is not None:
            return found, found.address in self._drafts
        container = _project_in(name) if target.container == "project" else namer.container(planned, target.container)
        draft = Draft(name, target.asset_type, namer.ancestors_of(container), planned.address, data=None)
        self._by_name[name] = draft
        return draft, False

    def _service_account(self, name: str) -> Draft | None:
        """The planned service account that is meant by its address, though its name holds its number."""
        if not name.startswith("//iam.googleapis.com/projects/"):
            return None
        email = name.rpartition("/")[2]
        accounts = (d for d in self._drafts.values() if d.asset_type == "iam.googleapis.com/ServiceAccount")
        return next((draft for draft in accounts if (draft.data or {}).get("email") == email), None)

    def _followed(self, planned: Planned, attribute: str) -> Draft | None:
        found = follow(self._context.plan, planned, references_of(planned.config, attribute))
        return self._drafts.get(found[0].address) if found else None

    def _add(self, policy: _Policy, planned: Planned, kind: str) -> None:
        if kind == "_iam_policy":
            self._whole(policy, planned)
        elif kind == "_iam_audit_config":
            _note_audit(policy, planned.unknown, "audit_log_config")
            policy.audit_configs.append(_audit_config(planned))
        else:
            policy.grant(self._granted(planned, kind), planned.address, merge=kind == "_iam_member")

    def _granted(self, planned: Planned, kind: str) -> _Binding:
        condition, condition_unknown = _condition(planned)
        binding = _Binding(planned.text("role") or None, condition, condition_unknown)
        if kind == "_iam_member":
            member = planned.text("member") or self._referred_member(planned)
            binding.members = [member] if member else []
            binding.more = not member
            return binding
        members, mark = planned.values.get("members"), planned.unknown.get("members")
        listed, marks = as_list(members), as_list(mark)
        binding.members = [str(m) for i, m in enumerate(listed) if m is not None and (i >= len(marks) or not marks[i])]
        binding.more = mark is True or any(marks) or planned.is_unknown("members")
        return binding

    def _referred_member(self, planned: Planned) -> str:
        """`serviceAccount:…` where the member is a planned service account."""
        found = follow(self._context.plan, planned, references_of(planned.config, "member"))
        if found is None or found[0].type != "google_service_account" or found[1] not in ("email", "member"):
            return ""
        return self._context.namer.value(found[0], "member")

    def _whole(self, policy: _Policy, planned: Planned) -> None:
        """An authoritative policy, from its JSON or from the data source that makes it."""
        policy.complete = policy.whole = True
        made_by = data_source(planned, references_of(planned.config, "policy_data"))
        if made_by:
            policy.draft.parts.append(made_by)
        text = planned.known("policy_data")
        if isinstance(text, str):
            try:
                document = msgspec.json.decode(text or "{}")
            except msgspec.DecodeError:
                document = None
            if not isinstance(document, dict):
                self._gaps.add(
                    f"{self._where} {planned.address}", "its policy_data is no JSON object", "mend it and plan again"
                )
                policy.unknown = True
                return
            for entry in as_list(document.get("bindings")):
                policy.grant(_written(as_dict(entry)), made_by or planned.address)
            policy.audit_configs += [c for c in as_list(document.get("auditConfigs")) if isinstance(c, dict)]
            return
        source = self._data_source(planned)
        if source is None or "binding" not in source.values:
            policy.unknown = True
            return
        for values, unknown in source.blocks("binding"):
            policy.grant(_block_binding(values, unknown), made_by or planned.address)
        for values, unknown in source.blocks("audit_config"):
            if values.get("service") or unknown.get("service"):
                _note_audit(policy, unknown, "audit_log_configs")
                policy.audit_configs.append(_audit_configuration(values, "audit_log_configs"))

    def _data_source(self, planned: Planned) -> Planned | None:
        for reference in references_of(planned.config, "policy_data"):
            for source in self._context.plan.data:
                plain = source.address.removeprefix(f"{source.module}.") if source.module else source.address
                if source.type == "google_iam_policy" and source.module == planned.module and reference == plain:
                    return source
        return None


def _written(entry: dict[str, Any]) -> _Binding:
    condition = entry.get("condition")
    members = [str(member) for member in as_list(entry.get("members"))]
    return _Binding(str(entry.get("role", "")), condition if isinstance(condition, dict) else None, [], members)


def _block_binding(values: dict[str, Any], unknown: dict[str, Any]) -> _Binding:
    mark = unknown.get("members")
    marks = as_list(mark)
    condition, condition_unknown = _condition_of(values.get("condition"), unknown.get("condition"))
    role = values.get("role")
    members = [
        str(m) for i, m in enumerate(as_list(values.get("members"))) if m is not None and not (marks[i:] or [0])[0]
    ]
    more = mark is True or any(marks)
    return _Binding(role if isinstance(role, str) else None, condition, condition_unknown, members, more)


def _condition(planned: Planned) -> tuple[dict[str, Any] | None, list[str]]:
    return _condition_of(planned.values.get("condition"), planned.unknown.get("condition"))


def _condition_of(value: Any, mark: Any) -> tuple[dict[str, Any] | None, list[str]]:
    """A condition block in the API's form, and which of its parts are unknown."""
    blocks = [as_dict(block) for block in as_list(value)]
    if not blocks:
        return None, []
    marks = as_dict((as_list(mark) or [{}])[0])
    parts = ("expression", "title", "description")
    return {part: blocks[0][part] for part in parts if blocks[0].get(part)}, [p for p in parts if marks.get(p) is True]


def _note_audit(policy: _Policy, unknown: dict[str, Any], blocks: str) -> None:
    """Note that only apply will tell all of an audit configuration: its service, log types or who is exempted."""
    if _any(unknown.get("service")) or _any(unknown.get(blocks)):
        policy.draft.policy_unknown["iam_policy.auditConfigs.*"] = AFTER_APPLY


def _any(mark: Any) -> bool:
    parts = mark.values() if isinstance(mark, dict) else as_list(mark)
    return mark is True or any(_any(part) for part in parts)


def _audit_config(planned: Planned) -> dict[str, Any]:
    return _audit_configuration(planned.values, "audit_log_config")


def _audit_configuration(values: dict[str, Any], blocks: str) -> dict[str, Any]:
    logs = []
    for log in as_list(values.get(blocks)):
        entry = as_dict(log)
        made: dict[str, Any] = {"logType": entry.get("log_type", "LOG_TYPE_UNSPECIFIED")}
        exempted = [str(member) for member in as_list(entry.get("exempted_members")) if member is not None]
        if exempted:
            made["exemptedMembers"] = exempted
        logs.append(made)
    service = values.get("service")
    return {"service": service if isinstance(service, str) else "", "auditLogConfigs": logs}
