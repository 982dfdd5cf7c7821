"""Security Command Center, Privileged Access Manager, boundaries, sign-in of users, settings of logging.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/scc_notification_config (and its
neighbours), cloud.google.com/security-command-center/docs/reference/rest, cloud.google.com/iam/docs/pam/reference/rest,
cloud.google.com/iam/docs/reference/rest/v3, cloud.google.com/identity-platform/docs/reference/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import Made, Mapping, dropped
from auditor.sources.terraform.walk import DECIDED_AT_APPLY

_SCC = "securitycenter.googleapis.com"
_HOLDERS = {"organization": "organizations", "folder": "folders", "project": "projects"}
_HOLDER_ROWS = dropped("config_id folder location mute_config_id organization project")


def _finding_settings(kind: str, collection: str, identifier: str, holder: str, *, located: bool) -> Mapping:
    """Notifications and mute rules: those of the second API are in a location."""
    place = f"{_HOLDERS[holder]}/{{{holder}}}" + ("/locations/{location:global}" if located else "")
    return Mapping(
        f"{_SCC}/{kind}",
        f"//{_SCC}/{place}/{collection}/{{{identifier}}}",
        _HOLDER_ROWS,
        container=holder,
        full_name=True,
    )


def _notification(holder: str, *, located: bool) -> Mapping:
    return _finding_settings("NotificationConfig", "notificationConfigs", "config_id", holder, located=located)


def _mute_rule(holder: str) -> Mapping:
    return _finding_settings("MuteConfig", "muteConfigs", "mute_config_id", holder, located=True)


def _binding(holder: str) -> Mapping:
    """Who a principal access boundary holds for."""
    return Mapping(
        "iam.googleapis.com/PolicyBinding",
        f"//iam.googleapis.com/{_HOLDERS[holder]}/{{{holder}}}/locations/{{location}}/policyBindings/{{policy_binding_id}}",
        dropped("folder location organization policy_binding_id project"),
        container=holder,
        full_name=True,
    )


def _log_settings(holder: str) -> Mapping:
    return Mapping(
        "logging.googleapis.com/Settings",
        f"//logging.googleapis.com/{_HOLDERS[holder]}/{{{holder}}}/settings",
        dropped("folder organization"),
        container=holder,
        full_name=True,
    )


def _identity_platform(made: Made) -> None:
    """The provider does not show whether addresses are kept from those who guess them."""
    made.note("emailPrivacyConfig", DECIDED_AT_APPLY)


def _entitlement(made: Made) -> None:
    made.data.setdefault("state", "AVAILABLE")
    made.forget("state")


MAPPINGS: dict[str, Mapping] = {
    "google_scc_notification_config": _notification("organization", located=False),
    "google_scc_folder_notification_config": _notification("folder", located=False),
    "google_scc_project_notification_config": _notification("project", located=False),
    "google_scc_v2_organization_notification_config": _notification("organization", located=True),
    "google_scc_v2_folder_notification_config": _notification("folder", located=True),
    "google_scc_v2_project_notification_config": _notification("project", located=True),
    "google_scc_mute_config": Mapping(
        f"{_SCC}/MuteConfig",
        f"//{_SCC}/{{parent:path}}/muteConfigs/{{mute_config_id}}",
        dropped("mute_config_id parent"),
        container="parent",
        full_name=True,
    ),
    "google_scc_v2_organization_mute_config": _mute_rule("organization"),
    "google_scc_v2_folder_mute_config": _mute_rule("folder"),
    "google_scc_v2_project_mute_config": _mute_rule("project"),
    "google_privileged_access_manager_entitlement": Mapping(
        "privilegedaccessmanager.googleapis.com/Entitlement",
        "//privilegedaccessmanager.googleapis.com/{parent:path}/locations/{location}/entitlements/{entitlement_id}",
        dropped("entitlement_id location parent"),
        "approval_workflow.manual_approvals.steps approval_workflow.manual_approvals.steps.approvers eligible_users "
        "privileged_access.gcp_iam_access.role_bindings",
        container="parent",
        full_name=True,
        finish=_entitlement,
    ),
    "google_iam_principal_access_boundary_policy": Mapping(
        "iam.googleapis.com/PrincipalAccessBoundaryPolicy",
        "//iam.googleapis.com/organizations/{organization}/locations/{location}/principalAccessBoundaryPolicies/"
        "{principal_access_boundary_policy_id}",
        dropped("location organization principal_access_boundary_policy_id"),
        "details.rules",
        container="organization",
        full_name=True,
    ),
    "google_iam_organizations_policy_binding": _binding("organization"),
    "google_iam_folders_policy_binding": _binding("folder"),
    "google_iam_projects_policy_binding": _binding("project"),
    "google_logging_organization_settings": _log_settings("organization"),
    "google_logging_folder_settings": _log_settings("folder"),
    "google_identity_platform_config": Mapping(
        "identitytoolkit.googleapis.com/Config",
        "//identitytoolkit.googleapis.com/projects/{project}/config",
        dropped("blocking_functions.triggers client.api_key project sign_in.hash_config"),
        "mfa.provider_configs",
        full_name=True,
        finish=_identity_platform,
    ),
}
