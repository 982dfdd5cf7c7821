"""Data Access audit logs of a project, which say who read what and are off by default."""

from __future__ import annotations

from msgspec import field

from auditor import (
    PASS,
    Fix,
    PolicyChain,
    Settings,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.resources.policy import LOG_TYPES
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.audit_logging.examples import EVERYTHING_ON, IN_ORGANIZATION, SHOP, SILENT, UNREADABLE, audit_config

_EVERY_TYPE = frozenset(LOG_TYPES[1:])
_ALL = "allServices"


@check(
    "data-access-logs-off",
    severity=Severity.MEDIUM,
    same_as=[
        "prowler:iam_audit_logs_enabled",
        "steampipe:audit_logging_configured_for_all_service",
        "checkov:CKV2_GCP_5",
        "trivy:AVD-GCP-0079",
        "cloudsploit:logging/auditLoggingEnabled",
        "policy_library:gcp_iam_audit_log",
        "forseti:audit_logging",
        "inspec:cis-gcp-2.1",
        "sha:AUDIT_LOGGING_DISABLED",
    ],
    fix=Fix(
        terraform="google_project_iam_audit_config (or google_organization_iam_audit_config) with "
        'service = "allServices" and an audit_log_config for ADMIN_READ, DATA_READ and DATA_WRITE',
        manual="IAM & Admin > Audit Logs > Set default configuration: tick Admin Read, Data Read and Data Write; "
        "best on the organisation, so that new projects start with it",
        patch={"policy": EVERYTHING_ON},
    ),
    passes=lambda: [
        asset(Project, SHOP, policy=EVERYTHING_ON, ancestors=["projects/1001"]),
        [
            asset(Project, SHOP, policy=SILENT),
            asset(Folder, policy=SILENT, ancestors=["folders/2001", *IN_ORGANIZATION]),
            asset(Organization, policy=EVERYTHING_ON, ancestors=IN_ORGANIZATION),
        ],
        [
            asset(Project, SHOP, policy={"auditConfigs": [audit_config(_ALL, "ADMIN_READ")]}),
            asset(Folder, policy=SILENT, ancestors=["folders/2001", *IN_ORGANIZATION]),
            asset(
                Organization,
                policy={"auditConfigs": [audit_config(_ALL, "DATA_READ", "DATA_WRITE")]},
                ancestors=IN_ORGANIZATION,
            ),
        ],
        asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}, policy=SILENT, ancestors=["projects/1001"]),
    ],
    fails=lambda: [
        asset(Project, SHOP, policy=SILENT, ancestors=["projects/1001"]),
        asset(
            Project,
            SHOP,
            policy={"auditConfigs": [audit_config("storage.googleapis.com", *sorted(_EVERY_TYPE))]},
            ancestors=["projects/1001"],
        ),
        [
            asset(Project, SHOP, policy={"auditConfigs": [audit_config(_ALL, "ADMIN_READ", "DATA_READ")]}),
            asset(Folder, policy=SILENT, ancestors=["folders/2001", *IN_ORGANIZATION]),
            asset(Organization, policy=SILENT, ancestors=IN_ORGANIZATION),
        ],
    ],
    unknown=lambda: [
        asset(Project, SHOP, policy=SILENT),
        asset(Project, SHOP, policy={}, ancestors=["projects/1001"], unknown=["iam_policy.audit_configs"]),
        *(
            asset(Project, SHOP, policy={"auditConfigs": written}, ancestors=["projects/1001"])
            for written in UNREADABLE
        ),
    ],
)
def data_access_logs_off(project: Project, chain: PolicyChain) -> Verdict:
    """A project does not log for all services who reads and writes data.

    Why: By default only changes of configuration are logged. Which secret was read, which object downloaded and
    which token minted leaves no trace, so that a leak can be neither noticed nor reconstructed. What a folder or the
    organisation turns on counts here too: the settings of all levels are joined.

    What a fix may break: Nothing is refused, but Data Access logs of busy buckets and databases are many and are
    billed by volume beyond the free allotment. Start with the services that hold secrets and keys if the cost is in
    doubt, and route the rest to cheaper storage.

    Source: https://cloud.google.com/logging/docs/audit/configure-data-access
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    missing = set(_EVERY_TYPE)
    single: set[str] = set()
    for _, config in chain.audit_configs():
        if config.service == _ALL:
            missing -= config.log_types.keys()
        else:
            single.add(config.service)
        if not missing:
            return PASS
    but = f", though {len(single)} single services have logs on" if single else ""
    return fail(f"{' and '.join(sorted(missing))} logs are off for services in general{but}")


class CriticalServices(Settings, frozen=True):
    """Services whose use must be logged, each with the log types that record it."""

    services: dict[str, list[str]] = field(
        default_factory=lambda: {
            "secretmanager.googleapis.com": ["DATA_READ"],
            "cloudkms.googleapis.com": ["DATA_READ"],
            "iam.googleapis.com": ["ADMIN_READ"],
            "sts.googleapis.com": ["ADMIN_READ"],
        }
    )


@check(
    "critical-service-access-unlogged",
    severity=Severity.MEDIUM,
    fix=Fix(
        terraform='google_project_iam_audit_config (or google_organization_iam_audit_config) with service = "…" '
        "and an audit_log_config for each missing log_type",
        manual="IAM & Admin > Audit Logs: tick Data Read for Secret Manager and Cloud KMS, and Admin Read for the "
        "IAM and Security Token Service APIs, on the organisation if you can",
        patch={"policy": EVERYTHING_ON},
    ),
    passes=lambda: [
        asset(Project, SHOP, policy=EVERYTHING_ON, ancestors=["projects/1001"]),
        asset(
            Project,
            SHOP,
            policy={
                "auditConfigs": [
                    audit_config("secretmanager.googleapis.com", "DATA_READ"),
                    audit_config("cloudkms.googleapis.com", "DATA_READ", "DATA_WRITE"),
                    audit_config(_ALL, "ADMIN_READ"),
                ]
            },
            ancestors=["projects/1001"],
        ),
        asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}, policy=SILENT, ancestors=["projects/1001"]),
    ],
    fails=lambda: [
        asset(Project, SHOP, policy=SILENT, ancestors=["projects/1001"]),
        [
            asset(Project, SHOP, policy={"auditConfigs": [audit_config("secretmanager.googleapis.com", "DATA_WRITE")]}),
            asset(Folder, policy=SILENT, ancestors=["folders/2001", *IN_ORGANIZATION]),
            asset(
                Organization,
                policy={
                    "auditConfigs": [
                        audit_config("cloudkms.googleapis.com", "DATA_READ"),
                        audit_config("iam.googleapis.com", "ADMIN_READ"),
                        audit_config("sts.googleapis.com", "ADMIN_READ"),
                    ]
                },
                ancestors=IN_ORGANIZATION,
            ),
        ],
    ],
    unknown=lambda: [asset(Project, SHOP, policy=SILENT)],
)
def critical_service_access_unlogged(project: Project, chain: PolicyChain, settings: CriticalServices) -> Verdict:
    """A project does not log who reads secrets, uses keys or mints tokens.

    Why: These few services hand out the credentials for everything else. Reading a secret version, decrypting with a
    key, impersonating a service account (logged under the IAM API) and exchanging a federated token are Data Access
    log entries, off until somebody turns them on. They are the first thing that an incident is reconstructed from, and
    unlike the logs of storage and databases they cost next to nothing.

    What a fix may break: Nothing is refused. A service that decrypts for each request writes a log entry for each.

    Source: https://cloud.google.com/iam/docs/audit-logging/audit-logging-iamcreds
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    wanted = {(service, kind) for service, kinds in settings.services.items() for kind in kinds}
    missing = _unlogged(chain, wanted)
    return fail(f"no Data Access logs for {_listed(missing)}") if missing else PASS


def _unlogged(chain: PolicyChain, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which pairs of service and log type no level turns on, for the service or for all."""
    missing = wanted
    if not missing:
        return missing
    for _, config in chain.audit_configs():
        missing = {
            (service, kind)
            for service, kind in missing
            if config.service not in (service, _ALL) or kind not in config.log_types
        }
        if not missing:
            break
    return missing


def _listed(missing: set[tuple[str, str]]) -> str:
    return ", ".join(f"{service.removesuffix('.googleapis.com')} ({kind})" for service, kind in sorted(missing))


@check(
    "storage-access-unlogged",
    severity=Severity.LOW,
    default=False,
    same_as=["prowler:cloudstorage_audit_logs_enabled"],
    fix=Fix(
        terraform='google_project_iam_audit_config with service = "storage.googleapis.com" and an audit_log_config '
        "for DATA_READ and DATA_WRITE",
        manual="IAM & Admin > Audit Logs > Google Cloud Storage: tick Data Read and Data Write",
        patch={"policy": EVERYTHING_ON},
    ),
    passes=lambda: [
        asset(Project, SHOP, policy=EVERYTHING_ON, ancestors=["projects/1001"]),
        asset(
            Project,
            SHOP,
            policy={
                "auditConfigs": [
                    audit_config("storage.googleapis.com", "DATA_WRITE"),
                    audit_config(_ALL, "ADMIN_READ", "DATA_READ"),
                ]
            },
            ancestors=["projects/1001"],
        ),
    ],
    fails=lambda: [
        asset(Project, SHOP, policy=SILENT, ancestors=["projects/1001"]),
        asset(
            Project,
            SHOP,
            policy={"auditConfigs": [audit_config("storage.googleapis.com", "DATA_WRITE")]},
            ancestors=["projects/1001"],
        ),
    ],
    unknown=lambda: [asset(Project, SHOP, policy=SILENT)],
)
def storage_access_unlogged(project: Project, chain: PolicyChain) -> Verdict:
    """A project does not log who reads and writes objects of Cloud Storage.

    Why: Without these logs, what left a bucket in a leak cannot be told. Where objects are personal or confidential
    that answer is owed. Reads of objects that are public are not recorded either way: only usage logs show them.

    What a fix may break: Nothing is refused. One entry for each object operation can cost more than the storage itself:
    turn it on for projects whose data deserves it.

    Source: https://cloud.google.com/storage/docs/audit-logging
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    missing = _unlogged(chain, {("storage.googleapis.com", "DATA_READ"), ("storage.googleapis.com", "DATA_WRITE")})
    return fail(f"no Data Access logs for {_listed(missing)}") if missing else PASS
