"""The access list and the IAM policy of a BigQuery dataset: two forms of one list, which Terraform writes in both.

Source: cloud.google.com/bigquery/docs/reference/rest/v2/datasets, …/docs/access-control-basic-roles
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.sources.terraform.plan import as_dict, as_list

if TYPE_CHECKING:
    from auditor.sources.terraform.mapping import Draft

DATASET = "bigquery.googleapis.com/Dataset"
_ROLES = {
    "OWNER": "roles/bigquery.dataOwner",
    "WRITER": "roles/bigquery.dataEditor",
    "READER": "roles/bigquery.dataViewer",
}
_BASIC = {role: basic for basic, role in _ROLES.items()}
_PROJECT_GROUPS = {
    "projectOwners": "projectOwner",
    "projectWriters": "projectEditor",
    "projectReaders": "projectViewer",
}
_SPECIAL = {kind: group for group, kind in _PROJECT_GROUPS.items()}
_FIELDS = {"user": "userByEmail", "serviceAccount": "userByEmail", "group": "groupByEmail", "domain": "domain"}
_IN_FULL = "iam_policy.bindings.*"


def unify(draft: Draft, *, whole: bool) -> None:
    """Write what either form says into both; `whole` says that a policy takes the place of all that was granted."""
    if draft.data is None or draft.iam_policy is None:
        return
    bindings = draft.iam_policy.setdefault("bindings", [])
    entries = [] if whole else as_list(draft.data.get("access"))
    granted = [entry for binding in bindings for entry in _entries(binding)]
    project = draft.name.split("/")[4]
    for entry in entries:
        binding = _binding(as_dict(entry), project)
        if binding is not None and binding not in bindings:
            bindings.append(binding)
    if whole:
        for path in [path for path in draft.unknown if path.split(".")[0] == "access"]:
            del draft.unknown[path]
    for path, cause in list(draft.unknown.items()):
        if path.split(".")[0] == "access":
            draft.policy_unknown.setdefault(_IN_FULL, cause)
    draft.data["access"] = entries + [entry for entry in granted if entry not in entries]
    for path, cause in draft.policy_unknown.items():
        if path.startswith("iam_policy.bindings") or path == "iam_policy":
            draft.note("access.*", cause)


def _binding(entry: dict[str, Any], project: str) -> dict[str, Any] | None:
    """An entry of the list as a binding; None for those that let a view or a routine in."""
    member = _member(entry, project)
    if not member:
        return None
    role = str(entry.get("role", ""))
    made: dict[str, Any] = {"role": _ROLES.get(role, role), "members": [member]}
    if isinstance(entry.get("condition"), dict):
        made["condition"] = entry["condition"]
    return made


def _member(entry: dict[str, Any], project: str) -> str:
    special, email = entry.get("specialGroup"), entry.get("userByEmail")
    if isinstance(special, str) and special:
        kind = _PROJECT_GROUPS.get(special)
        return f"{kind}:{project}" if kind else special
    if isinstance(email, str) and email:
        return f"serviceAccount:{email}" if email.endswith(".gserviceaccount.com") else f"user:{email}"
    for field, kind in (("groupByEmail", "group:"), ("domain", "domain:"), ("iamMember", "")):
        if isinstance(entry.get(field), str) and entry[field]:
            return f"{kind}{entry[field]}"
    return ""


def _entries(binding: Any) -> Iterator[dict[str, Any]]:
    """The members of a binding as entries of the list."""
    bound = as_dict(binding)
    role = str(bound.get("role", ""))
    for member in as_list(bound.get("members")):
        kind, colon, rest = str(member).partition(":")
        made: dict[str, Any] = {"role": _BASIC.get(role, role)}
        if member == "allAuthenticatedUsers" or kind in _SPECIAL:
            made["specialGroup"] = _SPECIAL.get(kind, str(member))
        elif colon and kind in _FIELDS:
            made[_FIELDS[kind]] = rest
        else:
            made["iamMember"] = str(member)
        if isinstance(bound.get("condition"), dict):
            made["condition"] = bound["condition"]
        yield made
