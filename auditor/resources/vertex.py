"""Vertex AI: custom jobs, models with containers of their own, and Workbench instances.

Source: cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec, …/rest/v1/projects.locations.models,
cloud.google.com/vertex-ai/docs/workbench/reference/rest/v1/projects.locations.instances, …/rest/v2/…
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from auditor.resources.base import Resource, View, shows
from auditor.resources.serverless import Container


class WorkerPool(View):
    """`workerPoolSpecs[]`: machines, and the container or Python package that runs on them."""

    container_spec: Container | None = None
    python_package_spec: Container | None = None


class CustomJobSpec(View):
    """`jobSpec` of a custom job, `trialJobSpec` of a hyperparameter tuning job."""

    worker_pool_specs: list[WorkerPool] = []


@shows("aiplatform.googleapis.com/CustomJob", "aiplatform.googleapis.com/HyperparameterTuningJob")
class TrainingJob(Resource):
    """A custom job or a hyperparameter tuning job."""

    HAS_POLICY = False

    state: str = ""
    job_spec: CustomJobSpec = field(default_factory=CustomJobSpec)
    trial_job_spec: CustomJobSpec = field(default_factory=CustomJobSpec)

    @property
    def pools(self) -> list[list[WorkerPool]]:
        """The lists of worker pools; one of the two is empty."""
        return [self.job_spec.worker_pool_specs, self.trial_job_spec.worker_pool_specs]


class EncryptionSpec(View):
    """`encryptionSpec`."""

    kms_key_name: str = ""


@shows("aiplatform.googleapis.com/Model")
class Model(Resource):
    """A model."""

    HAS_POLICY = False

    container_spec: Container | None = None
    labels: dict[str, str] = {}
    encryption_spec: EncryptionSpec | None = None


@shows(
    "aiplatform.googleapis.com/Dataset",
    "aiplatform.googleapis.com/Featurestore",
    "aiplatform.googleapis.com/MetadataStore",
    "aiplatform.googleapis.com/Tensorboard",
    "aiplatform.googleapis.com/TrainingPipeline",
)
class VertexStore(Resource):
    """What holds data of Vertex AI, or makes it, and can have a key of its own."""

    HAS_POLICY: ClassVar[bool] = False

    labels: dict[str, str] = {}
    encryption_spec: EncryptionSpec | None = None

    @property
    def kind(self) -> str:
        """What it is, as its asset type says: `Dataset`."""
        return self.asset.asset_type.rpartition("/")[2]


class PrivateServiceConnect(View):
    """`privateServiceConnectConfig` of an endpoint."""

    enable_private_service_connect: bool = False


@shows("aiplatform.googleapis.com/Endpoint")
class VertexEndpoint(Resource):
    """An endpoint that serves models."""

    network: str = ""
    private_service_connect_config: PrivateServiceConnect = field(default_factory=PrivateServiceConnect)
    encryption_spec: EncryptionSpec | None = None


@shows("aiplatform.googleapis.com/IndexEndpoint")
class VertexIndexEndpoint(Resource):
    """An endpoint that serves vector searches."""

    HAS_POLICY: ClassVar[bool] = False

    public_endpoint_enabled: bool = False


class WorkbenchDisk(View):
    """`gceSetup.bootDisk`, `gceSetup.dataDisks[]`."""

    disk_encryption: str = ""
    kms_key: str = ""


class WorkbenchShield(View):
    """`shieldedInstanceConfig` of an instance, in either version of the API."""

    enable_secure_boot: bool = False
    enable_vtpm: bool = False
    enable_integrity_monitoring: bool = False


class WorkbenchSetup(View):
    """`gceSetup` of an instance, version 2 of the API."""

    metadata: dict[str, str] = {}
    disable_public_ip: bool = False
    shielded_instance_config: WorkbenchShield | None = None
    boot_disk: WorkbenchDisk | None = None


@shows("notebooks.googleapis.com/Instance")
class WorkbenchInstance(Resource):
    """A Workbench instance, in the v1 form (`metadata`) or the v2 form (`gceSetup`)."""

    metadata: dict[str, str] = {}
    no_public_ip: bool = False
    shielded_instance_config: WorkbenchShield | None = None
    disk_encryption: str = ""
    kms_key: str = ""
    gce_setup: WorkbenchSetup | None = None
