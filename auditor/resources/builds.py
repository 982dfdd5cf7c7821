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


@shows("cloudbuild.googleapis.com/BuildTrigger")
class BuildTrigger(Resource):
    """A trigger. Its steps stand in it, or in a file of the repository (`filename`), which no asset shows."""

    HAS_POLICY = False

    name: str = ""
    disabled: bool = False
    filename: str = ""
    substitutions: dict[str, str] = {}
    build: BuildPlan = field(default_factory=BuildPlan)


@shows("cloudbuild.googleapis.com/Build")
class Build(Resource):
    """The record of one build. Records cannot be changed or deleted."""

    HAS_POLICY = False

    status: str = ""
    build_trigger_id: str = ""
    steps: list[BuildStep] = []
    options: BuildOptions = field(default_factory=BuildOptions)
    substitutions: dict[str, str] = {}
