"""Rows about secrets."""

from __future__ import annotations

from typing import Any

from auditor.check import Example
from tests.catalogue import ACCOUNTS, KEY, USERS, Estate, Row, a, project

SECRET = "//secretmanager.googleapis.com/projects/1001/secrets/s"


def secret(grants: dict[str, list[str]] | None = None, **data: Any) -> Example:
    given = {
        "name": "projects/1001/secrets/s",
        "createTime": "2026-01-01T00:00:00Z",
        "replication": {"automatic": {}},
        "rotation": {"rotationPeriod": "2592000s", "nextRotationTime": "2026-12-10T00:00:00Z"},
        "topics": [{"name": "projects/p/topics/rotate"}],
        "versionDestroyTtl": "604800s",
        **data,
    }
    return a(
        "secretmanager.googleapis.com/Secret",
        {name: value for name, value in given.items() if value is not None},
        at=SECRET,
        grants=grants or {},
    )


def version(number: int, state: str = "ENABLED", made: str = "2026-11-01T00:00:00Z") -> Example:
    return a(
        "secretmanager.googleapis.com/SecretVersion",
        {"state": state, "createTime": made},
        at=f"{SECRET}/versions/{number}",
    )


VALUE = "Zx81qwert9Lm"  # auditor:allow secret reason=made up
TOKEN = "7f3kQz81LmNw02RtYb5v"  # auditor:allow secret reason=made up
"""A password and a token that somebody made up."""
ACCESS = "roles/secretmanager.secretAccessor"
REFERENCE = {"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "s", "version": "3"}}}


def run(*env: dict[str, Any], **container: Any) -> Example:
    return a(
        "run.googleapis.com/Service",
        {"template": {"containers": [{"image": "i", "env": list(env), **container}]}},
        grants={},
    )


def machine(*items: dict[str, str]) -> Example:
    return a("compute.googleapis.com/Instance", {"name": "vm", "status": "RUNNING", "metadata": {"items": list(items)}})


PASSWORD = {"name": "DB_PASSWORD", "value": VALUE}
TOPIC = a(
    "pubsub.googleapis.com/Topic",
    {"name": "projects/p/topics/rotate"},
    at="//pubsub.googleapis.com/projects/p/topics/rotate",
)
HEARS = a("pubsub.googleapis.com/Subscription", {"topic": "projects/p/topics/rotate"})


def plain(kind: str, bad: dict[str, Any], near: dict[str, Any], *, at: str = "") -> tuple[Estate, Estate]:
    """An asset that has the problem, and one that nearly has."""
    return [a(kind, bad, at=at)], [a(kind, near, at=at)]


SECRETS = [
    Row(
        "fn-env-secrets-gen1",
        *plain(
            "cloudfunctions.googleapis.com/CloudFunction",
            {"environmentVariables": {"DB_PASSWORD": VALUE}},
            {"environmentVariables": {"DB_PASSWORD_SECRET": "projects/p/secrets/s"}},
        ),
    ),
    Row(
        "fn-env-secrets-gen2",
        *plain(
            "cloudfunctions.googleapis.com/Function",
            {"environment": "GEN_2", "serviceConfig": {"environmentVariables": {"DB_PASSWORD": VALUE}}},
            {"environment": "GEN_2", "serviceConfig": {"environmentVariables": {"DB_HOST": "10.0.0.3"}}},
        ),
    ),
    Row("secret-public", [secret({ACCESS: ["allUsers"]})], [secret({ACCESS: ACCOUNTS[:1]})]),
    Row("secret-rotation", [secret(rotation=None, topics=None)], [secret()]),
    Row(
        "secret-old-version-enabled",
        [secret(), version(1, made="2026-01-01T00:00:00Z"), version(2, made="2026-09-01T00:00:00Z")],
        [secret(), version(1, "DISABLED"), version(2)],
    ),
    Row(
        "secret-rotation-never-happened",
        [secret(), version(1, made="2026-01-01T00:00:00Z")],
        [secret(), version(1, made="2026-11-10T00:00:00Z")],
    ),
    Row("secret-rotation-no-consumer", [secret(), TOPIC, project()], [secret(), TOPIC, HEARS, project()]),
    Row(
        "secret-accessor-project-wide",
        [project({ACCESS: ACCOUNTS[:1]}), secret()],
        [project(), secret({ACCESS: ACCOUNTS[:1]})],
    ),
    Row("secret-accessor-human", [secret({ACCESS: USERS[:1]})], [secret({ACCESS: ACCOUNTS[:1]})]),
    Row("secret-no-destroy-delay", [secret(versionDestroyTtl=None)], [secret()]),
    Row(
        "secret-no-cmek",
        [secret()],
        [secret(replication={"automatic": {"customerManagedEncryption": {"kmsKeyName": KEY[26:]}}})],
    ),
    Row(
        "secret-latest-alias",
        [run({"name": "A", "valueSource": {"secretKeyRef": {"secret": "s", "version": "latest"}}})],
        [run(REFERENCE)],
    ),
    Row("run-env-secrets", [run(PASSWORD)], [run(REFERENCE)]),
    Row("run-env-secrets", [run(args=["--db-password", VALUE])], [run(args=["--db-password-file", "/secrets/db"])]),
    Row(
        "run-env-secrets", [run(command=["sh", "-c", f"PGPASSWORD={VALUE} psql"])], [run(command=["sh", "-c", "psql"])]
    ),
    Row(
        "vm-metadata-secrets",
        [machine({"key": "db-password", "value": VALUE})],
        [machine({"key": "db-host", "value": "10.0.0.3"})],
    ),
    Row(
        "vm-metadata-secrets",
        [machine({"key": "startup-script", "value": f"#!/bin/sh\nexport DB_PASSWORD={VALUE}\n"})],
        [
            machine(
                {
                    "key": "startup-script",
                    "value": "#!/bin/sh\nexport DB_PASSWORD=$(gcloud secrets versions access 3)\n",
                }
            )
        ],
    ),
    Row(
        "vm-metadata-secrets",
        *plain(
            "compute.googleapis.com/Project",
            {"commonInstanceMetadata": {"items": [{"key": "api-token", "value": TOKEN}]}},
            {"commonInstanceMetadata": {"items": [{"key": "enable-oslogin", "value": "TRUE"}]}},
        ),
    ),
    Row(
        "cloudbuild-secrets",
        *plain(
            "cloudbuild.googleapis.com/BuildTrigger",
            {"substitutions": {"_DB_PASSWORD": VALUE}},
            {"substitutions": {"_DB_PASSWORD": "${_FROM_SECRET}"}},
        ),
    ),
    Row(
        "composer-secrets",
        *plain(
            "composer.googleapis.com/Environment",
            {"config": {"softwareConfig": {"envVariables": {"DB_PASSWORD": VALUE}}}},
            {"config": {"softwareConfig": {"envVariables": {"DB_PASSWORD_SECRET": "sm://db"}}}},
        ),
    ),
    Row(
        "dataflow-options-secrets",
        *plain(
            "dataflow.googleapis.com/Job",
            {"environment": {"sdkPipelineOptions": {"options": {"jdbcPassword": VALUE}}}},
            {"environment": {"sdkPipelineOptions": {"options": {"jdbcUser": "app"}}}},
        ),
    ),
    Row(
        "dataproc-metadata-secrets",
        *plain(
            "dataproc.googleapis.com/Cluster",
            {"config": {"gceClusterConfig": {"metadata": {"db-password": VALUE}}}},
            {"config": {"gceClusterConfig": {"metadata": {"db-host": "10.0.0.3"}}}},
        ),
    ),
    Row(
        "scheduler-header-secrets",
        *plain(
            "cloudscheduler.googleapis.com/Job",
            {
                "httpTarget": {
                    "uri": "https://x.example.com/",
                    "headers": {"Authorization": f"Bearer {TOKEN}Qq1Z"},
                }
            },
            {"httpTarget": {"uri": "https://x.example.com/", "headers": {"User-Agent": "Google-Cloud-Scheduler"}}},
        ),
    ),
    Row(
        "workflow-source-secrets",
        *plain(
            "workflows.googleapis.com/Workflow",
            {"sourceContents": f"main:\n  steps:\n  - a:\n      assign:\n      - password: {VALUE}\n"},
            {"sourceContents": "main:\n  steps:\n  - a:\n      return: done\n"},
        ),
    ),
    Row(
        "appengine-env-secrets",
        *plain(
            "appengine.googleapis.com/Version",
            {"envVariables": {"DB_PASSWORD": VALUE}},
            {"envVariables": {"DB_PASSWORD": "${DB_PASSWORD}"}},
        ),
    ),
    Row(
        "function-build-env-secrets",
        *plain(
            "cloudfunctions.googleapis.com/Function",
            {"buildConfig": {"environmentVariables": {"NPM_TOKEN": TOKEN}}},
            {"buildConfig": {"environmentVariables": {"GOOGLE_NODE_RUN_SCRIPTS": ""}}},
        ),
    ),
    Row(
        "k8s-env-configmap-secrets",
        *plain(
            "apps.k8s.io/Deployment",
            {
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"template": {"spec": {"containers": [{"env": [PASSWORD]}]}}},
            },
            {
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"template": {"spec": {"containers": [{"env": []}]}}},
            },
        ),
    ),
    Row(
        "vertex-env-secrets",
        *plain(
            "aiplatform.googleapis.com/CustomJob",
            {"jobSpec": {"workerPoolSpecs": [{"containerSpec": {"env": [PASSWORD]}}]}},
            {"jobSpec": {"workerPoolSpecs": [{"containerSpec": {"env": [{"name": "EPOCHS", "value": "3"}]}}]}},
        ),
    ),
    Row(
        "notification-channel-secret",
        *plain(
            "monitoring.googleapis.com/NotificationChannel",
            {
                "type": "webhook_tokenauth",
                "labels": {"url": f"https://x.example.com/hook?auth_token={TOKEN}"},
            },
            {"type": "email", "labels": {"email_address": "ops@example.com"}},
        ),
    ),
    Row(
        "uptime-auth-unmasked",
        *plain(
            "monitoring.googleapis.com/UptimeCheckConfig",
            {"httpCheck": {"headers": {"Authorization": f"Bearer {TOKEN}Qq1Z"}}},
            {"httpCheck": {"headers": {"Accept": "text/html"}, "useSsl": True}},
        ),
    ),
    Row(
        "dns-txt-secrets",
        *plain(
            "dns.googleapis.com/ResourceRecordSet",
            {"type": "TXT", "name": "x.example.com.", "rrdatas": [f'"db_password={VALUE}"']},
            {"type": "TXT", "name": "x.example.com.", "rrdatas": ['"google-site-verification=abcdefghijklmnop"']},
        ),
    ),
]
