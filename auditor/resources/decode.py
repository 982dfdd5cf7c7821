"""From one line of JSON to a typed asset: fast where the line is as expected, patient where it is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from auditor.resources.base import Asset, Resource, Undetermined, View, nowhere, withhold, withhold_all
from auditor.resources.policy import Policy

T = TypeVar("T")

_PLACE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]")


class Unreadable(Exception):  # noqa: N818 - what was wrong is its message
    """A line cannot be made into an asset; the message says why."""


class Payload(Struct, Generic[T], gc=False):
    """`resource` of an exported asset."""

    data: T | None = None


class Envelope(Asset, Generic[T], gc=False, kw_only=True):
    """One exported line: the asset with whatever content the line carries."""

    resource: Payload[T] | UnsetType | None = UNSET
    iam_policy: Policy[Any] | UnsetType | None = UNSET
    camel_policy: Any = field(default=UNSET, name="iamPolicy")
    """Where it is set, the line is in another spelling than its other keys and has to be reshaped."""


class Unread(View):
    """Data of a type that no view shows: it is there, and nothing of it is read."""


class Decoder(Generic[T]):
    """Decodes lines whose resource data is shown by `view` (or shown by nothing, where it is None).

    It is built when the first line is decoded: that takes milliseconds, and most inputs have few types.
    """

    def __init__(self, view: type[T] | None) -> None:
        self.view = view
        self._fast: Callable[[bytes], Envelope[Any]] = self._first

    def _first(self, line: bytes) -> Envelope[Any]:
        shown: Any = Envelope  # of a type that is known only now
        self._fast = msgspec.json.Decoder(shown[self.view or Unread], strict=False).decode
        envelope: Envelope[Any] = self._fast(line)
        return envelope

    def decode(self, line: bytes) -> Envelope[Any]:
        """The line's envelope, with its unknown values withheld.

        Raises `Unreadable` where the line is no JSON or has no name and type.
        """
        try:
            envelope = self._fast(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            envelope = self._patient(line)
        if not envelope.ancestors:
            envelope.ancestors = ancestors_of(envelope)
        if envelope.unknown or envelope.unread:
            _withhold(envelope)
        return envelope

    def _patient(self, line: bytes) -> Envelope[Any]:
        """Decode field by field: a value of the wrong type becomes unknown, the rest is kept."""
        document = parse(line)
        unread: dict[str, str] = {}
        for _ in range(100):
            try:
                envelope = self._fast(msgspec.json.encode(document))
            except msgspec.ValidationError as error:
                path, cause = _remove(document, str(error))
                if cause:
                    unread[path] = cause
            else:
                envelope.unread = unread
                return envelope
        raise Unreadable("more than 100 values have an unexpected type")


@cache
def decoder(view: type[Resource] | None) -> Decoder[Any]:
    """The decoder for a view, built once."""
    return Decoder(view)


def parse(line: bytes) -> dict[str, Any]:
    """The line as a plain object. Raises `Unreadable` with a sentence for people."""
    try:
        document = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = str(error)
        try:
            line.decode()
        except UnicodeDecodeError as where:
            problem = f"not UTF-8 at byte {where.start + 1}"
        raise Unreadable(f"not valid JSON ({problem})") from None
    except RecursionError:
        raise Unreadable("nested too deeply to be an asset") from None
    if not isinstance(document, dict):
        raise Unreadable(f"a JSON {type(document).__name__}, not an asset object")
    return document


def resource_of(envelope: Envelope[Any], view: type[Resource]) -> Any:
    """The typed view of an envelope's data, detached from it."""
    payload = envelope.resource
    envelope.resource = UNSET  # no reference cycle: these structs are invisible to the collector
    data = payload.data if payload is not UNSET and payload is not None else None
    if data is None:
        causes = {**envelope.unknown, **envelope.unread}
        cause = causes.get("resource.data") or causes.get("resource") or "the line carries no resource data"
        return empty_view(view, envelope, cause)
    data.asset = envelope
    return data


_LONG = 1_000


def brief(resource: Resource, line: bytes) -> bytes:
    """A line that says what `resource` says; its own, `line`, where that is short or something is not known."""
    asset = resource.asset
    if len(line) < _LONG or asset.unknown or asset.unread or asset.address or asset.source:
        return line
    resource.asset = nowhere()
    try:
        document = {"name": asset.name, "asset_type": asset.asset_type, "ancestors": asset.ancestors}
        return msgspec.json.encode({**document, "resource": {"data": resource}})
    finally:
        resource.asset = asset


def policy_of(line: bytes) -> Policy[Any]:
    """The IAM policy that a line carries, detached from the line's envelope."""
    return detached_policy(decoder(None).decode(line))


def detached_policy(envelope: Envelope[Any]) -> Policy[Any]:
    """An envelope's policy, detached from it; of an unreadable one nothing is known."""
    policy = envelope.iam_policy
    envelope.iam_policy = UNSET  # no reference cycle: these structs are invisible to the collector
    if not isinstance(policy, Policy):
        return unknown_policy(envelope, envelope.unread.get("iam_policy", "the line carries no IAM policy"))
    policy.asset = envelope
    return policy


def empty_view(view: type[Resource], asset: Asset, cause: str) -> Resource:
    """A view of which nothing is known because its content is missing."""
    shown = view(asset=asset)
    withhold_all(shown)
    asset.unknown = {**asset.unknown, "resource.data": cause}
    return shown


def unknown_policy(asset: Asset, cause: str) -> Policy[Any]:
    """A policy of which nothing is known because its content is missing."""
    policy: Policy[Any] = Policy(asset=asset)
    withhold_all(policy)
    asset.unknown = {**asset.unknown, "iam_policy": cause}
    return policy


def ancestors_of(asset: Asset) -> list[str]:
    """Ancestors of an asset whose line has none: from `ancestry_path`, else from its name."""
    if asset.ancestry_path:
        steps = asset.ancestry_path.strip("/").split("/")
        pairs = zip(steps[::2], steps[1::2], strict=False)
        return [f"{kind.removesuffix('s')}s/{identifier}" for kind, identifier in pairs][::-1]
    steps = asset.name.split("/")
    for kind in ("projects", "folders", "organizations"):
        if kind in steps[:-1]:
            return [f"{kind}/{steps[steps.index(kind) + 1]}"]
    return []


def cause_of(asset: Asset, unknown: Undetermined) -> str:
    """Why the value that raised `unknown` is unknown, as a clause."""
    if unknown.cause:
        return unknown.cause
    causes = {**asset.unknown, **asset.unread}
    parts = {path: cause for path, cause in causes.items() if path.startswith(unknown.part)}
    named = [cause for path, cause in parts.items() if unknown.what in path.split(".")]
    return (named or list(parts.values()) or ["not known"])[0]


def _remove(document: dict[str, Any], message: str) -> tuple[str, str]:
    """Take the value that `message` complains about out of `document`; its path, and the cause if it was a value."""
    place = _PLACE.search(message)
    steps = [name or index or more for name, index, more in _STEP.findall(place[1] if place else "")]
    if not steps or steps[0] in ("name", "asset_type"):
        raise Unreadable(f"not an asset: {message[0].lower()}{message[1:].replace('`', '')}")
    target: Any = document
    walked: list[str] = []
    for position, step in enumerate(steps):
        parent = target
        key = int(step) if isinstance(target, list) and step.isdigit() else step
        following = steps[position + 1] if position + 1 < len(steps) else None
        walked.append(step)
        if following is None or following == "...":
            value = parent[key]
            del parent[key]
            if isinstance(parent, list):
                walked[-1] = "*"
            expectation = message.partition(" - at ")[0].replace("`", "").lower()
            return ".".join(walked), "" if value is None else f"unreadable, {expectation}"
        target = parent[key]
    raise AssertionError("unreachable: every path has a last step")


def _withhold(envelope: Envelope[Any]) -> None:
    resource, policy = envelope.resource, envelope.iam_policy
    for path, cause in {**envelope.unknown, **envelope.unread}.items():
        steps = path.split(".")
        target: Any = None
        if steps[:2] == ["resource", "data"] and isinstance(resource, Payload):
            target, steps = resource.data, steps[2:]
        elif steps[:1] == ["iam_policy"] and isinstance(policy, Policy):
            target, steps = policy, steps[1:]
            if steps in (["auditConfigs", "*"], ["audit_configs", "*"]):
                policy.audit_doubt = cause
                continue
        if isinstance(target, View):
            if steps:
                withhold(target, steps, steps[-1] if steps[-1] != "*" else steps[-2], cause)
            else:
                withhold_all(target)
