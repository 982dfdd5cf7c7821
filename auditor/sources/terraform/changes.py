"""What a plan changes: each asset as it was and as it will be, and what happens to IAM policies.

Both sides are made by the conversion of plans. What the plan leaves alone (`no-op`) changes nothing, whatever it
says; what it forgets (`removed` blocks) stays in Google Cloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.sources.base import Gaps
from auditor.sources.terraform.grants import Grants, PolicyChange
from auditor.sources.terraform.names import is_open
from auditor.sources.terraform.plan import as_dict, as_list
from auditor.sources.terraform.types.iam_targets import TARGETS
from auditor.sources.terraform_plan import TerraformPlan

if TYPE_CHECKING:
    from auditor.sources.terraform.places import Placed

Line = dict[str, Any]
_KINDS = ("_iam_policy", "_iam_binding", "_iam_member", "_iam_audit_config")
_IDLE = (["no-op"], ["read"], ["forget"])
_REPLACED = (["delete", "create"], ["create", "delete"])
_LEFT_BEHIND = ["create", "forget"]
"""Another one is made, and what is there stays in Google Cloud."""
_MAY_BE = "what it grants on is known only after apply; that it may be something of the estate was not judged"

_STAYS = {
    "google_kms_key_ring": "",
    "google_kms_crypto_key": "its versions are destroyed at apply",
    "google_project_default_service_accounts": "",
    "google_app_engine_application": "",
}
"""Types that Google Cloud does not delete when Terraform does, and what is not known of them then.

Source: cloud.google.com/kms/docs/destroy-restore, registry.terraform.io/providers/hashicorp/google/latest/docs
"""


@dataclass(slots=True)
class AssetChange:
    """What happens to one asset. `before` is None where it is new, `after` where it goes."""

    before: Line | None
    after: Line | None
    place: str
    replaced: bool = False
    """Whether it is deleted and made again, so that nothing of what is there stays."""
    remains: str | None = None
    """Where it is deleted and Google Cloud keeps it: what is not known of it then, or `""`."""

    @property
    def line(self) -> Line:
        """The asset after apply, or before where it goes."""
        line = self.after or self.before
        assert line is not None
        return line


@dataclass(slots=True)
class Target:
    """An asset whose policy the plan changes."""

    line: Line
    """As the plan tells it: name, type, ancestors, addresses."""
    place: str
    change: PolicyChange = field(default_factory=PolicyChange)


@dataclass(slots=True)
class Changes:
    """All that a plan changes."""

    assets: list[AssetChange]
    policies: dict[str, Target]
    """By the asset's full resource name."""


def changes_of(source: TerraformPlan | Placed, plan: TerraformPlan, gaps: Gaps) -> Changes:
    """What the plan of a source changes. `source` tells places, and to `gaps` what of the plan cannot be read."""
    after = [(place, _decoded(line)) for place, line in source.lines(gaps)]
    actions = _actions(plan.document)
    before = _before(plan)
    assets = list(_paired(before, after, actions, _remaining(plan.document)))
    created = {line["name"] for _, line in after if "resource" in line and "create" in actions.get(line["address"], ())}
    policies = _policies(plan, created)
    places = {line["name"]: place for place, line in after}
    for name, target in policies.items():
        target.place = places.get(name, "") or _place_of(source, target.line["address"])
        if is_open(name):
            gaps.add_line(f"{plan.shown} {target.line['address']}", _MAY_BE, "apply in two steps, or judge it by hand")
    return Changes(assets, policies)


def _place_of(source: TerraformPlan | Placed, addresses: str) -> str:
    found = "" if isinstance(source, TerraformPlan) else source.of(addresses)
    return found or f"{source.shown} {addresses}"


def _decoded(line: bytes) -> Line:
    decoded: Line = msgspec.json.decode(line)
    return decoded


def _resources(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for change in as_list(document.get("resource_changes")):
        if isinstance(as_dict(change).get("type"), str) and isinstance(change.get("change"), dict):
            yield change


def _actions(document: dict[str, Any]) -> dict[str, list[str]]:
    """Address → what happens to the resource. What is only deposed has gone before."""
    return {
        str(change.get("address")): as_list(change["change"].get("actions"))
        for change in _resources(document)
        if "deposed" not in change
    }


def _converted(plan: TerraformPlan, changes: Iterable[dict[str, Any]], *, configured: bool) -> list[Line]:
    """The assets of some resource changes."""
    document = {**plan.document, "resource_changes": list(changes)}
    if not configured:
        configuration = as_dict(document.get("configuration"))
        document["configuration"] = {"provider_config": configuration.get("provider_config")}
    return [_decoded(line) for _, line in TerraformPlan(plan.path, plan.shown, document).lines(Gaps())]


def _as_it_was(change: dict[str, Any]) -> dict[str, Any]:
    """A resource change that leaves what was there before."""
    was = {"actions": ["no-op"], "after": change["change"].get("before"), "after_unknown": {}}
    return {**change, "change": was}


def _before(plan: TerraformPlan) -> list[Line]:
    """The assets before apply, without policies. What the plan only forgets is not among them."""
    there = (
        _as_it_was(change)
        for change in _resources(plan.document)
        if isinstance(change["change"].get("before"), dict)
        and change.get("mode") != "data"
        and not _kind_of(change)
        and change["change"].get("actions") != ["forget"]
    )
    return [line for line in _converted(plan, there, configured=False) if "resource" in line]


def _paired(
    before: list[Line], after: list[tuple[str, Line]], actions: dict[str, list[str]], remaining: dict[str, str]
) -> Iterator[AssetChange]:
    """Each asset before and after: of the same name, else of the same resource where that is only updated."""
    by_name = {line["name"]: line for line in before}
    by_address = {(line["address"], line["asset_type"]): line for line in before}
    paired: set[str] = set()
    for place, line in after:
        if "resource" not in line:
            continue
        doing = actions.get(line["address"], [])
        was = by_name.get(line["name"])
        if was is None and doing in (["update"], ["no-op"]):
            was = by_address.get((line["address"], line["asset_type"]))
        if was is not None:
            paired.add(was["name"])
        yield AssetChange(was, line, place, replaced=doing in _REPLACED)
    for line in before:
        if line["name"] not in paired:
            yield AssetChange(line, None, "", remains=remaining.get(line["address"]))


def _remaining(document: dict[str, Any]) -> dict[str, str]:
    """Address → what is not known of what Google Cloud keeps although Terraform deletes it, or `""`."""
    found = {}
    for change in _resources(document):
        before = as_dict(change["change"].get("before"))
        forgotten = change["change"].get("actions") == _LEFT_BEHIND
        left_on = change["type"] == "google_project_service" and before.get("disable_on_destroy") is False
        if forgotten or left_on or before.get("deletion_policy") == "ABANDON":
            found[str(change.get("address"))] = ""
        elif change["type"] in _STAYS:
            found[str(change.get("address"))] = _STAYS[change["type"]]
    return found


def _kind_of(change: dict[str, Any]) -> str:
    """Which kind of IAM resource a change is about; `""` for none."""
    for ending in _KINDS:
        if change["type"].endswith(ending) and change["type"].removesuffix(ending) in TARGETS:
            return ending
    return ""


def _policies(plan: TerraformPlan, created: set[str]) -> dict[str, Target]:
    """The policies that change, by the names of their assets."""
    changing: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    followed = []
    for change in _resources(plan.document):
        kind = _kind_of(change)
        if kind and "deposed" not in change and change["change"].get("actions") not in _IDLE:
            changing[kind].append(change)
        elif not kind and (change["type"] in TARGETS or change["type"] == "google_iam_policy"):
            followed.append(change)
    found: dict[str, Target] = {}
    for kind, changes in changing.items():
        were = [_as_it_was(c) for c in changes if _leaves(c)]
        will = [c for c in changes if isinstance(c["change"].get("after"), dict)]
        for line in _converted(plan, were, configured=False) if were else ():
            _note(found, line, kind, created, is_after=False)
        for line in _converted(plan, [*followed, *will], configured=True) if will else ():
            if "iam_policy" in line:
                _note(found, line, kind, created, is_after=True)
    return found


def _leaves(change: dict[str, Any]) -> bool:
    """Whether apply takes away what an IAM resource grants now."""
    return isinstance(change["change"].get("before"), dict) and change["change"].get("actions") != _LEFT_BEHIND


def _note(found: dict[str, Target], line: Line, kind: str, created: set[str], *, is_after: bool) -> None:
    """Note what one kind of IAM resource says of a policy before or after."""
    if line["name"] in created:
        return
    target = found.setdefault(line["name"], Target(line, ""))
    change, grants = target.change, Grants.of(line)
    if kind == "_iam_policy":
        if is_after:
            change.whole_after = grants
        else:
            change.whole_before = grants
    elif kind == "_iam_audit_config":
        part = change.audit_after if is_after else change.audit_before
        part.audit_configs = grants.audit_configs
    elif kind == "_iam_binding":
        if is_after:
            change.roles_after = grants
        else:
            change.roles_before = grants
    elif is_after:
        change.joined = grants
    else:
        change.left = grants
