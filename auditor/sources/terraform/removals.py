"""What a plan deletes of the things that protect others: after apply they are absent, and no check would ask them.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs,
developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.sources.terraform.plan import as_dict, as_list

_POLICY = "an organisation policy, which constrains all below it"
_PERIMETER = "a service perimeter, which keeps data inside"
_SINK = "a log sink, which keeps a copy of logs"
_APPROVAL = "Access Approval, by which Google's staff asks first"
_AUDIT = "the configuration of audit logs"
_BACKUP = "a schedule of backups"
_BOUNDARY = "what binds principals to a boundary of access"
_FIREWALL = "what puts a firewall policy in force"
_LOGS = "a log bucket, with the logs in it"
_FINDINGS = "an export of Security Command Center's findings"
_MIRROR = "what looks for intruders in network traffic"

PROTECTIVE: dict[str, str] = {
    "google_access_context_manager_access_level": "an access level, which says from where one may come in",
    "google_access_context_manager_access_levels": "access levels, which say from where one may come in",
    "google_access_context_manager_gcp_user_access_binding": "what holds a group to an access level",
    "google_access_context_manager_service_perimeter": _PERIMETER,
    "google_access_context_manager_service_perimeter_resource": f"what holds a project in {_PERIMETER}",
    "google_access_context_manager_service_perimeters": _PERIMETER,
    "google_backup_dr_backup_plan": _BACKUP,
    "google_backup_dr_backup_plan_association": _BACKUP,
    "google_backup_dr_backup_vault": "a vault, with the backups in it",
    "google_billing_budget": "a budget, which tells of unusual cost",
    "google_binary_authorization_policy": "the rule which images may run",
    "google_cloud_ids_endpoint": _MIRROR,
    "google_compute_disk_resource_policy_attachment": _BACKUP,
    "google_compute_firewall_policy_association": _FIREWALL,
    "google_compute_network_firewall_policy_association": _FIREWALL,
    "google_compute_packet_mirroring": _MIRROR,
    "google_compute_region_disk_resource_policy_attachment": _BACKUP,
    "google_compute_region_network_firewall_policy_association": _FIREWALL,
    "google_compute_region_security_policy": "a Cloud Armor policy",
    "google_compute_security_policy": "a Cloud Armor policy",
    "google_essential_contacts_contact": "a contact for Google's notices",
    "google_firestore_backup_schedule": _BACKUP,
    "google_folder_access_approval_settings": _APPROVAL,
    "google_folder_iam_audit_config": _AUDIT,
    "google_folder_organization_policy": _POLICY,
    "google_gke_backup_backup_plan": _BACKUP,
    "google_iam_access_boundary_policy": "a boundary of access",
    "google_iam_deny_policy": "a deny policy",
    "google_iam_folders_policy_binding": _BOUNDARY,
    "google_iam_organizations_policy_binding": _BOUNDARY,
    "google_iam_principal_access_boundary_policy": "a boundary of access",
    "google_iam_projects_policy_binding": _BOUNDARY,
    "google_logging_billing_account_sink": _SINK,
    "google_logging_folder_bucket_config": _LOGS,
    "google_logging_folder_sink": _SINK,
    "google_logging_metric": "a metric over logs, which alerts rest on",
    "google_logging_organization_bucket_config": _LOGS,
    "google_logging_organization_sink": _SINK,
    "google_logging_project_bucket_config": _LOGS,
    "google_logging_project_sink": _SINK,
    "google_monitoring_alert_policy": "an alert",
    "google_monitoring_notification_channel": "where alerts are sent to",
    "google_monitoring_uptime_check_config": "an uptime check",
    "google_network_security_firewall_endpoint_association": _MIRROR,
    "google_org_policy_policy": _POLICY,
    "google_organization_access_approval_settings": _APPROVAL,
    "google_organization_iam_audit_config": _AUDIT,
    "google_organization_policy": _POLICY,
    "google_project_access_approval_settings": _APPROVAL,
    "google_project_iam_audit_config": _AUDIT,
    "google_project_organization_policy": _POLICY,
    "google_resource_manager_lien": "a lien, which keeps a project from being deleted",
    "google_scc_folder_notification_config": _FINDINGS,
    "google_scc_notification_config": _FINDINGS,
    "google_scc_project_notification_config": _FINDINGS,
    "google_scc_v2_folder_notification_config": _FINDINGS,
    "google_scc_v2_organization_notification_config": _FINDINGS,
    "google_scc_v2_project_notification_config": _FINDINGS,
    "google_spanner_backup_schedule": _BACKUP,
}
"""Terraform type → what it is, as a clause."""
_FIREWALLS = (
    "google_compute_firewall",
    "google_compute_firewall_policy_rule",
    "google_compute_network_firewall_policy_rule",
)


def removals(document: dict[str, Any]) -> Iterator[str]:
    """A sentence for each resource that the plan deletes and that protected something."""
    for entry in as_list(document.get("resource_changes")):
        resource = as_dict(entry)
        change = as_dict(resource.get("change"))
        if change.get("actions") != ["delete"] or "deposed" in resource:
            continue
        what = _protection(str(resource.get("type")), as_dict(change.get("before")))
        if what:
            yield f"the plan deletes {resource.get('address')}: {what}"


def _protection(kind: str, before: dict[str, Any]) -> str:
    if kind in _FIREWALLS:
        denies = bool(before.get("deny")) or before.get("action") == "deny"
        return "a firewall rule that denies" if denies and before.get("disabled") is not True else ""
    return PROTECTIVE.get(kind, "")
