"""The bulk by way of Cloud Storage: one export for each content type, whatever the size of the estate.

The export is written by Google into the bucket that the user names, which is the one thing that collecting leaves
behind; it is read from there and not deleted.

Sources: cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/exportAssets (output to a prefix),
cloud.google.com/storage/docs/json_api/v1/objects/list, …/v1/objects/get
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import IO, Any
from urllib.parse import quote

import msgspec

from auditor.sources.live.assets import SERVICE, Page
from auditor.sources.live.declaration import Quota, Record, Rpc
from auditor.sources.live.failures import Failure, Refused, State
from auditor.sources.live.network import Calls

STORAGE = "storage.googleapis.com"
_EXPORTS = Quota("Cloud Asset Inventory ExportAssets", 60)
_OPERATIONS = Quota("Cloud Asset Inventory operations", 600)
_OBJECTS = Quota("Cloud Storage reads", 6_000)
EXPORTS = {
    content: Rpc("/google.cloud.asset.v1.AssetService/ExportAssets", _EXPORTS, (f"cloudasset.assets.export{name}",))
    for content, name in (
        ("resource", "Resource"),
        ("iam-policy", "IamPolicy"),
        ("org-policy", "OrgPolicy"),
        ("access-policy", "AccessPolicy"),
    )
}
_POLL = Rpc("/google.longrunning.Operations/GetOperation", _OPERATIONS)
_LIST = Rpc(f"GET {STORAGE}/storage/v1/b/*/o", _OBJECTS, ("storage.objects.list",))
_READ = Rpc(f"GET {STORAGE}/storage/v1/b/*/o/*", _OBJECTS, ("storage.objects.get",))
RPCS = (*EXPORTS.values(), _POLL, _LIST, _READ)

_PLACE = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])/?(.*)")
_BATCH = 2_000
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 30.0


class NotABucket(ValueError):  # noqa: N818 - the message is the sentence that the user reads
    """What is to be exported to is no place in Cloud Storage."""


def bucket_of(place: str) -> tuple[str, str]:
    """(bucket, prefix) of `gs://BUCKET/PREFIX`. Raises `NotABucket`."""
    match = _PLACE.fullmatch(place)
    if match is None:
        raise NotABucket(f"{place!r}: write gs://BUCKET/PREFIX")
    return match[1], match[2].strip("/")


async def exported(
    calls: Calls, root: str, content: str, asset_types: Iterable[str], place: str, *, read_time: str = ""
) -> AsyncIterator[Page]:
    """What `listed` gives, by an export to a place of its own. Raises `Refused`, `NoCredentials`."""
    from google.cloud.asset_v1 import ExportAssetsRequest

    bucket, prefix = bucket_of(place)
    where = "/".join(part for part in (prefix, root.replace("/", "-"), content) if part)
    request = ExportAssetsRequest(
        parent=root,
        asset_types=list(asset_types),
        content_type=content.upper().replace("-", "_"),
        read_time=read_time or None,
        output_config={"gcs_destination": {"uri_prefix": f"gs://{bucket}/{where}"}},
    )
    client = calls.client("asset_v1", "AssetService")
    begun = await calls.answer(EXPORTS[content], client.export_assets, request)
    await _finished(calls, begun.operation)
    for name in [name async for name in _objects(calls, bucket, f"{where}/")]:
        with tempfile.TemporaryFile() as file:
            await calls.save(_READ, STORAGE, f"storage/v1/b/{bucket}/o/{quote(name, safe='')}", {"alt": "media"}, file)
            file.seek(0)
            for records in _batches(file):
                yield Page(records, "", "")


async def _finished(calls: Calls, operation: Any) -> None:
    """Wait until an operation is done. Raises `Refused` where it failed."""
    from google.longrunning.operations_pb2 import GetOperationRequest  # type: ignore[import-untyped]  # no types

    client, wait = calls.client("asset_v1", "AssetService"), _FIRST_WAIT
    while not operation.done:
        await calls.clock.sleep(wait)
        wait = min(_LONGEST_WAIT, 1.5 * wait)
        operation = await calls.answer(_POLL, client.get_operation, GetOperationRequest(name=operation.name))
    if operation.HasField("error"):
        raise Refused(Failure(State.REFUSED, f"the export failed: {operation.error.message}"))


async def _objects(calls: Calls, bucket: str, prefix: str) -> AsyncIterator[str]:
    wanted = {"prefix": prefix, "fields": "items(name),nextPageToken"}
    async for found, _, _ in calls.objects(_LIST, STORAGE, f"storage/v1/b/{bucket}/o", wanted, "items"):
        for item in found:
            yield str(item["name"])


def _batches(file: IO[bytes]) -> Iterator[list[Record]]:
    """The records of an export file. Raises `Refused` where a line is none."""
    batch: list[Record] = []
    for line in file:
        try:
            record = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(Failure(State.UNREADABLE, f"a line of the export is no asset ({error})")) from None
        record.setdefault("ancestors", [])
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def told(place: str) -> str:
    """The sentence that says what is left behind."""
    return f"{SERVICE} exports to {place}; what it writes there stays, delete it when it is not needed"
