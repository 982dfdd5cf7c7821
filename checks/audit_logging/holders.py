"""Who may read private logs, and who could delete the copy of the audit logs."""

from __future__ import annotations

from typing import Any

from auditor import (
    PASS,
    Clock,
    EffectiveAccess,
    Estate,
    Example,
    Fix,
    Policy,
    PolicyChain,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.members import Kind, Member, parse
from auditor.access.role_table import built_in
from auditor.access.standing_index import Power
from auditor.resources.iam import Role
from auditor.resources.logging import LogBucket, LogSink
from auditor.resources.policy import HIDDEN_CONDITION
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.storage import Bucket
from checks.audit_logging.examples import EXPORT, IN_ORGANIZATION, ORGANIZATION_SINK_NAME, PROJECT_SINK_NAME, SINKS
from checks.audit_logging.routing import holds_audit_logs, log_bucket_holds_audit_logs
from checks.iam.containers import TAKE_BACK, TERRAFORM, grant, on_folder, on_organization, on_project
from checks.iam.holders import held_on

_READS_LOGS = frozenset({"logging.privateLogEntries.list", "logging.views.access"})
"""Read Data Access logs: through all of a project's logs, or through the views of its log buckets."""
_LOGS_ROLE = asset(
    Role,
    {"includedPermissions": ["logging.logEntries.list", "logging.privateLogEntries.list"], "stage": "GA"},
    name="//iam.googleapis.com/projects/p/roles/logs",
)
_PUBLIC_LOGS_ROLE = asset(
    Role,
    {"includedPermissions": ["logging.logEntries.list", "logging.logs.list"], "stage": "GA"},
    name="//iam.googleapis.com/projects/p/roles/logs",
)
_WHOLE_DOMAIN = on_project(grant("projects/p/roles/logs", "domain:example.com"))


def _is_wide(member: Member) -> bool:
    return member.is_public or member.kind is Kind.DOMAIN or member.is_consumer or member.is_whole_pool


def _weight(found: Power) -> Severity:
    return Severity.CRITICAL if found.member.is_public else Severity.HIGH


def _reads_more_than_one_view(found: Power) -> bool:
    return "resource.name" not in found.condition


@check(
    "private-logs-readable-widely",
    severity=Severity.HIGH,
    fix=Fix(
        gcloud=TAKE_BACK,
        terraform=TERRAFORM,
        guardrail="iam.allowedPolicyMemberDomains",
        manual="Grant roles/logging.viewer to those who look at application logs; give the private ones to a group, "
        "best through roles/logging.viewAccessor with a condition on one log view.",
        patch={"policy": {"bindings": [grant("roles/logging.privateLogViewer", "group:security@example.com")]}},
    ),
    passes=lambda: [
        on_project(grant("roles/logging.privateLogViewer", "group:security@example.com", "user:ana@example.com")),
        on_project(grant("roles/logging.viewer", "domain:example.com")),
        [_WHOLE_DOMAIN, _PUBLIC_LOGS_ROLE],
        on_project(
            grant(
                "roles/logging.viewAccessor",
                "domain:example.com",
                condition='resource.name == "projects/p/locations/global/buckets/app/views/frontend"',
            )
        ),
    ],
    fails=lambda: [
        on_project(grant("roles/logging.privateLogViewer", "domain:example.com")),
        [_WHOLE_DOMAIN, _LOGS_ROLE],
        on_project(grant("roles/iam.securityReviewer", "domain:example.com")),
        on_folder(grant("roles/logging.viewAccessor", "allAuthenticatedUsers")),
        on_organization(grant("roles/logging.admin", "user:someone@gmail.com")),
        on_project(
            grant(
                "roles/logging.viewAccessor",
                "principalSet://iam.googleapis.com/locations/global/workforcePools/partners/*",
            )
        ),
    ],
    unknown=lambda: [
        asset(
            Project,
            policy={"bindings": [grant("roles/logging.privateLogViewer")]},
            unknown=["iam_policy.bindings.0.members"],
        ),
        _WHOLE_DOMAIN,
    ],
)
def private_logs_readable_widely(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """A whole domain, a pool, a private account or the public may read private logs.

    Why: Data Access logs tell who read which secret, row and object, with addresses and parameters of the calls; and
    what applications write into logs by mistake is there as well. An accessor of log views without a condition on one
    view reads all of them. Roles count by what they permit, custom ones too.

    What a fix may break: dashboards and people that query these logs lose them until they are named.

    Source: https://cloud.google.com/logging/docs/access-control
    """
    return held_on(policy, access, _READS_LOGS, members=_is_wide, severity=_weight, counts=_reads_more_than_one_view)


_WORKER = "serviceAccount:api@shop.iam.gserviceaccount.com"
_SINK = asset(LogSink, EXPORT, name=PROJECT_SINK_NAME)
_BUCKET_SINK = asset(
    LogSink,
    {
        "destination": "logging.googleapis.com/projects/1001/locations/global/buckets/audit",
        "filter": "logName:cloudaudit.googleapis.com",
        "includeChildren": True,
    },
    name=ORGANIZATION_SINK_NAME,
    ancestors=IN_ORGANIZATION,
)
_ABOVE = [on_folder(), on_organization()]


def _bucket(*bindings: dict[str, Any], unknown: tuple[str, ...] = (), **data: Any) -> Example:
    return asset(
        Bucket,
        data,
        name="//storage.googleapis.com/audit-archive",
        policy={"bindings": list(bindings)},
        unknown=unknown,
    )


def _log_bucket(**data: Any) -> Example:
    return asset(LogBucket, data, name=f"{SINKS}/projects/1001/locations/global/buckets/audit")


@check(
    "log-destination-deletable",
    severity=Severity.MEDIUM,
    reads=[LogSink],
    fix=Fix(
        gcloud="gcloud projects remove-iam-policy-binding PROJECT --member={found[member]} --role={found[role]}",
        terraform="locked = true on google_logging_project_bucket_config; is_locked = true in retention_policy of "
        "google_storage_bucket; no roles of workloads in the project that keeps the logs",
        manual="Keep the copy in a project of its own, where only the security team has roles, or lock it: "
        "nobody deletes what is locked before its time.",
        patch={"data": {"locked": True, "retentionPolicy": {"retentionPeriod": "31536000", "isLocked": True}}},
    ),
    passes=lambda: [
        [_bucket(grant("roles/storage.objectViewer", _WORKER)), _SINK, on_project(), *_ABOVE],
        [_bucket(), _SINK, on_project(grant("roles/storage.admin", "group:security@example.com")), *_ABOVE],
        [
            _bucket(retentionPolicy={"retentionPeriod": "31536000", "isLocked": True}),
            _SINK,
            on_project(grant("roles/owner", _WORKER)),
            *_ABOVE,
        ],
        [_bucket(grant("roles/storage.objectAdmin", _WORKER)), on_project(), *_ABOVE],
        [_bucket(), _SINK, on_project(grant("roles/editor", _WORKER)), *_ABOVE],
        [_log_bucket(), _BUCKET_SINK, on_project(grant("roles/logging.logWriter", _WORKER)), *_ABOVE],
        [_log_bucket(locked=True), _BUCKET_SINK, on_project(grant("roles/owner", _WORKER)), *_ABOVE],
        [
            _bucket(),
            _SINK,
            on_project(grant("roles/storage.admin", "serviceAccount:service-1@gcp-sa-logging.iam.gserviceaccount.com")),
            *_ABOVE,
        ],
    ],
    fails=lambda: [
        [_bucket(grant("roles/storage.objectAdmin", _WORKER)), _SINK, on_project(), *_ABOVE],
        [_bucket(), _SINK, on_project(grant("roles/storage.admin", _WORKER)), *_ABOVE],
        [
            _bucket(grant("roles/storage.legacyBucketOwner", "projectEditor:shop")),
            _SINK,
            on_project(grant("roles/editor", "serviceAccount:1001-compute@developer.gserviceaccount.com")),
            *_ABOVE,
        ],
        [_log_bucket(), _BUCKET_SINK, on_project(grant("roles/logging.configWriter", _WORKER)), *_ABOVE],
        [_log_bucket(), _BUCKET_SINK, on_project(), on_folder(), on_organization(grant("roles/owner", _WORKER))],
    ],
    unknown=lambda: [
        [_bucket(grant("organizations/3001/roles/archivist", _WORKER)), _SINK, on_project(), *_ABOVE],
        [_bucket(unknown=("resource.data.retentionPolicy",)), _SINK, on_project(), *_ABOVE],
        [_log_bucket(), _BUCKET_SINK, on_project(), on_folder()],
    ],
)
def log_destination_deletable(bucket: Bucket | LogBucket, chain: PolicyChain, estate: Estate, clock: Clock) -> Verdict:
    """A workload could delete the copy of the audit logs.

    Why: The copy is there for the day on which a workload was taken over; then the account that it runs as must not be
    able to delete objects, change the retention or delete the bucket. Asked of buckets that sinks feed with audit logs
    and that are not locked. People are not looked at: somebody has to administer the logs.

    What a fix may break: A job that clears old logs; a lifecycle rule or the retention does that by itself.

    Source: https://cloud.google.com/architecture/security-foundations/logging-monitoring
    """
    if isinstance(bucket, LogBucket):
        if bucket.locked:
            return PASS
        if bucket.id in ("_Default", "_Required") or not log_bucket_holds_audit_logs(bucket, estate):
            return not_applicable("no sink that somebody made routes audit logs here")
        return _deletable(chain, clock, "logging.buckets.delete")
    if bucket.retention_policy is not None and bucket.retention_policy.is_locked:
        return PASS
    if not holds_audit_logs(bucket, estate):
        return not_applicable("no sink exports audit logs to the bucket")
    return _deletable(chain, clock, "storage.objects.delete")


def _deletable(chain: PolicyChain, clock: Clock, permission: str) -> Verdict:
    """A fail with the first grant that lets a workload use the permission."""
    table = built_in()
    through: set[str] = set()
    """Basic roles that convenience members of a deleting role stand for."""
    unjudged = ""
    for level, policy in chain.policies():
        if not level and policy.asset.asset_type == "logging.googleapis.com/LogBucket":
            continue  # log buckets have no IAM policy of their own
        for binding, text in policy.grants(clock.now):
            role = binding.role.partition(HIDDEN_CONDITION)[0]
            member = parse(text)
            if member.deleted or not (member.is_workload or member.kind is Kind.CONVENIENCE):
                continue
            decision = table.grants(role, permission)
            if decision.fails and role not in through:
                continue
            if member.kind is Kind.CONVENIENCE:
                if decision.holds:
                    through.add(member.stands_for[0])
            elif decision.is_unknown:
                unjudged = unjudged or role
            else:
                where = f" on {level}" if level else ""
                return fail(
                    f"{member} holds {role}{where}{binding.limited_to}", evidence={"member": str(member), "role": role}
                )
    if unjudged:
        raise Undetermined("roles", f"what {unjudged} permits was not looked up")
    return PASS
