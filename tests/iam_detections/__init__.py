"""Cases of what systems of this kind look for in IAM: each has to be found, or is just not it.

The names are those of `docs/coverage.toml`. A case is the asset that is asked about, and what lies around it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from auditor import Example, asset
from auditor.resources.cloudidentity import Membership
from auditor.resources.compute import Instance
from auditor.resources.credentials import HmacKey
from auditor.resources.entitlements import Entitlement
from auditor.resources.gke import Cluster, NodePool
from auditor.resources.iam import (
    Role,
    ServiceAccount,
    ServiceAccountKey,
    WorkforcePool,
    WorkforcePoolProvider,
    WorkloadIdentityPoolProvider,
)
from auditor.resources.iam_policies import DenyPolicy, PolicyBinding
from auditor.resources.identity_platform import IdentityPlatform
from auditor.resources.load_balancing import BackendService
from auditor.resources.network import Firewall
from auditor.resources.resourcemanager import Organization, Project
from auditor.resources.serverless import CloudFunction, Function
from auditor.resources.storage import Bucket
from auditor.resources.usage import Activity, Recommendation
from checks.iam.containers import above_project, grant, member_of, on_project

Case = Example | list[Example]


class Detection(NamedTuple):
    """What is looked for, the check that decides it, what has to be found, and what just is not it."""

    name: str
    check: str
    found: Case
    missed: Case


ANN, EVE, OPS = "user:ann@example.com", "user:eve@gmail.com", "group:ops@example.com"
CI = "serviceAccount:ci@p.iam.gserviceaccount.com"
AGENT = "serviceAccount:service-1001@gcp-sa-pubsub.iam.gserviceaccount.com"
COMPUTE = "serviceAccount:1001-compute@developer.gserviceaccount.com"
BUILD = "serviceAccount:1001@cloudbuild.gserviceaccount.com"
POOL = "iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/ci"
USER, TOKENS, ADMIN = "roles/iam.serviceAccountUser", "roles/iam.serviceAccountTokenCreator", "roles/iam.securityAdmin"
TEMPORARY = 'request.time < timestamp("2026-11-23T00:00:00Z")'
PAST = 'request.time < timestamp("2026-01-01T00:00:00Z")'
PROD = 'resource.matchTag("3001/env", "prod")'
HOME = asset(Organization, {"displayName": "example.com"}, ancestors=["organizations/3001"])
SHOP = asset(Project, {"projectId": "p", "projectNumber": "1001"})
FUNCTION = asset(Function, {"serviceConfig": {"serviceAccountEmail": CI.partition(":")[2]}})
OLD_FUNCTION = asset(CloudFunction, {"serviceAccountEmail": CI.partition(":")[2]})


def around(*bindings: dict[str, Any]) -> list[Example]:
    """The project with a policy, and what is above it."""
    return [on_project(*bindings), SHOP, *above_project()]


def machine(scope: str = "https://www.googleapis.com/auth/cloud-platform") -> Example:
    """A machine that runs as the account of the pipeline."""
    return asset(Instance, {"serviceAccounts": [{"email": CI.partition(":")[2], "scopes": [scope]}]})


def nodes(account: str = CI) -> Example:
    """Nodes of a cluster that run as an account."""
    config = {"serviceAccount": account.partition(":")[2], "oauthScopes": ["cloud-platform"]}
    name = "//container.googleapis.com/projects/p/locations/l/clusters/c/nodePools/n"
    return asset(NodePool, {"config": config}, name=name)


def key(account: str = "ci@p.iam.gserviceaccount.com", number: int = 1, **data: Any) -> Example:
    """A user-managed key that was made half a year ago."""
    name = f"projects/p/serviceAccounts/{account}/keys/{number}abc"
    usual = {"keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED", "validAfterTime": "2026-05-01T08:00:00Z"}
    usual["validBeforeTime"] = "9999-12-31T23:59:59Z"
    return asset(ServiceAccountKey, {"name": name, **usual, **data}, name=f"//iam.googleapis.com/{name}")


def activity(kind: str, last: str) -> Example:
    """When an account or key was last used."""
    name = "//iam.googleapis.com/projects/p/serviceAccounts/ci@p.iam.gserviceaccount.com"
    period = {"startTime": "2026-01-01T07:00:00Z", "endTime": "2026-11-21T07:00:00Z"}
    data = {
        "activityType": kind,
        "fullResourceName": name + ("/keys/1abc" if "Key" in kind else ""),
        "observationPeriod": period,
        "activity": {"lastAuthenticatedTime": last},
    }
    return asset(Activity, data, name=f"//policyanalyzer.googleapis.com/projects/1001/activities/{kind}")


def account(*bindings: dict[str, Any]) -> Example:
    """A service account with a policy."""
    return asset(
        ServiceAccount,
        {"email": "ci@p.iam.gserviceaccount.com"},
        policy={"bindings": list(bindings)},
        name="//iam.googleapis.com/projects/p/serviceAccounts/ci@p.iam.gserviceaccount.com",
    )


def role(*permissions: str, **data: Any) -> Example:
    """A custom role."""
    given = {"includedPermissions": list(permissions), "stage": "GA", **data}
    return asset(Role, given, name="//iam.googleapis.com/projects/p/roles/own")


def bucket(*bindings: dict[str, Any]) -> Example:
    """A bucket with a policy."""
    return asset(Bucket, policy={"bindings": list(bindings)}, name="//storage.googleapis.com/b")


def provider(condition: str = "", issuer: str = "https://token.actions.githubusercontent.com", **data: Any) -> Example:
    """A provider of a workload identity pool."""
    usual = {"attributeMapping": {"google.subject": "assertion.sub"}, "oidc": {"issuerUri": issuer}}
    name = "//iam.googleapis.com/projects/p/locations/global/workloadIdentityPools/ci/providers/x"
    return asset(WorkloadIdentityPoolProvider, {**usual, "attributeCondition": condition, **data}, name=name)


def trusted(member: str) -> Example:
    """A service account that a federated identity may become."""
    return account(grant("roles/iam.workloadIdentityUser", member))


def advice(subtype: str, **overview: str) -> Example:
    """What the role recommender says."""
    shown = {"resource": "//cloudresourcemanager.googleapis.com/projects/1001", "member": ANN, **overview}
    data = {"recommenderSubtype": subtype, "stateInfo": {"state": "ACTIVE"}, "content": {"overview": shown}}
    return asset(Recommendation, data, name="//recommender.googleapis.com/projects/1001/recommendations/1")


def entitlement(**data: Any) -> Example:
    """An entitlement to own a project."""
    usual: dict[str, Any] = {
        "eligibleUsers": [{"principals": [OPS]}],
        "privilegedAccess": {"gcpIamAccess": {"roleBindings": [{"role": "roles/owner"}]}},
        "maxRequestDuration": "3600s",
    }
    name = "//privilegedaccessmanager.googleapis.com/projects/p/locations/global/entitlements/e"
    return asset(Entitlement, {**usual, **data}, name=name)


def deny(**rule: Any) -> Example:
    """A deny policy of the organization."""
    usual = {
        "deniedPrincipals": ["principalSet://goog/public:all"],
        "deniedPermissions": [
            "iam.googleapis.com/serviceAccountKeys.create",
            "cloudresourcemanager.googleapis.com/organizations.setIamPolicy",
            "logging.googleapis.com/sinks.delete",
        ],
    }
    where = "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F3001/denypolicies/d"
    data = {"rules": [{"denyRule": {**usual, **rule}}]}
    return asset(DenyPolicy, data, name=f"//iam.googleapis.com/{where}", ancestors=["organizations/3001"])


def bound(principal_set: str) -> Example:
    """What binds a boundary."""
    data = {"policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "target": {"principalSet": principal_set}}
    name = "//iam.googleapis.com/organizations/3001/locations/global/policyBindings/b"
    return asset(PolicyBinding, data, name=name, ancestors=["organizations/3001"])


def workforce(**data: Any) -> Example:
    """A provider of a workforce pool."""
    name = "//iam.googleapis.com/locations/global/workforcePools/staff/providers/okta"
    given = {"oidc": {"issuerUri": "https://example.okta.com"}, **data}
    return asset(WorkforcePoolProvider, given, name=name, ancestors=["organizations/3001"])


def workforce_pool(session: str) -> Example:
    """A workforce pool whose sessions last for a time."""
    name = "//iam.googleapis.com/locations/global/workforcePools/staff"
    return asset(WorkforcePool, {"sessionDuration": session}, name=name, ancestors=["organizations/3001"])


def cluster(name: str) -> Example:
    """A cluster with the project's workload pool."""
    data = {"name": name, "workloadIdentityConfig": {"workloadPool": "p.svc.id.goog"}}
    return asset(Cluster, data, name=f"//container.googleapis.com/projects/p/locations/l/clusters/{name}")


def managing(address: str, part: str) -> list[Example]:
    """A member of a group who has a part in it, and the group."""
    data = {"preferredMemberKey": {"id": address}, "type": "USER", "roles": [{"name": "MEMBER"}, {"name": part}]}
    name = "//cloudidentity.googleapis.com/groups/ops/memberships/0"
    return [asset(Membership, data, name=name, ancestors=["organizations/3001"]), *member_of("ops@example.com")]


def identity(**data: Any) -> Example:
    """The configuration of Identity Platform."""
    return asset(IdentityPlatform, data, name="//identitytoolkit.googleapis.com/projects/1001/config")


def hmac(created: str) -> Example:
    """An HMAC key."""
    return asset(HmacKey, {"accessId": "GOOG1", "state": "ACTIVE", "timeCreated": created})


def behind_iap(source: str) -> list[Example]:
    """A machine of a managed group behind IAP, and a firewall rule that lets a range in on its port."""
    compute = "https://www.googleapis.com/compute/v1/projects/p"
    group, network = "zones/europe-west1-b/instanceGroup{}/web", f"{compute}/global/networks/n"
    created_by = {"key": "created-by", "value": f"projects/1001/{group.format('Managers')}"}
    service = {"name": "web", "iap": {"enabled": True}, "backends": [{"group": f"{compute}/{group.format('s')}"}]}
    rule = {"direction": "INGRESS", "network": network, "allowed": [{"IPProtocol": "tcp", "ports": ["80"]}]}
    return [
        asset(Instance, {"networkInterfaces": [{"network": network}], "metadata": {"items": [created_by]}}),
        asset(BackendService, service, name="//compute.googleapis.com/projects/p/global/backendServices/web"),
        asset(Firewall, {**rule, "sourceRanges": [source]}),
    ]


def with_settings(example: Example, settings: Any) -> Example:
    """The same asset, asked with settings of the check."""
    return asset(
        example.view,
        example.data,
        policy=example.policy,
        name=example.name,
        ancestors=example.ancestors,
        settings=settings,
    )
