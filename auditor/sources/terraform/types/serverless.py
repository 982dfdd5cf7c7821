"""Cloud Run, Cloud Functions, App Engine, VPC connectors.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_v2_service (and its
neighbours), cloud.google.com/run/docs/reference/rest, cloud.google.com/functions/docs/reference/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Draft, Made, Mapping, Row, Rows, words
from auditor.sources.terraform.plan import as_dict
from auditor.sources.terraform.walk import AFTER_APPLY, DECIDED_AT_APPLY, descend

_SPEC = "template.spec."
_CONTAINER_LISTS = words(
    "containers containers.env containers.env_from containers.ports containers.volume_mounts volumes "
    "volumes.secret.items containers.liveness_probe.http_get.http_headers "
    "containers.startup_probe.http_get.http_headers"
)
_V2_LISTS = words(
    "containers containers.env containers.ports containers.volume_mounts volumes volumes.secret.items "
    "vpc_access.network_interfaces containers.liveness_probe.http_get.http_headers "
    "containers.startup_probe.http_get.http_headers"
)


def _knative(made: Made) -> None:
    """The namespace of a v1 service is its project; the metadata of its template is there though not set."""
    metadata = descend(made.data, "metadata")
    metadata.setdefault("namespace", made.project)
    made.draft.unknown = {
        path: cause
        for path, cause in made.draft.unknown.items()
        if cause != DECIDED_AT_APPLY or not path.startswith(("metadata", "spec.template.metadata"))
    }


def _function(made: Made) -> None:
    """What starts a 1st generation function, and as whom it runs where nothing is said."""
    data = made.data
    if made.planned.known("trigger_http") is True:
        trigger = descend(data, "httpsTrigger")
        trigger["securityLevel"] = made.planned.text("https_trigger_security_level") or "SECURE_OPTIONAL"
        if made.planned.is_unknown("https_trigger_security_level"):
            made.note("httpsTrigger.securityLevel", AFTER_APPLY)
    elif made.planned.is_unknown("trigger_http"):
        made.note("httpsTrigger", AFTER_APPLY)
    project = made.project
    _default_identity(made.draft, data, "serviceAccountEmail", f"{project}@appspot.gserviceaccount.com")


def _default_identity(draft: Draft, data: dict[str, object], field: str, email: str) -> None:
    if field not in data and draft.unknown.get(field, DECIDED_AT_APPLY) == DECIDED_AT_APPLY:
        draft.unknown.pop(field, None)
        data[field] = email


def _function_v2(made: Made) -> None:
    data = made.data
    service = as_dict(data.get("serviceConfig"))
    for path, cause in list(made.draft.unknown.items()):
        if path == "serviceConfig.serviceAccountEmail" and cause == DECIDED_AT_APPLY:
            del made.draft.unknown[path]  # the API returns the project's compute account, whose number is not known
    data.setdefault("environment", "GEN_2")
    made.forget("environment")
    service.setdefault("ingressSettings", "ALLOW_ALL")


_FUNCTION: Rows = {
    "event_trigger.failure_policy.retry": Row("eventTrigger.failurePolicy.retry", lambda on: {} if on else None),
    "event_trigger": Row("eventTrigger", default=ABSENT),
    "https_trigger_security_level": None,
    "https_trigger_url": None,
    "ingress_settings": Row("ingressSettings", default="ALLOW_ALL"),
    "project": None,
    "region": None,
    "source_archive_bucket": None,
    "source_archive_object": None,
    "trigger_http": None,
    "vpc_connector_egress_settings": Row("vpcConnectorEgressSettings", default=ABSENT),
}
_VERSION = "appengine.googleapis.com/Version"
_VERSION_NAME = "//appengine.googleapis.com/apps/{project}/services/{service}/versions/{version_id}"
_APP: Rows = {
    "delete_service_on_destroy": None,
    "noop_on_destroy": None,
    "project": None,
    "service": None,
    "version_id": "id",
}


def _app_version(made: Made) -> None:
    """A version that is deployed serves, unless it is told not to."""
    if not made.planned.is_unknown("serving_status"):
        made.data.setdefault("servingStatus", "SERVING")
        made.forget("servingStatus")


_SERVICE_V2: Rows = {
    "deletion_protection": None,
    "default_uri_disabled": "defaultUriDisabled",
    "ingress": Row("ingress", default="INGRESS_TRAFFIC_ALL"),
    "launch_stage": Row("launchStage", default="GA"),
    "location": None,
    "project": None,
    "scaling": Row("scaling", default=ABSENT),
    "template.service_account": Row("template.serviceAccount", default=ABSENT),
    "template.scaling": Row("template.scaling", default=ABSENT),
    "template.vpc_access": Row("template.vpcAccess", default=ABSENT),
    "template.containers.env.value_source.secret_key_ref": "template.containers.env.valueSource.secretKeyRef",
    "traffic": Row("traffic", default=ABSENT),
}

MAPPINGS: dict[str, Mapping] = {
    "google_cloud_run_service": Mapping(
        "run.googleapis.com/Service",
        "//run.googleapis.com/projects/{project}/locations/{location}/services/{name}",
        {
            "autogenerate_revision_name": None,
            "location": None,
            "project": None,
            "metadata": Row("metadata", default=ABSENT),
            "metadata.annotations": Row("metadata.annotations", default=ABSENT),
            "metadata.effective_annotations": None,
            "metadata.effective_labels": None,
            "metadata.terraform_labels": None,
            "name": "metadata.name",
            "status": None,
            "template": "spec.template",
            "template.metadata": Row("spec.template.metadata", default=ABSENT),
            "template.spec.serving_state": None,
            "template.spec.service_account_name": Row("spec.template.spec.serviceAccountName", default=ABSENT),
            "template.spec.containers.ports": Row("spec.template.spec.containers.ports", default=ABSENT),
            "template.spec.containers.resources": Row("spec.template.spec.containers.resources", default=ABSENT),
            "traffic": Row("spec.traffic", default=ABSENT),
        },
        " ".join(["traffic", *(_SPEC + name for name in _CONTAINER_LISTS)]),
        fixed={"apiVersion": "serving.knative.dev/v1", "kind": "Service", "spec": {}},
        finish=_knative,
    ),
    "google_cloud_run_v2_service": Mapping(
        "run.googleapis.com/Service",
        "//run.googleapis.com/projects/{project}/locations/{location}/services/{name}",
        _SERVICE_V2,
        " ".join(["conditions traffic traffic_statuses", *(f"template.{name}" for name in _V2_LISTS)]),
        full_name=True,
    ),
    "google_cloud_run_v2_job": Mapping(
        "run.googleapis.com/Job",
        "//run.googleapis.com/projects/{project}/locations/{location}/jobs/{name}",
        {
            "deletion_protection": None,
            "location": None,
            "project": None,
            "template.template.service_account": Row("template.template.serviceAccount", default=ABSENT),
        },
        " ".join(["conditions", *(f"template.template.{name}" for name in _V2_LISTS)]),
        full_name=True,
    ),
    "google_cloud_run_v2_worker_pool": Mapping(
        "run.googleapis.com/WorkerPool",
        "//run.googleapis.com/projects/{project}/locations/{location}/workerPools/{name}",
        {
            "deletion_protection": None,
            "location": None,
            "project": None,
            "scaling": None,
            "template.service_account": Row("template.serviceAccount", default=ABSENT),
        },
        " ".join(["conditions instance_splits instance_split_statuses", *(f"template.{name}" for name in _V2_LISTS)]),
        full_name=True,
    ),
    "google_cloudfunctions_function": Mapping(
        "cloudfunctions.googleapis.com/CloudFunction",
        "//cloudfunctions.googleapis.com/projects/{project}/locations/{region}/functions/{name}",
        _FUNCTION,
        "secret_environment_variables secret_volumes secret_volumes.versions",
        full_name=True,
        finish=_function,
    ),
    "google_cloudfunctions2_function": Mapping(
        "cloudfunctions.googleapis.com/Function",
        "//cloudfunctions.googleapis.com/projects/{project}/locations/{location}/functions/{name}",
        {
            "location": None,
            "project": None,
            "build_config.source.repo_source.invert_regex": None,
            "event_trigger": Row("eventTrigger", default=ABSENT),
            "service_config.gcf_uri": None,
            "service_config": Row("serviceConfig", default={"ingressSettings": "ALLOW_ALL"}),
            "service_config.ingress_settings": Row("serviceConfig.ingressSettings", default="ALLOW_ALL"),
            "service_config.environment_variables": Row("serviceConfig.environmentVariables", default=ABSENT),
        },
        "event_trigger.event_filters service_config.direct_vpc_network_interface "
        "service_config.secret_environment_variables service_config.secret_volumes "
        "service_config.secret_volumes.versions",
        full_name=True,
        finish=_function_v2,
    ),
    "google_vpc_access_connector": Mapping(
        "vpcaccess.googleapis.com/Connector",
        "//vpcaccess.googleapis.com/projects/{project}/locations/{region}/connectors/{name}",
        {"region": None, "project": None},
        full_name=True,
    ),
    "google_app_engine_standard_app_version": Mapping(
        _VERSION, _VERSION_NAME, {**_APP, "deployment": None}, "handlers libraries", finish=_app_version
    ),
    "google_app_engine_flexible_app_version": Mapping(
        _VERSION,
        _VERSION_NAME,
        {**_APP, "deployment": None, "flexible_runtime_settings": None, "network.subnetwork": "network.subnetworkName"},
        "handlers resources.volumes",
        finish=_app_version,
    ),
    "google_workflows_workflow": Mapping(
        "workflows.googleapis.com/Workflow",
        "//workflows.googleapis.com/projects/{project}/locations/{region}/workflows/{name}",
        {"name_prefix": None, "project": None, "region": None, "state": Row("state", default="ACTIVE"), "tags": None},
        full_name=True,
    ),
    "google_app_engine_application": Mapping(
        "appengine.googleapis.com/Application",
        "//appengine.googleapis.com/apps/{project}",
        {
            "app_id": None,
            "feature_settings": Row("featureSettings", default=ABSENT),
            "iap.oauth2_client_secret": None,
            "project": "id",
            "url_dispatch_rule": "dispatchRules",
        },
        "url_dispatch_rule",
    ),
}
