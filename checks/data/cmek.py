"""More data that is encrypted with Google's keys only: databases, images, notebooks, models. Off unless asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor import PASS, Check, Fix, Resource, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.data import BigtableCluster, DiskKey, Image, Snapshot
from auditor.resources.dialogs import DocumentProcessor
from auditor.resources.orchestration import ComposerEnvironment, DataflowJob
from auditor.resources.sql import AlloyCluster, SqlInstance
from auditor.resources.vertex import EncryptionSpec, Model, VertexEndpoint, VertexStore, WorkbenchInstance

_KEY = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"


@dataclass(frozen=True, kw_only=True)
class _Store:
    """Something that can have a key of its own, and the page of the check that asks for it."""

    id: str
    view: type[Resource]
    what: str
    """What is encrypted, as the beginning of a sentence."""
    key: Callable[[Any], str]
    """The key, `""` where there is none."""
    keyed: dict[str, Any]
    """Data that says that there is a key."""
    path: str
    """The JSON path of the field that says so, or of what holds it."""
    source: str
    terraform: str
    same_as: Sequence[str]
    anew: str = "It is chosen when the resource is made: make a new one with a key, and move to it."
    bare: dict[str, Any] = field(default_factory=lambda: {"labels": {}})
    """Data that says nothing of a key."""
    spared: Callable[[Any], str] = lambda _resource: ""
    """Why the question does not arise, `""` where it does."""
    spared_example: dict[str, Any] = field(default_factory=dict)
    area: str = ""

    @property
    def page(self) -> str:
        """The check's page."""
        return f"""{self.what} is not encrypted with a key of your own.

        Why: Google encrypts all data at rest with keys of its own. A customer-managed key adds that you can take it
        away from everybody, Google included, and that each use of it is in your log. Rules of some trades ask for it.

        What a fix may break: {self.anew} Whoever uses the data needs the key to be enabled: a key that is destroyed
        destroys the data.

        Source: {self.source}
        """


def _asked(store: _Store) -> Check:
    """The check of one kind of store."""

    def judge(resource: Resource) -> Verdict:
        if why := store.spared(resource):
            return not_applicable(why)
        return PASS if store.key(resource) else fail("no Cloud KMS key is set")

    judge.__doc__ = store.page
    judge.__annotations__["resource"] = store.view
    return check(
        store.id,
        severity=Severity.LOW,
        same_as=store.same_as,
        default=False,
        area=store.area or "data",
        fix=Fix(
            terraform=store.terraform,
            guardrail="gcp.restrictNonCmekServices",
            manual=store.anew,
            patch={"data": store.keyed},
        ),
        passes=lambda: [
            asset(store.view, {**store.bare, **store.keyed}),
            *([asset(store.view, {**store.bare, **store.spared_example})] if store.spared_example else []),
        ],
        fails=lambda: [asset(store.view, store.bare)],
        unknown=lambda: [asset(store.view, store.bare, unknown=[f"resource.data.{store.path}"])],
    )(judge)


def _disk_key(key: DiskKey | None) -> str:
    return key.kms_key_name or key.raw_key or key.sha256 if key else ""


def _spec(spec: EncryptionSpec | None) -> str:
    return spec.kms_key_name if spec else ""


def _workbench_key(instance: WorkbenchInstance) -> str:
    """The key of the boot disk, or the word that says that there is one."""
    if instance.gce_setup is None:  # version 1 of the API, which does not show the key
        return instance.kms_key or _said(instance.disk_encryption)
    disk = instance.gce_setup.boot_disk
    return disk.kms_key or _said(disk.disk_encryption) if disk else ""


def _said(encryption: str) -> str:
    return encryption if encryption == "CMEK" else ""


_DOCUMENTATION = "https://cloud.google.com/"

image = _asked(
    _Store(
        id="image-without-cmek",
        view=Image,
        what="A custom image",
        key=lambda image: _disk_key(image.image_encryption_key),
        keyed={"imageEncryptionKey": {"kmsKeyName": _KEY}},
        path="imageEncryptionKey",
        source=_DOCUMENTATION + "compute/docs/disks/customer-managed-encryption",
        terraform="image_encryption_key { kms_key_self_link = … } on google_compute_image",
        same_as=["cloudsploit:compute/imagesCMKEncrypted"],
    )
)
snapshot = _asked(
    _Store(
        id="snapshot-without-cmek",
        view=Snapshot,
        what="A disk snapshot",
        key=lambda snapshot: _disk_key(snapshot.snapshot_encryption_key),
        keyed={"snapshotEncryptionKey": {"kmsKeyName": _KEY}},
        path="snapshotEncryptionKey",
        source=_DOCUMENTATION + "compute/docs/disks/customer-managed-encryption",
        terraform="the key on the google_compute_disk that is copied: a snapshot has the key of its disk",
        same_as=["cloudsploit:compute/snapshotEncryption"],
    )
)
sql_instance = _asked(
    _Store(
        id="sql-without-cmek",
        view=SqlInstance,
        what="A Cloud SQL instance",
        key=lambda one: one.disk_encryption_configuration.kms_key_name if one.disk_encryption_configuration else "",
        keyed={"diskEncryptionConfiguration": {"kmsKeyName": _KEY}},
        bare={"databaseVersion": "POSTGRES_17", "instanceType": "CLOUD_SQL_INSTANCE"},
        path="diskEncryptionConfiguration",
        source=_DOCUMENTATION + "sql/docs/postgres/cmek",
        terraform="encryption_key_name on google_sql_database_instance",
        same_as=[
            "prowler:cloudsql_instance_cmek_encryption_enabled",
            "cloudsploit:sql/sqlCMKEncryption",
            "sha:SQL_CMEK_DISABLED",
        ],
        spared=lambda one: "the entry stands for a server that runs outside Cloud SQL" if one.is_external else "",
        spared_example={"instanceType": "ON_PREMISES_INSTANCE"},
        area="sql",
    )
)
alloydb = _asked(
    _Store(
        id="alloydb-without-cmek",
        view=AlloyCluster,
        what="An AlloyDB cluster",
        key=lambda cluster: cluster.encryption_config.kms_key_name if cluster.encryption_config else "",
        keyed={"encryptionConfig": {"kmsKeyName": _KEY}},
        path="encryptionConfig",
        source=_DOCUMENTATION + "alloydb/docs/cmek",
        terraform="encryption_config { kms_key_name = … } on google_alloydb_cluster",
        same_as=["steampipe:alloydb_cluster_encrypted_with_cmk", "sha:ALLOYDB_CMEK_DISABLED"],
        area="sql",
    )
)
bigtable = _asked(
    _Store(
        id="bigtable-without-cmek",
        view=BigtableCluster,
        what="A cluster of a Bigtable instance",
        key=lambda cluster: cluster.encryption_config.kms_key_name if cluster.encryption_config else "",
        keyed={"encryptionConfig": {"kmsKeyName": _KEY}},
        bare={"defaultStorageType": "SSD"},
        path="encryptionConfig",
        source=_DOCUMENTATION + "bigtable/docs/cmek",
        terraform="kms_key_name in cluster { … } of google_bigtable_instance",
        same_as=["checkov:CKV_GCP_85"],
    )
)
composer = _asked(
    _Store(
        id="composer-without-cmek",
        view=ComposerEnvironment,
        what="A Cloud Composer environment",
        key=lambda environment: environment.config.encryption_config.kms_key_name,
        keyed={"config": {"encryptionConfig": {"kmsKeyName": _KEY}}},
        path="config.encryptionConfig",
        source=_DOCUMENTATION + "composer/docs/composer-3/configure-cmek-encryption",
        terraform="config { encryption_config { kms_key_name = … } } on google_composer_environment",
        same_as=["cloudsploit:composer/environmentEncryption"],
    )
)
dataflow = _asked(
    _Store(
        id="dataflow-without-cmek",
        view=DataflowJob,
        what="What a Dataflow job keeps while it runs",
        key=lambda job: job.environment.service_kms_key_name,
        keyed={"environment": {"serviceKmsKeyName": _KEY}},
        bare={"name": "j", "currentState": "JOB_STATE_RUNNING"},
        path="environment.serviceKmsKeyName",
        source=_DOCUMENTATION + "dataflow/docs/guides/customer-managed-encryption-keys",
        terraform="kms_key_name on google_dataflow_job",
        same_as=["checkov:CKV_GCP_90", "cloudsploit:dataflow/dataflowJobsEncryption"],
        spared=lambda job: "the job is over" if job.is_over else "",
        spared_example={"currentState": "JOB_STATE_DONE"},
    )
)
document_ai = _asked(
    _Store(
        id="document-ai-without-cmek",
        view=DocumentProcessor,
        what="A processor of Document AI",
        key=lambda processor: processor.kms_key_name,
        keyed={"kmsKeyName": _KEY},
        bare={"type": "OCR_PROCESSOR"},
        path="kmsKeyName",
        source=_DOCUMENTATION + "document-ai/docs/cmek",
        terraform="kms_key_name on google_document_ai_processor",
        same_as=["checkov:CKV2_GCP_22"],
    )
)
workbench = _asked(
    _Store(
        id="workbench-without-cmek",
        view=WorkbenchInstance,
        what="The disk of a Workbench instance",
        key=_workbench_key,
        keyed={"gceSetup": {"bootDisk": {"diskEncryption": "CMEK", "kmsKey": _KEY}}},
        bare={"gceSetup": {"bootDisk": {"diskEncryption": "GMEK"}}},
        path="gceSetup.bootDisk",
        source=_DOCUMENTATION + "vertex-ai/docs/workbench/instances/cmek",
        terraform='boot_disk { disk_encryption = "CMEK", kms_key = … } in gce_setup on google_workbench_instance',
        same_as=["checkov:CKV2_GCP_21", "checkov:CKV2_GCP_27"],
    )
)
vertex = _asked(
    _Store(
        id="vertex-ai-without-cmek",
        view=VertexStore,
        what="A store or training pipeline of Vertex AI",
        key=lambda store: _spec(store.encryption_spec),
        keyed={"encryptionSpec": {"kmsKeyName": _KEY}},
        path="encryptionSpec",
        source=_DOCUMENTATION + "vertex-ai/docs/general/cmek",
        terraform="encryption_spec { kms_key_name = … }",
        same_as=[
            "checkov:CKV_GCP_92",
            "cloudsploit:vertexai/vertexAIDatasetEncryption",
            "sha:VERTEX_AI_DATASET_CMEK_DISABLED",
            "checkov:CKV_GCP_96",
            "sha:VERTEX_AI_METADATA_STORE_CMEK_DISABLED",
            "checkov:CKV2_GCP_25",
            "sha:VERTEX_AI_FEATURE_STORE_TABLE_CMEK_DISABLED",
            "checkov:CKV2_GCP_26",
            "sha:VERTEX_AI_TENSORBOARD_CMEK_DISABLED",
            "sha:VERTEX_AI_TRAINING_PIPELINE_CMEK_DISABLED",
        ],
    )
)
vertex_model = _asked(
    _Store(
        id="vertex-ai-model-without-cmek",
        view=Model,
        what="A model of Vertex AI",
        key=lambda model: _spec(model.encryption_spec),
        keyed={"encryptionSpec": {"kmsKeyName": _KEY}},
        path="encryptionSpec",
        source=_DOCUMENTATION + "vertex-ai/docs/general/cmek",
        terraform="Terraform makes no models; give the training pipeline or the upload an encryption_spec",
        same_as=["cloudsploit:vertexai/modelEncryption", "sha:VERTEX_AI_MODEL_CMEK_DISABLED"],
    )
)
vertex_endpoint = _asked(
    _Store(
        id="vertex-ai-endpoint-without-cmek",
        view=VertexEndpoint,
        what="An endpoint of Vertex AI",
        key=lambda endpoint: _spec(endpoint.encryption_spec),
        keyed={"encryptionSpec": {"kmsKeyName": _KEY}},
        path="encryptionSpec",
        source=_DOCUMENTATION + "vertex-ai/docs/general/cmek",
        terraform="encryption_spec { kms_key_name = … } on google_vertex_ai_endpoint",
        same_as=["checkov:CKV2_GCP_24", "sha:VERTEX_AI_ENDPOINT_CMEK_DISABLED"],
    )
)
