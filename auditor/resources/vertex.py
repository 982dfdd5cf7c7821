"""Vertex AI: custom jobs, models with containers of their own, and Workbench instances.

Source: cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec, …/rest/v1/projects.locations.models,
cloud.google.com/vertex-ai/docs/workbench/reference/rest/v1/projects.locations.instances, …/rest/v2/…
"""

from __future__ import annotations

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


@shows("aiplatform.googleapis.com/Model")
class Model(Resource):
    """A model."""

    HAS_POLICY = False

    container_spec: Container | None = None


class WorkbenchSetup(View):
    """`gceSetup` of an instance, version 2 of the API."""

    metadata: dict[str, str] = {}


@shows("notebooks.googleapis.com/Instance")
class WorkbenchInstance(Resource):
    """A Workbench instance, in the v1 form (`metadata`) or the v2 form (`gceSetup`)."""

    metadata: dict[str, str] = {}
    gce_setup: WorkbenchSetup = field(default_factory=WorkbenchSetup)
