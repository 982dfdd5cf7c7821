"""Principal access boundary policies of organisations, and what binds them to principals (IAM v3).

Bindings hang on the resource that owns the principals: an organisation, folder or project. IAM answers five such
requests a minute. Policies are read by REST: the client does not know the permissions that a rule may be limited to,
and would read such a rule as one about all.

Sources: cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.principalAccessBoundaryPolicies/list,
cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.policyBindings/list, cloud.google.com/iam/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "iam.googleapis.com"
_READS = Quota("IAM v3 reads", 5)
_POLICIES = Rpc(
    f"GET {_SERVICE}/v3/organizations/*/locations/global/principalAccessBoundaryPolicies",
    _READS,
    ("iam.principalaccessboundarypolicies.list",),
)
_BINDINGS = Rpc("/google.iam.v3.PolicyBindings/ListPolicyBindings", _READS, ("iam.policybindings.list",))
_PAGE = 1_000


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The boundaries of one organisation, and the bindings of any place."""
    from google.cloud.iam_v3 import ListPolicyBindingsRequest

    parent = f"{place.key}/locations/global"
    if place.level is Level.ORGANIZATION:
        path, wanted = f"v3/{parent}/principalAccessBoundaryPolicies", {"pageSize": str(_PAGE)}
        async for policies, _, _ in calls.objects(_POLICIES, _SERVICE, path, wanted, "principalAccessBoundaryPolicies"):
            for policy in policies:
                name = f"//{_SERVICE}/{policy['name']}"
                yield place.record(name, f"{_SERVICE}/PrincipalAccessBoundaryPolicy", policy)
    client = calls.client("iam_v3", "PolicyBindings")
    request = ListPolicyBindingsRequest(parent=parent, page_size=_PAGE)
    async for binding in calls.each(_BINDINGS, client.list_policy_bindings, request, "policy_bindings"):
        name = f"//iam.googleapis.com/{binding.name}"
        yield convert.record(place, name, "iam.googleapis.com/PolicyBinding", binding)


COLLECTOR = Collector(
    name="boundaries",
    service="iam.googleapis.com",
    rpcs=(_POLICIES, _BINDINGS),
    asset_types=("iam.googleapis.com/PrincipalAccessBoundaryPolicy", "iam.googleapis.com/PolicyBinding"),
    collect=collect,
)
