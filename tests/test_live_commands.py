"""How Google is reached, what is told of a collection, and the commands `collect` and `permissions`."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as some

from auditor.cli import collect as collect_command
from auditor.cli import permissions as permissions_command
from auditor.data import role_file
from auditor.sources.base import Gaps
from auditor.sources.detect import sources_of
from auditor.sources.live import convert
from auditor.sources.live.assets import LISTS
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.connection import Connection
from auditor.sources.live.coverage import Coverage, Part, read_coverage
from auditor.sources.live.estate import Collected, NotACollection
from auditor.sources.live.failures import USE_PROJECT, State
from auditor.sources.live.identity import Identity, identify
from auditor.sources.live.needs import Needs
from auditor.sources.live.permissions import CONSUMER, SMALLEST, collectors_of, permissions_of, role_in
from auditor.sources.live.plan import Order
from auditor.sources.live.via import EXPORTS
from tests.fake_google import Estate, Fake, denied, perimeter
from tests.live_support import (
    ORGANIZATION,
    collected,
    key_file,
)

# other ways to reach Google


def test_rest_gives_what_grpc_gives(estate: Estate) -> None:
    order = Order(targets=(ORGANIZATION,), needs=Needs(frozenset({"storage.googleapis.com/Bucket"}), frozenset()))
    with Fake(estate, page_size=3) as fake:
        right = collected(fake, order)
        fake.reset()
        done = collected(fake, order, connection=Connection(address=fake.address, transport="rest"))
        assert {path for path, _ in fake.calls} == {f"GET /v1/{ORGANIZATION}/assets"}
        assert len(fake.calls) > 3
    assert done.records == right.records
    assert done.of_type("storage.googleapis.com/Bucket")


def test_a_refusal_by_rest_is_told_as_by_grpc(estate: Estate) -> None:
    order = Order(targets=(ORGANIZATION,), needs=Needs(frozenset({"storage.googleapis.com/Bucket"}), frozenset()))
    with Fake(estate) as fake:
        fake.fail("/assets", perimeter("kX-9"))
        done = collected(fake, order, connection=Connection(address=fake.address, transport="rest"))
    assert {part.state for part in done.coverage.missing if part.content} >= {State.PERIMETER}
    assert any("kX-9" in part.detail for part in done.coverage.missing)


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_every_client_can_be_made(transport: Any) -> None:
    from google.auth.credentials import AnonymousCredentials

    anonymous: Any = AnonymousCredentials
    services = {tuple(match) for match in re.findall(r'client\("(\w+)", "(\w+)"', _sources())}
    assert len(services) >= 12

    async def make() -> None:
        identity = Identity(anonymous(), "nobody", quota_project="")
        connection = Connection(identity, transport, endpoint="{service}-x.p.googleapis.com")
        for package, service in sorted(services):
            client = connection.client(package, service)
            assert "-x.p.googleapis.com" in client.transport.host
        await connection.close()

    asyncio.run(make())


def _sources() -> str:
    folder = Path(convert.__file__).parent
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))


def test_who_it_is_and_what_to_warn_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(user_credentials(tmp_path)))
    user = identify(quota_project="billing-here")
    assert "gcloud login" in user.described
    assert user.quota_project == "billing-here"
    assert not user.warnings
    other = identify(impersonate="auditor@p.iam.gserviceaccount.com")
    assert other.described.startswith("auditor@p.iam.gserviceaccount.com, impersonated by")
    assert type(other.credentials).__module__ == "google.auth.impersonated_credentials"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path)))
    key = identify()
    assert "robot@p.iam.gserviceaccount.com (key file)" in key.described
    assert any("--impersonate" in warning for warning in key.warnings)
    assert "PRIVATE" not in repr(key.described)


# what is told


def test_coverage_survives_being_written(estate: Estate) -> None:
    with Fake(estate) as fake:
        fake.fail("ListFindings", denied("securitycenter.findings.list"))
        done = collected(fake)
    first = json.loads(done.file.read_bytes().splitlines()[0])
    assert read_coverage(first) == done.coverage
    assert list(read_coverage(first).summary()) == list(done.coverage.summary())


def test_the_matrix_has_every_service_of_every_place(estate: Estate) -> None:
    project = estate.data("secretmanager.googleapis.com/Secret")[0]["name"].split("/secrets/")[0]
    with Fake(estate) as fake:
        done = collected(fake)
    rows = {(place, service): (part.state, part.records) for place, service, part in done.coverage.matrix()}
    assert rows[project, "secretmanager.googleapis.com"][0] is State.COLLECTED
    assert rows[project, "secretmanager.googleapis.com"][1] > 0
    states = {state for state, _ in rows.values()}
    assert {State.COLLECTED, State.EMPTY, State.NOT_ASKED} <= states
    assert {place for place, _ in rows} == set(done.coverage.reached)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b'{"name":"//auditor/collection","asset_type":"auditor/Collection"}',
        b'{"name":"//auditor/collection","asset_type":"auditor/Collection","resource":{"data":{"form":99}}}',
        b'{"name":"//auditor/collection","asset_type":"auditor/Collection","resource":{"data":{"form":1,"parts":[{}]}}}',
        b'{"name":"x","asset_type":"storage.googleapis.com/Bucket"}',
        *(
            b'{"name":"//auditor/collection","asset_type":"auditor/Collection","resource":{"data":{"form":1,%s}}}'
            % data
            for data in (
                b'"requested":7',
                b'"requested":["a"],"reached":{"x":1}',
                b'"requested":["a"],"parts":[{"collector":"c","service":"s","place":"p","state":"who knows"}]',
                b'"requested":["a"],"by_home":{"p":{"s":"many"}}',
                b'"requested":["a"],"excluded":[[[[[]]]]]',
            )
        ),
    ],
)
def test_a_damaged_collection_is_told_with_a_sentence(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "estate.ndjson"
    file.write_bytes(line + b"\n")
    with pytest.raises(NotACollection, match="estate"):
        Collected.of_file(file)


def test_a_collection_that_is_cut_off_is_told(estate: Estate, tmp_path: Path) -> None:
    with Fake(estate) as fake:
        done = collected(fake)
    file = tmp_path / "estate.ndjson.gz"
    packed = gzip.compress(done.file.read_bytes() * 20)
    file.write_bytes(packed[:-2_000])
    assert isinstance(sources_of(str(file))[0], Collected)
    gaps = Gaps()
    assert list(Collected.of_file(file).lines(gaps))
    assert gaps.files >= 1
    file.write_bytes(packed[:200])
    with pytest.raises(NotACollection, match="estate"):
        Collected.of_file(file)


JSON = some.recursive(
    some.none() | some.booleans() | some.floats(allow_nan=False, allow_infinity=False) | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
)


@given(some.dictionaries(some.text(), JSON, max_size=4))
def test_free_json_is_converted_as_the_library_does(document: dict[str, Any]) -> None:
    message = ParseDict(document, Struct())
    ours, theirs = convert.structure(message), MessageToDict(message)
    assert ours == theirs


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
def test_long_texts_lists_and_names_are_converted_as_the_library_does(length: int) -> None:
    document: dict[str, Any] = {
        "text": "ä" * length,
        "n" * length: [1, -2.5, None, True, {}] * min(length, 20_000),
        "": {"": []},
    }
    message = ParseDict(document, Struct())
    assert convert.structure(message) == MessageToDict(message)


def test_numbers_that_json_lacks_become_text() -> None:
    message = Struct()
    for name, value in (("a", float("inf")), ("b", float("nan")), ("c", 2.0**60), ("d", 1e300)):
        message.fields[name].number_value = value
    assert convert.structure(message) == {"a": "inf", "b": "nan", "c": 2.0**60, "d": 1e300}


def test_fields_of_a_newer_definition_are_passed_over() -> None:
    message = Struct()
    message.ParseFromString(ParseDict({"a": 1}, Struct()).SerializeToString() + b"\x7a\x01x")
    assert convert.structure(message) == {"a": 1}


def test_declarations_are_read_without_google() -> None:
    code = (
        "import sys, auditor.cli.collect, auditor.cli.permissions, auditor.sources.live.run;"
        "from auditor.sources.live.permissions import *; role_in('yaml', permissions_of(collectors_of()));"
        "sys.exit(any(name.startswith(('google.', 'grpc', 'requests')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# the commands


def run(command: Any, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], prog_name="auditor")


def said(result: Result) -> str:
    return " ".join(result.output.split())


def test_collect_saves_what_it_found_and_tells_what_is_missing(estate: Estate, reaching: Any, tmp_path: Path) -> None:
    with Fake(estate) as fake:
        reaching(fake)
        result = run(collect_command.command, ORGANIZATION, "-o", tmp_path / "e.ndjson.gz", "--service", "api-keys")
    assert result.exit_code == 0, result.output
    assert "Written:" in said(result)
    assert Collected.of_file(tmp_path / "e.ndjson.gz").coverage.reached
    assert not (tmp_path / "e.ndjson.gz.partial").exists()


def test_collect_that_is_refused_everywhere_says_what_to_grant(estate: Estate, reaching: Any, tmp_path: Path) -> None:
    with Fake(estate) as fake:
        reaching(fake)
        fake.fail("", denied("cloudasset.assets.listResource"))
        result = run(collect_command.command, ORGANIZATION, "-o", tmp_path / "e.ndjson", "--everything")
    assert result.exit_code == 3
    assert "roles/cloudasset.viewer" in said(result)
    assert "cloudasset.assets.listResource" in said(result)
    assert not (tmp_path / "e.ndjson").exists()


def test_collect_with_a_part_missing_ends_with_three_and_can_be_resumed(
    estate: Estate, reaching: Any, tmp_path: Path
) -> None:
    arguments = (ORGANIZATION, "-o", tmp_path / "e.ndjson", "--everything", "--service", "essential-contacts")
    with Fake(estate) as fake:
        reaching(fake)
        fake.fail("ListContacts", denied("essentialcontacts.contacts.list"))
        first = run(collect_command.command, *arguments)
        fake.reset()
        second = run(collect_command.command, *arguments, "--resume")
    assert first.exit_code == 3
    assert "essentialcontacts.contacts.list is missing" in said(first)
    assert second.exit_code == 0, second.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("organizations/x", "-o", "e.ndjson"), "write organizations/NUMBER"),
        ((ORGANIZATION, "-o", "e.json"), "call it .ndjson"),
        ((ORGANIZATION, "-o", "no/e.ndjson"), "does not exist"),
        ((ORGANIZATION, "-o", "e.ndjson", "--service", "secrets-manager"), "secret-manager"),
        ((ORGANIZATION, "-o", "e.ndjson", "--not-in", "dev"), "label:KEY=VALUE"),
        ((ORGANIZATION, "-o", "e.ndjson", "--everything", "--endpoint", "{host}"), "only {service}"),
    ],
)
def test_wrong_usage_of_collect(
    arguments: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(user_credentials(tmp_path)))
    result = run(collect_command.command, *arguments)
    assert result.exit_code == 2, result.output
    assert words in said(result)


def user_credentials(folder: Path) -> Path:
    """Credentials as `gcloud auth application-default login` leaves them."""
    file = folder / "credentials.json"
    secret = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "type": "authorized_user"}
    file.write_text(json.dumps(secret))
    return file


def test_without_credentials_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    result = run(collect_command.command, ORGANIZATION, "-o", tmp_path / "e.ndjson", "--everything")
    assert result.exit_code == 2
    assert "no usable credentials" in said(result)


def test_permissions_prints_the_role_in_every_form() -> None:
    wanted = permissions_of(collectors_of())
    as_json = json.loads(run(permissions_command.command, "--format", "json").stdout)
    assert as_json["includedPermissions"] == wanted
    as_yaml = run(permissions_command.command).stdout
    assert re.findall(r"^- (\S+)$", as_yaml, re.MULTILINE) == wanted
    gcloud = run(permissions_command.command, "--format", "gcloud", "--parent", "organizations/12").stdout
    assert "--organization=12 " in gcloud
    assert gcloud.strip().endswith("--permissions=" + ",".join(wanted))
    terraform = role_in("terraform", wanted, "projects/p")
    assert re.findall(r'^    "(\S+)",$', terraform, re.MULTILINE) == wanted
    assert 'resource "google_project_iam_custom_role"' in terraform


def test_the_smallest_role_holds_all_that_the_bulk_needs() -> None:
    roles = role_file.unpacked(role_file.BUILT_IN.read_bytes())
    (viewer,) = (role for role in roles.roles if role.name == SMALLEST)
    held = {name for place, name in enumerate(roles.permissions) if viewer.mask >> place & 1}
    assert {name for rpc in (*LISTS.values(), *EXPORTS.values()) for name in rpc.permissions} <= held
    (consumer,) = (role for role in roles.roles if role.name == CONSUMER)
    assert any(name == USE_PROJECT and consumer.mask >> at & 1 for at, name in enumerate(roles.permissions))


def test_permissions_of_one_service_are_fewer() -> None:
    few = json.loads(run(permissions_command.command, "--format", "json", "--service", "roles").stdout)
    assert "iam.roles.list" in few["includedPermissions"]
    assert "secretmanager.secrets.list" not in few["includedPermissions"]


def test_permissions_are_tested_live(estate: Estate, reaching: Any) -> None:
    wanted = set(permissions_of(COLLECTORS))
    with Fake(estate, held=wanted - {"iam.roles.list"}) as fake:
        reaching(fake)
        lacking = run(permissions_command.command, "--check", ORGANIZATION)
        fake.held = None
        held = run(permissions_command.command, "--check", ORGANIZATION)
        assert all(len(request.permissions) <= 100 for request in fake.asked("TestIamPermissions"))
    assert lacking.exit_code == 3
    assert "missing: iam.roles.list" in lacking.stdout
    assert held.exit_code == 0


def test_permissions_that_a_project_cannot_grant_are_told_apart(estate: Estate, reaching: Any) -> None:
    above = {"iam.denypolicies.list", "essentialcontacts.contacts.list"}
    with Fake(estate, held=set(permissions_of(COLLECTORS)) - {"iam.roles.list"}, organization_only=above) as fake:
        reaching(fake)
        told = run(permissions_command.command, "--check", "projects/lucky-gas-prod")
    assert told.exit_code == 3
    assert [line for line in told.stdout.splitlines() if line.startswith("missing")] == ["missing: iam.roles.list"]
    assert all(f"test it on the organization: {name}" in told.stdout for name in above)


def test_parts_give_advice_that_names_what_to_change() -> None:
    part = Part("roles", "iam.googleapis.com", "projects/1", State.DENIED, permission="iam.roles.list")
    assert "iam.roles.list on projects/1" in part.advice
    for state in State:
        assert replace(part, state=state).advice
    coverage = Coverage(requested=["projects/1"], parts=[part, replace(part, place="projects/2")])
    assert any("and 1 more" in line for line in coverage.summary())
