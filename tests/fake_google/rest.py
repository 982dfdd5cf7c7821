"""The REST methods: those that have no client, or whose client is behind its service, and Cloud Storage."""

from __future__ import annotations

import contextlib
import json
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from google.protobuf.json_format import MessageToDict

from tests.fake_google.faults import HTTP, Fault

if TYPE_CHECKING:
    from tests.fake_google.server import Fake

_CONTENT_NUMBERS = {"1": "RESOURCE", "2": "IAM_POLICY", "4": "ORG_POLICY", "5": "ACCESS_POLICY"}
"""The generated clients write enums as numbers."""


class Rest(BaseHTTPRequestHandler):
    """Answers GET requests from the fake's estate, and requests for tokens."""

    fake: ClassVar[Fake]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        values = parse_qs(url.query)
        asked = {name: value[0] for name, value in values.items()}
        fault = self.fake.record(f"GET {url.path}", asked)
        self.fake.wait(url.path)
        time.sleep(self.fake.latency + (fault.latency if fault else 0.0))
        if fault is not None and fault.garbage:
            self._send(200, fault.body)
        elif fault is not None and fault.code is not None:
            self._send(HTTP[fault.code], json.dumps(_error(fault)).encode(), fault.stall)
        elif asked.get("alt") == "media":
            bucket, _, name = url.path.removeprefix("/storage/v1/b/").partition("/o/")
            self._send(200, self.fake.objects[bucket, unquote(name)])
        else:
            self._send(200, json.dumps(self._answer(url.path, asked, values)).encode())

    def do_POST(self) -> None:
        """Tokens: none is given for a key, as for one that was deleted."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.fake.record(f"POST {urlsplit(self.path).path}", {})
        self._send(400, b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}')

    def _answer(self, path: str, asked: dict[str, str], values: dict[str, list[str]]) -> dict[str, Any]:
        if path.endswith("/assets"):
            parent = path.removeprefix("/v1/").removesuffix("/assets")
            content = _CONTENT_NUMBERS.get(asked["contentType"], asked["contentType"])
            types = values.get("assetTypes", ())
            found = [_camel(asset) for asset in self.fake.estate.inventory(parent, content, types)]
            return self._page("assets", found, path, asked, 1_000)
        if path.startswith("/storage/v1/b/"):
            bucket = path.removeprefix("/storage/v1/b/").removesuffix("/o")
            prefix = asked.get("prefix", "")
            found = [{"name": name} for where, name in self.fake.objects if where == bucket and name.startswith(prefix)]
            return self._page("items", found, path, asked, 1_000)
        if path.endswith("/principalAccessBoundaryPolicies"):
            parent = path.removeprefix("/v3/").removesuffix("/locations/global/principalAccessBoundaryPolicies")
            found = self.fake.estate.data("iam.googleapis.com/PrincipalAccessBoundaryPolicy", home=parent)
            return self._page("principalAccessBoundaryPolicies", found, path, asked, 1_000)
        if path.endswith("/activities:query"):
            return self._activities(path, asked)
        if path.endswith("/billingAccounts"):
            owner = path.removeprefix("/v1/").removesuffix("/billingAccounts")
            found = self.fake.estate.data("cloudbilling.googleapis.com/BillingAccount", home=owner)
            return self._page("billingAccounts", found, path, asked, 100)
        if path.endswith("/billingInfo"):
            project = path.removeprefix("/v1/").removesuffix("/billingInfo")
            paid = self.fake.estate.data("cloudbilling.googleapis.com/ProjectBillingInfo", home=project)
            return dict(paid[0]) if paid else {"name": f"{project}/billingInfo"}
        return self._groups(path, asked)

    def _activities(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        """What Policy Analyzer knows of one project's accounts, or keys."""
        parent, _, kind = path.removeprefix("/v1/").removesuffix("/activities:query").partition("/activityTypes/")
        of_project = self.fake.estate.data("policyanalyzer.googleapis.com/Activity", home=parent.partition("/loc")[0])
        found = [data for data in of_project if data["activityType"] == kind]
        return self._page("activities", found, path, asked, 1_000)

    def _page(self, key: str, found: list[Any], path: str, asked: dict[str, str], cap: int) -> dict[str, Any]:
        size = min(int(asked.get("pageSize", "50")), cap)
        page, token = self.fake.cut(found, path, asked.get("pageToken", ""), size)
        return {key: page, "nextPageToken": token} if page else {}

    def _groups(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        kind = "memberships" if path.endswith("/memberships") else "groups"
        found = self.fake.estate.data(
            f"cloudidentity.googleapis.com/{'Membership' if kind == 'memberships' else 'Group'}"
        )
        if kind == "memberships":
            found = [data for data in found if f"/v1/{data['name'].rpartition('/')[0]}" == path]
        else:
            found = [data for data in found if data.get("parent") == asked.get("parent")]
        return self._page(kind, found, path, asked, 500)

    def _send(self, status: int, body: bytes, stall: float = 0.0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        time.sleep(stall)
        with contextlib.suppress(ConnectionError):  # a caller that gave up
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the class's name
        pass


def _camel(value: Any) -> Any:
    """An exported asset in the spelling of REST, but for the free JSON of its data."""
    if isinstance(value, list):
        return [_camel(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    shown = {}
    for key, entry in value.items():
        head, *rest = key.split("_")
        name = head + "".join(word.capitalize() for word in rest)
        shown[name] = entry if key == "data" else _camel(entry)
    return shown


def _error(fault: Fault) -> dict[str, Any]:
    status = MessageToDict(fault.status())
    return {
        "error": {
            "code": HTTP[fault.code],
            "status": fault.code.name,
            "message": fault.message,
            "details": status.get("details", []),
        }
    }
