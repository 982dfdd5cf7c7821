"""Workloads in GKE clusters, as Cloud Asset Inventory exports them. It exports no ConfigMap, and no secret's data.

Source: kubernetes.io/docs/reference/kubernetes-api/workload-resources
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows
from auditor.resources.serverless import Container

_OF_GOOGLE = ("kube-", "gke-", "gmp-", "config-management-", "cnrm-", "asm-", "istio-", "knative-")
"""How namespaces begin that GKE and its add-ons fill."""


class OwnerReference(View):
    """`metadata.ownerReferences[]`: what made the object."""

    kind: str = ""
    name: str = ""


class ObjectMetadata(View):
    """`metadata`."""

    name: str = ""
    namespace: str = ""
    owner_references: list[OwnerReference] = []


class PodSpec(View):
    """`spec` of a pod."""

    containers: list[Container] = []
    init_containers: list[Container] = []
    automount_service_account_token: bool | None = None
    service_account_name: str = ""


class PodTemplate(View):
    """`spec.template` of what makes pods."""

    spec: PodSpec = field(default_factory=PodSpec)


class JobSpec(View):
    """`spec` of a job."""

    template: PodTemplate = field(default_factory=PodTemplate)


class JobTemplate(View):
    """`spec.jobTemplate` of a cron job."""

    spec: JobSpec = field(default_factory=JobSpec)


class WorkloadSpec(View):
    """`spec` of a pod, of what makes pods, or of what makes jobs: one of the three is set."""

    containers: list[Container] = []
    init_containers: list[Container] = []
    template: PodTemplate = field(default_factory=PodTemplate)
    job_template: JobTemplate = field(default_factory=JobTemplate)
    automount_service_account_token: bool | None = None
    service_account_name: str = ""


class NamespaceMetadata(View):
    """`metadata` of a namespace."""

    name: str = ""
    labels: dict[str, str] = {}


class NamespaceStatus(View):
    """`status` of a namespace."""

    phase: str = "Active"


@shows("k8s.io/Namespace")
class Namespace(Resource):
    """A namespace of a GKE cluster."""

    HAS_POLICY = False

    metadata: NamespaceMetadata = field(default_factory=NamespaceMetadata)
    status: NamespaceStatus = field(default_factory=NamespaceStatus)

    @property
    def is_of_google(self) -> bool:
        """Whether GKE or an add-on fills it."""
        return self.metadata.name.startswith(_OF_GOOGLE)

    @property
    def cluster_name(self) -> str:
        """The full resource name of the cluster."""
        return self.asset.name.partition("/k8s/")[0]


@shows(
    "k8s.io/Pod",
    "k8s.io/ReplicationController",
    "apps.k8s.io/Deployment",
    "apps.k8s.io/StatefulSet",
    "apps.k8s.io/DaemonSet",
    "apps.k8s.io/ReplicaSet",
    "batch.k8s.io/Job",
    "batch.k8s.io/CronJob",
)
class KubernetesWorkload(Resource):
    """A pod, or what makes pods."""

    HAS_POLICY = False

    metadata: ObjectMetadata = field(default_factory=ObjectMetadata)
    spec: WorkloadSpec = field(default_factory=WorkloadSpec)

    @property
    def maker(self) -> str:
        """What made the object and sets it up again, as `Deployment web`; `""` where people or pipelines did."""
        for owner in self.metadata.owner_references:
            return f"{owner.kind} {owner.name}"
        return ""

    @property
    def is_of_google(self) -> bool:
        """Whether the namespace is one that GKE fills."""
        return self.metadata.namespace.startswith(_OF_GOOGLE)

    @property
    def containers(self) -> list[list[Container]]:
        """The lists of containers: of the pod, or of the pods that are made."""
        made, jobs = self.spec.template.spec, self.spec.job_template.spec.template.spec
        return [
            self.spec.containers,
            self.spec.init_containers,
            made.containers,
            made.init_containers,
            jobs.containers,
            jobs.init_containers,
        ]
