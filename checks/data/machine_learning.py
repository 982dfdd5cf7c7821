"""Where notebooks and models of Vertex AI, and the machines that train them, can be reached."""

from __future__ import annotations

from auditor import Severity, Verdict, fail
from auditor.resources.data import TpuNode
from auditor.resources.unknown import told
from auditor.resources.vertex import VertexEndpoint, VertexIndexEndpoint, WorkbenchInstance, WorkbenchShield
from checks.setting import Setting, asked

_WORKBENCH = "https://cloud.google.com/vertex-ai/docs/workbench/instances/"
_INSTANCE = "//notebooks.googleapis.com/projects/p/locations/europe-west1-b/instances/analysis"


def _public_notebook(instance: WorkbenchInstance) -> Verdict | None:
    hidden = instance.gce_setup.disable_public_ip if instance.gce_setup else instance.no_public_ip
    return None if hidden else fail("it has an address on the internet")


notebook_public = asked(
    __name__,
    Setting(
        id="workbench-public-ip",
        view=WorkbenchInstance,
        severity=Severity.MEDIUM,
        problem=_public_notebook,
        title="A Workbench instance has an address on the internet.",
        why="a notebook is a shell with the data and the identity of its user; only the firewall stands between it "
        "and everybody. JupyterLab does not need the address: it is reached through Google's proxy.",
        breaks="notebooks that install packages from the internet need Cloud NAT; the subnet needs Private Google "
        "Access. A running instance has to be made anew.",
        source=_WORKBENCH + "create",
        name=_INSTANCE,
        good=[{"gceSetup": {"disablePublicIp": True}}, {"noPublicIp": True, "machineType": "e2-standard-4"}],
        bad=[
            {"gceSetup": {"machineType": "e2-standard-4"}},
            {"noPublicIp": False, "machineType": "e2-standard-4"},
        ],
        path="gceSetup",
        evidence=["noPublicIp"],
        same_as=["checkov:CKV_GCP_89", "checkov:CKV2_GCP_28"],
        terraform="disable_public_ip = true in gce_setup on google_workbench_instance",
        manual="Make the instance anew with --disable-public-ip, and move the notebooks.",
        guardrail="ainotebooks.restrictPublicIp",
        mend={"gceSetup": {"disablePublicIp": True}},
    ),
)


def _shield(instance: WorkbenchInstance) -> WorkbenchShield:
    return told((instance.gce_setup or instance).shielded_instance_config, "shieldedInstanceConfig")


_SHIELDED = {"enableVtpm": True, "enableIntegrityMonitoring": True}
_ALSO = (
    "The machine itself is asked by the checks of Compute Engine where it is in the input; this one is for where only "
    "the notebook is."
)

notebook_unshielded = asked(
    __name__,
    Setting(
        id="workbench-shielded-vm-off",
        view=WorkbenchInstance,
        severity=Severity.LOW,
        problem=lambda instance: None if _shield(instance).enable_vtpm else fail("the virtual TPM is off"),
        title="A Workbench instance does not measure what it boots (Shielded VM).",
        why=f"without the virtual TPM nobody can tell a machine whose boot chain was changed from a sound one. {_ALSO}",
        breaks="nothing; the instance is stopped for the change.",
        source=_WORKBENCH + "shielded-vm",
        name=_INSTANCE,
        good=[
            {"gceSetup": {"shieldedInstanceConfig": _SHIELDED}},
            {"shieldedInstanceConfig": {"enableVtpm": True}},
        ],
        bad=[{"gceSetup": {"shieldedInstanceConfig": {"enableIntegrityMonitoring": True}}}],
        path="gceSetup",
        evidence=["shieldedInstanceConfig"],
        same_as=["checkov:CKV_GCP_126"],
        terraform="shielded_instance_config { enable_vtpm = true } in gce_setup on google_workbench_instance",
        gcloud="gcloud workbench instances update {resource.id} --location={resource.location} --shielded-vtpm=true",
        default=False,
    ),
)

notebook_unwatched = asked(
    __name__,
    Setting(
        id="workbench-integrity-monitoring-off",
        view=WorkbenchInstance,
        severity=Severity.LOW,
        problem=lambda instance: (
            None if _shield(instance).enable_integrity_monitoring else fail("integrity monitoring is off")
        ),
        title="A Workbench instance does not compare what it boots with what it should.",
        why=f"integrity monitoring is what reports a changed boot chain. {_ALSO}",
        breaks="nothing; the instance is stopped for the change.",
        source=_WORKBENCH + "shielded-vm",
        name=_INSTANCE,
        good=[
            {"gceSetup": {"shieldedInstanceConfig": _SHIELDED}},
            {"shieldedInstanceConfig": _SHIELDED},
        ],
        bad=[{"gceSetup": {"shieldedInstanceConfig": {"enableVtpm": True}}}],
        path="gceSetup",
        evidence=["shieldedInstanceConfig"],
        same_as=["checkov:CKV_GCP_127"],
        terraform="shielded_instance_config { enable_integrity_monitoring = true } in gce_setup on "
        "google_workbench_instance",
        gcloud="gcloud workbench instances update {resource.id} --location={resource.location} "
        "--shielded-integrity-monitoring=true",
        default=False,
    ),
)


def _downloads(instance: WorkbenchInstance) -> Verdict | None:
    metadata = instance.gce_setup.metadata if instance.gce_setup else instance.metadata
    disabled = metadata.get("notebook-disable-downloads", "").strip().lower() == "true"
    return None if disabled else fail("files can be downloaded from JupyterLab")


notebook_downloads = asked(
    __name__,
    Setting(
        id="workbench-downloads-allowed",
        view=WorkbenchInstance,
        severity=Severity.LOW,
        problem=_downloads,
        title="Files can be downloaded from the JupyterLab of a Workbench instance.",
        why="what the notebook may read, its user can take to his own machine in one click, past perimeters and logs "
        "of the stores. It is no wall: who can run code finds other ways. It is asked of those who select it.",
        breaks="users who take their results home that way.",
        source=_WORKBENCH + "manage-metadata",
        name=_INSTANCE,
        good=[{"gceSetup": {"metadata": {"notebook-disable-downloads": "true"}}}],
        bad=[{"gceSetup": {"metadata": {"notebook-disable-downloads": "false"}}}, {"machineType": "n1-standard-1"}],
        path="gceSetup",
        evidence=["metadata"],
        same_as=["sha:VERTEX_AI_JUPYTERLAB_FILE_DOWNLOADING_ENABLED"],
        terraform='metadata = { "notebook-disable-downloads" = "true" } in gce_setup on google_workbench_instance',
        gcloud="gcloud workbench instances update {resource.id} --location={resource.location} "
        "--metadata=notebook-disable-downloads=true",
        guardrail="ainotebooks.disableFileDownloads",
        default=False,
    ),
)


def _public_endpoint(endpoint: VertexEndpoint) -> Verdict | None:
    if endpoint.network:
        return None
    if endpoint.private_service_connect_config.enable_private_service_connect:
        return None
    return fail("it is reached by a name of Google's on the internet")


endpoint_public = asked(
    __name__,
    Setting(
        id="vertex-ai-endpoint-public",
        view=VertexEndpoint,
        severity=Severity.LOW,
        problem=_public_endpoint,
        title="A Vertex AI endpoint can be reached from the internet.",
        why="whoever has a token of somebody who may predict uses the model from anywhere, and reads what it gives "
        "away of its training data. IAM still decides who; whether the network should as well is for the owner to "
        "say.",
        breaks="clients outside the network; the endpoint must be made anew.",
        source="https://cloud.google.com/vertex-ai/docs/predictions/choose-endpoint-type",
        good=[
            {"privateServiceConnectConfig": {"enablePrivateServiceConnect": True}},
            {"network": "projects/12345/global/networks/n"},
        ],
        bad=[{"displayName": "e"}, {"dedicatedEndpointEnabled": True}],
        path="network",
        same_as=["checkov:CKV2_GCP_33"],
        terraform="private_service_connect_config { enable_private_service_connect = true } on "
        "google_vertex_ai_endpoint",
        manual="Make a private endpoint and deploy the model to it.",
        default=False,
    ),
)

index_endpoint_public = asked(
    __name__,
    Setting(
        id="vertex-ai-index-endpoint-public",
        view=VertexIndexEndpoint,
        severity=Severity.LOW,
        problem=lambda endpoint: fail("publicEndpointEnabled is on") if endpoint.public_endpoint_enabled else None,
        title="A vector search endpoint of Vertex AI can be reached from the internet.",
        why="whoever has a token of somebody who may query gets neighbours of any vector from anywhere, and with them "
        "the ids of what was indexed. IAM still decides who; whether the network should as well is for the owner to "
        "say.",
        breaks="clients outside the network; the endpoint must be made anew.",
        source="https://cloud.google.com/vertex-ai/docs/vector-search/deploy-index-vpc",
        good=[{"network": "projects/12345/global/networks/n", "publicEndpointEnabled": False}],
        bad=[{"publicEndpointEnabled": True, "publicEndpointDomainName": "1.europe-west1-2.vdb.vertexai.goog"}],
        path="publicEndpointEnabled",
        same_as=["checkov:CKV2_GCP_34"],
        terraform="public_endpoint_enabled = false and private_service_connect_config on "
        "google_vertex_ai_index_endpoint",
        manual="Make a private index endpoint and deploy the index to it.",
        default=False,
    ),
)

tpu_public = asked(
    __name__,
    Setting(
        id="tpu-public-ip",
        view=TpuNode,
        severity=Severity.MEDIUM,
        problem=lambda node: fail("enableExternalIps is on") if node.network_config.enable_external_ips else None,
        title="The machines of a Cloud TPU have addresses on the internet.",
        why="they hold the training data and the identity that reads it, and only the firewall stands between them "
        "and everybody.",
        breaks="training that fetches from the internet needs Cloud NAT; the TPU must be made anew.",
        source="https://cloud.google.com/tpu/docs/internal-ip-addresses",
        good=[{"networkConfig": {"network": "n", "enableExternalIps": False}}],
        bad=[{"networkConfig": {"network": "n", "enableExternalIps": True}}],
        path="networkConfig",
        same_as=["checkov:CKV2_GCP_32"],
        terraform="network_config { enable_external_ips = false } on google_tpu_v2_vm",
        manual="Make the TPU anew with --internal-ips.",
        guardrail="compute.vmExternalIpAccess",
        area="compute",
    ),
)
