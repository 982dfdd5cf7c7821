"""Resources whose IAM policy lets everyone in: one check for each type, out of one factory."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Check, Clock, Fix, Policy, Resource, Severity, Verdict, asset, check, fail
from auditor.resources.bigquery import Table
from auditor.resources.data import (
    ArtifactRepository,
    BigtableInstance,
    DataprocCluster,
    Disk,
    Image,
    PubSubSnapshot,
    Snapshot,
    SpannerDatabase,
    SpannerInstance,
    Subscription,
    Topic,
)
from auditor.resources.policy import PUBLIC


def _policy(*members: str, role: str = "roles/viewer", until: str = "") -> dict[str, Any]:
    binding: dict[str, Any] = {"role": role, "members": list(members)}
    if until:
        binding["condition"] = {"expression": f'request.time < timestamp("{until}")'}
    return {"bindings": [binding]}


def _public_by_iam(
    identifier: str,
    subject: Any,
    view: type[Resource],
    thing: str,
    *,
    why: str,
    gcloud: str = "",
    source: str,
    breaks: str = "whoever uses it without an account of yours; grant those a role by name.",
    severity: Severity = Severity.CRITICAL,
    same_as: tuple[str, ...] = (),
) -> Check:
    """The check of the policies of one or more resource types, `subject`; `view` is the type of its examples.

    `gcloud` is the command up to the resource's name; empty where there is none for all of the types.
    """

    def judge(policy: Any, clock: Clock) -> Verdict:
        for binding, member in policy.grants(clock.now, types=PUBLIC):
            if member in PUBLIC:
                collection = policy.asset.short_name.split("/")[-2:][0]
                return fail(
                    f"{member} holds {binding.role}{binding.limited_to}",
                    evidence={"member": member, "role": binding.role, "_collection": collection},
                )
        return PASS

    judge.__annotations__["policy"] = subject
    judge.__doc__ = f"""Everyone on the internet has a role on {thing}.

    Why: {why}

    What a fix may break: {breaks}

    Source: {source}
    """
    return check(
        identifier,
        severity=severity,
        same_as=same_as,
        fix=Fix(
            gcloud=f"gcloud {gcloud}{{policy.asset.short_name}} --member={{found[member]}} --role={{found[role]}}"
            if gcloud
            else "",
            terraform="remove allUsers and allAuthenticatedUsers from the resource's *_iam_member and *_iam_binding",
            guardrail="iam.allowedPolicyMemberDomains",
            manual="Remove every binding of allUsers and allAuthenticatedUsers from the resource's IAM policy.",
            patch={"policy": {"bindings": []}},
        ),
        passes=lambda: [
            asset(view, policy=_policy("user:a@example.com", "domain:example.com", "deleted:user:b@example.com?uid=1")),
            asset(view, policy={"bindings": []}),
            asset(view, policy=_policy("allUsers", until="2026-01-01T00:00:00Z")),
        ],
        fails=lambda: [
            asset(view, policy=_policy("user:a@example.com", "allUsers")),
            asset(view, policy=_policy("allAuthenticatedUsers", role="projects/p/roles/custom")),
            asset(view, policy=_policy("allUsers", until="2027-01-01T00:00:00Z")),
        ],
        unknown=lambda: [asset(view, policy={"bindings": []}, unknown=["iam_policy.bindings.*"])],
    )(judge)


table = _public_by_iam(
    "bigquery-table-public",
    Policy[Table],
    Table,
    "a BigQuery table",
    why="allAuthenticatedUsers is anyone with a free Google account: they copy the table, and with a writing role "
    "change it.",
    source="https://cloud.google.com/bigquery/docs/control-access-to-resources-iam",
    same_as=("checkov:CKV_GCP_100",),
)
topic = _public_by_iam(
    "pubsub-topic-public",
    Policy[Topic],
    Topic,
    "a Pub/Sub topic",
    why="strangers publish messages that your services act on, or attach subscriptions and read what is published.",
    gcloud="pubsub topics remove-iam-policy-binding ",
    source="https://cloud.google.com/pubsub/docs/access-control",
    same_as=("checkov:CKV_GCP_99", "cloudsploit:pubsub/topicAllUsersPolicy"),
)
subscription = _public_by_iam(
    "pubsub-subscription-public",
    Policy[Subscription | PubSubSnapshot],
    Subscription,
    "a Pub/Sub subscription or snapshot",
    why="strangers pull messages, which also takes them away from the service that they were meant for.",
    source="https://cloud.google.com/pubsub/docs/access-control",
)
repository = _public_by_iam(
    "artifact-repository-public",
    Policy[ArtifactRepository],
    ArtifactRepository,
    "an Artifact Registry repository",
    why="images and packages hold source code, configuration and now and then a secret; with a writing role strangers "
    "plant code that you deploy.",
    gcloud="artifacts repositories remove-iam-policy-binding ",
    breaks="downloads of what you publish on purpose; keep public artifacts in a repository of their own.",
    severity=Severity.HIGH,
    source="https://cloud.google.com/artifact-registry/docs/access-control",
    same_as=("checkov:CKV_GCP_101",),
)
dataproc = _public_by_iam(
    "dataproc-cluster-public",
    Policy[DataprocCluster],
    DataprocCluster,
    "a Dataproc cluster",
    why="who may submit a job runs code with the identity and the data of the cluster.",
    source="https://cloud.google.com/dataproc/docs/concepts/iam/iam",
    same_as=("checkov:CKV_GCP_98",),
)
spanner = _public_by_iam(
    "spanner-public",
    Policy[SpannerInstance | SpannerDatabase],
    SpannerInstance,
    "a Spanner instance or database",
    why="strangers read the database, and with a writing role change it.",
    gcloud="spanner {found[_collection]} remove-iam-policy-binding ",
    source="https://cloud.google.com/spanner/docs/iam",
)
bigtable = _public_by_iam(
    "bigtable-public",
    Policy[BigtableInstance],
    BigtableInstance,
    "a Bigtable instance",
    why="strangers read its tables, and with a writing role change them.",
    gcloud="bigtable instances remove-iam-policy-binding ",
    source="https://cloud.google.com/bigtable/docs/access-control",
)
image = _public_by_iam(
    "disk-image-public",
    Policy[Image | Snapshot | Disk],
    Image,
    "a disk image, snapshot or disk",
    why="a copy of a disk holds all that was on the machine: keys, configuration, customers' data, deleted files.",
    gcloud="compute {found[_collection]} remove-iam-policy-binding https://www.googleapis.com/compute/v1/",
    breaks="projects outside your organisation that boot from it; share it with those by name.",
    severity=Severity.HIGH,
    source="https://cloud.google.com/compute/docs/images/managing-access-custom-images",
    same_as=(
        "sha:PUBLIC_COMPUTE_IMAGE",
        "prowler:compute_image_not_publicly_shared",
        "cloudsploit:compute/publicDiskImages",
    ),
)
