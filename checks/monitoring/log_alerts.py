"""Changes that every benchmark wants an alert on, each with the audit log entries that it leaves."""

from __future__ import annotations

from auditor.resources.network import Network
from auditor.resources.sql import SqlInstance
from auditor.resources.storage import Bucket
from checks.audit_logging.log_filter import Entry
from checks.monitoring.watching import Watch, audit_entry, compute_methods, methods, watched

_RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
_IAM = "iam.googleapis.com"


def _owner_delta(action: str) -> Entry:
    return audit_entry(
        "SetIamPolicy",
        _RESOURCE_MANAGER,
        "project",
        servicedata__policydelta__bindingdeltas__action=action,
        servicedata__policydelta__bindingdeltas__role="roles/owner",
        servicedata__policydelta__bindingdeltas__member="user:new@example.com",
    )


PROJECT_OWNERSHIP = watched(
    __name__,
    Watch(
        id="project-ownership-change-unwatched",
        title="Nobody is told when an owner is added to or removed from a project.",
        why="Owner is every permission, the one to grant it included: a new owner is how an intruder stays.",
        source="https://cloud.google.com/resource-manager/docs/audit-logging",
        events={"an owner added": _owner_delta("ADD"), "an owner removed": _owner_delta("REMOVE")},
        filter='protoPayload.serviceName="cloudresourcemanager.googleapis.com" AND (ProjectOwnership OR '
        'projectOwnerInvitee OR protoPayload.serviceData.policyDelta.bindingDeltas.role="roles/owner")',
        spellings=[
            (
                '(protoPayload.serviceName="cloudresourcemanager.googleapis.com") AND (ProjectOwnership OR '
                "projectOwnerInvitee) OR "
                '(protoPayload.serviceData.policyDelta.bindingDeltas.action="REMOVE" AND '
                'protoPayload.serviceData.policyDelta.bindingDeltas.role="roles/owner") OR '
                '(protoPayload.serviceData.policyDelta.bindingDeltas.action="ADD" AND '
                'protoPayload.serviceData.policyDelta.bindingDeltas.role="roles/owner")'
            ),
            'resource.type=project protoPayload.methodName:"SetIamPolicy"',
        ],
        near_misses=[
            (
                'protoPayload.serviceData.policyDelta.bindingDeltas.action="ADD" AND '
                'protoPayload.serviceData.policyDelta.bindingDeltas.role="roles/owner"'
            ),
            'protoPayload.serviceData.policyDelta.bindingDeltas.role="roles/editor"',
        ],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_project_ownership_changes_enabled",
            "steampipe:logging_metric_alert_project_ownership_assignment",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-project-ownership-assignment",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-project-ownership-assignment",
            "cloudsploit:logging/projectOwnershipLogging",
            "inspec:cis-gcp-2.4",
            "sha:OWNER_NOT_MONITORED",
        ],
    ),
)

AUDIT_CONFIGURATION = watched(
    __name__,
    Watch(
        id="audit-config-change-unwatched",
        title="Nobody is told when the audit logging of a project is changed.",
        why="Turning logs off, or exempting oneself from them, comes before what is to stay unseen.",
        source="https://cloud.google.com/logging/docs/audit/configure-data-access",
        events={
            "a changed audit configuration": audit_entry(
                "SetIamPolicy",
                _RESOURCE_MANAGER,
                "project",
                servicedata__policydelta__auditconfigdeltas__action="REMOVE",
                servicedata__policydelta__auditconfigdeltas__service="allServices",
                servicedata__policydelta__auditconfigdeltas__logtype="DATA_READ",
            )
        },
        filter='protoPayload.methodName="SetIamPolicy" AND protoPayload.serviceData.policyDelta.auditConfigDeltas:*',
        spellings=["protoPayload.serviceData.policyDelta.auditConfigDeltas:* protoPayload.methodName:setiampolicy"],
        near_misses=[
            'protoPayload.methodName="SetIamPolicy" AND NOT protoPayload.serviceData.policyDelta.auditConfigDeltas:*',
            'protoPayload.serviceData.policyDelta.auditConfigDeltas.action="ADD"',
        ],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_audit_configuration_changes_enabled",
            "steampipe:logging_metric_alert_audit_configuration_changes",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-audit-config-changes",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-audit-config-changes",
            "cloudsploit:logging/auditConfigurationLogging",
            "inspec:cis-gcp-2.5",
            "sha:AUDIT_CONFIG_NOT_MONITORED",
        ],
    ),
)

CUSTOM_ROLE = watched(
    __name__,
    Watch(
        id="custom-role-change-unwatched",
        title="Nobody is told when a custom role is created, changed or deleted.",
        why="A permission added to a role reaches everyone who holds it, without any change of a policy.",
        source="https://cloud.google.com/iam/docs/audit-logging",
        events=methods(
            _IAM,
            "iam_role",
            "google.iam.admin.v1.CreateRole",
            "google.iam.admin.v1.UpdateRole",
            "google.iam.admin.v1.DeleteRole",
        ),
        filter='resource.type="iam_role" AND protoPayload.methodName=("google.iam.admin.v1.CreateRole" OR '
        '"google.iam.admin.v1.UpdateRole" OR "google.iam.admin.v1.DeleteRole" OR "google.iam.admin.v1.UndeleteRole")',
        spellings=[
            (
                'resource.type="iam_role" AND (protoPayload.methodName = "google.iam.admin.v1.CreateRole" OR '
                'protoPayload.methodName="google.iam.admin.v1.DeleteRole" OR '
                'protoPayload.methodName="google.iam.admin.v1.UpdateRole")'
            ),
            "resource.type:iam_role",
        ],
        near_misses=[
            'resource.type="iam_role" AND protoPayload.methodName="google.iam.admin.v1.CreateRole"',
            (
                'resource.type="iam_role" AND protoPayload.methodName="google.iam.admin.v1.CreateRole" AND '
                'protoPayload.methodName="google.iam.admin.v1.DeleteRole"'
            ),
        ],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_custom_role_changes_enabled",
            "steampipe:logging_metric_alert_custom_role_changes",
            "steampipe:logging_metric_alert_custom_role_changes_with_iam_admin_undelete_role",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-custom-role-changes",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-custom-role-changes",
            "cloudsploit:logging/customRoleLogging",
            "inspec:cis-gcp-2.6",
            "sha:CUSTOM_ROLE_NOT_MONITORED",
        ],
    ),
)

FIREWALL = watched(
    __name__,
    Watch(
        id="firewall-change-unwatched",
        title="Nobody is told when a VPC firewall rule is created, changed or deleted.",
        why="One rule opens a database to the internet, and is often taken back before anybody looks.",
        source="https://cloud.google.com/compute/docs/logging/audit-logging",
        events=compute_methods("firewalls", "gce_firewall_rule", "insert", "patch", "delete"),
        filter='resource.type="gce_firewall_rule" AND protoPayload.methodName:("compute.firewalls.insert" OR '
        '"compute.firewalls.patch" OR "compute.firewalls.update" OR "compute.firewalls.delete")',
        concerns=(Network,),
        spellings=[
            (
                'resource.type="gce_firewall_rule"\nAND (protoPayload.methodName:"compute.firewalls.patch"\n'
                'OR protoPayload.methodName:"compute.firewalls.insert"\n'
                'OR protoPayload.methodName:"compute.firewalls.delete")'
            ),
            'protoPayload.methodName=~"compute\\.firewalls\\.(insert|patch|update|delete)$"',
        ],
        near_misses=[
            'resource.type="gce_firewall_rule" AND jsonPayload.event_subtype="compute.firewalls.patch"',
            (
                'resource.type="gce_firewall_rule" AND protoPayload.methodName=("v1.compute.firewalls.insert" OR '
                '"v1.compute.firewalls.patch" OR "v1.compute.firewalls.delete")'
            ),
        ],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_vpc_firewall_rule_changes_enabled",
            "steampipe:logging_metric_alert_firewall_rule_changes",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-vpc-network-firewall-rule-changes",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-vpc-network-firewall-rule-changes",
            "cloudsploit:logging/vpcFirewallRuleLogging",
            "inspec:cis-gcp-2.7",
            "sha:FIREWALL_NOT_MONITORED",
        ],
    ),
)

ROUTE = watched(
    __name__,
    Watch(
        id="route-change-unwatched",
        title="Nobody is told when a VPC route is created or deleted.",
        why="A route sends traffic through a machine of the intruder's, or around the one that inspects it.",
        source="https://cloud.google.com/compute/docs/logging/audit-logging",
        events=compute_methods("routes", "gce_route", "insert", "delete"),
        filter='resource.type="gce_route" AND protoPayload.methodName:("compute.routes.insert" OR '
        '"compute.routes.delete")',
        concerns=(Network,),
        spellings=[
            (
                'resource.type="gce_route" AND (protoPayload.methodName:"compute.routes.delete" OR '
                'protoPayload.methodName:"compute.routes.insert")'
            ),
        ],
        near_misses=['resource.type="gce_route" AND protoPayload.methodName:"compute.routes.insert"'],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_vpc_network_route_changes_enabled",
            "steampipe:logging_metric_alert_network_route_changes",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-vpc-network-route-changes",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-vpc-network-route-changes",
            "cloudsploit:logging/vpcNetworkRouteLogging",
            "inspec:cis-gcp-2.8",
            "sha:ROUTE_NOT_MONITORED",
        ],
    ),
)

NETWORK = watched(
    __name__,
    Watch(
        id="network-change-unwatched",
        title="Nobody is told when a VPC network or a peering is created, changed or deleted.",
        why="A peering joins your network to that of another organisation; a new network has no rules of yours.",
        source="https://cloud.google.com/compute/docs/logging/audit-logging",
        events=compute_methods("networks", "gce_network", "insert", "patch", "delete", "addPeering", "removePeering"),
        filter='resource.type="gce_network" AND protoPayload.methodName:("compute.networks.insert" OR '
        '"compute.networks.patch" OR "compute.networks.delete" OR "compute.networks.addPeering" OR '
        '"compute.networks.updatePeering" OR "compute.networks.removePeering")',
        concerns=(Network,),
        spellings=[
            (
                'resource.type="gce_network" AND (protoPayload.methodName:"compute.networks.insert" OR '
                'protoPayload.methodName:"compute.networks.patch" OR '
                'protoPayload.methodName:"compute.networks.delete" OR '
                'protoPayload.methodName:"compute.networks.removePeering" OR '
                'protoPayload.methodName:"compute.networks.addPeering")'
            ),
        ],
        near_misses=['resource.type="gce_network" AND protoPayload.methodName=~"networks\\.(insert|patch|delete)"'],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_vpc_network_changes_enabled",
            "steampipe:logging_metric_alert_network_changes",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-vpc-network-changes",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-vpc-network-changes",
            "cloudsploit:logging/vpcNetworkLogging",
            "inspec:cis-gcp-2.9",
            "sha:NETWORK_NOT_MONITORED",
        ],
    ),
)

BUCKET_IAM = watched(
    __name__,
    Watch(
        id="bucket-iam-change-unwatched",
        title="Nobody is told when the IAM policy of a bucket is changed.",
        why="One member too many, allUsers for one, publishes everything that a bucket holds.",
        source="https://cloud.google.com/storage/docs/audit-logging",
        events=methods("storage.googleapis.com", "gcs_bucket", "storage.setIamPermissions"),
        filter='resource.type="gcs_bucket" AND protoPayload.methodName="storage.setIamPermissions"',
        concerns=(Bucket,),
        spellings=["protoPayload.methodName = storage.setIamPermissions AND resource.type = gcs_bucket"],
        near_misses=[
            'resource.type="gcs_bucket" AND protoPayload.methodName="storage.buckets.update"',
            'resource.type="gcs_bucket" AND protoPayload.methodName="storage.setIamPermissions" AND severity>=ERROR',
        ],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_bucket_permission_changes_enabled",
            "steampipe:logging_metric_alert_storage_iam_permission_changes",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-cloud-storage-iam-permission-changes",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-cloud-storage-iam-permission-changes",
            "cloudsploit:logging/storagePermissionsLogging",
            "inspec:cis-gcp-2.10",
            "sha:BUCKET_IAM_NOT_MONITORED",
        ],
    ),
)

SQL_INSTANCE = watched(
    __name__,
    Watch(
        id="sql-config-change-unwatched",
        title="Nobody is told when the configuration of a Cloud SQL instance is changed.",
        why="An authorised network, a public address or backups turned off are one update of the instance.",
        source="https://cloud.google.com/sql/docs/mysql/audit-logging",
        events=methods("cloudsql.googleapis.com", "cloudsql_database", "cloudsql.instances.update"),
        filter='protoPayload.methodName="cloudsql.instances.update"',
        concerns=(SqlInstance,),
        spellings=['resource.type="cloudsql_database" protoPayload.methodName:"instances.update"'],
        near_misses=['protoPayload.methodName="cloudsql.instances.delete"'],
        same_as=[
            "prowler:logging_log_metric_filter_and_alert_for_sql_instance_configuration_changes_enabled",
            "steampipe:logging_metric_alert_sql_instance_configuration_changes",
            "scoutsuite:stackdriverlogging-metric-filter-does-not-exist-sql-instance-config-changes",
            "scoutsuite:stackdrivermonitoring-alerts-does-not-exist-sql-instance-config-changes",
            "cloudsploit:logging/sqlConfigurationLogging",
            "inspec:cis-gcp-2.11",
            "sha:SQL_INSTANCE_NOT_MONITORED",
        ],
    ),
)
