"""Which organisation policies are in force at a target, inherited ones included.

What is below follows from the policies that are set there. Only targets are asked, one request a constraint.

Source: cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies/getEffectivePolicy
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.collectors.org_policies import READS, SERVICE
from auditor.sources.live.declaration import Collector, Place, Record, Rpc
from auditor.sources.live.network import Calls

_GET = Rpc("/google.cloud.orgpolicy.v2.OrgPolicy/GetEffectivePolicy", READS, ("orgpolicy.policy.get",))

CONSTRAINTS = (
    "compute.disableSerialPortAccess",
    "compute.requireOsLogin",
    "compute.requireShieldedVm",
    "compute.restrictVpcPeering",
    "compute.skipDefaultNetworkCreation",
    "compute.vmExternalIpAccess",
    "gcp.resourceLocations",
    "gcp.restrictNonCmekServices",
    "iam.allowedPolicyMemberDomains",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
    "iam.serviceAccountKeyExpiryHours",
    "iam.workloadIdentityPoolProviders",
    "run.allowedIngress",
    "sql.restrictAuthorizedNetworks",
    "sql.restrictPublicIp",
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
)
"""The constraints that guard against what is audited here."""


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The effective policies of one target."""
    from google.cloud.orgpolicy_v2 import GetEffectivePolicyRequest

    client = calls.client("orgpolicy_v2", "OrgPolicy")
    requests = [GetEffectivePolicyRequest(name=f"{place.key}/policies/{name}") for name in CONSTRAINTS]
    answers = (calls.answer(_GET, client.get_effective_policy, request) for request in requests)
    for constraint, policy in zip(CONSTRAINTS, await asyncio.gather(*answers), strict=True):
        name = f"//{SERVICE}/{place.key}/effectivePolicies/{constraint}"
        yield convert.record(place, name, f"{SERVICE}/EffectivePolicy", policy)


COLLECTOR = Collector(
    name="effective-policies",
    service=SERVICE,
    rpcs=(_GET,),
    asset_types=(f"{SERVICE}/EffectivePolicy",),
    collect=collect,
    roots_only=True,
)
