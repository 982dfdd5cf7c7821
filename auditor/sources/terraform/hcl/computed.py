"""What can be told of attributes that no file sets: they follow from others, or from the provider's configuration.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_service_account,
registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference,
registry.terraform.io/providers/hashicorp/google/latest/docs/data-sources/iam_policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.sources.terraform.hcl.functions.encodings import json_text
from auditor.sources.terraform.hcl.providers import provider_value
from auditor.sources.terraform.hcl.values import Reference, Unknown, Value, first_unknown

if TYPE_CHECKING:
    from auditor.sources.terraform.hcl.resources import Instance

_FROM_PROVIDER = ("project", "region", "zone")


class PolicyText(str):
    """The JSON of a policy that a data source makes; wherever the value goes, it is known where it was written."""

    __slots__ = ("made_by",)

    def __new__(cls, text: str, made_by: str) -> PolicyText:
        """`made_by` is the address of the data source."""
        made = super().__new__(cls, text)
        made.made_by = made_by
        return made

    made_by: str


def value(instance: Instance, name: str) -> Value:
    """The value of an attribute that the configuration does not set; None where it cannot be told."""
    if not instance.kind.startswith("google_"):
        return None
    if name in _FROM_PROVIDER and (not instance.is_data or instance.kind == "google_client_config"):
        return _provided(instance, name)
    if name == "effective_labels":
        return labels(instance)
    if instance.kind == "google_service_account":
        return _service_account(instance, name)
    if instance.kind == "google_project" and instance.is_data and name in ("project_id", "id"):
        return _project(instance, name)
    if instance.kind == "google_iam_policy" and instance.is_data and name == "policy_data":
        return _policy(instance)
    return None


def _provided(instance: Instance, name: str) -> Value:
    if instance.shape is not None and name not in instance.shape.parts:
        return None
    found = provider_value(instance, name)
    return found if isinstance(found, str) and found else None


def _service_account(instance: Instance, name: str) -> Value:
    """The address of a service account follows from its id and its project."""
    if name not in ("email", "member", "name", "id"):
        return None
    account, project = instance.attribute("account_id"), instance.attribute("project")
    if instance.is_data and not isinstance(project, str):
        project = provider_value(instance, "project")
    if not isinstance(account, str) or not isinstance(project, str) or not account or not project:
        return None
    if instance.is_data and (account.isdigit() or "/" in account or "@" in account):
        return _named(account, name)
    email = f"{account}@{project.rpartition('/')[2]}.iam.gserviceaccount.com"
    if name == "email":
        return email
    return f"serviceAccount:{email}" if name == "member" else f"projects/{project}/serviceAccounts/{email}"


def _named(account: str, name: str) -> Value:
    """What the data source of an account tells where it is asked for by its address; None where by its number."""
    email = account.rpartition("/")[2]
    if "@" not in email or name not in ("email", "member"):
        return None
    return email if name == "email" else f"serviceAccount:{email}"


def _project(instance: Instance, name: str) -> Value:
    """The project that is asked for, or where none is, the provider's."""
    project = instance.configured("project_id")
    if project is None:
        project = provider_value(instance, "project")
    if not isinstance(project, str) or not project:
        return None
    return f"projects/{project}" if name == "id" else project


def labels(instance: Instance) -> Value:
    """The labels of a resource with those of its provider; None where that has none."""
    defaults = provider_value(instance, "default_labels")
    if defaults is None or instance.shape is None or "effective_labels" not in instance.shape.parts:
        return None
    own = instance.configured("labels")
    unknown = next((value for value in (defaults, own) if isinstance(value, Unknown | Reference)), None)
    if unknown is not None:
        return first_unknown(unknown)
    return {**defaults, **(own or {})}


def _policy(instance: Instance) -> Value:
    """The JSON that the data source makes of its blocks; None where it is not known in full."""
    bindings, audit = instance.configured("binding"), instance.configured("audit_config")
    unknown = first_unknown([bindings, audit])
    if unknown is not None:
        return Unknown(unknown.cause, (instance.key, "policy_data"))
    policy: dict[str, Any] = {"bindings": [_binding(block) for block in bindings or []]}
    if audit:
        policy["auditConfigs"] = [_audit_config(block) for block in audit]
    return PolicyText(json_text(policy), instance.address)


def _binding(block: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"role": block.get("role", ""), "members": sorted(map(str, block.get("members") or []))}
    for condition in block.get("condition") or []:
        made["condition"] = condition
    return made


def _audit_config(block: dict[str, Any]) -> dict[str, Any]:
    logs = []
    for log in block.get("audit_log_configs") or []:
        entry = {"logType": log.get("log_type", "")}
        if log.get("exempted_members"):
            entry["exemptedMembers"] = log["exempted_members"]
        logs.append(entry)
    return {"service": block.get("service", ""), "auditLogConfigs": logs}
