"""Load balancing: forwarding rules, proxies, URL maps, backends, certificates, Cloud Armor.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_forwarding_rule (and its
neighbours), cloud.google.com/compute/docs/reference/rest/v1
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Finish, Made, Mapping, Row, Rows
from auditor.sources.terraform.walk import DECIDED_AT_APPLY

_PROJECT = "//compute.googleapis.com/projects/{project}"

_RULE: Rows = {
    "allow_psc_global_access": "allowPscGlobalAccess",
    "base_forwarding_rule": None,
    "forwarding_rule_id": None,
    "ip_address": "IPAddress",
    "ip_protocol": Row("IPProtocol", default="TCP"),
    "ip_version": Row("ipVersion", default=ABSENT),
    "load_balancing_scheme": Row("loadBalancingScheme", default="EXTERNAL"),
    "network": Row("network", default=ABSENT, link="global/networks"),
    "network_tier": Row("networkTier", default="PREMIUM"),
    "project": None,
    "recreate_closed_psc": None,
    "target": "target",
}
_PROXY: Rows = {"project": None, "proxy_id": None, "proxy_bind": None}


def _http(place: str) -> Rows:
    """An HTTP proxy; `place` is where what it refers to is."""
    return {**_PROXY, "url_map": Row("urlMap", link=f"{place}/urlMaps")}


def _https(place: str) -> Rows:
    return {
        **_http(place),
        "certificate_manager_certificates": "sslCertificates",
        "quic_override": Row("quicOverride", default="NONE"),
        "ssl_certificates": Row("sslCertificates", link=f"{place}/sslCertificates"),
        "ssl_policy": Row("sslPolicy", link=f"{place}/sslPolicies"),
        "tls_early_data": Row("tlsEarlyData", default=ABSENT),
    }


_BACKEND: Rows = {
    "backend": "backends",
    "connection_draining_timeout_sec": "connectionDraining.drainingTimeoutSec",
    "enable_cdn": "enableCDN",
    "generated_id": "id",
    "cdn_policy": Row("cdnPolicy", default=ABSENT),
    "iap": Row("iap", default=ABSENT),
    "iap.enabled": Row("iap.enabled", default=True),
    "iap.oauth2_client_secret": None,
    "iap.oauth2_client_secret_sha256": None,
    "load_balancing_scheme": Row("loadBalancingScheme", default="EXTERNAL"),
    "log_config": Row("logConfig", default={"enable": False}),
    "max_stream_duration": "maxStreamDuration",
    "project": None,
    "protocol": Row("protocol", default="HTTP"),
    "security_policy": Row("securityPolicy", link="global/securityPolicies"),
    "security_settings.aws_v4_authentication.access_key": None,
}
_BACKEND_LISTS = (
    "backend backend.custom_metrics cdn_policy.bypass_cache_on_request_headers cdn_policy.negative_caching_policy "
    "custom_metrics locality_lb_policies tls_settings.subject_alt_names"
)
_DEFAULT_RULE = [
    {
        "action": "allow",
        "priority": 2147483647,
        "match": {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}},
    }
]
_EXCLUSION = "rule.preconfigured_waf_config.exclusion"
_POLICY: Rows = {
    "fingerprint": None,
    "project": None,
    "rule": Row("rules", default=_DEFAULT_RULE),
    "rule.header_action.request_headers_to_adds": "rules.headerAction.requestHeadersToAdds",
    _EXCLUSION: "rules.preconfiguredWafConfig.exclusions",
    **{
        f"{_EXCLUSION}.{part}{attribute}": f"rules.preconfiguredWafConfig.exclusions.{target}ToExclude{api}"
        for part, target in (
            ("request_cookie", "requestCookies"),
            ("request_header", "requestHeaders"),
            ("request_query_param", "requestQueryParams"),
            ("request_uri", "requestUris"),
        )
        for attribute, api in (("", ""), (".operator", ".op"), (".value", ".val"))
    },
    "type": Row("type", default="CLOUD_ARMOR"),
}
_POLICY_LISTS = (
    "adaptive_protection_config.layer_7_ddos_defense_config.threshold_configs "
    "adaptive_protection_config.layer_7_ddos_defense_config.threshold_configs.traffic_granularity_configs rule "
    "rule.header_action.request_headers_to_adds rule.preconfigured_waf_config.exclusion "
    "rule.preconfigured_waf_config.exclusion.request_cookie rule.preconfigured_waf_config.exclusion.request_header "
    "rule.preconfigured_waf_config.exclusion.request_query_param rule.preconfigured_waf_config.exclusion.request_uri "
    "rule.rate_limit_options.enforce_on_key_configs"
)
_URL_MAP: Rows = {
    "default_custom_error_response_policy": None,
    "default_service": "defaultService",
    "host_rule": "hostRules",
    "map_id": None,
    "path_matcher": "pathMatchers",
    "path_matcher.default_custom_error_response_policy": None,
    "path_matcher.path_rule": "pathMatchers.pathRules",
    "path_matcher.path_rule.custom_error_response_policy": None,
    "path_matcher.route_rules": "pathMatchers.routeRules",
    "path_matcher.route_rules.custom_error_response_policy": None,
    "project": None,
    "test": None,
}
_ROUTE_LISTS = (
    "cache_policy.negative_caching_policy weighted_backend_services "
    "weighted_backend_services.header_action.request_headers_to_add "
    "weighted_backend_services.header_action.response_headers_to_add"
)
_URL_MAP_LISTS = " ".join(
    [
        "header_action.request_headers_to_add header_action.response_headers_to_add host_rule path_matcher",
        "path_matcher.path_rule path_matcher.route_rules path_matcher.route_rules.match_rules",
        "path_matcher.route_rules.match_rules.header_matches path_matcher.route_rules.match_rules.metadata_filters",
        "path_matcher.route_rules.match_rules.metadata_filters.filter_labels",
        "path_matcher.route_rules.match_rules.query_parameter_matches",
        "path_matcher.header_action.request_headers_to_add path_matcher.header_action.response_headers_to_add",
        "path_matcher.route_rules.header_action.request_headers_to_add",
        "path_matcher.route_rules.header_action.response_headers_to_add",
        "path_matcher.route_rules.http_filter_configs path_matcher.route_rules.http_filter_metadata",
        *(
            f"{where}.{block}"
            for where in (
                "default_route_action",
                "path_matcher.default_route_action",
                "path_matcher.path_rule.route_action",
                "path_matcher.route_rules.route_action",
            )
            for block in _ROUTE_LISTS.split()
        ),
    ]
)
RULE: Rows = {
    path.removeprefix("rule."): row.removeprefix("rules.") if isinstance(row, str) else row
    for path, row in _POLICY.items()
    if path.startswith("rule.")
}
"""The rows of a rule that is a resource of its own."""
RULE_LISTS = " ".join(path.removeprefix("rule.") for path in _POLICY_LISTS.split() if path.startswith("rule."))
_REGION_POLICY: Rows = {
    "fingerprint": None,
    "policy_id": "id",
    "project": None,
    "self_link_with_policy_id": None,
    "rules": Row("rules", default=_DEFAULT_RULE),
    **{f"rules.{path}": f"rules.{row}" if isinstance(row, str) else row for path, row in RULE.items()},
    "type": Row("type", default="CLOUD_ARMOR"),
}
_REGION_POLICY_LISTS = " ".join(["rules user_defined_fields", *(f"rules.{path}" for path in RULE_LISTS.split())])
_REGION_POLICY_LISTS += " rules.network_match.user_defined_fields"
_CERTIFICATE: Rows = {
    "certificate_id": "id",
    "name_prefix": None,
    "private_key": None,
    "project": None,
    "type": Row("type", default="SELF_MANAGED"),
}
_SSL_POLICY: Rows = {
    "min_tls_version": Row("minTlsVersion", default="TLS_1_0"),
    "profile": Row("profile", default="COMPATIBLE"),
    "project": None,
}


def _compute(asset_type: str, place: str, rows: Rows, lists: str = "", finish: Finish | None = None) -> Mapping:
    return Mapping(f"compute.googleapis.com/{asset_type}", f"{_PROJECT}/{place}/{{name}}", rows, lists, finish=finish)


def _no_scheme(made: Made) -> None:
    """The endpoints of Private Service Connect have no scheme, which is written as an empty one."""
    if made.planned.known("load_balancing_scheme") == "":
        made.data["loadBalancingScheme"] = ""


def _issued(made: Made) -> None:
    """How far the making of a certificate is, and until when it is good, only the API knows."""
    for path in ("status", "domainStatus"):
        made.note(f"managed.{path}", DECIDED_AT_APPLY)


def _managed_certificate(made: Made) -> None:
    for path in ("expireTime", "managedIdentity", "pemCertificate", "usedBy"):
        made.note(path, DECIDED_AT_APPLY)
    if "managed" in made.data:
        made.note("managed.provisioningIssue", DECIDED_AT_APPLY)


MAPPINGS: dict[str, Mapping] = {
    "google_compute_global_forwarding_rule": _compute(
        "GlobalForwardingRule", "global/forwardingRules", _RULE, "metadata_filters metadata_filters.filter_labels "
        "service_directory_registrations", _no_scheme
    ),
    "google_compute_forwarding_rule": _compute(
        "ForwardingRule", "regions/{region}/forwardingRules", _RULE, "service_directory_registrations", _no_scheme
    ),
    "google_compute_target_https_proxy": _compute("TargetHttpsProxy", "global/targetHttpsProxies", _https("global")),
    "google_compute_region_target_https_proxy": _compute(
        "TargetHttpsProxy", "regions/{region}/targetHttpsProxies", _https("regions/{region}")
    ),
    "google_compute_target_http_proxy": _compute("TargetHttpProxy", "global/targetHttpProxies", _http("global")),
    "google_compute_region_target_http_proxy": _compute(
        "TargetHttpProxy", "regions/{region}/targetHttpProxies", _http("regions/{region}")
    ),
    "google_compute_target_ssl_proxy": _compute(
        "TargetSslProxy",
        "global/targetSslProxies",
        {**_PROXY, "backend_service": "service", "ssl_policy": Row("sslPolicy", link="global/sslPolicies")},
    ),
    "google_compute_backend_service": _compute("BackendService", "global/backendServices", _BACKEND, _BACKEND_LISTS),
    "google_compute_region_backend_service": _compute(
        "RegionBackendService",
        "regions/{region}/backendServices",
        {**_BACKEND, "load_balancing_scheme": Row("loadBalancingScheme", default="INTERNAL"), "ha_policy": None},
        _BACKEND_LISTS,
    ),
    "google_compute_backend_bucket": _compute(
        "BackendBucket",
        "global/backendBuckets",
        {"cdn_policy": Row("cdnPolicy", default=ABSENT), "project": None, "params": None},
        "cdn_policy.bypass_cache_on_request_headers cdn_policy.negative_caching_policy",
    ),
    "google_compute_url_map": _compute("UrlMap", "global/urlMaps", _URL_MAP, _URL_MAP_LISTS),
    "google_compute_region_url_map": _compute("UrlMap", "regions/{region}/urlMaps", _URL_MAP, _URL_MAP_LISTS),
    "google_compute_ssl_policy": _compute("SslPolicy", "global/sslPolicies", _SSL_POLICY),
    "google_compute_region_ssl_policy": _compute("SslPolicy", "regions/{region}/sslPolicies", _SSL_POLICY),
    "google_compute_security_policy": _compute("SecurityPolicy", "global/securityPolicies", _POLICY, _POLICY_LISTS),
    "google_compute_ssl_certificate": _compute("SslCertificate", "global/sslCertificates", _CERTIFICATE),
    "google_compute_region_ssl_certificate": _compute(
        "SslCertificate", "regions/{region}/sslCertificates", _CERTIFICATE
    ),
    "google_compute_region_security_policy": _compute(
        "SecurityPolicy", "regions/{region}/securityPolicies", _REGION_POLICY, _REGION_POLICY_LISTS
    ),
    "google_compute_managed_ssl_certificate": _compute(
        "SslCertificate", "global/sslCertificates", {"project": None, "certificate_id": "id",
                                                     "type": Row("type", default="MANAGED")}, finish=_issued
    ),
    "google_certificate_manager_certificate": Mapping(
        "certificatemanager.googleapis.com/Certificate",
        "//certificatemanager.googleapis.com/projects/{project}/locations/{location:global}/certificates/{name}",
        {"location": None, "project": None, "self_managed": Row("selfManaged", lambda _: {}, default=ABSENT),
         "self_managed.certificate_pem": None, "self_managed.private_key_pem": None,
         "self_managed.pem_certificate": None, "self_managed.pem_private_key": None},
        "managed.authorization_attempt_info",
        full_name=True,
        finish=_managed_certificate,
    ),
}  # fmt: skip
