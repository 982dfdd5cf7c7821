"""Secrets written into containers and machines that other services run: GKE, App Engine, Vertex AI, old revisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor import Severity, asset
from auditor.resources.app_engine import AppEngineVersion
from auditor.resources.kubernetes import KubernetesWorkload
from auditor.resources.run_revisions import RunRevision
from auditor.resources.serverless import Container
from auditor.resources.unknown import known_first
from auditor.resources.vertex import Model, TrainingJob, WorkbenchInstance, WorkerPool
from checks.secrets.holding import Holder, holding, of_map
from checks.secrets.made_up import PASSWORD, TOKEN
from checks.secrets.places import Entry, of_container

_STORE = "Change the credential, store the new one in Secret Manager, "
_CONNECTION = f"postgresql://app:{PASSWORD}@10.0.0.3/orders"
_VARIABLE = {"name": "DB_PASSWORD", "value": PASSWORD}
_FROM_SECRET = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}


def _of_kubernetes(workload: KubernetesWorkload) -> Iterator[Entry]:
    return known_first(workload.containers, lambda containers: known_first(containers, of_container))


def _not_judged(workload: KubernetesWorkload) -> str:
    if workload.is_of_google:
        return "GKE fills the namespace"
    return f"{workload.maker} makes it and is judged instead" if workload.maker else ""


def _pod(*env: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    containers = [{"name": "web", "image": "i", "env": list(env)}]
    return {"metadata": {"name": "web", "namespace": "shop", **metadata}, "spec": {"containers": containers}}


def _deployment(**container: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "web", "image": "i", **container}]}
    return {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {"spec": spec}}}


KUBERNETES = holding(
    __name__,
    Holder(
        id="kubernetes-env-secret",
        title="A workload in a GKE cluster has a secret written into its variables or arguments.",
        why="Everyone who may view pods reads the value, which is more people than may read secrets of the cluster; it "
        "stands in manifests, in old ReplicaSets and in exports of the inventory.",
        breaks="Pods do not start where the secret is missing from their namespace.",
        source="https://cloud.google.com/secret-manager/docs/secret-manager-managed-csi-component",
        views=(KubernetesWorkload,),
        reads=(_of_kubernetes,),
        spared=_not_judged,
        cleared={
            "spec": {
                "containers": [],
                "initContainers": [],
                "template": {"spec": {"containers": [], "initContainers": []}},
                "jobTemplate": None,
            }
        },
        manual=_STORE + "and mount it with the Secret Manager add-on, or read it with the pod's own identity through "
        "workload identity federation.",
        passes=lambda: [
            asset(KubernetesWorkload, _pod(_FROM_SECRET, {"name": "LOG_LEVEL", "value": "info"})),
            asset(KubernetesWorkload, _pod(_VARIABLE, ownerReferences=[{"kind": "ReplicaSet", "name": "web-5d9"}])),
            asset(KubernetesWorkload, _pod(_VARIABLE, namespace="kube-system")),
            asset(KubernetesWorkload, _deployment(env=[_FROM_SECRET], args=["--port=8080"])),
        ],
        fails=lambda: [
            asset(KubernetesWorkload, _pod(_VARIABLE)),
            asset(KubernetesWorkload, _deployment(env=[_VARIABLE])),
            asset(KubernetesWorkload, _deployment(command=["/app/serve"], args=["--database", _CONNECTION])),
            asset(
                KubernetesWorkload,
                {"spec": {"template": {"spec": {"initContainers": [{"name": "migrate", "env": [_VARIABLE]}]}}}},
            ),
            asset(
                KubernetesWorkload,
                {
                    "metadata": {"namespace": "shop"},
                    "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"env": [_VARIABLE]}]}}}}},
                },
            ),
        ],
        unknown=lambda: [asset(KubernetesWorkload, _pod(), unknown=["resource.data.spec.containers.0.env.*"])],
    ),
)

APP_ENGINE = holding(
    __name__,
    Holder(
        id="app-engine-env-secret",
        title="An App Engine version has a secret written into its variables.",
        why="app.yaml is usually in the repository, every version that was ever deployed keeps its copy, and everyone "
        "who may view the application reads it.",
        breaks="The application does not start where its service account may not read the secret.",
        source="https://cloud.google.com/appengine/docs/standard/reference/app-yaml",
        views=(AppEngineVersion,),
        reads=(lambda version: of_map("variable", version.variables),),
        cleared={"envVariables": None, "buildEnvVariables": {"NPM_TOKEN": None}},
        manual=_STORE + "read it in the application with the client library, deploy, and delete the old versions.",
        terraform="no secrets in `env_variables` of google_app_engine_standard_app_version and _flexible_app_version",
        passes=lambda: [
            asset(AppEngineVersion, {"envVariables": {"ENV": "production", "SECRET_NAME": "db-password"}}),
            asset(AppEngineVersion, {"buildEnvVariables": {"GOOGLE_NODE_RUN_SCRIPTS": ""}}),
        ],
        fails=lambda: [
            asset(AppEngineVersion, {"envVariables": {"DB_PASSWORD": PASSWORD}}),
            asset(AppEngineVersion, {"servingStatus": "STOPPED", "envVariables": {"DATABASE_URL": _CONNECTION}}),
            asset(AppEngineVersion, {"buildEnvVariables": {"NPM_TOKEN": TOKEN}}),
        ],
        unknown=lambda: [
            asset(AppEngineVersion, {"servingStatus": "SERVING"}),
            asset(AppEngineVersion, {}, unknown=["resource.data.envVariables"]),
        ],
    ),
)


def _of_optional(container: Container | None) -> Iterator[Entry]:
    return of_container(container) if container is not None else iter(())


def _of_training(job: TrainingJob) -> Iterator[Entry]:
    def of_pool(pool: WorkerPool) -> Iterator[Entry]:
        return known_first((pool.container_spec, pool.python_package_spec), _of_optional)

    return known_first(job.pools, lambda pools: known_first(pools, of_pool))


def _training(**container: Any) -> dict[str, Any]:
    return {"jobSpec": {"workerPoolSpecs": [{"containerSpec": {"imageUri": "i", **container}}]}}


TRAINING = holding(
    __name__,
    Holder(
        id="vertex-job-secret",
        title="A Vertex AI training job has a secret written into its variables or arguments.",
        why="Jobs are kept after they end, and everyone who may view Vertex AI reads them.",
        breaks="Training code that reads the variable, until it asks Secret Manager.",
        source="https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec",
        views=(TrainingJob,),
        reads=(_of_training,),
        cleared={"jobSpec": {"workerPoolSpecs": []}, "trialJobSpec": None},
        manual=_STORE + "read it in the code as the job's service account, and delete the old jobs.",
        passes=lambda: [
            asset(TrainingJob, _training(env=[{"name": "EPOCHS", "value": "20"}], args=["--lr=0.1"])),
            asset(TrainingJob, {"jobSpec": {"workerPoolSpecs": [{"machineSpec": {"machineType": "n1-standard-4"}}]}}),
        ],
        fails=lambda: [
            asset(
                TrainingJob,
                _training(env=[{"name": "WANDB_API_KEY", "value": TOKEN * 2}]),
            ),
            asset(TrainingJob, _training(command=["train"], args=["--db", _CONNECTION])),
            asset(
                TrainingJob,
                {
                    "trialJobSpec": {
                        "workerPoolSpecs": [{"pythonPackageSpec": {"env": [_VARIABLE], "args": ["--lr=1"]}}]
                    }
                },
            ),
        ],
        unknown=lambda: [asset(TrainingJob, _training(), unknown=["resource.data.jobSpec.workerPoolSpecs.*"])],
    ),
)

MODEL = holding(
    __name__,
    Holder(
        id="vertex-model-secret",
        title="A Vertex AI model has a secret written into the variables of its container.",
        why="Everyone who may view models reads them, each version of the model keeps its copy, and every endpoint "
        "that serves it gets it.",
        breaks="Serving code that reads the variable, until it asks Secret Manager.",
        source="https://cloud.google.com/vertex-ai/docs/reference/rest/v1/ModelContainerSpec",
        views=(Model,),
        reads=(lambda model: _of_optional(model.container_spec),),
        cleared={"containerSpec": {"env": [], "args": [], "command": []}},
        manual=_STORE + "read it in the container as the endpoint's service account, upload the model anew, and "
        "delete the old version.",
        passes=lambda: [
            asset(Model, {"containerSpec": {"imageUri": "i", "env": [{"name": "MODEL_NAME", "value": "prices"}]}}),
            asset(Model, {"displayName": "prices"}),
        ],
        fails=lambda: [
            asset(Model, {"containerSpec": {"env": [_VARIABLE]}}),
            asset(Model, {"containerSpec": {"args": ["--feature-store", _CONNECTION]}}),
        ],
        unknown=lambda: [asset(Model, {}, unknown=["resource.data.containerSpec"])],
    ),
)

WORKBENCH = holding(
    __name__,
    Holder(
        id="workbench-metadata-secret",
        title="A Workbench instance has a secret written into its metadata.",
        why="Every notebook and process on the instance reads metadata without a login, and everyone who may view the "
        "instance does.",
        breaks="Notebooks that read the key, until they ask Secret Manager.",
        source="https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-metadata",
        views=(WorkbenchInstance,),
        reads=(
            lambda instance: of_map("metadata key", instance.metadata),
            lambda instance: of_map("metadata key", instance.gce_setup.metadata if instance.gce_setup else {}),
        ),
        cleared={"metadata": None, "gceSetup": {"metadata": None}},
        manual=_STORE + "and read it in the notebook as the instance's service account.",
        terraform="no secrets in `metadata` of google_notebooks_instance, `gce_setup.metadata` of "
        "google_workbench_instance",
        passes=lambda: [
            asset(WorkbenchInstance, {"metadata": {"proxy-mode": "service_account", "title": "TensorFlow"}}),
            asset(WorkbenchInstance, {"gceSetup": {"metadata": {"idle-timeout-seconds": "10800"}}}),
        ],
        fails=lambda: [
            asset(WorkbenchInstance, {"metadata": {"db-password": PASSWORD}}),
            asset(WorkbenchInstance, {"gceSetup": {"metadata": {"warehouse": _CONNECTION}}}),
        ],
        unknown=lambda: [asset(WorkbenchInstance, {}, unknown=["resource.data.metadata"])],
    ),
)

_OF_FUNCTION = {"metadata": {"labels": {"goog-managed-by": "cloudfunctions"}}}

REVISION = holding(
    __name__,
    Holder(
        id="run-revision-secret",
        title="A Cloud Run revision holds a secret in its variables or arguments.",
        why="A service that moved its secret to Secret Manager leaves it behind in every revision of before, readable "
        "for everyone who may view the service. What runs now is told by the service, so this check is not selected "
        "by default.",
        breaks="Rolling back to a deleted revision.",
        source="https://cloud.google.com/run/docs/managing/revisions",
        views=(RunRevision,),
        reads=(lambda revision: known_first(revision.containers, of_container),),
        cleared={"spec": None, "containers": []},
        manual="Change the credential, then delete the revision: `gcloud run revisions delete REVISION`.",
        severity=Severity.MEDIUM,
        default=False,
        passes=lambda: [
            asset(RunRevision, {"containers": [{"env": [{"name": "LOG_LEVEL", "value": "info"}]}]}),
            asset(RunRevision, {"spec": {"containers": [{"env": [_FROM_SECRET]}]}}),
        ],
        fails=lambda: [
            asset(RunRevision, {"containers": [{"env": [_VARIABLE]}]}),
            asset(RunRevision, {"spec": {"containers": [{"args": ["--database", _CONNECTION]}]}, **_OF_FUNCTION}),
        ],
        unknown=lambda: [asset(RunRevision, {}, unknown=["resource.data.containers"])],
    ),
)
