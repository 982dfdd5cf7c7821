"""Clients of Google's services, over gRPC or REST, at their public or at other endpoints.

Proxies are those of the environment (`https_proxy`, `no_proxy`). What gRPC, unlike requests, does not see of them
(names in capital letters) it is told by `heed_proxy`. Private and restricted virtual addresses need no option, only
DNS; `endpoint` is for Private Service Connect.

Sources: cloud.google.com/vpc/docs/configure-private-service-connect-apis (endpoint names),
grpc.github.io/grpc/core/md_doc_core_default_http_proxy_mapper.html (which variables gRPC reads, and `http://` only),
google.aip.dev/auth/4114 (universe domains)
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    import grpc.aio  # type: ignore[import-untyped]  # the package has no types

    from auditor.sources.live.identity import Identity

T = TypeVar("T")

DEFAULT_UNIVERSE = "googleapis.com"
_BLOCK = 1 << 20
_MOST = 256
"""Connections to one host that are kept open, at most."""
_PROXY, _NO_PROXY = "grpc_proxy", "no_grpc_proxy"
"""Variables that gRPC alone reads."""


class UnusableEndpoint(ValueError):  # noqa: N818 - the message is the sentence that the user reads
    """An endpoint that no client can be made for."""


def heed_proxy(transport: str) -> None:
    """Tell gRPC the proxy that this process is to use, where it would not find it. Raises `UnusableEndpoint`."""
    named = (_PROXY, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    name = next((name for name in named if os.environ.get(name)), "")
    if not name or transport != "grpc":
        return
    proxy = os.environ[name]
    scheme, separator, _ = proxy.partition("://")
    if separator and scheme != "http":
        raise UnusableEndpoint(f"{name} is a {scheme} proxy, and gRPC knows http:// ones only; say --transport rest")
    os.environ[_PROXY] = proxy if separator else f"http://{proxy}"
    without = next((os.environ[name] for name in (_NO_PROXY, "no_proxy", "NO_PROXY") if os.environ.get(name)), "")
    if without:
        os.environ[_NO_PROXY] = without


def check_universe(identity: Identity, universe: str) -> None:
    """Raises `UnusableEndpoint` where the credentials are of another universe than the one that is to be reached."""
    theirs = getattr(identity.credentials, "universe_domain", None) or DEFAULT_UNIVERSE
    if theirs != universe:
        raise UnusableEndpoint(
            f"the credentials are of the universe {theirs}, and {universe} is to be reached; say --universe {theirs}, "
            "or use other credentials"
        )


@dataclass(slots=True)
class Connection:
    """Makes each client once and sends with it. `channel` and `address` replace hosts, for tests and emulators."""

    identity: Identity | None = None
    transport: Literal["grpc", "rest"] = "grpc"
    endpoint: str = ""
    """Another host for all services; `{service}` stands for the first part of the usual one (`cloudasset`)."""
    universe: str = DEFAULT_UNIVERSE
    channel: Callable[[str], grpc.aio.Channel] | None = None
    address: Callable[[str], str] | None = None
    """The same for REST methods: the URL in place of a host."""
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    _session: Any = None

    def client(self, package: str, service: str, location: str = "") -> Any:
        """The client of a service in a package of `google.cloud`; of one location's endpoint where it is given."""
        key = (package, service, location)
        if key not in self._clients:
            self._clients[key] = self._made(*key)
        return self._clients[key]

    def _made(self, package: str, service: str, location: str) -> Any:
        module = importlib.import_module(f"google.cloud.{package}")
        rest = self.transport == "rest" and _speaks_rest(getattr(module, f"{service}Client"))
        kind = getattr(module, f"{service}Client" if rest else f"{service}AsyncClient")
        if self.address is not None and rest:
            return _by_address(kind, self.address(kind.DEFAULT_ENDPOINT))
        if self.channel is not None and not rest:
            transport = kind.get_transport_class("grpc_asyncio")
            return kind(transport=transport(channel=self.channel(self.host(kind.DEFAULT_ENDPOINT, location))))
        from google.api_core.client_options import ClientOptions

        options = ClientOptions(
            api_endpoint=self.host(kind.DEFAULT_ENDPOINT, location) if self.endpoint or location else None,
            universe_domain=None if self.universe == DEFAULT_UNIVERSE else self.universe,
            quota_project_id=self.identity.quota_project or None if self.identity else None,
        )
        credentials = self.identity.credentials if self.identity else None
        return kind(credentials=credentials, client_options=options, transport="rest" if rest else "grpc_asyncio")

    def host(self, usual: str, location: str = "") -> str:
        """The host to reach instead of a service's usual one. Raises `UnusableEndpoint`."""
        if not self.endpoint:
            service, _, universe = usual.replace(DEFAULT_UNIVERSE, self.universe).partition(".")
            return f"{service}.{location}.rep.{universe}" if location else f"{service}.{universe}"
        try:
            return self.endpoint.format(service=usual.partition(".")[0])
        except (KeyError, IndexError, ValueError):
            raise UnusableEndpoint(
                f"{self.endpoint!r} is no endpoint; only {{service}} can be replaced in it"
            ) from None

    async def send(self, method: Callable[..., Any], request: Any, timeout: float) -> Any:
        """One attempt at a request; the answer, or its first page, as the plain protobuf message."""
        if not inspect.iscoroutinefunction(method):
            result = await _aside(lambda: method(request=request, retry=None, timeout=timeout))
            return _plain(next(iter(result.pages)) if hasattr(result, "pages") else result)
        result = await method(request=request, retry=None, timeout=timeout)
        if hasattr(result, "pages"):
            async for page in result.pages:
                return _plain(page)
        return _plain(result)

    async def get(self, host: str, path: str, parameters: dict[str, str], timeout: float) -> dict[str, Any]:
        """One attempt at a REST method that has no client; the JSON object it answers."""
        return await _aside(lambda: self._get(host, path, parameters, timeout))

    def _get(self, host: str, path: str, parameters: dict[str, str], timeout: float) -> dict[str, Any]:
        with self._requested(host, path, parameters, timeout) as response:
            document = response.json()
        if not isinstance(document, dict):
            raise ValueError("the answer is no JSON object")  # noqa: TRY004 - a value of a stranger, not our type
        return document

    async def save(self, host: str, path: str, parameters: dict[str, str], timeout: float, file: IO[bytes]) -> int:
        """One attempt at writing the body of a REST answer to a file; its bytes."""
        return await _aside(lambda: self._save(host, path, parameters, timeout, file))

    def _save(self, host: str, path: str, parameters: dict[str, str], timeout: float, file: IO[bytes]) -> int:
        with self._requested(host, path, parameters, timeout) as response:
            return sum(file.write(block) for block in response.iter_content(_BLOCK))

    @contextlib.contextmanager
    def _requested(self, host: str, path: str, parameters: dict[str, str], timeout: float) -> Iterator[Any]:
        """The answer to a GET request; whatever goes wrong is raised as the clients raise it."""
        import requests
        from google.api_core import exceptions
        from urllib3.exceptions import ReadTimeoutError

        untyped: Any = exceptions
        base = self.address(host) if self.address is not None else f"https://{self.host(host)}"
        try:
            with self._http().get(f"{base}/{path}", params=parameters, timeout=timeout, stream=True) as response:
                if response.status_code != requests.codes.ok:
                    raise untyped.from_http_response(response)
                yield response
        except requests.Timeout:
            raise untyped.GatewayTimeout(f"{host} did not answer in {timeout:.0f} s") from None
        except requests.JSONDecodeError as error:
            raise ValueError(f"the answer is no JSON: {error}") from None
        except requests.ConnectionError as error:
            if any(isinstance(reason, ReadTimeoutError) for reason in error.args):  # in the middle of the body
                raise untyped.GatewayTimeout(f"{host} did not end its answer in time") from None
            raise untyped.ServiceUnavailable(f"{host}: {error}") from None
        except requests.RequestException as error:
            raise untyped.ServiceUnavailable(f"{host}: {error}") from None

    def _http(self) -> Any:
        if self._session is None:
            import requests
            from google.auth.transport.requests import AuthorizedSession

            authorized: Any = AuthorizedSession  # the library has no types
            session = authorized(self.identity.credentials) if self.identity else requests.Session()
            for scheme in ("https://", "http://"):  # as many connections as there may be requests, or it warns
                session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=_MOST))
            self._session = session
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            closing = client.transport.close()
            if closing is not None:
                await closing
        self._clients.clear()
        if self._session is not None:
            self._session.close()
            self._session = None


async def _aside(work: Callable[[], T]) -> T:
    """What blocking work gives, done in a thread that the program's end does not wait for: Ctrl-C ends it at once."""
    done: Future[T] = Future()

    def run() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            done.set_result(work())
        except BaseException as error:  # as an executor's threads: whatever ended the work, the waiter is told
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(done)


def _speaks_rest(kind: Any) -> bool:
    """Whether a client can be had over REST; a few are for gRPC only, and stay with it."""
    try:
        kind.get_transport_class("rest")
    except KeyError:
        return False
    return True


def _by_address(kind: Any, address: str) -> Any:
    """A client that speaks REST to another address than Google's, without credentials."""
    from google.auth.credentials import AnonymousCredentials

    scheme, _, host = address.partition("://")
    nobody: Any = AnonymousCredentials  # the library has no types
    transport = kind.get_transport_class("rest")
    return kind(transport=transport(host=host, url_scheme=scheme, credentials=nobody()))


def _plain(message: Any) -> Any:
    """The protobuf message behind a proto-plus wrapper: its lists and maps cost a tenth there."""
    wrapper = type(message)
    return wrapper.pb(message) if hasattr(wrapper, "pb") else message
