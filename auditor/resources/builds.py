"""Cloud Build: triggers, and the record of single builds.

Source: cloud.google.com/build/docs/api/reference/rest/v1/projects.triggers, …/projects.builds
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class BuildStep(View):
    """`steps[]`: a container that runs. `env` holds `NAME=value`."""

    id: str = ""
    name: str = ""
    entrypoint: str = ""
    args: list[str] = []
    env: list[str] = []
    script: str = ""


class BuildOptions(View):
    """`options`: `env` holds `NAME=value` for all steps."""

    env: list[str] = []


class BuildPlan(View):
    """What a build does: `build` of a trigger; a build's record holds the same at its top."""

    steps: list[BuildStep] = []
    options: BuildOptions = field(default_factory=BuildOptions)
    substitutions: dict[str, str] = {}


class PullRequests(View):
    """`pullRequest`: which pull requests start a build, and whether somebody has to say so first."""

    branch: str = ""
    comment_control: str = "COMMENTS_DISABLED"


class Pushes(View):
    """`push`: which pushes start a build."""

    branch: str = ""
    tag: str = ""
    invert_regex: bool = False


class RepositoryEvents(View):
    """`github`, `repositoryEventConfig`: which events of a repository start a build."""

    pull_request: PullRequests | None = None
    push: Pushes | None = None


class SourceTemplate(View):
    """`triggerTemplate`: the same of a repository in Cloud Source Repositories."""

    branch_name: str = ""


class Approval(View):
    """`approvalConfig`."""

    approval_required: bool = False


@shows("cloudbuild.googleapis.com/BuildTrigger")
class BuildTrigger(Resource):
    """A trigger. Its steps stand in it, or in a file of the repository (`filename`), which no asset shows."""

    HAS_POLICY = False

    name: str = ""
    disabled: bool = False
    filename: str = ""
    substitutions: dict[str, str] = {}
    build: BuildPlan = field(default_factory=BuildPlan)
    github: RepositoryEvents | None = None
    repository_event_config: RepositoryEvents | None = None
    trigger_template: SourceTemplate | None = None
    approval_config: Approval = field(default_factory=Approval)

    @property
    def events(self) -> RepositoryEvents | None:
        """The events of a connected repository that start a build, None where others do."""
        return self.github or self.repository_event_config


class PoolNetwork(View):
    """`privatePoolV1Config.networkConfig`."""

    egress_option: str = "PUBLIC_EGRESS"


class PrivatePool(View):
    """`privatePoolV1Config`."""

    network_config: PoolNetwork = field(default_factory=PoolNetwork)


@shows("cloudbuild.googleapis.com/WorkerPool")
class BuildPool(Resource):
    """A private pool of machines that builds run on."""

    private_pool_v1_config: PrivatePool | None = field(default=None, name="privatePoolV1Config")


@shows("cloudbuild.googleapis.com/Build")
class Build(Resource):
    """The record of one build. Records cannot be changed or deleted."""

    HAS_POLICY = False

    status: str = ""
    build_trigger_id: str = ""
    steps: list[BuildStep] = []
    options: BuildOptions = field(default_factory=BuildOptions)
    substitutions: dict[str, str] = {}
