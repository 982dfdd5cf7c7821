"""Standing copies of data that leave a perimeter without a rule of it: aggregated sinks and push subscriptions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.data import Subscription
from auditor.resources.logging import LogSink
from auditor.resources.resourcemanager import Project
from auditor.resources.storage import Bucket
from auditor.resources.unknown import some
from auditor.resources.vpc_sc import EVERYTHING, ServicePerimeter
from checks.vpc_sc.examples import ENFORCED, MINIMAL, perimeter
from checks.vpc_sc.membership import ELSEWHERE, SHOP, is_member, protection

_PUBSUB = "pubsub.googleapis.com"
_NO_PERIMETER = not_applicable("no enforced perimeter has a project below")
_LOGGING = asset(Project, {"projectId": "logging"}, ancestors=["projects/5005", "organizations/3001"])
_OUTSIDE = "logging.googleapis.com/projects/logging/locations/global/buckets/audit"


def _sink(destination: str = _OUTSIDE, *, on: str = "organizations/3001", **data: Any) -> Example:
    return asset(
        LogSink,
        {"name": "all", "destination": destination, "includeChildren": True, **data},
        name=f"//logging.googleapis.com/{on}/sinks/all",
        ancestors=list(dict.fromkeys([on, "organizations/3001"])),
    )


def _bucket_id(bucket: Bucket) -> str:
    return bucket.id


def _project_id(project: Project) -> str:
    return project.project_id


@check(
    "perimeter-aggregated-sink-leads-out",
    severity=Severity.LOW,
    reads=[ServicePerimeter, Project, Bucket],
    evidence=["destination", "filter"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} DESTINATION_INSIDE {sink.gcloud_scope}",
        terraform="destination of google_logging_organization_sink or google_logging_folder_sink",
        manual="Put the project that keeps the logs into a perimeter, and let the sink's writer identity in by an "
        "ingress rule.",
        patch={"data": {"destination": "logging.googleapis.com/projects/1001/locations/global/buckets/audit"}},
    ),
    passes=lambda: [
        [_sink(_OUTSIDE.replace("logging/", "shop-prod/")), SHOP, perimeter(ENFORCED)],
        [_sink(), SHOP, _LOGGING, perimeter({**ENFORCED, "resources": ["projects/1001", "projects/5005"]})],
        [
            _sink(_OUTSIDE.replace("logging/", "shop-prod/")),
            SHOP,
            perimeter({**ENFORCED, "resources": ["folders/2001"]}),
        ],
        [_sink(includeChildren=False), SHOP, _LOGGING, perimeter(ENFORCED)],
        [_sink(disabled=True), SHOP, _LOGGING, perimeter(ENFORCED)],
        [_sink(on="folders/2009"), SHOP, _LOGGING, perimeter(ENFORCED)],
        [_sink(on="projects/1001"), SHOP, _LOGGING, perimeter(ENFORCED)],
        [_sink(), SHOP, perimeter(useExplicitDryRunSpec=True, spec=ENFORCED)],
    ],
    fails=lambda: [
        [_sink(), SHOP, _LOGGING, perimeter(ENFORCED)],
        [_sink(on="folders/2001"), SHOP, _LOGGING, perimeter(ENFORCED)],
        [_sink(), SHOP, _LOGGING, perimeter({**ENFORCED, "resources": ["folders/2001"]})],
        [
            _sink("storage.googleapis.com/archive"),
            SHOP,
            perimeter(ENFORCED),
            asset(Bucket, {}, name="//storage.googleapis.com/archive", ancestors=["projects/5005"]),
        ],
    ],
    unknown=lambda: [
        [_sink("storage.googleapis.com/archive"), SHOP, perimeter(ENFORCED)],
        [_sink(), SHOP, _LOGGING, perimeter(ENFORCED, unknown=("resource.data.status.resources.*",))],
    ],
)
def aggregated_sink_leads_out(sink: LogSink, estate: Estate) -> Verdict:
    """A sink of the organisation or a folder copies logs of perimeter projects to a project outside.

    Why: perimeters do not hold organisation and folder sinks that include children: they carry log entries out of every
    project below. Where they lead to has to be guarded like what they tell about; whoever reads the copy needs to
    pass no perimeter.

    What a fix may break: people and tools that read the logs from outside the perimeter need an ingress rule.

    Source: https://cloud.google.com/vpc-service-controls/docs/supported-products#table_logging
    """
    if sink.is_made_by_google or sink.disabled:
        return not_applicable("no enabled sink of somebody's making")
    if sink.container.startswith("projects/") or not sink.include_children:
        return not_applicable("the sink takes no logs out of projects below it")
    found = protection(estate)
    if not _guards_below(sink.container, estate):
        found.certain()
        return _NO_PERIMETER
    home = _home(sink, estate)
    if home in found.members or some(
        estate.related(Project, _project_id, home), lambda project: is_member(project, found)
    ):
        return PASS
    found.certain()
    return fail(f"logs of projects inside perimeters go to {home}, which is in none")


def _guards_below(container: str, estate: Estate) -> bool:
    """Whether a project inside a perimeter is below the folder or organisation."""
    found = protection(estate)
    if not found.members:
        return False
    if container in found.organizations or container in found.members:
        return True
    return some(estate.of(Project), lambda project: container in project.asset.ancestors and is_member(project, found))


def _home(sink: LogSink, estate: Estate) -> str:
    """The id of the project that a sink writes to. Raises `Undetermined` for a bucket that is not in the input."""
    if not sink.storage_bucket:
        return estate.project_id(sink.destination_project)
    for bucket in estate.related(Bucket, _bucket_id, sink.storage_bucket):
        return estate.project_id(bucket.project)
    raise Undetermined("destination", "the bucket is not in the input, so that its project is not known")


def _host(endpoint: str) -> str:
    """The host of an address, `""` where it has none that can be read."""
    try:
        return urlsplit(endpoint).hostname or ""
    except ValueError:
        return ""


def _subscription(endpoint: str, **data: Any) -> Example:
    name = "projects/shop-prod/subscriptions/orders"
    return asset(
        Subscription, {"name": name, "pushConfig": {"pushEndpoint": endpoint}, **data}, name=f"//{_PUBSUB}/{name}"
    )


_PULL = asset(Subscription, {}, name=f"//{_PUBSUB}/projects/shop-prod/subscriptions/pull")


@check(
    "perimeter-push-subscription-leads-out",
    severity=Severity.MEDIUM,
    reads=[ServicePerimeter],
    evidence=["topic", "pushConfig.pushEndpoint"],
    fix=Fix(
        gcloud="gcloud pubsub subscriptions modify-push-config {subscription.id} --push-endpoint=''",
        terraform="push_endpoint in push_config of google_pubsub_subscription: the run.app address of a service inside",
        manual="Let a service inside the perimeter take the messages first: pull them, or push to its run.app address.",
        patch={"data": {"pushConfig": {"pushEndpoint": "https://orders-abc-ew.a.run.app/"}}},
    ),
    passes=lambda: [
        [_subscription("https://orders-abc-ew.a.run.app/push"), SHOP, perimeter(ENFORCED)],
        [
            _subscription(
                "https://workflowexecutions.googleapis.com/v1/projects/p/locations/l/workflows/w:triggerPubsubExecution"
            ),
            SHOP,
            perimeter(ENFORCED),
        ],
        [_PULL, SHOP, perimeter(ENFORCED)],
        [_subscription("https://hooks.example.org/orders"), SHOP, perimeter(ELSEWHERE)],
        [_subscription("https://hooks.example.org/orders"), SHOP, perimeter(MINIMAL)],
    ],
    fails=lambda: [
        [_subscription("https://hooks.example.org/orders?token=x"), SHOP, perimeter(ENFORCED)],
        [_subscription("https://[::bad"), SHOP, perimeter(ENFORCED)],
        [_subscription("https://hooks.example.org/"), SHOP, perimeter({**ENFORCED, "resources": ["folders/2001"]})],
        [_subscription("https://run.app.example.org/"), SHOP, perimeter({**MINIMAL, "restrictedServices": ["*"]})],
    ],
    unknown=lambda: [
        asset(Subscription, {}, unknown=["resource.data.pushConfig"]),
        [
            _subscription("https://hooks.example.org/orders"),
            SHOP,
            perimeter(ELSEWHERE, unknown=("resource.data.status.resources.*",)),
        ],
    ],
)
def push_subscription_leads_out(subscription: Subscription, estate: Estate) -> Verdict:
    """A push subscription inside a perimeter sends messages to an address on the internet.

    Why: the perimeter refuses to make such subscriptions, but one that was there before goes on to deliver: every
    message of the topic leaves, to whoever answers at that address.

    What a fix may break: the receiver gets no more messages.

    Source: https://cloud.google.com/vpc-service-controls/docs/supported-products#table_pubsub
    """
    endpoint = subscription.push_config.push_endpoint
    if not endpoint:
        return not_applicable("messages are pulled")
    host = _host(endpoint)
    if host.endswith(".run.app") or host == "workflowexecutions.googleapis.com":
        return PASS
    found = protection(estate)
    member = found.member_for(estate.project_id(subscription.project), subscription.asset.ancestors)
    restricted = found.services.get(member, set())
    if _PUBSUB in restricted or EVERYTHING in restricted:
        return fail(f"messages are pushed to {host or 'an address'}")
    found.certain()
    return not_applicable("no enforced perimeter restricts Pub/Sub for the project")
