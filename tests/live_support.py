"""What the tests of live estates need: an estate that every collector finds something in, and a collection of it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from auditor.sources.live.collection import Collection, Progress
from auditor.sources.live.collectors.api_key_use import PERIOD
from auditor.sources.live.connection import Connection
from auditor.sources.live.coverage import Coverage, Part
from auditor.sources.live.declaration import Collector, Level
from auditor.sources.live.estate import Collected, write
from auditor.sources.live.failures import State
from auditor.sources.live.journal import Journal
from auditor.sources.live.needs import Needs
from auditor.sources.live.network import Calls, Clock, Patience
from auditor.sources.live.plan import Order
from tests.fake_google import Estate, Fake

EXPORT = Path(__file__).parents[1] / "examples" / "lucky_gas" / "export"
ORGANIZATION = "organizations/880311204417"
CUSTOMER = "C01lucky9"
PATIENCE = Patience(attempt=30.0, total=10_000.0, first=1.0, longest=20.0)
"""In seconds of `Hurried`: whatever passes has passed by then."""
IMPATIENCE = Patience(attempt=30.0, total=60.0, first=1.0, longest=20.0)


class Hurried(Clock):
    """A clock that goes on only by sleeping, a thousand times too fast: how slow the machine is costs no patience."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.time + seconds
        await super().sleep(seconds / 1_000)
        self.time = max(self.time, until)


class Stepped(Clock):
    """A clock that goes on only when somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


def own(name: str, asset_type: str, data: dict[str, Any], *above: str) -> dict[str, Any]:
    """An asset in the form of an API that the inventory does not cover."""
    service = asset_type.partition("/")[0]
    full_name = f"//{service}/{name}"
    ancestors = list(above) or [ORGANIZATION]
    return {
        "name": full_name,
        "asset_type": asset_type,
        "ancestors": ancestors,
        "resource": {"data": {"name": name, **data}},
    }


def unnamed(name: str, asset_type: str, data: dict[str, Any], *above: str) -> dict[str, Any]:
    """The same of what has no name of its own in its API."""
    asset = own(name, asset_type, data, *above)
    del asset["resource"]["data"]["name"]
    return asset


def _seen_by_others(project: list[str], key: dict[str, Any]) -> list[dict[str, Any]]:
    """What Policy Analyzer, Monitoring, Cloud Billing and Security Center Management tell of the example estate."""
    number, period = project[0], {"startTime": "2025-08-01T07:00:00Z", "endTime": "2026-11-20T07:00:00Z"}
    account = "billingAccounts/0A1B2C-3D4E5F-6A7B8C"
    activities = []
    for kind, told in (("serviceAccount", key["name"].partition("/keys/")[0]), ("serviceAccountKey", key["name"])):
        activity = {
            "fullResourceName": f"//iam.googleapis.com/{told}",
            "activityType": f"{kind}LastAuthentication",
            "observationPeriod": period,
            "activity": {"lastAuthenticatedTime": "2026-11-19T07:00:00Z"},
        }
        name = f"{number}/locations/global/activityTypes/{kind}LastAuthentication/activities/{told.rpartition('/')[2]}"
        activities.append(unnamed(name, "policyanalyzer.googleapis.com/Activity", activity, *project))
    day = datetime(2026, 11, 22, tzinfo=UTC)
    series = {
        "resource": {"type": "consumed_api", "labels": {"credential_id": "apikey:0f4a"}},
        "points": [{"value": {"int64Value": "7"}}],
    }
    return [
        *activities,
        unnamed(
            f"{number}/timeSeries/api_key_requests",
            "monitoring.googleapis.com/ListTimeSeriesResponse",
            {"interval": {"startTime": f"{day - PERIOD:%FT%TZ}", "endTime": f"{day:%FT%TZ}"}, "timeSeries": [series]},
            *project,
        ),
        own(account, "cloudbilling.googleapis.com/BillingAccount", {"displayName": "Lucky", "open": True}),
        own(f"{account}/budgets/b1", "billingbudgets.googleapis.com/Budget", {"displayName": "all of it"}),
        unnamed(
            f"{account}/budgets",
            "billingbudgets.googleapis.com/ListBudgetsResponse",
            {"budgets": [{"name": f"{account}/budgets/b1", "displayName": "all of it"}]},
        ),
        own(
            f"{number}/billingInfo",
            "cloudbilling.googleapis.com/ProjectBillingInfo",
            {"billingAccountName": account, "billingEnabled": True},
            *project,
        ),
        own(
            f"{ORGANIZATION}/locations/global/securityCenterServices/security-health-analytics",
            "securitycentermanagement.googleapis.com/SecurityCenterService",
            {"effectiveEnablementState": "ENABLED"},
        ),
        own(
            f"{ORGANIZATION}/locations/global/bigQueryExports/e",
            "securitycenter.googleapis.com/BigQueryExport",
            {"dataset": "projects/p/datasets/findings"},
        ),
    ]


def full_estate() -> Estate:
    """The example estate, with what only other APIs tell; the organisation's account is known."""
    estate = Estate.of_files(EXPORT)
    secret = estate.data("secretmanager.googleapis.com/Secret")[0]["name"]
    project = next(a for a in estate.assets if a["ancestors"][0] == secret.split("/secrets/")[0])["ancestors"]
    for organization in estate.containers("Organization"):
        organization["resource"]["data"]["directoryCustomerId"] = CUSTOMER
    number = project[0]
    attached = f"policies/cloudresourcemanager.googleapis.com%2F{number.replace('/', '%2F')}/denypolicies/no-keys"
    rules = [{"denyRule": {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": ["x.y/z.w"]}}]
    boundary = f"{ORGANIZATION}/locations/global/principalAccessBoundaryPolicies/inside"
    details = {"rules": [{"resources": [f"//cloudresourcemanager.googleapis.com/{ORGANIZATION}"], "effect": "ALLOW"}]}
    finding = {"category": "PUBLIC_BUCKET_ACL", "state": "ACTIVE", "severity": "HIGH", "resourceName": "//x/y"}
    recommender = f"{number}/locations/global/recommenders/google.iam.policy.Recommender/recommendations"
    key = estate.data("iam.googleapis.com/ServiceAccountKey", home=number)[0]
    estate.assets += _seen_by_others(project, key)
    estate.assets += [
        own(attached, "iam.googleapis.com/DenyPolicy", {"rules": rules}, *project),
        own(boundary, "iam.googleapis.com/PrincipalAccessBoundaryPolicy", {"details": details}),
        own(
            f"{ORGANIZATION}/locations/global/policyBindings/b",
            "iam.googleapis.com/PolicyBinding",
            {"policy": boundary},
        ),
        own(f"{number}/policies/iam.disableServiceAccountKeyUpload", "orgpolicy.googleapis.com/Policy", {}, *project),
        own(f"{ORGANIZATION}/sources/7", "securitycenter.googleapis.com/Source", {"displayName": "Health Analytics"}),
        own(f"{ORGANIZATION}/locations/global/muteConfigs/m", "securitycenter.googleapis.com/MuteConfig", {}),
        own(
            f"{ORGANIZATION}/locations/global/notificationConfigs/n",
            "securitycenter.googleapis.com/NotificationConfig",
            {"pubsubTopic": "projects/p/topics/t"},
        ),
        own(f"{ORGANIZATION}/sources/7/locations/global/findings/f1", "securitycenter.googleapis.com/Finding", finding),
        own(
            f"{recommender}/r1",
            "recommender.googleapis.com/Recommendation",
            {"stateInfo": {"state": "ACTIVE"}},
            *project,
        ),
        own(
            f"{ORGANIZATION}/locations/europe-west1/discoveryConfigs/d",
            "dlp.googleapis.com/DiscoveryConfig",
            {"status": "RUNNING"},
        ),
        own(
            "groups/g1",
            "cloudidentity.googleapis.com/Group",
            {"parent": f"customers/{CUSTOMER}", "groupKey": {"id": "dev@luckygas.example"}},
        ),
        own(
            "groups/g1/memberships/m1",
            "cloudidentity.googleapis.com/Membership",
            {"preferredMemberKey": {"id": "a@luckygas.example"}, "roles": [{"name": "MEMBER"}], "type": "USER"},
        ),
        own(
            f"{number}/locations/europe-west3/secrets/regional",
            "secretmanager.googleapis.com/Secret",
            {"createTime": "2026-01-01T00:00:00Z"},
            *project,
        ),
    ]
    return estate


@dataclass(frozen=True)
class Done:
    """A collection that came to its end."""

    coverage: Coverage
    records: list[dict[str, Any]]
    sent: dict[str, int]
    file: Path

    def parts(self, collector: str) -> list[Part]:
        return [part for part in self.coverage.parts if part.collector == collector]

    def of_type(self, asset_type: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["asset_type"] == asset_type]


def connection_to(fake: Fake) -> Connection:
    """A connection on which every host is the fake."""
    return Connection(channel=fake.channel, address=fake.address)


def key_file(folder: Path, token_uri: str = "https://oauth2.googleapis.com/token") -> Path:
    """A service account key as `gcloud iam service-accounts keys create` leaves it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(*form).decode()
    file = folder / "key.json"
    email = "robot@p.iam.gserviceaccount.com"
    file.write_text(
        json.dumps({"type": "service_account", "client_email": email, "private_key": pem, "token_uri": token_uri})
    )
    return file


def connection_at(port: int, http_port: int) -> Connection:
    """The same, for a fake in another process."""
    import grpc  # type: ignore[import-untyped]  # the package has no types

    options = [("grpc.max_receive_message_length", -1)]
    return Connection(
        channel=lambda _: grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options),
        address=lambda _: f"http://127.0.0.1:{http_port}",
    )


def collected(
    fake: Fake,
    order: Order | None = None,
    *,
    folder: Path | None = None,
    resume: bool = False,
    clock: Clock | None = None,
    progress: Progress | None = None,
    patience: Patience = PATIENCE,
    connection: Connection | None = None,
) -> Done:
    """Collect from the fake, all of its organisation unless ordered otherwise."""
    order = order or Order(targets=(ORGANIZATION,))
    folder = folder or Path(tempfile.mkdtemp(prefix="live-"))
    journal = Journal(folder / "journal", order.described(), resume=resume)
    calls: list[Calls] = []

    async def run() -> Coverage:
        reached = connection or connection_to(fake)
        calls.append(Calls(reached, patience=patience, clock=clock or Hurried(), seed=1, residency=order.residency))
        try:
            return await Collection(order, calls[0], journal, progress).run()
        finally:
            await reached.close()

    try:
        coverage = asyncio.run(run())
        file = folder / "estate.ndjson"
        write(file, journal, coverage)
    finally:
        journal.close()
    lines = file.read_bytes().splitlines()
    return Done(coverage, [msgspec.json.decode(line) for line in lines[1:]], dict(calls[0].sent), file)


def source_of(done: Done, needs: Any = None) -> Collected:
    """The collection as the engine's source."""
    return Collected.of_file(done.file, path=ORGANIZATION, needs=needs)


def names(records: Sequence[dict[str, Any]]) -> list[str]:
    """The names of records, sorted."""
    return sorted(record["name"] for record in records)


def small_estate() -> Estate:
    """The full estate without the folder that has fewer projects: so few places that no slow quota is reached."""
    estate = full_estate()
    sizes = Counter(asset["ancestors"][1] for asset in estate.containers("Project"))
    fewer = min(sizes, key=lambda folder: sizes[folder])
    estate.assets = [asset for asset in estate.assets if fewer not in asset["ancestors"]]
    return estate


NOTHING = Needs(frozenset(), frozenset())
"""Of the inventory, the containers only."""


def only(collector: Collector, fake: Fake, patience: Patience = PATIENCE) -> Done:
    """What one collector gives beside the inventory."""
    by_target = collector.roots_only and Level.PROJECT in collector.levels
    targets = (ORGANIZATION, paid_project(fake)) if by_target else (ORGANIZATION,)
    order = Order(targets=targets, needs=NOTHING, services=(collector.name,), thorough=True)
    return collected(fake, order, patience=patience)


def told(done: Done, collector: str) -> list[Part]:
    """What is told of one collector, but for the project that is pending deletion."""
    return [part for part in done.parts(collector) if part.state is not State.PENDING_DELETION]


def paid_project(fake: Fake) -> str:
    """A project that somebody pays for, as a target."""
    paid = fake.estate.data("cloudbilling.googleapis.com/ProjectBillingInfo")
    return str(paid[0]["name"]).removesuffix("/billingInfo") if paid else ORGANIZATION


def path_of(path: str) -> str:
    """The end of a method's path as the server sees it."""
    return path if path.startswith("/") else f"/{path.rpartition('/')[2]}"
