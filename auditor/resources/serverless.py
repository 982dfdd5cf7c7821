"""Cloud Run services and jobs, and Cloud Functions of both generations.

Cloud Run has two APIs for one thing: v1 (Knative: `spec`, annotations), which asset exports carry for
services, and v2 (`template`, fields). A view holds both and its properties give one answer.

Source: cloud.google.com/run/docs/reference/rest/v1/namespaces.services, …/rest/v2/projects.locations.services,
cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs,
cloud.google.com/functions/docs/reference/rest/v1/projects.locations.functions, …/rest/v2/projects.locations.functions
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows

_RUN = "run.googleapis.com/"
_INGRESS_V1 = {
    "all": "INGRESS_TRAFFIC_ALL",
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
_MANAGED_BY_FUNCTIONS = ("goog-managed-by", "cloudfunctions")


class SecretKeyRef(View):
    """A version of a secret: `secret` and `version` in v2, `name` and `key` in v1."""

    secret: str = ""
    version: str = ""
    name: str = ""
    key: str = ""

    @property
    def secret_name(self) -> str:
        """The secret, as a short or full name."""
        return self.secret or self.name

    @property
    def secret_version(self) -> str:
        """The version number, an alias, or `latest`."""
        return self.version or self.key


class EnvVarSource(View):
    """Where a variable's value comes from, if it is not written out."""

    secret_key_ref: SecretKeyRef | None = None


class EnvVar(View):
    """An environment variable: `value` written out, or a source (`valueSource` in v2, `valueFrom` in v1)."""

    name: str = ""
    value: str = ""
    value_source: EnvVarSource | None = None
    value_from: EnvVarSource | None = None

    @property
    def secret(self) -> SecretKeyRef | None:
        """The secret version that the variable is filled from, if any."""
        source = self.value_source or self.value_from
        return source.secret_key_ref if source else None


class Container(View):
    """`containers[]`."""

    name: str = ""
    image: str = ""
    env: list[EnvVar] = []
    command: list[str] = []
    args: list[str] = []


class SecretItem(View):
    """A file of a secret volume: `version` in v2, `key` in v1."""

    path: str = ""
    version: str = ""
    key: str = ""


class SecretVolumeSource(View):
    """`volumes[].secret`. Without items, the latest version is mounted."""

    secret: str = ""
    secret_name: str = ""
    items: list[SecretItem] = []


class Volume(View):
    """`volumes[]`."""

    name: str = ""
    secret: SecretVolumeSource | None = None


class ContainerTemplate(View):
    """A revision template or task template of v2, a revision spec or task spec of v1."""

    containers: list[Container] = []
    volumes: list[Volume] = []
    service_account: str = ""
    service_account_name: str = ""
    encryption_key: str = ""


class KnativeMetadata(View):
    """`metadata` of a v1 object."""

    name: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class RevisionTemplateV1(View):
    """`spec.template` of a v1 service."""

    spec: ContainerTemplate = field(default_factory=ContainerTemplate)


class ServiceSpecV1(View):
    """`spec` of a v1 service."""

    template: RevisionTemplateV1 = field(default_factory=RevisionTemplateV1)


class _Workload(Resource):
    """What Cloud Run services and jobs have in common."""

    metadata: KnativeMetadata = field(default_factory=KnativeMetadata)

    @property
    def _containers(self) -> ContainerTemplate:
        raise NotImplementedError

    @property
    def containers(self) -> list[Container]:
        """The containers of the current template."""
        return self._containers.containers

    @property
    def volumes(self) -> list[Volume]:
        """The volumes of the current template."""
        return self._containers.volumes

    @property
    def service_account(self) -> str:
        """The identity of the workload; `""` stands for the project's default compute service account."""
        template = self._containers
        return template.service_account or template.service_account_name


@shows("run.googleapis.com/Service")
class RunService(_Workload):
    """A Cloud Run service, in the v1 form (`spec`) or the v2 form (`template`)."""

    spec: ServiceSpecV1 | None = None
    template: ContainerTemplate = field(default_factory=ContainerTemplate)
    labels: dict[str, str] = {}
    ingress: str = "INGRESS_TRAFFIC_ALL"
    invoker_iam_disabled: bool = False
    default_uri_disabled: bool = False
    iap_enabled: bool = False

    @property
    def _containers(self) -> ContainerTemplate:
        return self.spec.template.spec if self.spec else self.template

    def _annotation(self, name: str) -> str:
        return self.metadata.annotations.get(_RUN + name, "").lower()

    @property
    def ingress_traffic(self) -> str:
        """Where requests may come from, in the words of v2 (`INGRESS_TRAFFIC_ALL` …)."""
        if self.spec is None:
            return self.ingress
        told = self._annotation("ingress") or "all"
        return _INGRESS_V1.get(told, told)

    @property
    def accepts_internet(self) -> bool:
        """Whether requests from the internet reach the service without passing a load balancer."""
        if self.ingress_traffic not in ("INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_UNSPECIFIED"):
            return False
        return not (
            self.default_uri_disabled if self.spec is None else self._annotation("default-url-disabled") == "true"
        )

    @property
    def skips_invoker_check(self) -> bool:
        """Whether requests are served without asking IAM for `run.routes.invoke`."""
        if self.spec is None:
            return self.invoker_iam_disabled
        return self._annotation("invoker-iam-disabled") == "true"

    @property
    def has_iap(self) -> bool:
        """Whether Identity-Aware Proxy stands in front of every request, set on the service itself."""
        return self.iap_enabled if self.spec is None else self._annotation("iap-enabled") == "true"

    @property
    def is_function(self) -> bool:
        """Whether Cloud Functions deploys the service: it is a second generation function's runtime."""
        label, value = _MANAGED_BY_FUNCTIONS
        return (self.labels if self.spec is None else self.metadata.labels).get(label) == value


class ExecutionTemplate(View):
    """`template` of a v2 job."""

    template: ContainerTemplate = field(default_factory=ContainerTemplate)


class ExecutionSpecV1(View):
    """`spec.template.spec` of a v1 job: its `template` holds the task's spec."""

    template: RevisionTemplateV1 = field(default_factory=RevisionTemplateV1)


class ExecutionTemplateV1(View):
    """`spec.template` of a v1 job."""

    spec: ExecutionSpecV1 = field(default_factory=ExecutionSpecV1)


class JobSpecV1(View):
    """`spec` of a v1 job."""

    template: ExecutionTemplateV1 = field(default_factory=ExecutionTemplateV1)


@shows("run.googleapis.com/Job")
class RunJob(_Workload):
    """A Cloud Run job, in the v1 form (`spec`) or the v2 form (`template`)."""

    spec: JobSpecV1 | None = None
    template: ExecutionTemplate = field(default_factory=ExecutionTemplate)

    @property
    def _containers(self) -> ContainerTemplate:
        return self.spec.template.spec.template.spec if self.spec else self.template.template


class FunctionSecretVariable(View):
    """`secretEnvironmentVariables[]`."""

    key: str = ""
    project_id: str = ""
    secret: str = ""
    version: str = ""


class FunctionSecretVersion(View):
    """`secretVolumes[].versions[]`."""

    version: str = ""
    path: str = ""


class FunctionSecretVolume(View):
    """`secretVolumes[]`. Without versions, the latest version is mounted."""

    mount_path: str = ""
    project_id: str = ""
    secret: str = ""
    versions: list[FunctionSecretVersion] = []


class HttpsTrigger(View):
    """`httpsTrigger` of a first generation function."""

    url: str = ""
    security_level: str = "SECURE_OPTIONAL"


@shows("cloudfunctions.googleapis.com/CloudFunction")
class CloudFunction(Resource):
    """A first generation function, as the v1 API shows it."""

    status: str = "ACTIVE"
    runtime: str = ""
    https_trigger: HttpsTrigger | None = None
    ingress_settings: str = "ALLOW_ALL"
    service_account_email: str = ""
    environment_variables: dict[str, str] = {}
    build_environment_variables: dict[str, str] = {}
    secret_environment_variables: list[FunctionSecretVariable] = []
    secret_volumes: list[FunctionSecretVolume] = []
    vpc_connector: str = ""
    labels: dict[str, str] = {}

    @property
    def containers(self) -> list[Container]:
        """The function's runtime as one container."""
        return [_as_container(self.environment_variables)]

    @property
    def build_variables(self) -> dict[str, str]:
        """Variables of the build that makes the function's image."""
        return self.build_environment_variables

    @property
    def accepts_internet(self) -> bool:
        """Whether requests from the internet reach the function without passing a load balancer."""
        return self.https_trigger is not None and self.ingress_settings in _OPEN_TO_ALL


class BuildConfig(View):
    """`buildConfig` of a v2 function."""

    runtime: str = ""
    environment_variables: dict[str, str] = {}


class ServiceConfig(View):
    """`serviceConfig` of a v2 function: the Cloud Run service that runs it."""

    service: str = ""
    ingress_settings: str = "ALLOW_ALL"
    service_account_email: str = ""
    environment_variables: dict[str, str] = {}
    secret_environment_variables: list[FunctionSecretVariable] = []
    secret_volumes: list[FunctionSecretVolume] = []
    vpc_connector: str = ""
    direct_vpc_network_interface: list[dict[str, object]] = []


@shows("cloudfunctions.googleapis.com/Function")
class Function(Resource):
    """A function as the v2 API shows it: of the second generation, and of the first (`GEN_1`) once more."""

    environment: str = "GEN_2"
    state: str = "ACTIVE"
    build_config: BuildConfig = field(default_factory=BuildConfig)
    service_config: ServiceConfig = field(default_factory=ServiceConfig)
    labels: dict[str, str] = {}

    @property
    def is_first_generation(self) -> bool:
        """Whether the same function is also an asset of type `CloudFunction`."""
        return self.environment == "GEN_1"

    @property
    def containers(self) -> list[Container]:
        """The function's runtime as one container."""
        return [_as_container(self.service_config.environment_variables)]

    @property
    def build_variables(self) -> dict[str, str]:
        """Variables of the build that makes the function's image."""
        return self.build_config.environment_variables

    @property
    def accepts_internet(self) -> bool:
        """Whether requests from the internet reach the function without passing a load balancer."""
        return self.service_config.ingress_settings in _OPEN_TO_ALL

    @property
    def service_account_email(self) -> str:
        """The identity of the function; `""` stands for the project's default compute service account."""
        return self.service_config.service_account_email


_OPEN_TO_ALL = ("ALLOW_ALL", "INGRESS_SETTINGS_UNSPECIFIED", "")


def _as_container(variables: dict[str, str]) -> Container:
    return Container(env=[EnvVar(name=name, value=value) for name, value in variables.items()])
