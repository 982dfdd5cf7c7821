"""Secrets and their versions, global and regional, where the inventory is refused. No payload is read.

Sources: cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/list, …/projects.secrets.versions/list,
cloud.google.com/secret-manager/regional-secrets/list-regional-secrets (regional secrets have an endpoint of their own),
cloud.google.com/secret-manager/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls, together

_SERVICE = "secretmanager.googleapis.com"
_READS = Quota("Secret Manager reads", 600)
_V1 = "/google.cloud.secretmanager.v1.SecretManagerService/"
_LOCATIONS = Rpc("/google.cloud.location.Locations/ListLocations", _READS, ("secretmanager.locations.list",))
_SECRETS = Rpc(f"{_V1}ListSecrets", _READS, ("secretmanager.secrets.list",))
_VERSIONS = Rpc(f"{_V1}ListSecretVersions", _READS, ("secretmanager.versions.list",))
_PAGE = 1_000


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The secrets of one project, each with its versions."""
    from google.cloud.location.locations_pb2 import ListLocationsRequest  # type: ignore[import-untyped]  # the package has no types

    async for record in _secrets(calls, place, ""):
        yield record
    client = calls.client("secretmanager_v1", "SecretManagerService")
    wanted = ListLocationsRequest(name=place.key, page_size=_PAGE)
    found = calls.each(_LOCATIONS, client.list_locations, wanted, "locations")
    locations = [location.location_id async for location in found]

    async def at(location: str) -> list[Record]:
        return [record async for record in _secrets(calls, place, location)]

    for records in await together([at(location) for location in locations]):
        for record in records:
            yield record


async def _secrets(calls: Calls, place: Place, location: str) -> AsyncIterator[Record]:
    """The secrets of one location, `""` for those of none."""
    from google.cloud.secretmanager_v1 import ListSecretsRequest, ListSecretVersionsRequest

    client = calls.client("secretmanager_v1", "SecretManagerService", location)
    parent = f"{place.key}/locations/{location}" if location else place.key
    wanted = ListSecretsRequest(parent=parent, page_size=_PAGE)
    async for secret in calls.each(_SECRETS, client.list_secrets, wanted, "secrets"):
        yield convert.record(place, f"//{_SERVICE}/{secret.name}", f"{_SERVICE}/Secret", secret)
        request = ListSecretVersionsRequest(parent=secret.name, page_size=_PAGE)
        async for version in calls.each(_VERSIONS, client.list_secret_versions, request, "versions"):
            name = f"//{_SERVICE}/{version.name}"
            yield convert.record(place, name, f"{_SERVICE}/SecretVersion", version)


COLLECTOR = Collector(
    name="secret-manager",
    service=_SERVICE,
    rpcs=(_LOCATIONS, _SECRETS, _VERSIONS),
    asset_types=(f"{_SERVICE}/Secret", f"{_SERVICE}/SecretVersion"),
    collect=collect,
    levels=frozenset({Level.PROJECT}),
    fallback=True,
)
