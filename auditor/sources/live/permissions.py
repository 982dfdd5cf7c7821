"""The custom role that the auditor needs, made from what its collectors declare, and the test whether it is held.

Sources: cloud.google.com/iam/docs/creating-custom-roles (the files of gcloud),
cloud.google.com/resource-manager/reference/rest/v3/projects/testIamPermissions (100 permissions a request),
registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_organization_iam_custom_role
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.sources.live.assets import LISTS, SERVICE
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.declaration import MANAGER, Collector, Level, Quota, Rpc
from auditor.sources.live.failures import Failure, Refused, State
from auditor.sources.live.network import Calls
from auditor.sources.live.scope import RPCS as SCOPE_RPCS
from auditor.sources.live.via import RPCS as VIA_RPCS

ROLE_ID = "gcpAuditor"
TITLE = "GCP Auditor"
DESCRIPTION = "Reads what the auditor collects. Made by `auditor permissions`."
FORMATS = ("json", "yaml", "gcloud", "terraform")
_MOST = 100
_V3 = "/google.cloud.resourcemanager.v3."
_READS = Quota("Resource Manager reads", 600)
_SERVICES = {Level.PROJECT: "Projects", Level.FOLDER: "Folders", Level.ORGANIZATION: "Organizations"}
TESTS = {level: Rpc(f"{_V3}{service}/TestIamPermissions", _READS) for level, service in _SERVICES.items()}

GROUPS_NOTE = (
    "Group memberships are not granted by IAM: give the auditor's account the Google Workspace role Groups Reader."
)
CONSUMER = "roles/serviceusage.serviceUsageConsumer"
SMALLEST = "roles/cloudasset.viewer"
"""The predefined role that lets the bulk be read.

Source: docs.cloud.google.com/asset-inventory/docs/roles-permissions
"""


def collectors_of(services: Iterable[str] = ()) -> list[Collector]:
    """The collectors of some names, all of them where none is named."""
    names = set(services)
    return [collector for collector in COLLECTORS if not names or collector.name in names]


def rpcs_of(collectors: Iterable[Collector], *, via: bool = False) -> list[Rpc]:
    """Every method that a collection may call: the read list. `via` adds exports to Cloud Storage."""
    bulk = [*LISTS.values(), *(VIA_RPCS if via else ())]
    return [*bulk, *SCOPE_RPCS, *(rpc for collector in collectors for rpc in collector.rpcs)]


def permissions_of(collectors: Iterable[Collector], *, via: bool = False) -> list[str]:
    """The permissions that a collection needs, sorted."""
    return sorted({permission for rpc in rpcs_of(collectors, via=via) for permission in rpc.permissions})


def services_of(collectors: Iterable[Collector]) -> list[str]:
    """The APIs that have to be enabled in the project that requests are billed to."""
    collectors = list(collectors)
    spoken_rest = [rpc.path for collector in collectors for rpc in collector.rpcs if rpc.path.startswith("GET ")]
    hosts = {path.removeprefix("GET ").partition("/")[0] for path in spoken_rest}
    return sorted({SERVICE, MANAGER, *hosts, *(collector.service for collector in collectors)})


def billing_note(collectors: Iterable[Collector]) -> str:
    """What it takes beside the role."""
    return (
        f"In the project that requests are billed to (--quota-project), the auditor's account needs {CONSUMER}, and "
        f"these APIs are to be enabled: gcloud services enable {' '.join(services_of(collectors))}"
    )


def role_in(form: str, permissions: Sequence[str], parent: str = "organizations/ORGANIZATION") -> str:
    """The custom role in one of `FORMATS`."""
    document = {"title": TITLE, "description": DESCRIPTION, "stage": "GA", "includedPermissions": list(permissions)}
    if form == "json":
        return json.dumps(document, indent=2)
    if form == "yaml":
        head = [f"title: {TITLE}", f"description: {json.dumps(DESCRIPTION)}", "stage: GA", "includedPermissions:"]
        return "\n".join([*head, *(f"- {permission}" for permission in permissions)])
    level, _, identifier = parent.partition("/")
    if form == "gcloud":
        return (
            f"gcloud iam roles create {ROLE_ID} --{level.removesuffix('s')}={identifier} "
            f"--title='{TITLE}' --stage=GA --permissions={','.join(permissions)}"
        )
    kind, owner = ("project", "project") if level == "projects" else ("organization", "org_id")
    listed = "\n".join(f'    "{permission}",' for permission in permissions)
    return (
        f'resource "google_{kind}_iam_custom_role" "gcp_auditor" {{\n  {owner} = "{identifier}"\n'
        f'  role_id = "{ROLE_ID}"\n  title = "{TITLE}"\n  permissions = [\n{listed}\n  ]\n}}'
    )


def role_to_grant(targets: Sequence[str]) -> str:
    """The sentence that tells somebody whose every read was refused what to grant."""
    return (
        f"nothing could be read of {', '.join(targets)}; grant the auditor's identity {SMALLEST} there, "
        "or the custom role that `auditor permissions` prints, and in the project that its requests are billed to "
        f"enable {SERVICE} and grant it {CONSUMER}; "
        "or name the folders and projects that it may read as targets"
    )


@dataclass(frozen=True, slots=True)
class Tested:
    """Which of some permissions are not held on a target, and which cannot be granted there and so are not told of."""

    missing: list[str]
    not_there: list[str]


async def lacking(calls: Calls, target: str, permissions: Sequence[str]) -> Tested:
    """Test the permissions of the identity on a target. Raises `Refused`, `NoCredentials`.

    Some can be granted on organisations only. A request that names such a one of a project is refused as a whole, and
    is asked in halves.
    """
    level = Level(target.partition("/")[0])
    client = calls.client("resourcemanager_v3", _SERVICES[level])
    held: set[str] = set()
    not_there: set[str] = set()
    todo = [list(permissions[start : start + _MOST]) for start in range(0, len(permissions), _MOST)]
    while todo:
        wanted = todo.pop()
        try:
            held |= await _held(calls, client, TESTS[level], target, wanted)
        except Refused as refused:
            if refused.failure.state is not State.REFUSED:
                raise
            if len(wanted) == 1:
                not_there.update(wanted)
            else:
                todo += [wanted[: len(wanted) // 2], wanted[len(wanted) // 2 :]]
    if permissions and len(not_there) == len(permissions):
        raise Refused(Failure(State.REFUSED, "none of the permissions can be tested there"))
    missing = [permission for permission in permissions if permission not in held and permission not in not_there]
    return Tested(missing, [permission for permission in permissions if permission in not_there])


async def _held(calls: Calls, client: Any, rpc: Rpc, target: str, wanted: list[str]) -> set[str]:
    from google.iam.v1.iam_policy_pb2 import TestIamPermissionsRequest  # type: ignore[import-untyped]  # the package has no types

    request = TestIamPermissionsRequest(resource=target, permissions=wanted)
    answer = await calls.answer(rpc, client.test_iam_permissions, request)
    return set(answer.permissions)
