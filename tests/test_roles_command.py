"""`auditor roles`, against a real IAM client and a real gRPC server on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # the package has no types
import pytest
from click.testing import CliRunner, Result
from google.cloud.iam_admin_v1 import IAMClient, ListRolesRequest, ListRolesResponse, Role, RoleView
from google.cloud.iam_admin_v1.services.iam.transports import IAMGrpcTransport

from auditor.access.role_table import load, user_file
from auditor.cli.roles import command
from auditor.data import refresh, role_file

STAGE = Role.RoleLaunchStage
ROLES = [
    Role(name="roles/b.viewer", title="B Viewer", stage=STAGE.BETA, included_permissions=["b.things.get"]),
    Role(name="roles/a.admin", title="A Admin", stage=STAGE.GA, included_permissions=["b.things.get", "a.things.set"]),
    Role(name="roles/a.hidden", title="Hidden", stage=STAGE.ALPHA),
    Role(name="roles/a.off", title="Off", stage=STAGE.DISABLED, included_permissions=["a.things.set"]),
]


@dataclass
class Server:
    """An IAM API that answers as it is told; `failures` are the codes of its first answers."""

    roles: Sequence[Role] = ()
    page: int = 2
    failures: list[grpc.StatusCode] = field(default_factory=list)
    message: str = "Permission 'iam.roles.list' denied"
    asked: list[ListRolesRequest] = field(default_factory=list)

    def list_roles(self, request: ListRolesRequest, context: grpc.ServicerContext) -> ListRolesResponse:
        """`/google.iam.admin.v1.IAM/ListRoles`."""
        self.asked.append(request)
        if self.failures:
            context.abort(self.failures.pop(0), self.message)
        start = int(request.page_token or 0)
        end = start + self.page
        return ListRolesResponse(roles=self.roles[start:end], next_page_token=str(end) if end < len(self.roles) else "")


@dataclass
class Loopback:
    """Servers on this machine, and the command's connection to one of them."""

    monkeypatch: pytest.MonkeyPatch
    servers: list[grpc.Server] = field(default_factory=list)
    channels: list[grpc.Channel] = field(default_factory=list)

    def serve(self, server: Server, credentials: grpc.ChannelCredentials | None = None) -> None:
        """Start a server and connect the command to it, with credentials where there are some."""
        handler = grpc.unary_unary_rpc_method_handler(
            server.list_roles,
            request_deserializer=ListRolesRequest.deserialize,
            response_serializer=ListRolesResponse.serialize,
        )
        running = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
        running.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("google.iam.admin.v1.IAM", {"ListRoles": handler}),)
        )
        address = "127.0.0.1:0"
        if credentials:
            port = running.add_secure_port(address, grpc.local_server_credentials())
        else:
            port = running.add_insecure_port(address)
        running.start()
        self.servers.append(running)
        self.connect(port, credentials)

    def connect(self, port: int, credentials: grpc.ChannelCredentials | None = None) -> None:
        """Connect the command to a port."""
        address = f"127.0.0.1:{port}"
        channel = grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address)
        self.channels.append(channel)
        transport = IAMGrpcTransport(channel=channel)
        self.monkeypatch.setattr(refresh, "connect", lambda: IAMClient(transport=transport))

    def close(self) -> None:
        """End all."""
        for channel in self.channels:
            channel.close()
        for server in self.servers:
            server.stop(None).wait()


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """What the command reaches as the IAM API."""
    reached = Loopback(monkeypatch)
    yield reached
    reached.close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's roles are kept, with nothing there."""
    for variable in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE", "CLOUDSDK_CONFIG"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("AUDITOR_ROLES", raising=False)
    path = user_file()
    assert path is not None
    return path


def roles(*arguments: str | Path) -> Result:
    """`auditor roles` with these arguments, in this process."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments], prog_name="auditor roles")


def assert_one_sentence(result: Result, code: int, words: str) -> None:
    """The command ended with a sentence, no traceback, and the code."""
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ")
    assert words in " ".join(result.output.split())
    assert all(len(line) <= 80 or " " not in line for line in result.output.splitlines())


def test_update_fetches_every_page_with_all_permissions(loopback: Loopback, home: Path) -> None:
    server = Server(ROLES)
    loopback.serve(server)
    result = roles("update")
    assert result.exit_code == 0, result.output
    assert "Written: 4 roles with 2 permissions to\n" + str(home) in result.output
    assert [request.page_token for request in server.asked] == ["", "2"]
    assert all(request.view == RoleView.FULL and not request.parent for request in server.asked)
    table = load()
    assert abs((table.as_of - datetime.now(UTC).date()).days) <= 1
    assert list(table.permissions) == ["a.things.set", "b.things.get"]
    assert table.mask("roles/a.admin") == 0b11
    assert table.mask("roles/a.hidden") is None
    assert table.mask("roles/a.off") == 0
    assert (table.stage("roles/b.viewer"), table.title("roles/b.viewer")) == ("BETA", "B Viewer")


def test_update_tells_which_roles_came_and_went(loopback: Loopback, tmp_path: Path) -> None:
    loopback.serve(Server(ROLES))
    assert (
        "Since 2026-08-22: new roles: 4, roles that are gone: 2,387"
        in roles("update", "--to", tmp_path / "mine" / "r.bin").output
    )
    assert role_file.unpacked((tmp_path / "mine" / "r.bin").read_bytes()).roles


def test_update_asks_again_where_the_api_falters(loopback: Loopback, home: Path) -> None:
    server = Server(ROLES, failures=[grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
    loopback.serve(server)
    assert roles("update").exit_code == 0
    assert len(server.asked) == 4
    assert home.exists()


@pytest.mark.parametrize(
    ("code", "exit_code", "words"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, 2, "the IAM API refused the list of roles: Permission 'iam.roles.list'"),
        (grpc.StatusCode.UNAUTHENTICATED, 2, "the IAM API refused the list of roles"),
        (grpc.StatusCode.INVALID_ARGUMENT, 3, "the IAM API did not give the list of roles"),
        (grpc.StatusCode.UNIMPLEMENTED, 3, "the IAM API did not give the list of roles"),
    ],
)
def test_a_refusal_is_one_sentence_and_asked_once(
    loopback: Loopback, home: Path, code: grpc.StatusCode, exit_code: int, words: str
) -> None:
    server = Server(ROLES, failures=[code] * 5)
    loopback.serve(server)
    result = roles("update")
    assert_one_sentence(result, exit_code, words)
    assert result.output.rstrip().endswith("nothing was written")
    assert len(server.asked) == 1
    assert not home.exists()


class Expired(grpc.AuthMetadataPlugin):  # type: ignore[misc]  # the package has no types
    """Credentials of somebody who has to log in again."""

    def __call__(self, context: object, callback: Callable[[None, Exception], None]) -> None:
        """Give no token."""
        callback(None, RuntimeError("Reauthentication is needed"))


def test_expired_credentials_are_told_without_asking_again(loopback: Loopback, home: Path) -> None:
    server = Server(ROLES)
    credentials = grpc.composite_channel_credentials(
        grpc.local_channel_credentials(), grpc.metadata_call_credentials(Expired())
    )
    loopback.serve(server, credentials)
    assert_one_sentence(roles("update", "--patience", "5"), 2, "Reauthentication is needed")
    assert not server.asked
    assert not home.exists()


def test_an_api_that_never_answers_is_one_sentence(loopback: Loopback, home: Path) -> None:
    loopback.serve(Server(ROLES, failures=[grpc.StatusCode.UNAVAILABLE] * 100, message="try later\nmuch later"))
    assert_one_sentence(roles("update", "--patience", "0.8"), 3, "did not give the list of roles: try later;")
    assert not home.exists()


def test_a_server_that_is_not_there_is_one_sentence(loopback: Loopback, home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    loopback.connect(port)
    assert_one_sentence(roles("update", "--patience", "0.5"), 3, "did not give the list of roles")
    assert not home.exists()


@pytest.mark.parametrize("answer", [[], ROLES[2:3]])
def test_an_answer_without_permissions_replaces_nothing(loopback: Loopback, home: Path, answer: list[Role]) -> None:
    role_file.write(
        home, role_file.gathered(datetime.now(UTC).date(), [role_file.NamedRole("roles/x", "GA", "", ["p"])])
    )
    before = home.read_bytes()
    loopback.serve(Server(answer))
    assert_one_sentence(roles("update"), 3, "answered without any role that has permissions")
    assert home.read_bytes() == before


def test_text_of_the_api_reaches_no_terminal_raw(loopback: Loopback) -> None:
    loopback.serve(Server(failures=[grpc.StatusCode.PERMISSION_DENIED], message="\x1b[2J no <script>" + "x" * 5000))
    result = roles("update")
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert len(result.output) < 1000


def test_a_place_that_cannot_be_written_is_one_sentence(loopback: Loopback, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    loopback.serve(Server(ROLES))
    result = roles("update", "--to", tmp_path / "file" / "r.bin")
    assert result.exit_code == 2
    assert "cannot be written" in result.output


def test_a_stage_that_the_client_does_not_know_is_kept_as_its_number(loopback: Loopback, tmp_path: Path) -> None:
    strange = Role(name="roles/x", included_permissions=["a.b.c"])
    Role.pb(strange).stage = 77
    loopback.serve(Server([strange]))
    assert roles("update", "--to", tmp_path / "r.bin").exit_code == 0
    assert load(tmp_path / "r.bin").stage("roles/x") == "77"


def test_no_credentials_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    assert_one_sentence(roles("update"), 2, "no usable credentials")


def test_without_the_library_the_way_to_it_is_told() -> None:
    program = (
        "import sys; sys.modules['google.cloud.iam_admin_v1'] = None;"
        "from auditor.cli.roles import command; command(['update'], prog_name='auditor roles')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install google-cloud-iam" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_show_lists_a_roles_permissions() -> None:
    result = roles("show", "roles/iam.serviceAccountUser")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "roles/iam.serviceAccountUser, GA"
    assert "  iam.serviceAccounts.actAs" in lines
    assert lines[-1].endswith("permissions, as of 2026-08-22")
    assert roles("show", "iam.serviceAccountUser").output == result.output


def test_show_as_json_can_be_read_by_programs() -> None:
    entry = json.loads(roles("show", "roles/iam.serviceAccountUser", "--format", "json").output)
    assert entry["role"] == "roles/iam.serviceAccountUser"
    assert entry["as_of"] == "2026-08-22"
    assert "iam.serviceAccounts.actAs" in entry["permissions"]
    unknown = json.loads(roles("show", "roles/spanner.databaseRoleUser", "--format", "json").output)
    assert unknown["permissions"] is None


def test_show_says_so_where_a_roles_permissions_are_not_known() -> None:
    assert "Google does not show them" in roles("show", "roles/spanner.databaseRoleUser").output


def test_a_wrong_role_is_an_error_with_the_nearest_right_one() -> None:
    result = roles("show", "roles/storage.objectVeiwer")
    assert result.exit_code == 2
    assert "did you mean roles/storage.objectViewer" in " ".join(result.output.split())


def test_a_damaged_file_is_an_error_of_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.bin").write_bytes(b"?")
    monkeypatch.setenv("AUDITOR_ROLES", str(tmp_path / "r.bin"))
    result = roles("show", "roles/owner")
    assert result.exit_code == 2
    assert "r.bin: not a list of roles" in result.output
