"""What the accounts can do that machines, nodes, functions and services run as, on their project and from above it.

The roles that the accounts hold are findings of the policies that grant them; these checks tell them of each workload,
for those who own the workload and not the policy.
"""

from __future__ import annotations

from auditor import (
    PASS,
    EffectiveAccess,
    Estate,
    Example,
    Fix,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.holdings import Holding
from auditor.access.members import parse
from auditor.access.roles import WRITING_BASIC_ROLES
from auditor.access.standing_index import standing_index
from auditor.resources.compute import Instance
from auditor.resources.gke import NodePool
from auditor.resources.resourcemanager import Project
from auditor.resources.serverless import CloudFunction, Function, RunJob, RunService
from checks.iam.containers import above_project, grant, on_project
from checks.iam.holders import strongest
from checks.iam.service_accounts import CHANGES_ACCESS

Workload = Instance | CloudFunction | Function | RunService | RunJob | NodePool

_ACCOUNT = "web@p.iam.gserviceaccount.com"
_MEMBER = f"serviceAccount:{_ACCOUNT}"
_ALL_APIS = "https://www.googleapis.com/auth/cloud-platform"
_PROJECT = asset(Project, {"projectId": "p", "projectNumber": "1001"})
_MACHINE = "//compute.googleapis.com/projects/p/zones/europe-west1-b/instances/web"


def _machine(email: str = _ACCOUNT, *, scope: str = _ALL_APIS, unknown: str = "") -> Example:
    data = {"serviceAccounts": [{"email": email, "scopes": [scope]}]}
    return asset(Instance, data, name=_MACHINE, unknown=[unknown] if unknown else [])


def _function(email: str = _ACCOUNT) -> Example:
    return asset(Function, {"serviceConfig": {"serviceAccountEmail": email}})


def _nodes(email: str = _ACCOUNT, *, scope: str = _ALL_APIS) -> Example:
    name = "//container.googleapis.com/projects/p/locations/europe-west1/clusters/c/nodePools/main"
    return asset(NodePool, {"config": {"serviceAccount": email, "oauthScopes": [scope]}}, name=name)


def _service(email: str = _ACCOUNT) -> Example:
    return asset(RunService, {"spec": {"template": {"spec": {"serviceAccountName": email}}}})


def _holding(role: str, *, above: bool = False) -> list[Example]:
    """The policies around a workload, with a role for its account on its project or on the folder."""
    held = [grant(role, _MEMBER)]
    return [on_project(*([] if above else held)), *above_project(*(held if above else []))]


_UNKNOWN_ROLE = asset(
    Project, policy={"bindings": [grant("roles/editor", _MEMBER)]}, unknown=["iam_policy.bindings.0.role"]
)

_FIX = Fix(
    terraform="`service_account` (or `service_account_email`) of the workload; the role's google_project_iam_member",
    manual="Run the workload as an account of its own with the roles that its code needs, or take the role back.",
    patch=lambda: [on_project(grant("roles/run.viewer", _MEMBER)), *above_project()],
)

_CONTROL = CHANGES_ACCESS | {
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccountKeys.create",
}
_LOGGING = frozenset(
    {
        "logging.sinks.delete",
        "logging.sinks.update",
        "logging.buckets.delete",
        "logging.buckets.update",
        "logging.logs.delete",
    }
)
_DESTRUCTION = frozenset(
    {
        "alloydb.clusters.delete",
        "bigquery.datasets.delete",
        "bigtable.instances.delete",
        "cloudkms.cryptoKeyVersions.destroy",
        "cloudsql.instances.delete",
        "compute.disks.delete",
        "datastore.databases.delete",
        "spanner.databases.drop",
        "spanner.instances.delete",
        "storage.buckets.delete",
    }
)


def _named(workload: Workload) -> str:
    """The address of the account that a workload names, `""` where it names none."""
    if isinstance(workload, Instance):
        attached = next(iter(workload.service_accounts), None)
        if attached is None:
            return ""
        email = attached.email
    elif isinstance(workload, NodePool):
        email = workload.config.service_account
    elif isinstance(workload, RunService | RunJob):
        email = workload.service_account
    else:
        email = workload.service_account_email
    return "" if email == "default" else email.lower()


def _account(workload: Workload, access: EffectiveAccess) -> str:
    """The address of the account that a workload runs as, be it a default one. Raises `Undetermined`."""
    if named := _named(workload):
        return named
    numbers = [name.partition("/")[2] for name in access.world.hierarchy.spellings(workload.asset.project)]
    number = next((name for name in numbers if name.isdigit()), "")
    if isinstance(workload, CloudFunction) or not number:
        cause = "the workload names none, and the name of its default account is not known"
        raise Undetermined("the account of the workload", cause)
    return f"{number}-compute@developer.gserviceaccount.com"


def _reaches_apis(workload: Workload) -> bool:
    """Whether the access scopes of a machine, as URLs or by gcloud's short names, let its tokens use every API."""
    if isinstance(workload, NodePool):
        return any(scope.rpartition("/")[2] == "cloud-platform" for scope in workload.config.oauth_scopes)
    if not isinstance(workload, Instance):
        return True
    scopes = (scope for account in workload.service_accounts for scope in account.scopes)
    return any(scope.rpartition("/")[2] == "cloud-platform" for scope in scopes)


def _judge(workload: Workload, access: EffectiveAccess, powers: frozenset[str], what: str) -> Verdict:
    """Whether the workload's account surely has one of some permissions, by other roles than Owner and Editor."""
    known = _holdings(workload, access)
    if isinstance(known, Verdict):
        return known
    strong = strongest(known, access, powers, besides=WRITING_BASIC_ROLES)  # workload-basic-role tells those
    if strong is None:
        return PASS
    holding, names = strong
    return _told(holding, f"{what} ({names[0]})", names)


def _holdings(workload: Workload, access: EffectiveAccess) -> tuple[list[Holding], str] | Verdict:
    """What the workload's account holds on its project or above it, and what is missing; or a verdict without that."""
    if isinstance(workload, Instance) and not workload.service_accounts:
        return not_applicable("the machine runs as no account")
    if not _reaches_apis(workload):
        return not_applicable("the machine's access scopes keep its tokens from most APIs")
    account = _account(workload, access)
    if parse(f"serviceAccount:{account}").is_service_agent:
        return not_applicable("Google's own agent is what it runs as")
    return standing_index(access).held_by(f"serviceAccount:{account}", workload.asset.project)


def _told(holding: Holding, what: str, permissions: list[str]) -> Verdict:
    return fail(
        f"its account {what} by {holding.role} on {holding.where}",
        evidence={"role": holding.role, "on": holding.where, "permissions": permissions[:50]},
    )


@check(
    "workload-basic-role",
    severity=Severity.HIGH,
    default=False,  # the grant is a finding of where it stands, once
    same_as=[
        "steampipe:compute_instance_wth_no_high_level_basic_role",
        "steampipe:cloudfunction_function_restricted_permission",
        "cloudsploit:compute/instanceLeastPrivilege",
        "cloudsploit:cloudfunctions/cloudFunctionsPrivilegeAnalysis",
    ],
    fix=_FIX,
    passes=lambda: [
        [_machine(), *_holding("roles/run.developer")],
        [_machine(scope="https://www.googleapis.com/auth/devstorage.read_only"), *_holding("roles/editor")],
        [asset(Instance, {}), *_holding("roles/editor")],
        [_machine(scope="cloud-platform"), *_holding("roles/run.developer")],
        [_function("other@p.iam.gserviceaccount.com"), *_holding("roles/editor")],
        [_nodes(scope="https://www.googleapis.com/auth/devstorage.read_only"), *_holding("roles/editor")],
        [_nodes(), *_holding("roles/container.defaultNodeServiceAccount")],
    ],
    fails=lambda: [
        [_machine(), *_holding("roles/editor")],
        [_machine(scope="cloud-platform"), *_holding("roles/editor")],
        [_function(), *_holding("roles/owner", above=True)],
        [_service(), *_holding("roles/editor")],
        [_nodes(), *_holding("roles/editor")],
    ],
    unknown=lambda: [
        [_machine(unknown="resource.data.serviceAccounts"), *_holding("roles/editor")],
        [_machine(), _UNKNOWN_ROLE, *above_project()],
        _machine(),
    ],
)
def basic_role(
    workload: Instance | CloudFunction | Function | RunService | RunJob | NodePool, access: EffectiveAccess
) -> Verdict:
    """A workload runs as an account that holds Owner or Editor.

    Why: Whoever gets into the workload, through a flaw in its code or one of its libraries, changes the whole
    project. Machines whose access scopes keep their tokens from most APIs are left alone.

    What a fix may break: Calls of the workload that nobody thought of. The recommender lists the permissions
    that the account used in the last 90 days.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    known = _holdings(workload, access)
    if isinstance(known, Verdict):
        return known
    found, doubt = known
    for holding in found:
        if holding.role in WRITING_BASIC_ROLES and holding.is_certain:
            return _told(holding, "is as good as an administrator", [])
        if holding.role in WRITING_BASIC_ROLES or not holding.role:  # it is not known which
            doubt = doubt or "; ".join(holding.decision.because)
    if doubt:
        raise Undetermined("whether its account holds a basic role", doubt)
    return PASS


@check(
    "workload-controls-access",
    severity=Severity.HIGH,
    default=False,  # the grant is a finding of where it stands, once
    same_as=[
        "steampipe:compute_instance_no_iam_write_permission",
        "steampipe:compute_instance_no_service_account_impersonate_permission",
        "steampipe:compute_instance_no_write_permission_on_deny_policy",
    ],
    fix=_FIX,
    passes=lambda: [
        [_machine(), *_holding("roles/logging.logWriter")],
        [_service(), *_holding("roles/editor")],  # workload-basic-role tells it
        [_machine(scope="https://www.googleapis.com/auth/compute"), *_holding("roles/iam.securityAdmin")],
    ],
    fails=lambda: [
        [_machine(), *_holding("roles/iam.securityAdmin")],
        [_function(), *_holding("roles/iam.serviceAccountTokenCreator", above=True)],
        [_service(), *_holding("roles/iam.denyAdmin", above=True)],
        [_nodes(), *_holding("roles/iam.securityAdmin")],
    ],
    unknown=lambda: [[_machine(), *_holding("projects/p/roles/custom")]],
)
def controls_access(
    workload: Instance | CloudFunction | Function | RunService | RunJob | NodePool, access: EffectiveAccess
) -> Verdict:
    """A workload runs as an account that can become others or change who has access.

    Why: Whoever gets into the workload is then whoever its account can become, and can write themselves into
    the policies. Grants on the project and above it count, those by groups and custom roles too.

    What a fix may break: Pipelines and operators that manage access; let them run apart from what the internet
    reaches.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return _judge(workload, access, _CONTROL, "controls access")


@check(
    "workload-can-disrupt-logging",
    severity=Severity.MEDIUM,
    default=False,  # the grant is a finding of where it stands, once
    same_as=[
        "steampipe:compute_instance_no_disrupt_logging_permission",
        "steampipe:cloudfunction_function_no_disrupt_logging_permission",
    ],
    fix=_FIX,
    passes=lambda: [[_machine(), *_holding("roles/logging.logWriter")]],
    fails=lambda: [
        [_machine(), *_holding("roles/logging.admin")],
        [_function(), *_holding("roles/logging.configWriter", above=True)],
    ],
    unknown=lambda: [[_machine(), *_holding("projects/p/roles/custom")]],
)
def disrupts_logging(
    workload: Instance | CloudFunction | Function | RunService | RunJob | NodePool, access: EffectiveAccess
) -> Verdict:
    """A workload runs as an account that can delete logs or stop their export.

    Why: Who takes the workload over takes away the traces. Writing logs needs Logs Writer only.

    What a fix may break: Tools that set up sinks; run them under an account of their own.

    Source: https://cloud.google.com/logging/docs/access-control
    """
    return _judge(workload, access, _LOGGING, "can take logs away")


@check(
    "workload-can-destroy-data",
    severity=Severity.MEDIUM,
    default=False,
    same_as=[
        "steampipe:compute_instance_no_data_destruction_permission",
    ],
    fix=_FIX,
    passes=lambda: [[_machine(), *_holding("roles/storage.objectUser")]],
    fails=lambda: [
        [_machine(), *_holding("roles/storage.admin")],
        [_service(), *_holding("roles/cloudsql.admin")],
        [_function(), *_holding("roles/bigquery.dataOwner", above=True)],
    ],
    unknown=lambda: [[_machine(), *_holding("projects/p/roles/custom")]],
)
def destroys_data(
    workload: Instance | CloudFunction | Function | RunService | RunJob | NodePool, access: EffectiveAccess
) -> Verdict:
    """A workload runs as an account that can delete whole databases, buckets, disks or keys.

    Why: A flaw in the workload is then the loss of the data, backups in the same project included. Reading and
    writing rows or objects needs none of these permissions.

    What a fix may break: Jobs that make and drop what they work on; let them work in a project of their own.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return _judge(workload, access, _DESTRUCTION, "can destroy data")


@check(
    "workload-account-of-other-project",
    severity=Severity.LOW,
    default=False,  # the grant is a finding of where it stands, once
    reads=[Project],
    fix=Fix(
        terraform="`service_account` (or `service_account_email`) of the workload",
        guardrail="iam.disableCrossProjectServiceAccountUsage",
        manual="Make an account in the workload's own project, and grant it what it needs in the other.",
        patch=lambda: [_machine("web@p.iam.gserviceaccount.com"), _function(), _PROJECT],
    ),
    passes=lambda: [
        [_machine(), _PROJECT],
        [_machine("1001-compute@developer.gserviceaccount.com"), _PROJECT],
        [_service("p@appspot.gserviceaccount.com"), _PROJECT],
    ],
    fails=lambda: [
        [_machine("web@accounts-77.iam.gserviceaccount.com"), _PROJECT],
        [_function("77-compute@developer.gserviceaccount.com"), _PROJECT],
    ],
    unknown=lambda: [_machine()],
)
def foreign_account(workload: Instance | CloudFunction | Function | RunService | RunJob, estate: Estate) -> Verdict:
    """A workload runs as a service account of another project.

    Why: Who deploys here acts with an identity that is managed there: access of the one project is decided in
    two, and a review of either sees half. Shared account projects are a choice; accept the finding for them.

    What a fix may break: Grants that name the other account; give them to the new one first.

    Source: https://cloud.google.com/iam/docs/attach-service-accounts
    """
    if isinstance(workload, Instance) and workload.managed_by:
        return not_applicable(f"{workload.managed_by} configures the machine")
    account = _named(workload)
    home = parse(f"serviceAccount:{account}").account_project
    if not home:
        return not_applicable("it names no account that shows a project")
    own = estate.project_id(workload.asset.project)
    number = workload.asset.project.removeprefix("projects/")
    if home in (own, number):
        return PASS
    if not (number.isdigit() if home.isdigit() else not own.isdigit()):
        raise Undetermined("which project the account is of", "the input does not tell both id and number of this one")
    return fail(f"it runs as {account}, of project {home}")
