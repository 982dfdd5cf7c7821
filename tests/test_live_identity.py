"""Who the auditor is: every kind of credentials as the libraries write them, and what goes wrong with them."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.api_core import exceptions
from google.auth import exceptions as auth_errors

from auditor.cli import main
from auditor.sources.live.connection import Connection, UnusableEndpoint, check_universe, heed_proxy
from auditor.sources.live.failures import NoCredentials, State, without_token
from auditor.sources.live.identity import SCOPE, Identity, identify, of_credentials
from auditor.sources.live.plan import Order
from tests.fake_google import Fake, Fault, denied, unavailable
from tests.fake_google.faults import Code
from tests.live_support import IMPATIENCE, NOTHING, ORGANIZATION, collected, key_file

errors: Any = exceptions
ROOT = Path(__file__).parents[1]
WORKLOAD = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/ci/providers/github",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/nowhere/token"},
}
WORKFORCE = {
    "type": "external_account_authorized_user",
    "audience": "//iam.googleapis.com/locations/global/workforcePools/staff/providers/idp",
    "refresh_token": "r",
    "token_url": "https://sts.googleapis.com/v1/oauthtoken",
    "client_id": "c",
    "client_secret": "s",
}
USER = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
IMPERSONATE = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/audit@p.iam.gserviceaccount.com"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, Any]], None]:
    """Let these be the Application Default Credentials."""

    def give(document: dict[str, Any]) -> None:
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps(document))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")  # else the library asks for it, of a federated identity

    return give


@pytest.mark.parametrize(
    ("document", "described"),
    [
        (WORKLOAD, "a federated identity (workload identity federation)"),
        (
            WORKLOAD | {"service_account_impersonation_url": f"{IMPERSONATE}:generateAccessToken"},
            "audit@p.iam.gserviceaccount.com (workload identity federation)",
        ),
        (WORKFORCE, "a user of a workforce pool (gcloud login)"),
        (USER, "a user (gcloud login)"),
        (
            {
                "type": "impersonated_service_account",
                "source_credentials": USER,
                "service_account_impersonation_url": f"{IMPERSONATE}:generateAccessToken",
            },
            "audit@p.iam.gserviceaccount.com (impersonated)",
        ),
    ],
    ids=["workload", "workload as an account", "workforce", "user", "impersonated"],
)
def test_every_kind_of_credentials_is_told(given: Any, document: dict[str, Any], described: str) -> None:
    given(document)
    identity = identify(quota_project="billed")
    assert identity.described == described
    assert identity.credentials.quota_project_id == "billed"
    assert not identity.warnings


def test_a_chain_of_impersonation_goes_through_each(given: Any) -> None:
    given(USER)
    identity = identify(impersonate="hop@p.iam.gserviceaccount.com,audit@p.iam.gserviceaccount.com")
    assert identity.credentials.service_account_email == "audit@p.iam.gserviceaccount.com"
    assert identity.credentials._delegates == ["hop@p.iam.gserviceaccount.com"]  # the library shows it nowhere else
    assert identity.described.startswith(
        "audit@p.iam.gserviceaccount.com, impersonated by hop@p.iam.gserviceaccount.com, impersonated by a user"
    )


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="auditor")


def said(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("document", "options", "words"),
    [
        (USER, ("--impersonate", "not an account"), "write the e-mail address of a service account"),
        (USER, ("--universe", "example.goog"), "of the universe googleapis.com"),
        (WORKLOAD | {"universe_domain": "example.goog"}, (), "say --universe example.goog"),
        ({"type": "no such kind"}, (), "no usable credentials"),
        ({}, (), "no usable credentials"),
    ],
    ids=["no account", "universe asked", "universe given", "unknown kind", "empty"],
)
def test_what_cannot_be_used_is_one_sentence(
    given: Any, tmp_path: Path, document: dict[str, Any], options: tuple[str, ...], words: str
) -> None:
    given(document)
    result = run("collect", ORGANIZATION, "-o", tmp_path / "e.ndjson", "--everything", *options)
    assert result.exit_code == 2, result.output
    assert words in said(result)
    assert said(result).count("Error:") == 1
    assert not list(tmp_path.glob("e.ndjson*"))


def test_a_federated_identity_without_its_token_is_one_sentence(
    given: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given(WORKLOAD)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    result = run("collect", ORGANIZATION, "-o", tmp_path / "e.ndjson", "--everything")
    assert result.exit_code == 2
    assert "no usable credentials (File '/nowhere/token' was not found.)" in said(result)


def test_credentials_of_the_universe_that_is_reached_are_right() -> None:
    class Credentials:
        universe_domain = "example.goog"

    check_universe(Identity(Credentials(), "somebody"), "example.goog")
    with pytest.raises(UnusableEndpoint, match=r"say --universe example\.goog"):
        check_universe(Identity(Credentials(), "somebody"), "googleapis.com")


# while it runs


NO_TOKEN = "Getting metadata from plugin failed with error: "
later: Any = auth_errors


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (later.RefreshError("invalid_grant: Bad Request"), None),
        (later.RefreshError("Internal error", retryable=True), State.UNAVAILABLE),
        (later.TransportError("proxy said no"), State.UNAVAILABLE),
        (errors.ServiceUnavailable(f"{NO_TOKEN}Reauthentication is needed."), None),
        (errors.ServiceUnavailable(f"{NO_TOKEN}HTTPSConnectionPool(…): Max retries exceeded"), State.UNAVAILABLE),
    ],
)
def test_what_passes_of_tokens_is_told_from_what_does_not(error: Exception, state: State | None) -> None:
    if state is not None:
        assert without_token(error).state is state
        return
    with pytest.raises(NoCredentials, match="gcloud auth application-default login"):
        without_token(error)


def test_a_key_that_was_deleted_ends_it_with_a_sentence(fake: Fake, tmp_path: Path) -> None:
    from google.oauth2 import service_account

    untyped: Any = service_account.Credentials
    file = key_file(tmp_path, f"{fake.address('')}/token")
    credentials = untyped.from_service_account_file(str(file), scopes=[SCOPE])
    connection = Connection(of_credentials(credentials), channel=fake.channel, address=fake.address)
    with pytest.raises(NoCredentials, match=r"Invalid JWT Signature.*a key may be deleted"):
        collected(fake, Order(targets=(ORGANIZATION,), needs=NOTHING, services=("groups",)), connection=connection)
    assert fake.counts()["POST /token"] == 1


def test_a_service_that_alone_does_not_take_the_credentials_costs_its_own_verdicts_only(fake: Fake) -> None:
    fake.fail("ListContacts", Fault(Code.UNAUTHENTICATED, "ACCESS_TOKEN_TYPE_UNSUPPORTED"))
    services = ("essential-contacts", "roles")
    done = collected(fake, Order(targets=(ORGANIZATION,), needs=NOTHING, services=services))
    assert {part.collector for part in done.coverage.failed} == {"essential-contacts"}
    assert all("does not take these credentials" in part.detail for part in done.coverage.failed)


def test_credentials_that_nobody_takes_end_it_at_once(fake: Fake) -> None:
    fake.fail("", Fault(Code.UNAUTHENTICATED, "Request had invalid authentication credentials."))
    with pytest.raises(NoCredentials, match="invalid authentication"):
        collected(fake)
    assert len(fake.calls) == 1


def test_a_quota_project_that_may_not_be_used_is_told_as_such(fake: Fake, reaching: Any) -> None:
    from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]  # the package has no types

    info = ErrorInfo(reason="USER_PROJECT_DENIED", domain="googleapis.com", metadata={"consumer": "projects/billed"})
    words = "Caller does not have required permission to use project billed. Grant the caller the roles/… role"
    fake.fail("ListFindings", Fault(Code.PERMISSION_DENIED, words, [info]))
    reaching(fake)
    arguments = ("-o", "e.ndjson", "--everything", "--service", "security-command-center")
    result = run("collect", ORGANIZATION, *arguments)
    assert result.exit_code == 3
    assert "serviceusage.services.use is missing" in said(result)
    assert "roles/serviceusage.serviceUsageConsumer in the project that the requests are billed to" in said(result)


def test_where_google_is_not_reached_no_role_is_asked_for(fake: Fake, reaching: Any) -> None:
    reaching(fake)
    fake.fail("", unavailable())
    result = run("collect", ORGANIZATION, "-o", "e.ndjson", "--everything", "--patience", "0.2")
    assert result.exit_code == 3
    assert "look at the network, https_proxy and --endpoint" in said(result)
    assert "cloudasset.viewer" not in said(result)
    fake.fail("", denied("cloudasset.assets.listResource"))
    assert "cloudasset.viewer" in said(run("collect", ORGANIZATION, "-o", "e.ndjson", "--everything"))
    assert collected(fake, patience=IMPATIENCE).coverage.nothing_read


# proxies


class Proxy:
    """An HTTP proxy that takes CONNECT, and leads to one place whatever is asked for."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4_096)
        self.asked.append(head.split(b"\r\n")[0].decode())
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {client: server, server: client}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65_536)
                    if not data:
                        return
                    ends[end].sendall(data)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def proxy(server: Fake) -> Iterator[Proxy]:
    made = Proxy(server.port)
    yield made
    made.close()


ASK = """
import asyncio, grpc
from auditor.sources.live.connection import Connection, heed_proxy
from google.cloud.asset_v1 import ListAssetsRequest

heed_proxy("grpc")

async def ask():
    connection = Connection(channel=lambda host: grpc.aio.insecure_channel(f"{host}:443"))
    request = ListAssetsRequest(parent="organizations/880311204417", content_type="RESOURCE", page_size=1)
    answer = await connection.send(connection.client("asset_v1", "AssetService").list_assets, request, 60.0)
    print(len(answer.assets))
    await connection.close()

asyncio.run(ask())
"""


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}"])
def test_grpc_goes_through_the_proxy_of_the_environment(proxy: Proxy, name: str, form: str) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment = {**clean, name: form.format(proxy.port), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "1", done.stderr
    assert proxy.asked == ["CONNECT cloudasset.googleapis.com:443 HTTP/1.1"]


def test_a_proxy_that_grpc_does_not_speak_to_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy:1080")
    with pytest.raises(UnusableEndpoint, match=r"HTTPS_PROXY is a socks5 proxy.*--transport rest"):
        heed_proxy("grpc")
    heed_proxy("rest")
    assert "grpc_proxy" not in os.environ


def test_an_endpoint_of_private_service_connect_serves_locations_too() -> None:
    connection = Connection(endpoint="{service}-audit.p.googleapis.com")
    assert connection.host("securitycenter.googleapis.com", "eu") == "securitycenter-audit.p.googleapis.com"
