"""Logs of the network that its owner turns on: address translation and load balancing."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.load_balancing import BackendService
from auditor.resources.routers import Router

_ON = {"name": "nat", "logConfig": {"enable": True, "filter": "ALL"}}


@check(
    "nat-logging-off",
    severity=Severity.LOW,
    evidence=["nats"],
    fix=Fix(
        gcloud="gcloud compute routers nats update {found[nat]} --router={router.id} --region={router.location} "
        "--enable-logging",
        terraform='log_config { enable = true, filter = "ALL" } on google_compute_router_nat',
        patch={"data": {"nats": [_ON]}},
    ),
    passes=lambda: [
        asset(Router, {"nats": [_ON]}),
        asset(Router, {"nats": [{"name": "nat", "logConfig": {"enable": True, "filter": "ERRORS_ONLY"}}]}),
        asset(Router, {"bgp": {"asn": 64512}}),
    ],
    fails=lambda: [
        asset(Router, {"nats": [{"name": "nat"}]}),
        asset(Router, {"nats": [_ON, {"name": "other", "logConfig": {"enable": False, "filter": "ALL"}}]}),
    ],
    unknown=lambda: [
        asset(Router, {"nats": [{"name": "nat"}]}, unknown=["resource.data.nats.0.logConfig"]),
        asset(Router, {}, unknown=["resource.data.nats"]),
    ],
)
def nat_logging_off(router: Router) -> Verdict:
    """A Cloud NAT gateway logs no connections.

    Why: behind it all machines share few addresses. When an outside party reports an attack from one of them, or data
    was sent out, only the gateway's log says which machine it was. Logging of errors alone counts: it shows at least
    when ports run out.

    What a fix may break: nothing; busy gateways write many entries, which are billed.

    Source: https://cloud.google.com/nat/docs/monitoring
    """
    if not router.nats:
        return not_applicable("the router translates no addresses")
    for nat in router.nats:
        if not nat.log_config.enable:
            return fail(f"gateway {nat.name} does not log", evidence={"nat": nat.name})
    return PASS


@check(
    "backend-logging-sampled",
    severity=Severity.INFO,
    default=False,
    evidence=["logConfig"],
    fix=Fix(
        gcloud="gcloud compute backend-services update {backend.id} --logging-sample-rate=1.0",
        terraform="log_config { enable = true, sample_rate = 1.0 } on google_compute_backend_service",
        manual="Add --global, or --region with the region of the backend service.",
        patch={"data": {"logConfig": {"enable": True, "sampleRate": 1.0}}},
    ),
    passes=lambda: [
        asset(BackendService, {"logConfig": {"enable": True, "sampleRate": 1.0}}),
        asset(BackendService, {"logConfig": {"enable": True}}),
        asset(BackendService, {"logConfig": {"enable": False, "sampleRate": 0.5}}),
    ],
    fails=lambda: [
        asset(BackendService, {"logConfig": {"enable": True, "sampleRate": 0.25}}),
        asset(BackendService, {"logConfig": {"enable": True, "sampleRate": 0.0}}),
    ],
    unknown=lambda: [
        asset(BackendService, {"logConfig": {"enable": True}}, unknown=["resource.data.logConfig.sampleRate"])
    ],
)
def backend_logging_sampled(backend: BackendService) -> Verdict:
    """A load balancer logs only some of its requests.

    Why: the one request that matters after an attack is then likely not in the log. Sites with much traffic sample on
    purpose; this check is therefore not selected by default.

    What a fix may break: nothing; the volume of logs, and its cost, rises.

    Source: https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring
    """
    if not backend.log_config.enable:
        return not_applicable("logging is off, which another check tells")
    rate = backend.log_config.sample_rate
    return PASS if rate is None or rate >= 1 else fail(f"{rate:.0%} of the requests are logged")
