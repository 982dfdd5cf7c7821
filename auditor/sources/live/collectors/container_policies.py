"""The IAM policies of projects, folders and organisations, where the inventory is refused.

Source: cloud.google.com/resource-manager/reference/rest/v3/projects/getIamPolicy (conditions need version 3)
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_READS = Quota("Resource Manager reads", 600)
_SERVICES = {Level.PROJECT: "Projects", Level.FOLDER: "Folders", Level.ORGANIZATION: "Organizations"}
_KINDS = {Level.PROJECT: "Project", Level.FOLDER: "Folder", Level.ORGANIZATION: "Organization"}
_GET = {
    level: Rpc(
        f"/google.cloud.resourcemanager.v3.{service}/GetIamPolicy",
        _READS,
        (f"resourcemanager.{level.value}.getIamPolicy",),
    )
    for level, service in _SERVICES.items()
}
VERSION = 3
"""The policy version in which conditions are shown."""


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The IAM policy of one place."""
    from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest  # type: ignore[import-untyped]  # the package has no types
    from google.iam.v1.options_pb2 import GetPolicyOptions  # type: ignore[import-untyped]  # the package has no types

    level = place.level
    client = calls.client("resourcemanager_v3", _SERVICES[level])
    options = GetPolicyOptions(requested_policy_version=VERSION)
    request = GetIamPolicyRequest(resource=place.key, options=options)
    answer = await calls.answer(_GET[level], client.get_iam_policy, request)
    yield {
        "name": place.full_name,
        "asset_type": f"cloudresourcemanager.googleapis.com/{_KINDS[level]}",
        "ancestors": list(place.ancestors or (place.key,)),
        "iam_policy": convert.policy(answer),
    }


COLLECTOR = Collector(
    name="container-policies",
    service="cloudresourcemanager.googleapis.com",
    rpcs=tuple(_GET.values()),
    asset_types=tuple(f"cloudresourcemanager.googleapis.com/{kind}:iam-policy" for kind in _KINDS.values()),
    collect=collect,
    fallback=True,
)
