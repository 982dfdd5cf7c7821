"""Detections in service accounts, their keys, and what runs as them."""

from __future__ import annotations

from auditor.check import asset
from auditor.resources.compute import Instance
from checks.iam.containers import custom_role, grant, member_of, on_folder, on_organization, on_project
from checks.iam.house_rules import HomeSettings
from checks.iam.required import RoleSettings
from tests.iam_detections import (
    ADMIN,
    AGENT,
    ANN,
    CI,
    COMPUTE,
    FUNCTION,
    OLD_FUNCTION,
    OPS,
    SHOP,
    TOKENS,
    Detection,
    account,
    activity,
    advice,
    around,
    entitlement,
    hmac,
    key,
    machine,
    managing,
    nodes,
    role,
    with_settings,
)

D = Detection

_SANDBOX = HomeSettings(banned_projects=("p",))


ACCOUNTS = [
    D("sa-user-managed-key", "service-account-key-user-managed", key(), key(keyType="SYSTEM_MANAGED")),
    D("sa-key-not-rotated", "service-account-key-stale", key(), key(validAfterTime="2026-11-01T08:00:00Z")),
    D(
        "sa-key-unused",
        "service-account-key-unused",
        [activity("serviceAccountKeyLastAuthentication", "2026-05-02T07:00:00Z"), key()],
        [activity("serviceAccountKeyLastAuthentication", "2026-11-02T07:00:00Z"), key()],
    ),
    D(
        "sa-unused",
        "service-account-unused",
        activity("serviceAccountLastAuthentication", "2026-05-02T07:00:00Z"),
        activity("serviceAccountLastAuthentication", "2026-11-02T07:00:00Z"),
    ),
    D(
        "custom-role-permissions",
        "custom-role-permission-unexpected",
        with_settings(role("run.services.update"), RoleSettings(permitted={"own": ("*.get",)})),
        with_settings(role("run.services.get"), RoleSettings(permitted={"own": ("*.get",)})),
    ),
    D("sa-creation-restricted", "service-account-in-banned-project", with_settings(account(), _SANDBOX), account()),
    D(
        "role-excess-permissions",
        "grant-excess-permissions",
        advice("REPLACE_ROLE", removedRole="roles/editor"),
        advice("REMOVE_ROLE", removedRole="roles/editor"),
    ),
    D(
        "unused-role",
        "grant-unused",
        advice("REMOVE_ROLE", removedRole="roles/editor"),
        advice("REPLACE_ROLE", removedRole="roles/editor"),
    ),
    D(
        "service-agent-role-replaced",
        "service-agent-role-replaced",
        advice("SERVICE_AGENT_WITH_DEFAULT_ROLE", member=AGENT, removedRole="roles/editor"),
        advice("REMOVE_ROLE", member=AGENT, removedRole="roles/editor"),
    ),
    D(
        "group-external-members",
        "group-with-external-member",
        [*member_of("ops@example.com", "x@partner.example"), on_project(grant("roles/viewer", OPS))],
        [*member_of("ops@example.com", "x@example.com"), on_project(grant("roles/viewer", OPS))],
    ),
    D(
        "group-external-members",
        "group-with-personal-account",
        [*member_of("ops@example.com", "x@gmail.com"), on_project(grant("roles/viewer", OPS))],
        [*member_of("ops@example.com", "x@example.com"), on_project(grant("roles/viewer", OPS))],
    ),
    D(
        "group-missing-or-empty",
        "group-empty-granted-role",
        [
            *member_of("ops@example.com"),
            on_project(grant("roles/viewer", OPS)),
            *member_of("b@example.com", "c@example.com"),
        ],
        [*member_of("ops@example.com", "x@example.com"), on_project(grant("roles/viewer", OPS))],
    ),
    D(
        "group-missing-or-empty",
        "group-unknown-granted-role",
        [on_project(grant("roles/viewer", "group:gone@example.com")), *member_of("ops@example.com")],
        [on_project(grant("roles/viewer", OPS)), *member_of("ops@example.com")],
    ),
    D(
        "group-external-owner-manager",
        "group-managed-from-outside",
        managing("x@partner.example", "MANAGER"),
        managing("x@example.com", "MANAGER"),
    ),
    D(
        "vm-sa-basic-role",
        "workload-basic-role",
        [machine(), *around(grant("roles/editor", CI))],
        [machine("https://www.googleapis.com/auth/devstorage.read_only"), *around(grant("roles/editor", CI))],
    ),
    D(
        "fn-sa-basic-role",
        "workload-basic-role",
        [FUNCTION, *around(grant("roles/owner", CI))],
        [FUNCTION, *around(grant("roles/viewer", CI))],
    ),
    D(
        "fn-sa-basic-role",
        "workload-basic-role",
        [OLD_FUNCTION, *around(grant("roles/editor", CI))],
        [OLD_FUNCTION, *around(grant("roles/editor", ANN))],
    ),
    D(
        "gke-sa-privilege",
        "workload-basic-role",
        [nodes(COMPUTE), *around(grant("roles/editor", COMPUTE))],
        [nodes(), *around(grant("roles/editor", COMPUTE))],
    ),
    D(
        "gke-sa-privilege",
        "workload-controls-access",
        [nodes(), *around(grant(ADMIN, CI))],
        [nodes(), *around(grant("roles/container.defaultNodeServiceAccount", CI))],
    ),
    D(
        "vm-sa-data-destruction",
        "workload-can-destroy-data",
        [machine(), *around(grant("roles/storage.admin", CI))],
        [machine(), *around(grant("roles/storage.objectAdmin", CI))],
    ),
    D(
        "vm-sa-db-write",
        "workload-can-destroy-data",
        [machine(), *around(grant("roles/cloudsql.admin", CI))],
        [machine(), *around(grant("roles/cloudsql.client", CI))],
    ),
    D(
        "vm-sa-disrupt-logging",
        "workload-can-disrupt-logging",
        [machine(), *around(grant("roles/logging.admin", CI))],
        [machine(), *around(grant("roles/logging.logWriter", CI))],
    ),
    D(
        "fn-sa-disrupt-logging",
        "workload-can-disrupt-logging",
        [FUNCTION, *around(grant("roles/logging.configWriter", CI))],
        [FUNCTION, *around(grant("roles/logging.viewer", CI))],
    ),
    D(
        "vm-sa-iam-write",
        "workload-controls-access",
        [
            machine(),
            *around(grant("projects/p/roles/x", CI)),
            custom_role("projects/p/roles/x", "resourcemanager.projects.setIamPolicy"),
        ],
        [machine(), *around(grant("projects/p/roles/x", CI)), custom_role("projects/p/roles/x", "storage.buckets.get")],
    ),
    D(
        "vm-sa-impersonate",
        "workload-controls-access",
        [machine(), *around(grant(TOKENS, CI))],
        [machine(), *around(grant("roles/iam.serviceAccountViewer", CI))],
    ),
    D(
        "vm-sa-deny-policy-write",
        "workload-controls-access",
        [machine(), on_project(), SHOP, on_folder(grant("roles/iam.denyAdmin", CI)), on_organization()],
        [machine(), on_project(), SHOP, on_folder(grant("roles/iam.denyReviewer", CI)), on_organization()],
    ),
    D(
        "sa-key-chain-high-value",
        "service-account-key-privileged",
        [key(), *around(grant("roles/owner", CI))],
        [key(), *around(grant("roles/run.invoker", CI))],
    ),
    D(
        "privesc-permission-combination",
        "custom-role-escalation",
        role("run.services.create", "iam.serviceAccounts.actAs"),
        role("run.services.create", "run.services.update"),
    ),
    D(
        "custom-role-escalation-permission",
        "custom-role-escalation",
        role("storage.hmacKeys.create"),
        role("storage.hmacKeys.create", stage="DISABLED"),
    ),
    D("sa-key-user-provided", "service-account-key-uploaded", key(keyOrigin="USER_PROVIDED"), key()),
    D("sa-key-never-expires", "service-account-key-never-expires", key(), key(validBeforeTime="2026-12-01T00:00:00Z")),
    D("sa-key-disabled-not-deleted", "service-account-key-disabled-kept", key(disabled=True), key()),
    D(
        "sa-key-on-default-sa",
        "service-account-key-on-default-account",
        key("1001-compute@developer.gserviceaccount.com"),
        key(),
    ),
    D(
        "sa-key-exposed-by-google",
        "service-account-key-exposed",
        key(disableReason="SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED"),
        key(disableReason="", disabled=True),
    ),
    D("sa-too-many-keys", "service-account-many-keys", [key(), key(number=2), key(number=3)], [key(), key(number=2)]),
    D("hmac-key-stale", "hmac-key-stale", hmac("2026-05-01T00:00:00Z"), hmac("2026-11-01T00:00:00Z")),
    D(
        "pam-entitlement-no-approval",
        "entitlement-without-approval",
        entitlement(),
        entitlement(
            approvalWorkflow={
                "manualApprovals": {"steps": [{"approvers": [{"principals": [ANN]}], "approvalsNeeded": 1}]}
            }
        ),
    ),
    D("pam-entitlement-no-approval", "entitlement-long", entitlement(maxRequestDuration="86400s"), entitlement()),
    D(
        "cross-project-sa-attachment",
        "workload-account-of-other-project",
        [asset(Instance, {"serviceAccounts": [{"email": "x@other-9.iam.gserviceaccount.com"}]}), SHOP],
        [machine(), SHOP],
    ),
]
