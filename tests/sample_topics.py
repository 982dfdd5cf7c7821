"""What the sample run's checks asked and found, with names chosen to do harm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from auditor.model.run import FixAdvice
from auditor.model.verdict import Severity

HOSTILE = (
    "<script>window.harmed=1</script>",
    '"><img src=x onerror="window.harmed=1">',
    "a|b](javascript:alert(1))<img>",
    "`code` ``more`` ***bold*** [link](https://evil.example) ![i](https://evil.example/x.png)",
    "two\nlines\n# heading\n- item\r\n    block",
    "invoice\u202efdp.exe",
    "\x1b[31mred\x00\x7f",
    "https://evil.example www.evil.example @everyone #1",
    "</style></textarea><svg/onload=window.harmed=1>",
    "{{ 7 * 7 }} {% raw %} {0} $(id) '; id",
    "not utf-8: \udce9",
    "~~~\n```\n---",
    "&lt;script&gt; &amp; \\| \\",
)
"""Names that would run, break out, mislead or mention somebody where a report let them."""


@dataclass(slots=True, kw_only=True)
class Topic:
    """A check of the sample, in short."""

    id: str
    area: str
    severity: Severity
    asset_type: str
    title: str
    why: str
    breaks: str
    source: str
    fix: FixAdvice
    passed: int
    not_applicable: dict[str, int] = field(default_factory=dict)
    not_assessed: dict[str, int] = field(default_factory=dict)
    note: str = ""
    places: list[tuple[str, str, str, dict[str, Any], str]] = field(default_factory=list)
    """(asset, project, message, evidence, command)"""


def _fix(gcloud: str = "", terraform: str = "", guardrail: str = "", manual: str = "") -> FixAdvice:
    return FixAdvice(gcloud=gcloud, terraform=terraform, guardrail=guardrail, manual=manual)


_DOCS = "https://cloud.google.com"
_PROJECTS = ("gasline-prod", "gasline-staging", "gasline-shared")


def _key(number: int) -> str:
    return hashlib.sha1(b"%d" % number, usedforsecurity=False).hexdigest()


def topics() -> list[Topic]:
    return [
        Topic(
            id="bucket-public",
            area="storage",
            severity=Severity.CRITICAL,
            asset_type="storage.googleapis.com/Bucket",
            title="Anyone on the internet can reach a bucket's content.",
            why="A binding for allUsers or allAuthenticatedUsers hands every object to whoever asks."
            " Crawlers find such buckets within hours.",
            breaks="A web site or a download page served from the bucket stops being reachable; "
            "serve it through a load balancer with Cloud CDN first.",
            source=f"{_DOCS}/storage/docs/public-access-prevention and javascript:alert(1)",
            fix=_fix(
                "gcloud storage buckets update gs://{bucket.id} --public-access-prevention",
                'public_access_prevention = "enforced" on google_storage_bucket',
                "storage.publicAccessPrevention",
            ),
            passed=14,
            not_assessed={"the IAM policies of its project were not exported; export content type iam-policy": 3},
            places=[
                (
                    "//storage.googleapis.com/gasline-invoices-export",
                    "gasline-prod",
                    "allUsers holds roles/storage.objectViewer",
                    {
                        "iamConfiguration.publicAccessPrevention": "inherited",
                        "binding": {"role": "roles/storage.objectViewer", "members": ["allUsers"]},
                    },
                    "gcloud storage buckets update gs://gasline-invoices-export --public-access-prevention",
                )
            ],
        ),
        Topic(
            id="sql-open-to-internet",
            area="sql",
            severity=Severity.CRITICAL,
            asset_type="sqladmin.googleapis.com/Instance",
            title="A database instance accepts connections from the whole internet.",
            why="0.0.0.0/0 among the authorised networks leaves the password as the only lock, "
            "and passwords are guessed.",
            breaks="Clients that connect from changing addresses lose their way in; "
            "give them the Cloud SQL Auth Proxy.",
            source=f"{_DOCS}/sql/docs/postgres/configure-ip",
            fix=_fix(
                "gcloud sql instances patch {instance.id} --clear-authorized-networks",
                "no authorized_networks block with 0.0.0.0/0 in google_sql_database_instance",
                "sql.restrictAuthorizedNetworks",
            ),
            passed=1,
            not_applicable={"the instance has no public IP address": 2},
            places=[
                (
                    "//cloudsql.googleapis.com/projects/gasline-staging/instances/orders-copy",
                    "gasline-staging",
                    "authorised network 'office' is 0.0.0.0/0",
                    {"settings.ipConfiguration.authorizedNetworks": [{"name": "office", "value": "0.0.0.0/0"}]},
                    "gcloud sql instances patch orders-copy --clear-authorized-networks",
                )
            ],
        ),
        Topic(
            id="service-account-key-stale",
            area="keys",
            severity=Severity.HIGH,
            asset_type="iam.googleapis.com/ServiceAccountKey",
            title="A service account key is older than the rotation period.",
            why="A key that leaves the company in a laptop, a log or a repository keeps working until it is deleted.",
            breaks="Whatever still signs with the key loses access; look at its last use first.",
            source=f"{_DOCS}/iam/docs/key-rotation",
            fix=_fix(
                "gcloud iam service-accounts keys delete {key.id} --iam-account={key.account}",
                "",
                "iam.serviceAccountKeyExpiryHours",
                "Move the workload to workload identity, then delete the key.",
            ),
            passed=9,
            not_applicable={"Google rotates its own keys": 61},
            places=[
                (
                    f"//iam.googleapis.com/projects/{project}/serviceAccounts/router@{project}.iam.gserviceaccount.com/keys/{_key(number)}",
                    project,
                    f"created {days} days ago, the limit is 90",
                    {"keyOrigin": "GOOGLE_PROVIDED", "validAfterTime": "2026-01-17T09:12:44Z"},
                    (
                        f"gcloud iam service-accounts keys delete {_key(number)} "
                        f"--iam-account=router@{project}.iam.gserviceaccount.com"
                    ),
                )
                for number, project, days in zip(range(11, 41), _PROJECTS * 10, range(940, 340, -20), strict=True)
            ],
        ),
        Topic(
            id="service-account-editor",
            area="iam",
            severity=Severity.HIGH,
            asset_type="cloudresourcemanager.googleapis.com/Project",
            title="A service account holds a basic role on a whole project.",
            why="Editor lets whoever controls the workload rewrite everything in the project, "
            "its other workloads included.",
            breaks="Deployments that leaned on the wide role fail with permission errors; "
            "read what was used from the role recommender.",
            source=f"{_DOCS}/iam/docs/roles-overview",
            fix=_fix(
                "gcloud projects remove-iam-policy-binding {policy.asset.id} --role=roles/editor --member=MEMBER",
                "google_project_iam_member with the roles that are used, instead of roles/editor",
                "iam.automaticIamGrantsForDefaultServiceAccounts",
            ),
            passed=2,
            not_assessed={"members of group platform@gasline.example: the group was not exported": 1},
            places=[
                (
                    "//cloudresourcemanager.googleapis.com/projects/481516234200",
                    "gasline-prod",
                    "serviceAccount:481516234200-compute@developer.gserviceaccount.com holds roles/editor",
                    {"binding": {"role": "roles/editor"}},
                    "",
                )
            ],
        ),
        Topic(
            id="api-key-unrestricted",
            area="api_keys",
            severity=Severity.HIGH,
            asset_type="apikeys.googleapis.com/Key",
            title="An API key works for every enabled API.",
            why="A key found in a web page calls, and is billed for, any API that the project enables later.",
            breaks="Calls to APIs that are not listed are refused; list those of the last 30 days first.",
            source=f"{_DOCS}/api-keys/docs/add-restrictions-api-keys",
            fix=_fix("gcloud services api-keys update {key.id} --api-target=service=routes.googleapis.com"),
            passed=0,
            not_applicable={"the key is deleted": 1},
            not_assessed={"restrictions: known only after apply": 1},
        ),
        Topic(
            id="run-public-without-armor",
            area="serverless",
            severity=Severity.MEDIUM,
            asset_type="run.googleapis.com/Service",
            title="A public Cloud Run service can be reached around the load balancer.",
            why="Ingress from everywhere lets a caller skip Cloud Armor and its rate limits.",
            breaks="Callers of the run.app address get 404; point them to the domain of the load balancer.",
            source=f"{_DOCS}/run/docs/securing/ingress",
            fix=_fix(
                "gcloud run services update {service.id} --ingress=internal-and-cloud-load-balancing",
                'ingress = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"',
                "run.allowedIngress",
            ),
            passed=4,
            places=[
                (
                    f"//run.googleapis.com/projects/gasline-prod/locations/europe-west1/services/{name}",
                    "gasline-prod",
                    "ingress is INGRESS_TRAFFIC_ALL",
                    {"ingress": "INGRESS_TRAFFIC_ALL"},
                    f"gcloud run services update {name} --ingress=internal-and-cloud-load-balancing",
                )
                for name in ("orders-api", "routing-api", "driver-api")
            ],
        ),
        Topic(
            id="label-owner-missing",
            area="organization",
            severity=Severity.INFO,
            asset_type="storage.googleapis.com/Bucket",
            title="A resource names no owner.",
            why="When something is wrong with it at night, nobody knows whom to call.",
            breaks="Nothing.",
            source="the company's own rule",
            fix=_fix(manual="Add the label owner."),
            passed=3,
            places=[
                (
                    f"//storage.googleapis.com/{name}",
                    _PROJECTS[number % 3],
                    f"no label owner on {name}",
                    {"labels": {name: name}},
                    f"gcloud storage buckets update {name!r} --update-labels=owner=OWNER",
                )
                for number, name in enumerate((*HOSTILE, "b" + "-very-long-name" * 60))
            ],
        ),
        Topic(
            id="gke-legacy-metadata",
            area="gke",
            severity=Severity.HIGH,
            asset_type="container.googleapis.com/Cluster",
            title="A cluster's nodes answer the old metadata endpoints.",
            why="A pod that is tricked into a request reads the node's credentials.",
            breaks="Software of before 2019 that asks the old endpoints.",
            source=f"{_DOCS}/kubernetes-engine/docs/how-to/protecting-cluster-metadata",
            fix=_fix(manual="Recreate the node pool."),
            passed=0,
            note="no container.googleapis.com/Cluster in the input (resource content); "
            "either none exists or the type was not exported",
        ),
    ]
