"""Vertex AI, notebooks, Dialogflow, Document AI.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/vertex_ai_endpoint (and its
neighbours), cloud.google.com/vertex-ai/docs/reference/rest, cloud.google.com/vertex-ai/docs/workbench/reference/rest,
cloud.google.com/dialogflow/cx/docs/reference/rest/v3, cloud.google.com/document-ai/docs/reference/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Mapping, Row, Rows

_PLACE: Rows = {"location": None, "region": None, "project": None}
_NOTEBOOKS = "//notebooks.googleapis.com/projects/{project}/locations/{location}"


def _vertex(kind: str, collection: str, place: str, name: str = "name") -> Mapping:
    return Mapping(
        f"aiplatform.googleapis.com/{kind}",
        f"//aiplatform.googleapis.com/projects/{{project}}/locations/{{{place}}}/{collection}/{{{name}}}",
        {
            **_PLACE,
            "deployed_models.enable_container_logging": None,
            "encryption_spec": Row("encryptionSpec", default=ABSENT),
            "private_service_connect_config.enable_secure_private_service_connect": None,
            "traffic_split": None,
        },
        "private_service_connect_config.psc_automation_configs deployed_models "
        "deployed_models.dedicated_resources.autoscaling_metric_specs",
        full_name=True,
    )


MAPPINGS: dict[str, Mapping] = {
    "google_vertex_ai_endpoint": _vertex("Endpoint", "endpoints", "location"),
    "google_vertex_ai_index_endpoint": _vertex("IndexEndpoint", "indexEndpoints", "region"),
    "google_vertex_ai_metadata_store": _vertex("MetadataStore", "metadataStores", "region"),
    "google_vertex_ai_tensorboard": _vertex("Tensorboard", "tensorboards", "region"),
    "google_vertex_ai_dataset": _vertex("Dataset", "datasets", "region"),
    "google_vertex_ai_featurestore": _vertex("Featurestore", "featurestores", "region"),
    "google_notebooks_instance": Mapping(
        "notebooks.googleapis.com/Instance",
        _NOTEBOOKS + "/instances/{name}",
        {
            **_PLACE,
            "desired_state": None,
            "service_account": Row("serviceAccount", default=ABSENT),
            "shielded_instance_config": Row("shieldedInstanceConfig", default=ABSENT),
            "shielded_instance_config.enable_integrity_monitoring": Row(
                "shieldedInstanceConfig.enableIntegrityMonitoring", default=True
            ),
            "shielded_instance_config.enable_vtpm": Row("shieldedInstanceConfig.enableVtpm", default=True),
        },
        full_name=True,
    ),
    "google_notebooks_runtime": Mapping(
        "notebooks.googleapis.com/Runtime",
        _NOTEBOOKS + "/runtimes/{name}",
        _PLACE,
        "software_config.kernels virtual_machine.virtual_machine_config.container_images",
        full_name=True,
    ),
    "google_workbench_instance": Mapping(
        "notebooks.googleapis.com/Instance",
        _NOTEBOOKS + "/instances/{name}",
        {
            **_PLACE,
            "desired_state": None,
            "instance_id": None,
            "gce_setup.metadata": Row("gceSetup.metadata", default=ABSENT),
        },
        "gce_setup.accelerator_configs gce_setup.data_disks gce_setup.network_interfaces "
        "gce_setup.network_interfaces.access_configs gce_setup.service_accounts upgrade_history",
        full_name=True,
    ),
    "google_dialogflow_cx_agent": Mapping(
        "dialogflow.googleapis.com/Agent",
        "//dialogflow.googleapis.com/projects/{project}/locations/{location}/agents/{name}",
        {**_PLACE, "delete_chat_engine_on_destroy": None, "text_to_speech_settings": None},
        full_name=True,
    ),
    "google_dialogflow_cx_webhook": Mapping(
        "dialogflow.googleapis.com/Webhook",
        "//dialogflow.googleapis.com/{parent:path}/webhooks/{name}",
        {
            "enable_spell_correction": None,
            "start_flow": None,
            "enable_stackdriver_logging": None,
            "parent": None,
            "security_settings": None,
            "generic_web_service.secret_versions_for_request_headers": None,
            "service_directory.generic_web_service.secret_versions_for_request_headers": None,
        },
        container="parent",
        full_name=True,
    ),
    "google_document_ai_processor": Mapping(
        "documentai.googleapis.com/Processor",
        "//documentai.googleapis.com/projects/{project}/locations/{location}/processors/{name}",
        _PLACE,
        full_name=True,
    ),
}
