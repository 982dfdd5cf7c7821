"""What of Cloud Run and Cloud Functions the internet reaches, and in which protocol."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.serverless import CloudFunction, Function, RunService
from checks.secrets.workloads import JUDGED_AS_FIRST_GENERATION, JUDGED_AS_FUNCTION

_V1 = "run.googleapis.com/"


def _annotated(**annotations: str) -> dict[str, object]:
    named = {_V1 + name.replace("_", "-"): value for name, value in annotations.items()}
    return {"apiVersion": "serving.knative.dev/v1", "metadata": {"annotations": named}, "spec": {}}


@check(
    "run-ingress-all",
    severity=Severity.LOW,
    evidence=["ingress", "defaultUriDisabled"],
    fix=Fix(
        gcloud=(
            "gcloud run services update {service.id} --region={service.location} "
            "--ingress=internal-and-cloud-load-balancing"
        ),
        terraform='`ingress = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"` on google_cloud_run_v2_service',
        guardrail="run.allowedIngress",
        patch={
            "data": {
                "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
                "metadata": {"annotations": {_V1 + "ingress": "internal-and-cloud-load-balancing"}},
            }
        },
    ),
    passes=lambda: [
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}),
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_ALL", "defaultUriDisabled": True}),
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_ALL", "iapEnabled": True}),
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_ALL", "labels": {"goog-managed-by": "cloudfunctions"}}),
        asset(RunService, _annotated(ingress="internal")),
        asset(RunService, _annotated(ingress="all", default_url_disabled="true")),
    ],
    fails=lambda: [
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_ALL"}),
        asset(RunService, {"template": {"containers": []}}),
        asset(RunService, _annotated(ingress="all")),
        asset(RunService, _annotated()),
    ],
    unknown=lambda: [asset(RunService, {"template": {}}, unknown=["resource.data.ingress"])],
)
def run_ingress_all(service: RunService) -> Verdict:
    """A Cloud Run service answers the whole internet at its own run.app address.

    Why: Requests to the service's own address pass by the load balancer, and with it Cloud Armor, the
    CDN and rate limits. IAM alone, or the code alone where the service is public, stands in the way.

    What a fix may break: Callers from outside that use the run.app address: other clouds, laptops, webhooks, and
    services in other projects that do not send their traffic through the VPC.

    Source: https://cloud.google.com/run/docs/securing/ingress
    """
    if not service.accepts_internet:
        return PASS
    if service.is_function:
        return not_applicable(JUDGED_AS_FUNCTION)
    return PASS if service.has_iap else fail("ingress is open to all traffic and the run.app address is on")


@check(
    "function-ingress-all",
    severity=Severity.MEDIUM,
    evidence=[],
    same_as=[
        "steampipe:cloudfunction_function_no_ingress_settings_allow_all",
        "scoutsuite:functions-v1-public-endpoint",
        "scoutsuite:functions-v2-public-endpoint",
        "checkov:CKV_GCP_124",
        "cloudsploit:cloudfunctions/ingressAllTrafficDisabled",
        "cloudsploit:cloudfunctionsv2/cloudFunctionV2IngressSettings",
    ],
    fix=Fix(
        gcloud=(
            "gcloud functions deploy {function.id} --region={function.location} --ingress-settings=internal-and-gclb"
        ),
        terraform='`ingress_settings = "ALLOW_INTERNAL_AND_GCLB"` or `"ALLOW_INTERNAL_ONLY"`',
        guardrail="cloudfunctions.allowedIngressSettings",
        patch={
            "data": {
                "ingressSettings": "ALLOW_INTERNAL_AND_GCLB",
                "serviceConfig": {"ingressSettings": "ALLOW_INTERNAL_ONLY"},
            }
        },
    ),
    passes=lambda: [
        asset(CloudFunction, {"httpsTrigger": {}, "ingressSettings": "ALLOW_INTERNAL_ONLY"}),
        asset(Function, {"serviceConfig": {"ingressSettings": "ALLOW_INTERNAL_AND_GCLB"}}),
        asset(CloudFunction, {"eventTrigger": {"eventType": "google.pubsub.topic.publish"}}),
        asset(Function, {"environment": "GEN_1", "serviceConfig": {"ingressSettings": "ALLOW_ALL"}}),
    ],
    fails=lambda: [
        asset(CloudFunction, {"httpsTrigger": {"url": "https://u"}, "ingressSettings": "ALLOW_ALL"}),
        asset(CloudFunction, {"httpsTrigger": {}}),
        asset(Function, {"serviceConfig": {"ingressSettings": "ALLOW_ALL"}}),
        asset(Function, {"serviceConfig": {}}),
    ],
    unknown=lambda: [asset(Function, {"serviceConfig": {}}, unknown=["resource.data.serviceConfig.ingressSettings"])],
)
def function_ingress_all(function: CloudFunction | Function) -> Verdict:
    """A function answers the whole internet at its own address.

    Why: Requests need not pass a load balancer with Cloud Armor; the invoker role alone, or nothing where the
    function is public, decides who runs it. An event-driven second generation function has such an address as well.

    What a fix may break: Callers from outside the project's networks and perimeter.

    Source: https://cloud.google.com/functions/docs/networking/network-settings
    """
    if isinstance(function, Function) and function.is_first_generation:
        return not_applicable(JUDGED_AS_FIRST_GENERATION)
    return fail("ingress is open to all traffic") if function.accepts_internet else PASS


@check(
    "function-http-allowed",
    severity=Severity.MEDIUM,
    evidence=["httpsTrigger.securityLevel"],
    same_as=[
        "scoutsuite:functions-v1-allowing-http",
        "checkov:CKV2_GCP_10",
        "cloudsploit:cloudfunctions/httpTriggerRequireHttps",
    ],
    fix=Fix(
        gcloud="gcloud functions deploy {function.id} --region={function.location} --security-level=secure-always",
        terraform='`https_trigger_security_level = "SECURE_ALWAYS"` on google_cloudfunctions_function',
        patch={"data": {"httpsTrigger": {"securityLevel": "SECURE_ALWAYS"}}},
    ),
    passes=lambda: [
        asset(CloudFunction, {"httpsTrigger": {"securityLevel": "SECURE_ALWAYS"}}),
        asset(CloudFunction, {"eventTrigger": {"eventType": "google.storage.object.finalize"}}),
    ],
    fails=lambda: [
        asset(CloudFunction, {"httpsTrigger": {"securityLevel": "SECURE_OPTIONAL"}}),
        asset(CloudFunction, {"httpsTrigger": {"url": "https://europe-west1-p.cloudfunctions.net/f"}}),
    ],
    unknown=lambda: [
        asset(CloudFunction, {"httpsTrigger": {}}, unknown=["resource.data.httpsTrigger.securityLevel"]),
    ],
)
def function_http_allowed(function: CloudFunction) -> Verdict:
    """A first generation function answers plain HTTP.

    Why: Tokens and data of a caller that uses http:// cross the network unencrypted. Second generation functions
    answer HTTPS only.

    What a fix may break: Callers that use http:// and do not follow redirects.

    Source: https://cloud.google.com/functions/docs/writing/write-http-functions
    """
    if function.https_trigger is None:
        return not_applicable("no HTTP trigger")
    if function.https_trigger.security_level == "SECURE_ALWAYS":
        return PASS
    return fail("requests over http:// are served")


@check(
    "function-without-vpc",
    severity=Severity.INFO,
    default=False,
    same_as=[
        "prowler:cloudfunction_function_inside_vpc",
        "steampipe:cloudfunction_function_vpc_connector_enabled",
        "cloudsploit:cloudfunctions/serverlessVPCAccess",
        "cloudsploit:cloudfunctionsv2/cloudFunctionV2VPCConnector",
    ],
    fix=Fix(
        gcloud="gcloud functions deploy {function.id} --region={function.location} --vpc-connector=CONNECTOR",
        terraform="`vpc_connector` on the function",
        guardrail="cloudfunctions.requireVPCConnector",
        patch={"data": {"vpcConnector": "c", "serviceConfig": {"vpcConnector": "c"}}},
    ),
    passes=lambda: [
        asset(CloudFunction, {"vpcConnector": "projects/p/locations/europe-west1/connectors/c"}),
        asset(Function, {"serviceConfig": {"vpcConnector": "projects/p/locations/europe-west1/connectors/c"}}),
        asset(Function, {"serviceConfig": {"directVpcNetworkInterface": [{"network": "main"}]}}),
    ],
    fails=lambda: [asset(CloudFunction, {"httpsTrigger": {}}), asset(Function, {"serviceConfig": {}})],
    unknown=lambda: [asset(CloudFunction, {}, unknown=["resource.data.vpcConnector"])],
)
def function_without_vpc(function: CloudFunction | Function) -> Verdict:
    """A function's outgoing traffic does not pass through a VPC network.

    Why: What leaves through the VPC can be filtered, logged and held inside a perimeter. A function that calls public
    APIs only may do without.

    What a fix may break: Calls to the internet, if all egress is sent through a network without Cloud NAT.

    Source: https://cloud.google.com/functions/docs/networking/connecting-vpc
    """
    if isinstance(function, CloudFunction):
        return PASS if function.vpc_connector else fail("no VPC connector")
    if function.is_first_generation:
        return not_applicable(JUDGED_AS_FIRST_GENERATION)
    config = function.service_config
    return PASS if config.vpc_connector or config.direct_vpc_network_interface else fail("no way into a VPC network")
