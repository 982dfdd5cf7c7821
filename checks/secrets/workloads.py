"""Secrets written into the environment of serverless workloads, and how they mount those of Secret Manager."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.run_revisions import RunWorkerPool
from auditor.resources.serverless import (
    CloudFunction,
    Function,
    FunctionSecretVariable,
    FunctionSecretVolume,
    RunJob,
    RunService,
)
from auditor.resources.unknown import known_first
from checks.secrets.made_up import PASSWORD, TOKEN
from checks.secrets.places import judge, judge_containers

_CONNECTION = f"postgresql+asyncpg://app:{PASSWORD}@10.0.0.3/orders"
_FROM_SECRET = {"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "db-password", "version": "3"}}}
_FROM_SECRET_V1 = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db-password", "key": "3"}}}
_MANAGED_V1 = {"goog-managed-by": "cloudfunctions"}

JUDGED_AS_FUNCTION = "the function that deploys this service is judged instead"
JUDGED_AS_FIRST_GENERATION = "a first generation function is judged as its CloudFunction asset"


def v2(*env: dict[str, Any], **container: Any) -> dict[str, Any]:
    """A Cloud Run service as the v2 API shows it."""
    return {"template": {"containers": [{"name": "api", "image": "i", "env": list(env), **container}]}}


def v1(*env: dict[str, Any], labels: dict[str, str] | None = None) -> dict[str, Any]:
    """The same as the v1 API and asset exports show it."""
    container = {"image": "i", "env": list(env)}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "metadata": {"name": "s", "labels": labels or {}},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def plain(name: str, value: str) -> dict[str, str]:
    """A variable with its value written out."""
    return {"name": name, "value": value}


@check(
    "run-env-secret",
    severity=Severity.HIGH,
    same_as=["sha:SECRETS_IN_ENVIRONMENT_VARIABLES"],
    fix=Fix(
        terraform="`value_source.secret_key_ref` instead of `value` in `env` of google_cloud_run_v2_service or _job",
        manual=(
            "Change the credential first: it stays readable in every old revision. Store the new value with "
            "`gcloud secrets create NAME --data-file=-`, let the workload's service account read it "
            "(roles/secretmanager.secretAccessor on that secret), and deploy with "
            "`--update-secrets=VARIABLE=NAME:VERSION` after `--remove-env-vars=VARIABLE`. "
            "Then delete the old revisions."
        ),
        patch={"data": {"spec": None, "template": {"containers": [{"env": [_FROM_SECRET]}], "template": None}}},
    ),
    passes=lambda: [
        asset(RunService, v2(plain("LOG_LEVEL", "info"), _FROM_SECRET)),
        asset(RunService, v1(plain("TOKEN_URL", "https://oauth2.googleapis.com/token"), _FROM_SECRET_V1)),
        asset(RunService, v2(plain("DB_PASSWORD_FILE", "/secrets/db"), plain("MAX_TOKENS", "128000"))),
        asset(RunService, v1(plain("DB_PASSWORD", PASSWORD), labels=_MANAGED_V1)),
        asset(RunJob, {"template": {"template": {"containers": [{"env": [_FROM_SECRET], "args": ["--verbose"]}]}}}),
        asset(RunWorkerPool, v2(plain("QUEUE", "orders"), _FROM_SECRET)),
    ],
    fails=lambda: [
        asset(RunService, v2(plain("DB_PASSWORD", PASSWORD))),
        asset(RunService, v2(plain("DB_PASSWORD", "changeme"))),
        asset(RunService, v1(plain("PORT", "8080"), plain("DATABASE_URL", _CONNECTION))),
        asset(RunService, v2(args=["serve", "--redis", f"redis://:{PASSWORD}@10.1.2.3:6379/0"])),
        asset(RunJob, {"template": {"template": {"containers": [{"env": [plain("SMTP_PASS", PASSWORD)]}]}}}),
        asset(RunWorkerPool, v2(plain("AMQP_PASSWORD", PASSWORD))),
        asset(
            RunJob,
            {"spec": {"template": {"spec": {"template": v1(plain("SMTP_PASS", PASSWORD))["spec"]["template"]}}}},
        ),
    ],
    unknown=lambda: [
        asset(RunService, v2(plain("DB_PASSWORD", "")), unknown=["resource.data.template.containers.0.env.0.value"]),
        asset(RunService, v2(plain("LOG_LEVEL", "info")), unknown=["resource.data.template.containers.*"]),
    ],
)
def run_env_secret(workload: RunService | RunJob | RunWorkerPool) -> Verdict:
    """A Cloud Run service, job or worker pool has a secret written into its variables or arguments.

    Why: Variables are configuration, not a vault. Everyone who may view the service reads them, in the console,
    in `gcloud run services describe`, in asset exports and in Terraform state; every revision ever deployed keeps
    its copy; nothing logs who looked.

    What a fix may break: The workload does not start where its service account may not read the secret, or where
    the secret has no such version. Code that reads the variable stays as it is.

    Source: https://cloud.google.com/run/docs/configuring/services/secrets
    """
    if isinstance(workload, RunService) and workload.is_function:
        return not_applicable(JUDGED_AS_FUNCTION)
    return judge_containers(workload.containers)


_MOVED_TO_SECRET = [{"key": "API_TOKEN", "projectId": "p", "secret": "api-token", "version": "3"}]


@check(
    "function-env-secret",
    severity=Severity.HIGH,
    same_as=[
        "sha:SECRETS_IN_ENVIRONMENT_VARIABLES",
        "scoutsuite:functions-v1-environment-variables-secrets",
        "scoutsuite:functions-v2-environment-variables-secrets",
    ],
    fix=Fix(
        terraform="`secret_environment_variables` instead of `environment_variables` of the function",
        manual=(
            "Change the credential first. Store the new value in Secret Manager, let the function's service account "
            "read it, and deploy with `--remove-env-vars=VARIABLE --set-secrets=VARIABLE=NAME:VERSION`."
        ),
        patch={
            "data": {
                "environmentVariables": None,
                "secretEnvironmentVariables": _MOVED_TO_SECRET,
                "serviceConfig": {"environmentVariables": None, "secretEnvironmentVariables": _MOVED_TO_SECRET},
            }
        },
    ),
    passes=lambda: [
        asset(CloudFunction, {"environmentVariables": {"LOG_LEVEL": "debug", "SECRET_NAME": "api-token"}}),
        asset(CloudFunction, {"secretEnvironmentVariables": _MOVED_TO_SECRET}),
        asset(Function, {"serviceConfig": {"environmentVariables": {"LOG_EXECUTION_ID": "true"}}}),
        asset(
            Function,
            {"environment": "GEN_1", "serviceConfig": {"environmentVariables": {"DB_PASSWORD": PASSWORD}}},
        ),
    ],
    fails=lambda: [
        asset(CloudFunction, {"environmentVariables": {"SLACK_TOKEN": TOKEN}}),
        asset(CloudFunction, {"environmentVariables": {"MONGO": f"mongodb+srv://app:{PASSWORD}@c.mongodb.net/x"}}),
        asset(Function, {"serviceConfig": {"environmentVariables": {"DB_PASSWORD": PASSWORD}}}),
    ],
    unknown=lambda: [asset(CloudFunction, {}, unknown=["resource.data.environmentVariables"])],
)
def function_env_secret(function: CloudFunction | Function) -> Verdict:
    """A function has a secret written into its environment variables.

    Why: Everyone who may view the function reads its variables, in the console, in exports and in Terraform state,
    and nothing logs who looked. Viewer on the project is enough.

    What a fix may break: The function fails to start where its service account may not read the secret.

    Source: https://cloud.google.com/functions/docs/configuring/secrets
    """
    if isinstance(function, Function) and function.is_first_generation:
        return not_applicable(JUDGED_AS_FIRST_GENERATION)
    return judge_containers(function.containers)


@check(
    "function-build-env-secret",
    severity=Severity.HIGH,
    fix=Fix(
        terraform="no secrets in `build_environment_variables` (v1) or `build_config.environment_variables` (v2)",
        manual=(
            "Change the credential, then deploy without the variable. A build that needs private packages reads them "
            "from Artifact Registry with the build's service account, or builds the image with Cloud Build and "
            "`availableSecrets`."
        ),
        patch={"data": {"buildEnvironmentVariables": None, "buildConfig": {"environmentVariables": None}}},
    ),
    passes=lambda: [
        asset(CloudFunction, {"buildEnvironmentVariables": {"GOOGLE_NODE_RUN_SCRIPTS": "build"}}),
        asset(Function, {"buildConfig": {"runtime": "python312"}}),
    ],
    fails=lambda: [
        asset(CloudFunction, {"buildEnvironmentVariables": {"NPM_TOKEN": TOKEN}}),
        asset(
            Function,
            {
                "buildConfig": {
                    "environmentVariables": {"PIP_EXTRA_INDEX_URL": f"https://ci:{PASSWORD}@pypi.example.com/simple"}
                }
            },
        ),
    ],
    unknown=lambda: [asset(Function, {}, unknown=["resource.data.buildConfig.environmentVariables"])],
)
def function_build_env_secret(function: CloudFunction | Function) -> Verdict:
    """A function has a secret written into the variables of its build.

    Why: Build variables are shown with the function, appear in the build's record and can end up in layers of the
    image, where everyone who may pull it finds them.

    What a fix may break: The build, until it gets the credential another way.

    Source: https://cloud.google.com/functions/docs/configuring/env-var
    """
    if isinstance(function, Function) and function.is_first_generation:
        return not_applicable(JUDGED_AS_FIRST_GENERATION)
    return judge((f"build variable {name}", name, value) for name, value in function.build_variables.items())


def _followers_of_latest(workload: RunService | RunJob | RunWorkerPool) -> Iterator[str]:
    for container in workload.containers:
        for variable in container.env:
            if variable.secret and variable.secret.secret_version == "latest":  # noqa: S105 - an alias, not a password
                yield f"variable {variable.name} follows latest of {variable.secret.secret_name}"
    for volume in workload.volumes:
        if volume.secret and any((item.version or item.key) in ("", "latest") for item in volume.secret.items):
            yield f"volume {volume.name} follows latest of {volume.secret.secret or volume.secret.secret_name}"


@check(
    "run-secret-version-latest",
    severity=Severity.LOW,
    default=False,
    fix=Fix(
        terraform="a version number in `secret_key_ref.version` and `items.version`",
        manual="Deploy with `--update-secrets=VARIABLE=NAME:NUMBER`, and with the next number when the secret rotates.",
        patch={"data": {"spec": None, "template": {"containers": [{"env": [_FROM_SECRET]}], "volumes": None}}},
    ),
    passes=lambda: [asset(RunService, v2(_FROM_SECRET)), asset(RunService, v1(_FROM_SECRET_V1, plain("A", "b")))],
    fails=lambda: [
        asset(
            RunService,
            v2({"name": "K", "valueSource": {"secretKeyRef": {"secret": "db-password", "version": "latest"}}}),
        ),
        asset(RunService, v1({"name": "K", "valueFrom": {"secretKeyRef": {"name": "db-password", "key": "latest"}}})),
        asset(
            RunService,
            {
                "template": {
                    "volumes": [
                        {"name": "v", "secret": {"secret": "tls", "items": [{"path": "k", "version": "latest"}]}}
                    ]
                }
            },
        ),
    ],
    unknown=lambda: [asset(RunService, v2(_FROM_SECRET), unknown=["resource.data.template.containers.*"])],
)
def secret_version_latest(workload: RunService | RunJob | RunWorkerPool) -> Verdict:
    """A Cloud Run service, job or worker pool follows the latest version of a secret, not a pinned one.

    Why: A bad new version reaches production without a deployment, at an instance's next start, and a rollback of
    the revision does not bring the old value back.

    What a fix may break: A rotation then needs a deployment to take effect.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    follower = next(_followers_of_latest(workload), "")
    return fail(follower) if follower else PASS


def _function_followers(function: CloudFunction | Function) -> Iterator[str]:
    config = function if isinstance(function, CloudFunction) else function.service_config

    def of_variable(variable: FunctionSecretVariable) -> list[str]:
        follows = variable.version in _FOLLOWING
        return [f"variable {variable.key} follows latest of {variable.secret}"] if follows else []

    def of_volume(volume: FunctionSecretVolume) -> list[str]:
        pinned = [version.version not in _FOLLOWING for version in volume.versions]
        return [] if pinned and all(pinned) else [f"{volume.mount_path} follows latest of {volume.secret}"]

    def variables() -> Iterator[str]:
        return known_first(config.secret_environment_variables, of_variable)

    def volumes() -> Iterator[str]:
        return known_first(config.secret_volumes, of_volume)

    return known_first((variables, volumes), lambda read: read())


_FOLLOWING = ("latest", "")
"""Versions of a secret that are the newest at the time; a volume without versions follows as well."""
_FOLLOWS = [{"key": "API_TOKEN", "projectId": "p", "secret": "api-token", "version": "latest"}]
_VOLUME = [{"mountPath": "/etc/tls", "projectId": "p", "secret": "tls"}]


@check(
    "function-secret-version-latest",
    severity=Severity.LOW,
    default=False,
    fix=Fix(
        terraform="a version number in `secret_environment_variables.version` and `secret_volumes.versions.version`",
        manual="Deploy with `--set-secrets=VARIABLE=NAME:NUMBER`, and with the next number when the secret rotates.",
        patch={
            "data": {
                "secretEnvironmentVariables": _MOVED_TO_SECRET,
                "secretVolumes": [],
                "serviceConfig": {"secretEnvironmentVariables": _MOVED_TO_SECRET, "secretVolumes": []},
            }
        },
    ),
    passes=lambda: [
        asset(CloudFunction, {"secretEnvironmentVariables": _MOVED_TO_SECRET}),
        asset(Function, {"serviceConfig": {"secretVolumes": [{**_VOLUME[0], "versions": [{"version": "2"}]}]}}),
        asset(Function, {"environment": "GEN_1", "serviceConfig": {"secretEnvironmentVariables": _FOLLOWS}}),
    ],
    fails=lambda: [
        asset(CloudFunction, {"secretEnvironmentVariables": _FOLLOWS}),
        asset(Function, {"serviceConfig": {"secretEnvironmentVariables": _FOLLOWS}}),
        asset(Function, {"serviceConfig": {"secretVolumes": _VOLUME}}),
        asset(Function, {"serviceConfig": {"secretVolumes": [{**_VOLUME[0], "versions": [{"version": "latest"}]}]}}),
    ],
    unknown=lambda: [
        asset(Function, {}, unknown=["resource.data.serviceConfig"]),
        asset(CloudFunction, {}, unknown=["resource.data.secretVolumes.*"]),
    ],
)
def function_secret_version_latest(function: CloudFunction | Function) -> Verdict:
    """A function follows the latest version of a secret instead of a pinned one.

    Why: A bad new version reaches production without a deployment, at an instance's next start, and a rollback of
    the function does not bring the old value back.

    What a fix may break: A rotation then needs a deployment to take effect.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    if isinstance(function, Function) and function.is_first_generation:
        return not_applicable(JUDGED_AS_FIRST_GENERATION)
    follower = next(_function_followers(function), "")
    return fail(follower) if follower else PASS
