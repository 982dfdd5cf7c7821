"""Keys of service accounts that stand in a configuration: in variables, metadata and the like, in the open or packed.

The key file names its account, so that whoever reads the configuration is that account. The key itself is not kept.

Sources: cloud.google.com/iam/docs/keys-create-delete (the form of a key file),
cloud.google.com/compute/docs/metadata/overview (metadata is no place for secrets)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from auditor.resources.base import Asset
from auditor.resources.decode import parse
from auditor.secrets import scan_text
from auditor.secrets.detector import decoded

_ACCOUNT = re.compile(r'"client_email"\s*:\s*"([A-Za-z0-9._:-]{1,128}@[a-z0-9.-]{1,128}\.gserviceaccount\.com)"')
_PACKED = re.compile(r"[A-Za-z0-9+/_-]{200,65536}={0,2}")
_DETECTOR = "service-account-key"
_DEEPEST = 40


class FoundKey(NamedTuple):
    """A key of a service account stands in the configuration of an asset."""

    asset: Asset
    address: str


def may_hold_key(line: bytes) -> bool:
    """Whether a closer look at a line is worth its time: a key file begins so, plain or in base64."""
    return b"PRIVATE KEY" in line or b"ewogICJ0eXBlIjo" in line or b"eyJ0eXBlIjo" in line


def keys_in(asset: Asset, line: bytes) -> list[FoundKey]:
    """The accounts whose keys the data of a line holds."""
    resource = parse(line).get("resource")
    data = resource.get("data") if isinstance(resource, dict) else None
    return [FoundKey(asset, address) for address in dict.fromkeys(_accounts(data, 0))]


def _accounts(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for entry in value.values():
            yield from _accounts(entry, depth + 1)
    elif isinstance(value, list):
        for entry in value:
            yield from _accounts(entry, depth + 1)
    elif isinstance(value, str):
        yield from _in_text(value)


def _in_text(text: str) -> Iterator[str]:
    texts = [text]
    for packed in _PACKED.findall(text):
        try:
            texts.append(decoded(packed))
        except ValueError:
            continue
    for one in texts:
        accounts = _ACCOUNT.findall(one)
        if accounts and any(hit.detector == _DETECTOR for hit in scan_text(one)):
            yield from (account.lower() for account in accounts)
