"""Audit configuration by level: who is left out of the logs, and what an organisation gives to new projects."""

from __future__ import annotations

import re

from auditor import PASS, Fix, Policy, Severity, Verdict, asset, check, fail
from auditor.resources.policy import AuditConfig
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.unknown import matching
from checks.audit_logging.examples import EVERYTHING_ON, IN_ORGANIZATION, SHOP, SILENT, UNREADABLE, audit_config

_SERVICE_AGENT = re.compile(r"serviceAccount:service-\d+@[^@]+\.iam\.gserviceaccount\.com")
_ALL = "allServices"


@check(
    "audit-log-exemption",
    severity=Severity.MEDIUM,
    fix=Fix(
        terraform="remove exempted_members from the audit_log_config of google_project_iam_audit_config, "
        "google_folder_iam_audit_config or google_organization_iam_audit_config",
        guardrail="iam.disableAuditLoggingExemption",
        manual="IAM & Admin > Audit Logs, at the level of this finding: remove all Exempted Principals",
        patch={"policy": {**EVERYTHING_ON, "audit_configs": None}},
    ),
    passes=lambda: [
        asset(Project, SHOP, policy=EVERYTHING_ON),
        asset(Organization, policy=SILENT, ancestors=IN_ORGANIZATION),
        asset(
            Folder,
            policy={
                "auditConfigs": [audit_config(_ALL, "DATA_READ", DATA_READ=["deleted:user:gone@example.com?uid=1"])]
            },
            ancestors=["folders/2001", *IN_ORGANIZATION],
        ),
        asset(Project, SHOP, policy={"auditConfigs": [audit_config(_ALL, "DATA_READ", DATA_READ=[])]}),
    ],
    fails=lambda: [
        asset(
            Project,
            SHOP,
            policy={"auditConfigs": [7, audit_config(_ALL, "DATA_READ", DATA_READ=["user:admin@example.com"])]},
        ),
        asset(
            Organization,
            policy={"auditConfigs": [audit_config(_ALL, "DATA_READ", DATA_READ=["user:admin@example.com"])]},
            ancestors=IN_ORGANIZATION,
        ),
        asset(
            Project,
            SHOP,
            policy={
                "auditConfigs": [
                    audit_config(_ALL, "ADMIN_READ"),
                    audit_config(
                        "storage.googleapis.com",
                        "DATA_READ",
                        "DATA_WRITE",
                        DATA_WRITE=["serviceAccount:etl@shop.iam.gserviceaccount.com"],
                    ),
                ]
            },
        ),
        asset(
            Folder,
            policy={
                "audit_configs": [
                    {
                        "service": "bigquery.googleapis.com",
                        "audit_log_configs": [
                            {
                                "log_type": 3,
                                "exempted_members": [
                                    "serviceAccount:service-12@gcp-sa-dataplex.iam.gserviceaccount.com"
                                ],
                            }
                        ],
                    }
                ]
            },
            ancestors=["folders/2001", *IN_ORGANIZATION],
        ),
    ],
    unknown=lambda: [
        asset(Project, SHOP, policy={}, unknown=["iam_policy.audit_configs"]),
        *(asset(Project, SHOP, policy={"auditConfigs": written}) for written in UNREADABLE),
    ],
)
def audit_log_exemption(policy: Policy[Project | Folder | Organization]) -> Verdict:
    """Somebody is exempted from Data Access audit logs.

    Why: What an exempted principal reads and writes below this project, folder or organisation is not recorded,
    whatever the levels below say. Whoever takes over that account works unseen; to add an exemption first is a known
    step of an intruder. An exemption for all services weighs more than one for a single service, and one for a
    service agent of Google's less.

    What a fix may break: Exemptions are mostly made to save the cost of a batch job's logs; they come back. An
    exclusion on a sink saves the same, stays visible beside the sink and can be limited to one method.

    Source: https://cloud.google.com/logging/docs/audit/configure-data-access
    """
    configs = matching(policy.audit_configs, _exempts)
    exempted = [
        (config, kind, member)
        for config in configs
        for kind, members in config.log_types.items()
        for member in members
        if not member.startswith("deleted:")
    ]
    if not exempted:
        return PASS
    shown = [f"{member} from {kind} of {_named(config)}" for config, kind, member in exempted]
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return fail(f"{'; '.join(shown[:5])}{more}", evidence={"exempted": shown}, severity=_weight(exempted))


def _exempts(config: AuditConfig) -> bool:
    return any(not member.startswith("deleted:") for members in config.log_types.values() for member in members)


def _named(config: AuditConfig) -> str:
    return "all services" if config.service == _ALL else config.service


def _weight(exempted: list[tuple[AuditConfig, str, str]]) -> Severity:
    """Someone other than a service agent exempted from the logs of all services weighs most."""
    others = [config.service for config, _, member in exempted if not _SERVICE_AGENT.fullmatch(member)]
    if _ALL in others:
        return Severity.HIGH
    return Severity.MEDIUM if others else Severity.LOW


@check(
    "organization-data-access-logs-off",
    severity=Severity.LOW,
    fix=Fix(
        terraform='google_organization_iam_audit_config with service = "allServices" and an audit_log_config '
        "for each log_type that every project needs",
        manual="IAM & Admin > Audit Logs with the organisation selected: set a default configuration, or tick "
        "Secret Manager, Cloud KMS, IAM and Security Token Service",
        patch={"policy": EVERYTHING_ON},
    ),
    passes=lambda: [
        asset(Organization, policy=EVERYTHING_ON, ancestors=IN_ORGANIZATION),
        asset(
            Organization,
            policy={"auditConfigs": [audit_config("secretmanager.googleapis.com", "DATA_READ")]},
            ancestors=IN_ORGANIZATION,
        ),
    ],
    fails=lambda: [asset(Organization, policy=SILENT, ancestors=IN_ORGANIZATION)],
    unknown=lambda: [
        asset(Organization, policy={}, ancestors=IN_ORGANIZATION, unknown=["iam_policy.audit_configs"]),
        asset(Organization, policy={"auditConfigs": ["allServices"]}, ancestors=IN_ORGANIZATION),
    ],
)
def organization_data_access_logs_off(policy: Policy[Organization]) -> Verdict:
    """An organisation turns on no Data Access audit logs, so that new projects start without any.

    Why: Each project has to remember by itself, and the one that is made in a hurry will not. A setting on the
    organisation reaches every project, cannot be undone below it, and is one place to look at.

    What a fix may break: Nothing is refused; the volume of logs, and its cost, rises in all projects at once. Begin
    with the services that hand out credentials.

    Source: https://cloud.google.com/logging/docs/audit/configure-data-access
    """
    if any(config.log_types for config in policy.audit_configs):
        return PASS
    return fail("the organisation's policy has no audit configuration")
