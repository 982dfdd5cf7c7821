"""Projects, folders, services and organisation policies.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project (and its neighbours),
cloud.google.com/resource-manager/reference/rest, cloud.google.com/resource-manager/docs/reference/orgpolicy/rest
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from auditor.sources.terraform.mapping import Draft, Made, Mapping, Row, Rows, dropped
from auditor.sources.terraform.names import Namer, Template, relative
from auditor.sources.terraform.plan import Planned, as_dict, as_list
from auditor.sources.terraform.walk import AFTER_APPLY

_RM = "cloudresourcemanager.googleapis.com"


def _project(made: Made) -> None:
    data = made.data
    data["projectId"] = made.project
    data["lifecycleState"] = "ACTIVE"
    kind, _, identifier = made.draft.ancestors[1].partition("/") if len(made.draft.ancestors) > 1 else ("", "", "")
    if identifier and identifier != "(unknown)":
        data["parent"] = {"type": kind.removesuffix("s"), "id": identifier}


def _beside_project(made: Made) -> Iterator[Draft]:
    """The billing of a project, and the network that Google makes in a new one unless it is told not to."""
    project = made.project
    account = made.planned.text("billing_account")
    if account:
        name = f"projects/{project}/billingInfo"
        data = {
            "name": name,
            "projectId": project,
            "billingAccountName": f"billingAccounts/{account}",
            "billingEnabled": True,
        }
        kind = "cloudbilling.googleapis.com/ProjectBillingInfo"
        yield Draft(f"//cloudbilling.googleapis.com/{name}", kind, made.draft.ancestors, made.planned.address, data)
    if made.planned.is_new and made.planned.known("auto_create_network") is not False:
        network = {"name": "default", "autoCreateSubnetworks": True, "routingConfig": {"routingMode": "REGIONAL"}}
        name = f"//compute.googleapis.com/projects/{project}/global/networks/default"
        default = Draft(name, "compute.googleapis.com/Network", made.draft.ancestors, made.planned.address, network)
        if made.planned.is_unknown("auto_create_network"):
            default.unknown[""] = "whether there is a default network is known only after apply"
        yield default


def _folder(made: Made) -> None:
    data = made.data
    data.update({"name": made.draft.ancestors[0], "state": "ACTIVE"})
    if len(made.draft.ancestors) > 1:
        data["parent"] = made.draft.ancestors[1]
    for path in ("parent", "name"):
        made.forget(path)


def _service(made: Made) -> None:
    service = made.planned.text("service")
    made.draft.data = {
        "name": relative(made.draft.name),
        "parent": made.draft.ancestors[0],
        "state": "ENABLED",
        "config": {"name": service},
    }
    made.draft.unknown = {}


def _services(made: Made) -> Iterator[Draft]:
    """The old resource that lists all services of a project."""
    for service in as_list(made.planned.known("services")):
        if isinstance(service, str):
            name = f"//serviceusage.googleapis.com/projects/{made.project}/services/{service}"
            data = {
                "name": relative(name),
                "parent": made.draft.ancestors[0],
                "state": "ENABLED",
                "config": {"name": service},
            }
            yield Draft(name, "serviceusage.googleapis.com/Service", made.draft.ancestors, made.planned.address, data)


def _flag(value: Any) -> bool:
    """Terraform writes these booleans as text, so that unset can be told from false."""
    return str(value).upper() == "TRUE"


def _parameters(value: Any) -> Any:
    try:
        return msgspec.json.decode(value) if isinstance(value, str) else value
    except msgspec.DecodeError:
        return None


def _rules(spec: str, target: str) -> Rows:
    return {
        f"{spec}.etag": None,
        f"{spec}.update_time": None,
        f"{spec}.rules.allow_all": Row(f"{target}.rules.allowAll", _flag),
        f"{spec}.rules.deny_all": Row(f"{target}.rules.denyAll", _flag),
        f"{spec}.rules.enforce": Row(f"{target}.rules.enforce", _flag),
        f"{spec}.rules.parameters": Row(f"{target}.rules.parameters", _parameters),
    }


def _old_policy_name(container: str) -> Template:
    return f"//orgpolicy.googleapis.com/{container}/policies/{{constraint}}"


def _old_policy(made: Made) -> None:
    """A policy of the first API in the form of the second."""
    made.draft.unknown = {}
    data: dict[str, Any] = {"name": relative(made.draft.name), "spec": {}}
    made.draft.data = data
    spec = data["spec"]
    restored = next(made.planned.blocks("restore_policy"), None)
    boolean = next(made.planned.blocks("boolean_policy"), None)
    listed = next(made.planned.blocks("list_policy"), None)
    if restored is not None:
        spec["reset"] = True
    elif boolean is not None:
        spec["rules"] = [{"enforce": boolean[0].get("enforced") is True}]
        if boolean[1].get("enforced") is True:
            made.note("spec.rules.0.enforce", AFTER_APPLY)
    elif listed is not None:
        spec["inheritFromParent"] = listed[0].get("inherit_from_parent") is True
        spec["rules"] = [_list_rule(made.draft, *listed)]
    else:
        made.note("spec", AFTER_APPLY)


def _list_rule(draft: Draft, values: dict[str, Any], unknown: dict[str, Any]) -> dict[str, Any]:
    for block, everything, key in (("allow", "allowAll", "allowedValues"), ("deny", "denyAll", "deniedValues")):
        entries = as_list(values.get(block))
        if not entries:
            continue
        entry, marks = as_dict(entries[0]), as_dict((as_list(unknown.get(block)) or [{}])[0])
        if entry.get("all") is True:
            return {everything: True}
        if marks.get("all") is True or marks.get("values") is True:
            draft.note("spec.rules.*", AFTER_APPLY)
        if any(part is True for part in as_list(marks.get("values"))):
            draft.note(f"spec.rules.0.values.{key}.*", AFTER_APPLY)
        return {"values": {key: [value for value in as_list(entry.get("values")) if value is not None]}}
    return {"values": {}}


def _old(container: str, attribute: str) -> Mapping:
    return Mapping(
        "orgpolicy.googleapis.com/Policy", _old_policy_name(container), container=attribute, finish=_old_policy
    )


def _policy_name(namer: Namer, planned: Planned) -> str:
    parent = namer.container(planned, "parent")
    return f"//orgpolicy.googleapis.com/{parent}/policies/{namer.part(planned, 'name')}"


def _approval(container: str, attribute: str) -> Mapping:
    """The settings of Access Approval, which the whole estate below inherits."""
    return Mapping(
        "accessapproval.googleapis.com/AccessApprovalSettings",
        f"//accessapproval.googleapis.com/{container}/{{{attribute}}}/accessApprovalSettings",
        {
            attribute: None,
            "project": None,
            "enrolled_services.enrollment_level": Row("enrolledServices.enrollmentLevel", default="BLOCK_ALL"),
        },
        "enrolled_services",
        container=attribute,
        full_name=True,
    )


MAPPINGS: dict[str, Mapping] = {
    "google_project": Mapping(
        f"{_RM}/Project",
        f"//{_RM}/projects/{{project_id}}",
        {
            "auto_create_network": None,
            "billing_account": None,
            "folder_id": None,
            "number": "projectNumber",
            "org_id": None,
            "project_id": None,
            "skip_delete": None,
            "tags": None,
        },
        finish=_project,
        beside=_beside_project,
    ),
    "google_folder": Mapping(
        f"{_RM}/Folder",
        lambda namer, planned: f"//{_RM}/folders/{namer.folder(planned)}",
        dropped(
            "configured_capabilities deletion_protection folder_id lifecycle_state management_project name parent tags"
        ),
        finish=_folder,
    ),
    "google_project_service": Mapping(
        "serviceusage.googleapis.com/Service",
        "//serviceusage.googleapis.com/projects/{project}/services/{service}",
        shared=True,  # several modules may ask for one service
        finish=_service,
    ),
    "google_project_services": Mapping("", "//serviceusage.googleapis.com/projects/{project}", beside=_services),
    "google_org_policy_policy": Mapping(
        "orgpolicy.googleapis.com/Policy",
        _policy_name,
        {"parent": None, "etag": None, **_rules("spec", "spec"), **_rules("dry_run_spec", "dryRunSpec")},
        "spec.rules dry_run_spec.rules",
        container="parent",
        full_name=True,
    ),
    "google_project_access_approval_settings": _approval("projects", "project_id"),
    "google_folder_access_approval_settings": _approval("folders", "folder_id"),
    "google_organization_access_approval_settings": _approval("organizations", "organization_id"),
    "google_essential_contacts_contact": Mapping(
        "essentialcontacts.googleapis.com/Contact",
        "//essentialcontacts.googleapis.com/{parent:path}/contacts/{name}",
        {"parent": None},
        container="parent",
        full_name=True,
    ),
    "google_project_organization_policy": _old("projects/{project}", "project"),
    "google_folder_organization_policy": _old("folders/{folder}", "folder"),
    "google_organization_policy": _old("organizations/{org_id}", "org_id"),
}  # fmt: skip
