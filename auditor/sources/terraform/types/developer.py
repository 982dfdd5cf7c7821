"""Artifact Registry, Cloud Build, DNS, billing budgets.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/artifact_registry_repository (and its
neighbours), cloud.google.com/artifact-registry/docs/reference/rest, cloud.google.com/build/docs/api/reference/rest,
cloud.google.com/dns/docs/reference/rest/v1, cloud.google.com/billing/docs/reference/budget/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Made, Mapping, Row
from auditor.sources.terraform.plan import as_dict
from auditor.sources.terraform.walk import AFTER_APPLY


def _managed_zone(made: Made) -> None:
    made.data.setdefault("visibility", "public")


_POOL = "privatePoolV1Config."


def _build_pool(made: Made) -> None:
    """Machines have addresses of their own unless the block, where it is known, says that they have none."""
    if made.planned.is_unknown("worker_config"):
        as_dict(as_dict(made.data.get("privatePoolV1Config")).get("networkConfig")).pop("egressOption", None)
        made.note(f"{_POOL}networkConfig.egressOption", AFTER_APPLY)


MAPPINGS: dict[str, Mapping] = {
    "google_artifact_registry_repository": Mapping(
        "artifactregistry.googleapis.com/Repository",
        "//artifactregistry.googleapis.com/projects/{project}/locations/{location}/repositories/{repository_id}",
        {
            "cleanup_policies": None,
            "location": None,
            "mode": Row("mode", default="STANDARD_REPOSITORY"),
            "name": None,
            "project": None,
            "repository_id": None,
            "vulnerability_scanning_config": Row("vulnerabilityScanningConfig", default=ABSENT),
        },
        "virtual_repository_config.upstream_policies",
        full_name=True,
    ),
    "google_cloudbuild_worker_pool": Mapping(
        "cloudbuild.googleapis.com/WorkerPool",
        "//cloudbuild.googleapis.com/projects/{project}/locations/{location}/workerPools/{name}",
        {
            "location": None,
            "project": None,
            "network_config": f"{_POOL}networkConfig",
            "private_service_connect": f"{_POOL}privateServiceConnect",
            "worker_config": Row(f"{_POOL}workerConfig", default=ABSENT),
            "worker_config.no_external_ip": Row(
                f"{_POOL}networkConfig.egressOption",
                lambda none: "NO_PUBLIC_EGRESS" if none else "PUBLIC_EGRESS",
                default="PUBLIC_EGRESS",
            ),
        },
        full_name=True,
        finish=_build_pool,
    ),
    "google_cloudbuild_trigger": Mapping(
        "cloudbuild.googleapis.com/BuildTrigger",
        "//cloudbuild.googleapis.com/projects/{project}/locations/{location:global}/triggers/{trigger_id}",
        {
            "location": None,
            "project": None,
            "trigger_id": "id",
            "build.secret": "build.secrets",
            "build.step": "build.steps",
            "build.step.timing": None,
        },
        "build.artifacts.maven_artifacts build.artifacts.npm_packages build.artifacts.python_packages "
        "build.available_secrets.secret_manager build.options.volumes build.secret build.step build.step.volumes",
    ),
    "google_dns_managed_zone": Mapping(
        "dns.googleapis.com/ManagedZone",
        "//dns.googleapis.com/projects/{project}/managedZones/{name}",
        {
            "cloud_logging_config": Row("cloudLoggingConfig", default=ABSENT),
            "dnssec_config": Row("dnssecConfig", default={"state": "off"}),
            "dnssec_config.default_key_specs": Row("dnssecConfig.defaultKeySpecs"),
            "managed_zone_id": None,
            "project": None,
            "reverse_lookup": None,
            "visibility": Row("visibility", default="public"),
        },
        "dnssec_config.default_key_specs forwarding_config.target_name_servers private_visibility_config.gke_clusters "
        "private_visibility_config.networks",
        finish=_managed_zone,
    ),
    "google_dns_policy": Mapping(
        "dns.googleapis.com/Policy",
        "//dns.googleapis.com/projects/{project}/policies/{name}",
        {"project": None, "networks.network_url": Row("networks.networkUrl", link="global/networks")},
        "alternative_name_server_config.target_name_servers networks",
    ),
    "google_dns_response_policy": Mapping(
        "dns.googleapis.com/ResponsePolicy",
        "//dns.googleapis.com/projects/{project}/responsePolicies/{response_policy_name}",
        {"project": None, "networks.network_url": Row("networks.networkUrl", link="global/networks")},
        "gke_clusters networks",
    ),
    "google_dns_record_set": Mapping(
        "dns.googleapis.com/ResourceRecordSet",
        "//dns.googleapis.com/projects/{project}/managedZones/{managed_zone}/rrsets/{name}/{type}",
        {"managed_zone": None, "project": None, "routing_policy": None},
    ),
    "google_billing_budget": Mapping(
        "billingbudgets.googleapis.com/Budget",
        "//billingbudgets.googleapis.com/billingAccounts/{billing_account}/budgets/{name}",
        {
            "all_updates_rule": "notificationsRule",
            "amount.last_period_amount": Row("amount.lastPeriodAmount", lambda on: {} if on else None),
            "billing_account": None,
        },
        "threshold_rules",
        container="",
        full_name=True,
    ),
}
