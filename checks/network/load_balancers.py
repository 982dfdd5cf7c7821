"""Load balancers: TLS, and what stands before and behind them."""

from __future__ import annotations

from typing import Any

from auditor import DELETE, PASS, Estate, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.load_balancing import (
    BackendService,
    ForwardingRule,
    SslPolicy,
    TargetHttpProxy,
    TlsProxy,
    UrlMap,
)

_COMPUTE = "//compute.googleapis.com/"
_PROXY = "projects/p/global/targetHttpProxies/web"
_MAP = "projects/p/global/urlMaps/web"
_API = "https://www.googleapis.com/compute/v1/"
_WEAK_CIPHERS = frozenset(
    {
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
    }
)
"""Ciphers without forward secrecy, and 3DES."""


@check(
    "ssl-policy-weak",
    severity=Severity.MEDIUM,
    evidence=["profile", "minTlsVersion", "customFeatures"],
    same_as=[
        "sha:WEAK_SSL_POLICY",
        "steampipe:compute_ssl_policy_with_no_weak_cipher",
        "checkov:CKV_GCP_4",
        "trivy:AVD-GCP-0039",
        "inspec:cis-gcp-3.9",
    ],
    fix=Fix(
        gcloud="gcloud compute ssl-policies update {policy.id} --min-tls-version=1.2 --profile=MODERN",
        terraform='min_tls_version = "TLS_1_2" and profile = "MODERN" on google_compute_ssl_policy',
        patch={"data": {"minTlsVersion": "TLS_1_2", "profile": "MODERN", "customFeatures": []}},
    ),
    passes=lambda: [
        asset(SslPolicy, {"profile": "MODERN", "minTlsVersion": "TLS_1_2"}),
        asset(SslPolicy, {"profile": "RESTRICTED", "minTlsVersion": "TLS_1_0"}),
        asset(SslPolicy, {"profile": "FIPS_202205", "minTlsVersion": "TLS_1_2"}),
        asset(
            SslPolicy,
            {
                "profile": "CUSTOM",
                "minTlsVersion": "TLS_1_2",
                "customFeatures": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
            },
        ),
    ],
    fails=lambda: [
        asset(SslPolicy, {"profile": "COMPATIBLE", "minTlsVersion": "TLS_1_0"}),
        asset(SslPolicy, {"profile": "MODERN", "minTlsVersion": "TLS_1_1"}),
        asset(SslPolicy, {"profile": "COMPATIBLE", "minTlsVersion": "TLS_1_2"}),
        asset(
            SslPolicy,
            {"profile": "CUSTOM", "minTlsVersion": "TLS_1_2", "customFeatures": ["TLS_RSA_WITH_3DES_EDE_CBC_SHA"]},
        ),
    ],
    unknown=lambda: [asset(SslPolicy, {"profile": "MODERN"}, unknown=["resource.data.minTlsVersion"])],
)
def weak_ssl_policy(policy: SslPolicy) -> Verdict:
    """An SSL policy admits old TLS versions or weak ciphers.

    Why: TLS 1.0 and 1.1 are withdrawn, 3DES can be broken, and without forward secrecy a key that leaks one day opens
    all that was recorded before.

    What a fix may break: browsers and devices older than about ten years.

    Source: https://cloud.google.com/load-balancing/docs/ssl-policies-concepts
    """
    if policy.profile == "RESTRICTED":
        return PASS  # its ciphers exist from TLS 1.2 on only
    if policy.min_tls_version not in ("TLS_1_2", "TLS_1_3"):
        return fail(f"minTlsVersion is {policy.min_tls_version}")
    if policy.profile == "COMPATIBLE":
        return fail("the profile COMPATIBLE admits ciphers without forward secrecy")
    weak = sorted(_WEAK_CIPHERS.intersection(policy.custom_features))
    return fail(f"{weak[0]} is admitted") if weak else PASS


@check(
    "tls-proxy-default-policy",
    severity=Severity.MEDIUM,
    evidence=["sslPolicy"],
    same_as=["steampipe:compute_target_https_proxy_quic_protocol_no_default_ssl_policy"],
    fix=Fix(
        gcloud="gcloud compute {proxy.collection} update {proxy.id} --ssl-policy=POLICY",
        terraform="ssl_policy = … on the proxy",
        guardrail="compute.requireSslPolicy",
        patch={"data": {"sslPolicy": "projects/p/global/sslPolicies/modern"}},
    ),
    passes=lambda: [asset(TlsProxy, {"name": "web", "sslPolicy": f"{_API}projects/p/global/sslPolicies/modern"})],
    fails=lambda: [asset(TlsProxy, {"name": "web"}), asset(TlsProxy, {"sslPolicy": ""})],
    unknown=lambda: [asset(TlsProxy, {}, unknown=["resource.data.sslPolicy"])],
)
def default_policy(proxy: TlsProxy) -> Verdict:
    """A load balancer's proxy has no SSL policy, so the most permissive one holds.

    Why: without a policy of its own the proxy takes TLS 1.0 and every cipher that Google still offers.

    What a fix may break: browsers and devices older than about ten years.

    Source: https://cloud.google.com/load-balancing/docs/ssl-policies-concepts
    """
    return PASS if proxy.ssl_policy else fail("no SSL policy is attached")


def _plain(scheme: str = "EXTERNAL_MANAGED") -> dict[str, Any]:
    return {"loadBalancingScheme": scheme, "target": f"{_API}{_PROXY}", "portRange": "80-80"}


def _redirects(rule: ForwardingRule, estate: Estate) -> bool:
    """Whether the rule's proxy answers with a redirect to HTTPS and nothing else."""
    for proxy in estate.of(TargetHttpProxy):
        if rule.target.endswith(proxy.asset.short_name):
            for url_map in estate.of(UrlMap):
                if proxy.url_map.endswith(url_map.asset.short_name):
                    redirect = url_map.default_url_redirect
                    return redirect is not None and redirect.https_redirect
    return False


@check(
    "load-balancer-http",
    severity=Severity.MEDIUM,
    evidence=["loadBalancingScheme", "target", "portRange"],
    same_as=["sha:HTTP_LOAD_BALANCER", "cloudsploit:clb/clbHttpsOnly", "checkov:CKV2_GCP_37", "checkov:CKV2_GCP_38"],
    reads=[TargetHttpProxy, UrlMap],
    fix=Fix(
        manual="Give the HTTP proxy a URL map of its own whose default is a redirect with httpsRedirect, or delete "
        "the forwarding rule.",
        terraform="default_url_redirect { https_redirect = true, strip_query = false } on the proxy's url map",
        patch=DELETE,
    ),
    passes=lambda: [
        asset(ForwardingRule, {**_plain(), "target": f"{_API}projects/p/global/targetHttpsProxies/web"}),
        asset(ForwardingRule, _plain("INTERNAL_MANAGED")),
        [
            asset(ForwardingRule, _plain()),
            asset(TargetHttpProxy, {"urlMap": f"{_API}{_MAP}"}, name=f"{_COMPUTE}{_PROXY}"),
            asset(UrlMap, {"defaultUrlRedirect": {"httpsRedirect": True}}, name=f"{_COMPUTE}{_MAP}"),
        ],
    ],
    fails=lambda: [
        asset(ForwardingRule, _plain("EXTERNAL")),
        [
            asset(ForwardingRule, _plain()),
            asset(TargetHttpProxy, {"urlMap": f"{_API}{_MAP}"}, name=f"{_COMPUTE}{_PROXY}"),
            asset(UrlMap, {"defaultService": "s"}, name=f"{_COMPUTE}{_MAP}"),
        ],
    ],
    unknown=lambda: [asset(ForwardingRule, _plain(), unknown=["resource.data.target"])],
)
def plain_http(rule: ForwardingRule, estate: Estate) -> Verdict:
    """A load balancer on the internet serves pages without TLS.

    Why: who sits between visitor and load balancer reads and rewrites what is sent: sessions, passwords, downloads.
    A listener that only redirects to HTTPS is not meant.

    What a fix may break: clients that do not follow redirects.

    Source: https://cloud.google.com/load-balancing/docs/https/setting-up-http-https-redirect
    """
    if not rule.is_external:
        return not_applicable("the address is internal")
    if "/targetHttpProxies/" not in rule.target:
        return not_applicable("no HTTP proxy answers there")
    return PASS if _redirects(rule, estate) else fail("plain HTTP is served, without a redirect to HTTPS")


@check(
    "backend-without-cloud-armor",
    severity=Severity.MEDIUM,
    evidence=["loadBalancingScheme", "protocol", "securityPolicy"],
    same_as=["cloudsploit:clb/clbSecurityPolicyEnabled"],
    fix=Fix(
        gcloud="gcloud compute backend-services update {backend.id} --security-policy=POLICY",
        terraform="security_policy = … on google_compute_backend_service",
        patch={"data": {"securityPolicy": "projects/p/global/securityPolicies/edge"}},
    ),
    passes=lambda: [
        asset(
            BackendService,
            {"protocol": "HTTPS", "loadBalancingScheme": "EXTERNAL_MANAGED", "securityPolicy": "securityPolicies/edge"},
        ),
        asset(BackendService, {"protocol": "HTTPS", "iap": {"enabled": True}}),
        asset(BackendService, {"protocol": "HTTP", "loadBalancingScheme": "INTERNAL_MANAGED"}),
        asset(BackendService, {"protocol": "TCP", "loadBalancingScheme": "EXTERNAL"}),
    ],
    fails=lambda: [
        asset(BackendService, {"protocol": "HTTP", "loadBalancingScheme": "EXTERNAL"}),
        asset(BackendService, {"protocol": "HTTP2", "loadBalancingScheme": "EXTERNAL_MANAGED", "securityPolicy": ""}),
    ],
    unknown=lambda: [asset(BackendService, {"protocol": "HTTPS"}, unknown=["resource.data.securityPolicy"])],
)
def without_cloud_armor(backend: BackendService) -> Verdict:
    """A backend of a load balancer on the internet has no Cloud Armor policy.

    Why: nothing limits how often one address may ask, nothing stops known attacks, and in an attack there is no place
    to put a rule. Backends behind Identity-Aware Proxy pass.

    What a fix may break: rules can refuse real visitors; begin with preview.

    Source: https://cloud.google.com/armor/docs/security-policy-overview
    """
    if backend.security_policy:
        return PASS
    if not backend.serves_http_to_internet:
        return not_applicable("the backend serves no HTTP to the internet")
    if backend.iap.enabled:
        return PASS
    return fail("no security policy is attached")


@check(
    "backend-logging-off",
    severity=Severity.LOW,
    evidence=["logConfig"],
    same_as=[
        "sha:LOAD_BALANCER_LOGGING_DISABLED",
        "prowler:compute_loadbalancer_logging_enabled",
        "steampipe:compute_https_load_balancer_logging_enabled",
        "cloudsploit:clb/clbLoggingEnabled",
    ],
    fix=Fix(
        gcloud="gcloud compute backend-services update {backend.id} --enable-logging --logging-sample-rate=1",
        terraform="log_config { enable = true, sample_rate = 1 } on google_compute_backend_service",
        patch={"data": {"logConfig": {"enable": True, "sampleRate": 1}}},
    ),
    passes=lambda: [
        asset(BackendService, {"protocol": "HTTPS", "logConfig": {"enable": True, "sampleRate": 1}}),
        asset(BackendService, {"protocol": "TCP", "loadBalancingScheme": "INTERNAL"}),
    ],
    fails=lambda: [
        asset(BackendService, {"protocol": "HTTP", "logConfig": {"enable": False}}),
        asset(BackendService, {"protocol": "HTTPS", "loadBalancingScheme": "EXTERNAL_MANAGED"}),
        asset(BackendService, {"protocol": "HTTPS", "logConfig": {"enable": True, "sampleRate": 0}}),
    ],
    unknown=lambda: [asset(BackendService, {"protocol": "HTTPS"}, unknown=["resource.data.logConfig"])],
)
def backend_logging_off(backend: BackendService) -> Verdict:
    """The requests to a backend of a load balancer on the internet are not logged.

    Why: without the log nobody can say who came, what was tried and what Cloud Armor refused.

    What a fix may break: nothing; the log is billed by volume, a sample rate limits it.

    Source: https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring
    """
    if backend.log_config.enable and backend.log_config.sample_rate != 0:
        return PASS
    if not backend.serves_http_to_internet:
        return not_applicable("the backend serves no HTTP to the internet")
    return fail("logging is off")
