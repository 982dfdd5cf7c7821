"""Services that start work elsewhere: Cloud Composer, Dataflow, Workflows, Cloud Scheduler.

A job of Cloud Scheduler is no Cloud Asset Inventory type; its line carries the job as the API returns it.
Source: cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments,
cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.jobs,
cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows,
cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from auditor.resources.base import Resource, View, shows


class ComposerSoftware(View):
    """`config.softwareConfig`. Overrides of Airflow's options are called `section-option`."""

    env_variables: dict[str, str] = {}
    airflow_config_overrides: dict[str, str] = {}


class ComposerNodes(View):
    """`config.nodeConfig`."""

    service_account: str = ""


class AllowedRange(View):
    """`config.webServerNetworkAccessControl.allowedIpRanges[]`."""

    value: str = ""


class WebServerAccess(View):
    """`config.webServerNetworkAccessControl`. Absent where nothing is restricted."""

    allowed_ip_ranges: list[AllowedRange] = []


class ComposerEncryption(View):
    """`config.encryptionConfig`."""

    kms_key_name: str = ""


class ComposerConfig(View):
    """`config`."""

    software_config: ComposerSoftware = field(default_factory=ComposerSoftware)
    node_config: ComposerNodes = field(default_factory=ComposerNodes)
    web_server_network_access_control: WebServerAccess | None = None
    encryption_config: ComposerEncryption = field(default_factory=ComposerEncryption)


@shows("composer.googleapis.com/Environment")
class ComposerEnvironment(Resource):
    """A Cloud Composer environment."""

    state: str = ""
    labels: dict[str, str] = {}
    config: ComposerConfig = field(default_factory=ComposerConfig)


class DisplayData(View):
    """`displayData[]`: an option of the pipeline, for people."""

    key: str = ""
    str_value: str = ""


class DataflowWorkers(View):
    """`environment.workerPools[]`."""

    kind: str = ""
    ip_configuration: str = ""


class DataflowEnvironment(View):
    """`environment`. The options of the pipeline and the workers are in some views of a job only."""

    sdk_pipeline_options: dict[str, Any] | None = None
    service_kms_key_name: str = ""
    worker_pools: list[DataflowWorkers] | None = None


class PipelineDescription(View):
    """`pipelineDescription`."""

    display_data: list[DisplayData] = []


@shows("dataflow.googleapis.com/Job")
class DataflowJob(Resource):
    """A Dataflow job."""

    name: str = ""
    current_state: str = ""
    environment: DataflowEnvironment = field(default_factory=DataflowEnvironment)
    pipeline_description: PipelineDescription | None = None

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, one way or another: nothing of it can be changed any more."""
        ended = ("DONE", "FAILED", "CANCELLED", "UPDATED", "DRAINED")
        return self.current_state.removeprefix("JOB_STATE_") in ended

    @property
    def options(self) -> dict[str, str] | None:
        """The options of the pipeline that are texts, or hold texts; None where the data leaves them out."""
        told = self.environment.sdk_pipeline_options
        if told is None and self.pipeline_description is None:
            return None
        shown = self.pipeline_description.display_data if self.pipeline_description else []
        found = {item.key: item.str_value for item in shown}
        options = (told or {}).get("options")
        given = options if isinstance(options, dict) else told or {}
        return found | _texts(given)


def _texts(options: dict[str, Any]) -> dict[str, str]:
    """Every text in options, however deep: by its name, with a number where others have the same."""
    found: dict[str, str] = {}
    waiting = list(options.items())
    for name, value in waiting:
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(name, entry) for entry in value]
        elif isinstance(value, str):
            found[name if name not in found else f"{name} ({len(found)})"] = value
    return found


@shows("workflows.googleapis.com/Workflow")
class Workflow(Resource):
    """A workflow."""

    state: str = ""
    source_contents: str | None = None
    user_env_vars: dict[str, str] = {}


class HttpTarget(View):
    """`httpTarget`, `appEngineHttpTarget`: the request that a job sends. The body is in base64."""

    uri: str = ""
    relative_uri: str = ""
    headers: dict[str, str] = {}
    body: str = ""


class PubsubTarget(View):
    """`pubsubTarget`: the message that a job sends. The data is in base64."""

    data: str = ""
    attributes: dict[str, str] = {}


@shows("cloudscheduler.googleapis.com/Job")
class SchedulerJob(Resource):
    """A job of Cloud Scheduler."""

    HAS_POLICY = False

    state: str = ""
    http_target: HttpTarget | None = None
    app_engine_http_target: HttpTarget | None = None
    pubsub_target: PubsubTarget | None = None

    @property
    def request(self) -> HttpTarget | None:
        """The request that the job sends, if it sends one."""
        return self.http_target or self.app_engine_http_target
