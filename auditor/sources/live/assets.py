"""The bulk: Cloud Asset Inventory's ListAssets, a thousand assets a request, for each content type that is needed.

Sources: cloud.google.com/asset-inventory/docs/reference/rest/v1/assets/list (page size, access policies of
organisations only), cloud.google.com/asset-inventory/docs/quota (100 ListAssets requests a minute for a project),
docs.cloud.google.com/asset-inventory/docs/list-assets (permissions)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from auditor.completeness import is_inventoried
from auditor.sources.live import convert
from auditor.sources.live.declaration import Quota, Record, Rpc
from auditor.sources.live.failures import Failure, State
from auditor.sources.live.needs import ACCESS_MANAGER, CONTAINERS, ORG_POLICY, Needs
from auditor.sources.live.network import Calls

SERVICE = "cloudasset.googleapis.com"
PAGE = 1_000
"""The most assets that one answer holds."""
QUOTA = Quota("Cloud Asset Inventory ListAssets", 100)
LARGE = 100_000
"""Assets from which an export is the better way."""

_PATH = "/google.cloud.asset.v1.AssetService/ListAssets"
LISTS = {
    "resource": Rpc(_PATH, QUOTA, ("cloudasset.assets.listResource",)),
    "iam-policy": Rpc(_PATH, QUOTA, ("cloudasset.assets.listIamPolicy",)),
    "org-policy": Rpc(_PATH, QUOTA, ("cloudasset.assets.listOrgPolicy",)),
    "access-policy": Rpc(f"GET {SERVICE}/v1/organizations/*/assets", QUOTA, ("cloudasset.assets.listAccessPolicy",)),
}

_SPELLING = {
    "assetType": "asset_type",
    "accessPolicy": "access_policy",
    "accessLevel": "access_level",
    "servicePerimeter": "service_perimeter",
    "updateTime": "update_time",
}
_WORD = re.compile(r"[\w.-]+/\w+")
_DENY_POLICIES = "iam.googleapis.com/PolicyV2"
"""The inventory's own name of deny policies, which are read from IAM itself."""


@dataclass(frozen=True, slots=True)
class Page:
    """Assets of one answer, with the token of the next (`""` for the last) and the moment that all pages show."""

    records: list[Record]
    token: str
    read_time: str


def requests_of(root: str, needs: Needs) -> dict[str, tuple[str, ...]]:
    """Content type → asset types to ask for (empty: all). Containers and access policies are asked for by themselves.

    Organisation policies come as resources where these hold them, for the v1 content lacks conditions and dry runs;
    the content is read beside for those that do not come so.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    if needs.resources is None:
        wanted["resource"] = ()
    else:
        types = {name for name in needs.resources if is_inventoried(name) and name != _DENY_POLICIES}
        types -= {name for name in types if name.startswith(ACCESS_MANAGER)} | set(CONTAINERS)
        if types:
            wanted["resource"] = tuple(sorted(types))
    policies = needs.policies
    if policies is None or policies:
        wanted["iam-policy"] = tuple(sorted(filter(is_inventoried, policies or ())))
    if needs.wants_org_policies:
        wanted["org-policy"] = ()
    if needs.wants_access_policies and root.startswith("organizations/"):
        wanted["access-policy"] = ()
    return wanted


async def listed(
    calls: Calls, root: str, content: str, asset_types: Iterable[str], *, token: str = "", read_time: str = ""
) -> AsyncIterator[Page]:
    """The pages of one content type, from a token on where there is one, of a moment where it is given.

    Raises `Refused`, `NoCredentials`.
    """
    from google.cloud.asset_v1 import ListAssetsRequest

    if content == "access-policy":
        async for page in _access_policies(calls, root, token, read_time):
            yield page
        return
    request = ListAssetsRequest(
        parent=root,
        asset_types=list(asset_types),
        content_type=content.upper().replace("-", "_"),
        page_size=PAGE,
        page_token=token,
        read_time=read_time or None,
    )
    client = calls.client("asset_v1", "AssetService")
    async for answer in calls.pages(LISTS[content], client.list_assets, request):
        read = answer.read_time.ToJsonString() if answer.HasField("read_time") else ""
        records = await asyncio.to_thread(_records, answer, root)  # the next page comes in meanwhile
        yield Page(records, answer.next_page_token, read)


def unlisted(failure: Failure, asset_types: Iterable[str]) -> list[str]:
    """The asset types of a request that it was refused for: the inventory does not list them, and says which.

    It refuses the whole request: `No RESOURCE found that matches asset type TYPE for consumer project …`.
    """
    if failure.state is not State.REFUSED:
        return []
    named = {word.rstrip(".") for word in _WORD.findall(failure.detail)}
    return [name for name in asset_types if name in named]


async def _access_policies(calls: Calls, root: str, token: str, read_time: str) -> AsyncIterator[Page]:
    """The pages of access policies, by REST: the client's messages lack fields of perimeters and access levels."""
    wanted = {"contentType": "ACCESS_POLICY", "pageSize": str(PAGE)}
    wanted |= {name: text for name, text in (("pageToken", token), ("readTime", read_time)) if text}
    async for found, following, page in calls.objects(
        LISTS["access-policy"], SERVICE, f"v1/{root}/assets", wanted, "assets"
    ):
        records = [{_SPELLING.get(key, key): value for key, value in asset.items()} for asset in found]
        for record in records:
            record.setdefault("ancestors", [root])
        yield Page(records, following, str(page.get("readTime", "")))


def comes_otherwise(record: Record) -> bool:
    """Whether a resource of a list of all types was or is read by itself: a container, or an access policy."""
    kind = record["asset_type"].removeprefix("identity.")
    return "resource" in record and (kind in CONTAINERS or kind.startswith(ACCESS_MANAGER))


def _records(page: Any, root: str) -> list[Record]:
    """The assets of a page; one without ancestors belongs to what was asked for."""
    records = [convert.asset(message) for message in page.assets]
    for record in records:
        if not record["ancestors"]:
            record["ancestors"] = [root] if record["asset_type"] not in CONTAINERS else [_key_of(record["name"])]
    return records


def _key_of(name: str) -> str:
    return "/".join(name.split("/")[-2:])


def without_policies_read(records: Iterable[Record], known: set[str]) -> list[Record]:
    """The records without those organisation policies that came as resources before."""
    kept: list[Record] = []
    for record in records:
        if "org_policy" in record:
            container = record["ancestors"][0]
            policies = [
                policy
                for policy in record["org_policy"]
                if f"{container}/{str(policy.get('constraint', '')).removeprefix('constraints/')}" not in known
            ]
            if not policies:
                continue
            record = {**record, "org_policy": policies}
        kept.append(record)
    return kept


def policy_keys(records: Iterable[Record]) -> set[str]:
    """`CONTAINER/CONSTRAINT` of the organisation policies among resources."""
    return {
        f"{record['ancestors'][0]}/{record['name'].rpartition('/policies/')[2]}"
        for record in records
        if record["asset_type"] == ORG_POLICY
    }
