"""The server: listens on loopback, pages, fails as it was told, and records every call."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent import futures
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

import grpc  # type: ignore[import-untyped]  # the package has no types
from google.protobuf.json_format import ParseDict
from grpc_status import rpc_status  # type: ignore[import-untyped]  # the package has no types

from tests.fake_google.estate import Estate
from tests.fake_google.faults import Fault
from tests.fake_google.rest import Rest
from tests.fake_google.services import METHODS, Wrong

_GARBAGE = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"


@dataclass
class Fake:
    """Google, serving an estate. `with Fake(estate) as fake: …`"""

    estate: Estate
    page_size: int | None = None
    """A bound below the services' own on what a page holds."""
    latency: float = 0.0
    """Seconds that every call takes."""
    held: set[str] | None = None
    """The permissions that testIamPermissions tells; None for all."""
    organization_only: set[str] = field(default_factory=set)
    """Permissions that testIamPermissions refuses of projects and folders."""
    unsupported_types: set[str] = field(default_factory=set)
    """Asset types that the inventory refuses to list."""
    moment: str = "2026-11-22T00:00:00Z"
    """When the inventory was looked at last."""
    endless: bool = False
    """Whether every page names the same page as its next."""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    """(method, request) of every call that reached the server."""
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(bucket, name) → content of the objects in Cloud Storage."""
    operations: dict[str, int] = field(default_factory=dict)
    """Operation → how often it has to be asked for until it is done."""
    export_error: str = ""
    """What exports end with."""
    credentials: dict[str, tuple[str, str]] = field(default_factory=dict)
    """infoType → (the word that Cloud DLP takes for one, how likely)."""
    most_findings: int = 3_000
    """What an answer of Cloud DLP tells at most."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, threading.Event] = {}
        self._cache: dict[Any, list[Any]] = {}
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
        self._server.add_generic_rpc_handlers((_Handler(self),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Rest,), {"fake": self}))
        self.http_port = self._http.server_address[1]

    def __enter__(self) -> Fake:
        self._server.start()
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._http.shutdown()
        self._http.server_close()

    def channel(self, host: str) -> Any:
        """A client's connection to the server, in place of one to a host."""
        unlimited = [("grpc.max_receive_message_length", -1)]
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=unlimited)

    def address(self, host: str) -> str:
        """The URL of the REST methods, in place of a host's."""
        return f"http://127.0.0.1:{self.http_port}"

    def fail(self, method: str, *faults: Fault) -> None:
        """Let a method fail (its path or the end of it), in this order."""
        self.faults[method] = list(faults)

    def hold(self, method: str, until: threading.Event) -> None:
        """Keep back the answers of a method (a part of its path) until something has happened."""
        self._held[method] = until

    def reset(self) -> None:
        """Forget faults and calls."""
        self.faults.clear()
        self.calls.clear()

    def counts(self) -> Counter[str]:
        """Calls by method."""
        return Counter(path for path, _ in self.calls)

    def asked(self, method: str) -> list[Any]:
        """The requests that a method got."""
        return [request for path, request in self.calls if path.endswith(method)]

    def record(self, path: str, request: Any) -> Fault | None:
        """Note a call; the fault that it meets."""
        with self._lock:
            self.calls.append((path, request))
            for method, faults in self.faults.items():
                if path.endswith(method):
                    return _met(faults, request)
        return None

    def wait(self, path: str) -> None:
        """Wait as long as the method's answers are held back."""
        for method, until in list(self._held.items()):
            if method in path:
                until.wait()

    def page(self, items: list[Any], request: Any, cap: int) -> tuple[list[Any], str]:
        """(elements, next token) of a list that a message asks for."""
        return self.cut(items, _mark(request), request.page_token, min(getattr(request, "page_size", 0) or 50, cap))

    def cut(self, items: list[Any], mark: str, token: str, size: int) -> tuple[list[Any], str]:
        """(elements, next token) of a list. A token is good for the request that it was given for only."""
        start, size = 0, min(size, self.page_size or size)
        if self.endless:
            return items[:size], "again"
        if token:
            given, _, offset = token.rpartition("~")
            if given != mark or not offset.isdigit():
                raise Wrong("page_token is invalid or has expired")
            start = int(offset)
        end = start + size
        return items[start:end], f"{mark}~{end}" if end < len(items) else ""

    def inventory(self, parent: str, content: str, types: tuple[str, ...]) -> list[Any]:
        """The assets of a list as messages, made once."""
        from google.cloud.asset_v1 import Asset

        key = (parent, content, types)
        with self._lock:
            if key not in self._cache:
                found = self.estate.inventory(*key)
                self._cache[key] = [ParseDict(a, Asset.pb(Asset()), ignore_unknown_fields=True) for a in found]
            return self._cache[key]


def _met(faults: list[Fault], request: Any) -> Fault | None:
    """The first fault that is not over and meets the request."""
    for fault in faults:
        if fault.when is not None and not fault.when(request):
            continue
        if fault.after > 0:
            fault.after -= 1
            return None
        if fault.times is None:
            return fault
        if fault.times > 0:
            fault.times -= 1
            return fault
    return None


def _mark(request: Any) -> str:
    """What a request says, but for the page."""
    copy = type(request)()
    copy.CopyFrom(request)
    copy.page_token = ""
    return f"{hash(copy.SerializeToString(deterministic=True)) & 0xFFFFFFFF:x}"


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # the package has no types
    """Answers every path, in bytes."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    def service(self, details: Any) -> Any:
        path = details.method

        def answer(data: bytes, context: Any) -> bytes:
            return _answered(self._fake, path, data, context)

        return grpc.unary_unary_rpc_method_handler(answer)


def _answered(fake: Fake, path: str, data: bytes, context: Any) -> bytes:
    served = METHODS.get(path)
    if served is None:
        fake.record(path, data)
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{path} is not served")
    assert served is not None
    kind, answer = served
    plain = type(kind.pb(kind())) if hasattr(kind, "pb") else kind
    request = plain.FromString(data)
    fault = fake.record(path, request)
    fake.wait(path)
    time.sleep(fake.latency + (fault.latency if fault else 0.0))
    if fault is not None and fault.garbage:
        return _GARBAGE
    if fault is not None and fault.code is not None:
        context.abort_with_status(rpc_status.to_status(fault.status()))
    try:
        message = answer(fake, request)
    except Wrong as wrong:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(wrong))
    result: bytes = message.SerializeToString()
    return result
