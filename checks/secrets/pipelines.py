"""Secrets written into what starts work elsewhere: builds, Airflow, Dataflow, Workflows, schedules, push endpoints."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from auditor import Severity, asset
from auditor.resources.builds import Build, BuildOptions, BuildStep, BuildTrigger
from auditor.resources.data import Subscription
from auditor.resources.orchestration import ComposerEnvironment, DataflowJob, SchedulerJob, Workflow
from auditor.resources.unknown import known_first, told
from checks.secrets.holding import Holder, holding, of_assignments, of_map, of_text
from checks.secrets.made_up import PASSWORD, TOKEN
from checks.secrets.places import Entry

_STORE = "Change the credential, store the new one in Secret Manager, "
_CONNECTION = f"postgresql://app:{PASSWORD}@10.0.0.3/orders"


def _of_steps(steps: list[BuildStep]) -> Iterator[Entry]:
    def read(step: BuildStep) -> Iterator[Entry]:
        where = f"step {step.id or step.name}"
        yield from of_assignments(f"{where}, variable", step.env)
        yield from of_text(f"the command line of {where}", "", " ".join([step.entrypoint, *step.args]).strip())
        yield from of_text(f"the script of {where}", "", step.script)

    return known_first(steps, read)


def _of_options(options: BuildOptions) -> Iterator[Entry]:
    return of_assignments("build variable", options.env)


def _step(**step: Any) -> dict[str, Any]:
    return {"build": {"steps": [{"id": "test", "name": "gcr.io/cloud-builders/npm", **step}]}}


BUILD_TRIGGER = holding(
    __name__,
    Holder(
        id="build-trigger-secret",
        title="A Cloud Build trigger has a secret written into its steps or substitutions.",
        why="Everyone who may view builds reads the trigger, and every build that it starts keeps a copy in its record "
        "and often in its log, which is then readable in a bucket.",
        breaks="The build, until its service account may read the secret (roles/secretmanager.secretAccessor).",
        source="https://cloud.google.com/build/docs/securing-builds/use-secrets",
        views=(BuildTrigger,),
        reads=(
            lambda trigger: of_map("substitution", trigger.substitutions),
            lambda trigger: of_map("substitution", trigger.build.substitutions),
            lambda trigger: _of_options(trigger.build.options),
            lambda trigger: _of_steps(trigger.build.steps),
        ),
        cleared={"substitutions": None, "build": {"steps": [], "options": None, "substitutions": None}},
        manual=_STORE + "name it in `availableSecrets` of the build, and use it in a step through `secretEnv`.",
        terraform="`available_secrets` and `secret_env` in `build` of google_cloudbuild_trigger, no value in "
        "`substitutions`, `env` or `args`",
        passes=lambda: [
            asset(BuildTrigger, _step(args=["test"], env=["NODE_ENV=production", "TOKEN=$_TOKEN"])),
            asset(BuildTrigger, _step(entrypoint="bash", args=["-c", "npm login --token $$NPM_TOKEN"])),
            asset(BuildTrigger, {"filename": "cloudbuild.yaml", "substitutions": {"_REGION": "europe-west1"}}),
            asset(
                BuildTrigger, {"substitutions": {"_SECRET_NAME": "npm-token", "_TOKEN_SECRET": "projects/p/secrets/n"}}
            ),
        ],
        fails=lambda: [
            asset(BuildTrigger, {"filename": "cloudbuild.yaml", "substitutions": {"_DB_PASSWORD": PASSWORD}}),
            asset(BuildTrigger, _step(env=[f"NPM_TOKEN={TOKEN}"])),
            asset(BuildTrigger, _step(entrypoint="psql", args=[_CONNECTION])),
            asset(BuildTrigger, _step(script=f"#!/bin/sh\nexport API_TOKEN={TOKEN}\n")),
            asset(BuildTrigger, {"disabled": True, "build": {"options": {"env": [f"DB_PASSWORD={PASSWORD}"]}}}),
        ],
        unknown=lambda: [
            asset(BuildTrigger, {}, unknown=["resource.data.substitutions"]),
            asset(BuildTrigger, _step(), unknown=["resource.data.build.steps.*"]),
        ],
    ),
)

BUILD_RECORD = holding(
    __name__,
    Holder(
        id="build-record-secret",
        title="The record of a build holds a secret.",
        why="Records cannot be changed or deleted: whoever may view builds reads the value as long as it works. Builds "
        "that a trigger started are told by their trigger, and old records are many, so this check is not selected by "
        "default.",
        breaks="Whatever still uses the old credential.",
        source="https://cloud.google.com/build/docs/securing-builds/use-secrets",
        views=(Build,),
        reads=(
            lambda build: of_map("substitution", build.substitutions),
            lambda build: _of_options(build.options),
            lambda build: _of_steps(build.steps),
        ),
        spared=lambda build: "its trigger is judged instead" if build.build_trigger_id else "",
        cleared={"steps": [], "substitutions": None, "options": None},
        manual="Change the credential: the record stays. Pass the new one through `availableSecrets`.",
        severity=Severity.MEDIUM,
        default=False,
        passes=lambda: [
            asset(Build, {"status": "SUCCESS", "substitutions": {"_REGION": "europe-west1", "COMMIT_SHA": "0a1b2c3d"}}),
            asset(Build, {"buildTriggerId": "t", "substitutions": {"_DB_PASSWORD": PASSWORD}}),
        ],
        fails=lambda: [
            asset(Build, {"status": "SUCCESS", "substitutions": {"_DB_PASSWORD": PASSWORD}}),
            asset(Build, {"steps": [{"name": "bash", "env": [f"API_TOKEN={TOKEN}"]}]}),
        ],
        unknown=lambda: [asset(Build, {}, unknown=["resource.data.steps"])],
    ),
)

COMPOSER = holding(
    __name__,
    Holder(
        id="composer-secret",
        title="A Cloud Composer environment has a secret written into its variables or Airflow options.",
        why="Everyone who may view the environment reads them, so does every DAG, and the Airflow web interface shows "
        "options to whoever may open it.",
        breaks="DAGs that read the variable, until they ask Airflow's secrets backend.",
        source="https://cloud.google.com/composer/docs/composer-2/configure-secret-manager",
        views=(ComposerEnvironment,),
        reads=(
            lambda composer: of_map("variable", composer.config.software_config.env_variables),
            lambda composer: of_map("Airflow option", composer.config.software_config.airflow_config_overrides),
        ),
        cleared={"config": {"softwareConfig": {"envVariables": None, "airflowConfigOverrides": None}}},
        manual=_STORE + "and let Airflow read it: set secrets-backend to Secret Manager, and name the secret "
        "airflow-connections-NAME or airflow-variables-NAME.",
        terraform="no secrets in `env_variables` and `airflow_config_overrides` of google_composer_environment",
        passes=lambda: [
            asset(ComposerEnvironment, {"config": {"softwareConfig": {"envVariables": {"ENV": "prod"}}}}),
            asset(
                ComposerEnvironment,
                {
                    "config": {
                        "softwareConfig": {
                            "airflowConfigOverrides": {
                                "secrets-backend": "airflow.providers.google.cloud.secrets.secret_manager."
                                "CloudSecretManagerBackend",
                                "core-dags_are_paused_at_creation": "True",
                            }
                        }
                    }
                },
            ),
        ],
        fails=lambda: [
            asset(ComposerEnvironment, {"config": {"softwareConfig": {"envVariables": {"DB_PASSWORD": PASSWORD}}}}),
            asset(
                ComposerEnvironment,
                {"config": {"softwareConfig": {"airflowConfigOverrides": {"smtp-smtp_password": PASSWORD}}}},
            ),
            asset(ComposerEnvironment, {"config": {"softwareConfig": {"envVariables": {"WAREHOUSE": _CONNECTION}}}}),
        ],
        unknown=lambda: [asset(ComposerEnvironment, {}, unknown=["resource.data.config.softwareConfig.envVariables"])],
    ),
)


def _of_dataflow(job: DataflowJob) -> Iterator[Entry]:
    return of_map("pipeline option", told(job.options, "the options of the pipeline"))


DATAFLOW = holding(
    __name__,
    Holder(
        id="dataflow-option-secret",
        title="A Dataflow job was started with a secret among its options.",
        why="Options are shown with the job in the console and in the API for as long as the job is kept, to everyone "
        "who may view jobs, and its workers log them.",
        breaks="Pipelines and templates that take the credential as an option.",
        source="https://cloud.google.com/dataflow/docs/guides/setting-pipeline-options",
        views=(DataflowJob,),
        reads=(_of_dataflow,),
        cleared={"environment": {"sdkPipelineOptions": None}, "pipelineDescription": {"displayData": []}},
        manual=_STORE + "and start the job with the secret's name: Google's JDBC templates take a secret as "
        "connectionURL, username and password.",
        terraform="the name of a secret in `parameters` of google_dataflow_job",
        passes=lambda: [
            asset(DataflowJob, {"environment": {"sdkPipelineOptions": {"options": {"region": "europe-west1"}}}}),
            asset(DataflowJob, {"pipelineDescription": {"displayData": [{"key": "jobName", "strValue": "orders"}]}}),
            asset(
                DataflowJob,
                {"environment": {"sdkPipelineOptions": {"options": {"password": "projects/p/secrets/db/versions/3"}}}},
            ),
        ],
        fails=lambda: [
            asset(DataflowJob, {"environment": {"sdkPipelineOptions": {"options": {"password": PASSWORD}}}}),
            asset(DataflowJob, {"environment": {"sdkPipelineOptions": {"apiToken": TOKEN}}}),
            asset(DataflowJob, {"environment": {"sdkPipelineOptions": {"options": {"password": [PASSWORD]}}}}),
            asset(
                DataflowJob,
                {"pipelineDescription": {"displayData": [{"key": "connectionURL", "strValue": _CONNECTION}]}},
            ),
        ],
        unknown=lambda: [
            asset(DataflowJob, {"name": "orders", "environment": {}}),
            asset(DataflowJob, {}, unknown=["resource.data.environment"]),
        ],
    ),
)


def _of_source(workflow: Workflow) -> Iterator[Entry]:
    return of_text("the source", "", told(workflow.source_contents, "sourceContents"))


WORKFLOW = holding(
    __name__,
    Holder(
        id="workflow-secret",
        title="A workflow has a secret written into its source or variables.",
        why="Everyone who may view workflows reads the source, each revision keeps its own copy, and calls are logged "
        "with their arguments where call logging is on.",
        breaks="The workflow, until its service account may read the secret.",
        source="https://cloud.google.com/workflows/docs/use-secret-manager",
        views=(Workflow,),
        reads=(lambda workflow: of_map("variable", workflow.user_env_vars), _of_source),
        cleared={"userEnvVars": None, "sourceContents": "main:\n  steps: []\n"},
        manual=_STORE + "and let the workflow read it with googleapis.secretmanager.v1.projects.secrets.versions."
        "accessString; for Google's APIs and Cloud Run use `auth` of the call and no credential at all.",
        terraform="no secrets in `source_contents` and `user_env_vars` of google_workflows_workflow",
        passes=lambda: [
            asset(
                Workflow,
                {"sourceContents": "main:\n  steps:\n  - init:\n      assign:\n      - region: europe-west1\n"},
            ),
            asset(
                Workflow,
                {
                    "sourceContents": "- key:\n    call: googleapis.secretmanager.v1.projects.secrets.versions."
                    "accessString\n    args:\n      secret_id: api-token\n    result: token\n",
                    "userEnvVars": {"SECRET_ID": "api-token"},
                },
            ),
        ],
        fails=lambda: [
            asset(
                Workflow,
                {"sourceContents": f"- call:\n    headers:\n      Authorization: Bearer {TOKEN}AAA12\n"},
            ),
            asset(Workflow, {"userEnvVars": {"API_TOKEN": TOKEN}}),
        ],
        unknown=lambda: [
            asset(Workflow, {"state": "ACTIVE"}),
            asset(Workflow, {"sourceContents": "main:\n"}, unknown=["resource.data.userEnvVars"]),
        ],
    ),
)


def _of_request(job: SchedulerJob) -> Iterator[Entry]:
    request = job.request
    if request is not None:
        yield from of_text("the address", "uri", request.uri or request.relative_uri)
        yield from of_map("header", request.headers)
        yield from of_text("the body", "", request.body)


def _of_message(job: SchedulerJob) -> Iterator[Entry]:
    if job.pubsub_target is not None:
        yield from of_map("attribute", job.pubsub_target.attributes)
        yield from of_text("the message", "", job.pubsub_target.data)


_BASIC = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
_BODY = base64.b64encode(json.dumps({"client": "nightly", "api_token": TOKEN}).encode()).decode()

SCHEDULER = holding(
    __name__,
    Holder(
        id="scheduler-job-secret",
        title="A Cloud Scheduler job sends a secret that is written into it.",
        why="Everyone who may view jobs reads address, headers and body. For Google's APIs and for Cloud Run the job "
        "can sign in as a service account, and needs no credential.",
        breaks="The target refuses the call until it accepts the token of the job's service account.",
        source="https://cloud.google.com/scheduler/docs/http-target-auth",
        views=(SchedulerJob,),
        reads=(_of_request, _of_message),
        cleared={
            "httpTarget": {"uri": "https://orders.example.com/nightly", "headers": None, "body": None},
            "appEngineHttpTarget": None,
            "pubsubTarget": None,
        },
        manual="Change the credential. Let the job sign in with an OIDC token (`--oidc-service-account-email`), or "
        "let the target fetch the credential itself from Secret Manager.",
        terraform="`oidc_token` or `oauth_token` in `http_target` of google_cloud_scheduler_job, no credential in "
        "`headers`, `uri` or `body`",
        passes=lambda: [
            asset(
                SchedulerJob,
                {
                    "httpTarget": {
                        "uri": "https://orders.example.com/nightly",
                        "headers": {"Content-Type": "application/json", "User-Agent": "Google-Cloud-Scheduler"},
                        "oidcToken": {"serviceAccountEmail": "cron@p.iam.gserviceaccount.com"},
                    }
                },
            ),
            asset(
                SchedulerJob, {"pubsubTarget": {"topicName": "projects/p/topics/t", "attributes": {"kind": "nightly"}}}
            ),
            asset(SchedulerJob, {"appEngineHttpTarget": {"relativeUri": "/cron/nightly"}}),
        ],
        fails=lambda: [
            asset(
                SchedulerJob,
                {
                    "httpTarget": {
                        "uri": "https://x.example.com",
                        "headers": {"Authorization": f"Basic {_BASIC}"},
                    }
                },
            ),
            asset(SchedulerJob, {"httpTarget": {"uri": f"https://x.example.com/run?token={TOKEN}"}}),
            asset(SchedulerJob, {"httpTarget": {"uri": "https://x.example.com/run", "body": _BODY}}),
            asset(SchedulerJob, {"pubsubTarget": {"attributes": {"api_token": TOKEN}}}),
        ],
        unknown=lambda: [asset(SchedulerJob, {}, unknown=["resource.data.httpTarget"])],
    ),
)

PUSH = holding(
    __name__,
    Holder(
        id="pubsub-push-secret",
        title="A Pub/Sub subscription pushes to an address that holds a secret.",
        why="Everyone who may view subscriptions reads the address, and servers and proxies write it to their logs. A "
        "signed token proves the sender better, and is in no log.",
        breaks="The endpoint refuses messages until it checks the token of the subscription's service account.",
        source="https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions",
        views=(Subscription,),
        reads=(lambda subscription: of_text("the push endpoint", "uri", subscription.push_config.push_endpoint),),
        cleared={"pushConfig": {"pushEndpoint": "https://orders.example.com/push"}},
        manual="Change the secret, push with an OIDC token (`--push-auth-service-account`), and let the endpoint "
        "check it.",
        terraform="`oidc_token` in `push_config` of google_pubsub_subscription",
        severity=Severity.MEDIUM,
        passes=lambda: [
            asset(Subscription, {"pushConfig": {"pushEndpoint": "https://orders.example.com/push?tenant=a"}}),
            asset(Subscription, {"topic": "projects/p/topics/t"}),
        ],
        fails=lambda: [
            asset(Subscription, {"pushConfig": {"pushEndpoint": f"https://x.example.com/push?token={TOKEN}"}}),
            asset(Subscription, {"pushConfig": {"pushEndpoint": f"https://app:{PASSWORD}@x.example.com/push"}}),
        ],
        unknown=lambda: [asset(Subscription, {}, unknown=["resource.data.pushConfig.pushEndpoint"])],
    ),
)
