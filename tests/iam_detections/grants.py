"""Detections in grants and in whom they reach."""

from __future__ import annotations

from auditor.check import asset
from auditor.resources.compute import Instance
from auditor.resources.resourcemanager import Project
from checks.iam.containers import grant, member_of, on_folder, on_organization, on_project
from checks.iam.required import RequiredSettings
from tests.iam_detections import (
    ADMIN,
    AGENT,
    ANN,
    BUILD,
    CI,
    COMPUTE,
    EVE,
    HOME,
    OPS,
    PAST,
    PROD,
    SHOP,
    TEMPORARY,
    TOKENS,
    USER,
    Detection,
    account,
    around,
    bucket,
    with_settings,
)

D = Detection

_REQUIRED = RequiredSettings(on_projects={"roles/viewer": (OPS,)})
_TAGGER = grant("roles/resourcemanager.tagUser", ANN)


GRANTS = [
    D(
        "corp-credentials",
        "personal-account-granted-role",
        on_project(grant("roles/viewer", EVE)),
        on_project(grant("roles/viewer", ANN)),
    ),
    D(
        "corp-credentials",
        "external-principal-granted-role",
        [on_project(grant("roles/viewer", "user:a@b.example")), HOME],
        [on_project(grant("roles/viewer", ANN)), HOME],
    ),
    D(
        "sa-admin-privileges",
        "service-account-basic-role",
        on_project(grant("roles/editor", CI)),
        on_project(grant("roles/viewer", CI)),
    ),
    D(
        "sa-admin-privileges",
        "service-account-access-admin",
        around(grant(ADMIN, CI)),
        around(grant("roles/iam.securityReviewer", CI)),
    ),
    D(
        "sa-admin-privileges",
        "service-account-service-admin",
        on_project(grant("roles/storage.admin", CI)),
        on_project(grant("roles/storage.objectUser", CI)),
    ),
    D(
        "sa-user-tokencreator-project",
        "service-account-impersonation-wide",
        around(grant(USER, ANN)),
        [*around(), account(grant(USER, ANN))],
    ),
    D(
        "sa-impersonation-project",
        "service-account-impersonation-wide",
        around(grant(TOKENS, OPS)),
        around(grant("roles/iam.serviceAccountViewer", OPS)),
    ),
    D(
        "sa-impersonation-folder",
        "service-account-impersonation-wide",
        on_folder(grant(TOKENS, OPS)),
        on_folder(grant(TOKENS, OPS, condition=PAST)),
    ),
    D(
        "sa-impersonation-org",
        "service-account-impersonation-wide",
        on_organization(grant("roles/iam.serviceAccountKeyAdmin", CI)),
        on_organization(grant(USER, AGENT)),
    ),
    D(
        "default-sa-binding-project",
        "default-service-account-granted-role",
        on_project(grant("roles/logging.logWriter", COMPUTE)),
        on_project(grant("roles/logging.logWriter", CI)),
    ),
    D(
        "default-sa-binding-folder",
        "default-service-account-granted-role",
        on_folder(grant("roles/browser", "serviceAccount:p@appspot.gserviceaccount.com")),
        on_folder(grant("roles/browser", CI)),
    ),
    D(
        "default-sa-binding-org",
        "default-service-account-granted-role",
        on_organization(grant("roles/browser", COMPUTE)),
        on_organization(grant("roles/browser", f"deleted:{COMPUTE}?uid=1")),
    ),
    D(
        "sa-separation-of-duties",
        "service-account-duties-not-separated",
        on_project(grant("roles/iam.serviceAccountAdmin", ANN), grant(USER, ANN)),
        around(grant("roles/iam.serviceAccountAdmin", ANN)),
    ),
    D(
        "basic-roles-project",
        "project-basic-role",
        on_project(grant("roles/editor", ANN)),
        on_project(grant("roles/run.developer", ANN)),
    ),
    D(
        "basic-roles-folder",
        "folder-basic-role",
        on_folder(grant("roles/owner", OPS)),
        on_folder(grant("roles/browser", OPS)),
    ),
    D(
        "basic-roles-org",
        "organization-basic-role",
        on_organization(grant("roles/editor", OPS)),
        on_organization(grant("roles/browser", OPS)),
    ),
    D(
        "role-to-user-directly",
        "role-granted-to-user-directly",
        on_project(grant("roles/run.developer", ANN)),
        on_project(grant("roles/run.developer", OPS)),
    ),
    D(
        "role-to-domain",
        "role-granted-to-domain",
        on_project(grant("roles/editor", "domain:example.com")),
        on_project(grant("roles/browser", "domain:example.com")),
    ),
    D(
        "public-principal-any-resource",
        "container-public",
        on_project(grant("roles/viewer", "allUsers")),
        on_project(grant("roles/viewer", "allUsers", condition=PAST)),
    ),
    D(
        "public-principal-any-resource",
        "policy-public",
        asset(Instance, policy={"bindings": [grant("roles/compute.viewer", "allAuthenticatedUsers")]}),
        asset(Instance, policy={"bindings": [grant("roles/compute.viewer", "domain:example.com")]}),
    ),
    D(
        "public-sa-user",
        "service-account-public",
        account(grant(USER, "allAuthenticatedUsers")),
        account(grant(USER, ANN)),
    ),
    D(
        "required-bindings",
        "required-grant-missing",
        with_settings(on_project(), _REQUIRED),
        with_settings(on_project(grant("roles/viewer", OPS)), _REQUIRED),
    ),
    D(
        "banned-roles",
        "role-banned",
        on_project(grant("roles/storage.legacyBucketOwner", ANN)),
        on_project(grant("roles/storage.admin", ANN)),
    ),
    D(
        "redis-role-at-org",
        "redis-role-above-projects",
        on_organization(grant("roles/redis.admin", ANN)),
        on_organization(grant("roles/browser", ANN)),
    ),
    D(
        "bigquery-admin-user",
        "person-administers-service",
        on_project(grant("roles/bigquery.admin", ANN)),
        on_project(grant("roles/bigquery.admin", OPS)),
    ),
    D(
        "bigtable-admin-user",
        "person-administers-service",
        on_project(grant("roles/bigtable.admin", ANN)),
        on_project(grant("roles/bigtable.user", ANN)),
    ),
    D(
        "pubsub-admin-user",
        "person-administers-service",
        on_project(grant("roles/pubsub.admin", ANN)),
        on_project(grant("roles/pubsub.admin", CI)),
    ),
    D(
        "service-agent-basic-role",
        "service-agent-basic-role",
        on_project(grant("roles/editor", AGENT)),
        on_project(grant("roles/pubsub.serviceAgent", AGENT)),
    ),
    D(
        "cross-org-service-account",
        "service-account-of-other-organization",
        [on_project(grant("roles/viewer", "serviceAccount:x@vendor-7.iam.gserviceaccount.com")), HOME, SHOP],
        [on_project(grant("roles/viewer", CI)), HOME, SHOP],
    ),
    D(
        "service-agent-foreign-project",
        "service-agent-of-other-organization",
        [
            on_project(grant("roles/viewer", "serviceAccount:service-777@gcp-sa-pubsub.iam.gserviceaccount.com")),
            HOME,
            SHOP,
        ],
        [on_project(grant("roles/viewer", AGENT)), HOME, SHOP],
    ),
    D(
        "deleted-principal-binding",
        "deleted-principal-in-policy",
        on_project(grant("roles/viewer", f"deleted:{ANN}?uid=1")),
        on_project(grant("roles/viewer", "user:deleted@example.com")),
    ),
    D(
        "cloudbuild-sa-privileged",
        "service-account-basic-role",
        on_project(grant("roles/editor", BUILD)),
        on_project(grant("roles/cloudbuild.builds.builder", BUILD)),
    ),
    D(
        "cloudbuild-sa-privileged",
        "service-account-access-admin",
        around(grant("roles/resourcemanager.projectIamAdmin", BUILD)),
        around(grant("roles/cloudbuild.builds.builder", BUILD)),
    ),
    D(
        "cloudservices-editor",
        "google-apis-agent-editor",
        on_project(grant("roles/editor", "serviceAccount:1001@cloudservices.gserviceaccount.com")),
        on_project(grant("roles/editor", CI)),
    ),
    D(
        "standing-privileged-access",
        "production-access-standing",
        [on_project(grant(ADMIN, ANN)), asset(Project, {"projectId": "shop-prod", "projectNumber": "1001"})],
        [
            on_project(grant(ADMIN, ANN, condition=TEMPORARY)),
            asset(Project, {"projectId": "shop-prod", "projectNumber": "1001"}),
        ],
    ),
    D(
        "standing-privileged-access",
        "organization-admin-held-by-user",
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN)),
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN, condition=TEMPORARY)),
    ),
    D(
        "too-many-owners",
        "project-many-owners",
        [on_project(grant("roles/owner", OPS)), *member_of("ops@example.com", *(f"{x}@example.com" for x in "abcd"))],
        [on_project(grant("roles/owner", OPS)), *member_of("ops@example.com", "a@example.com")],
    ),
    D(
        "too-many-owners",
        "organization-single-administrator",
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN)),
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN, "user:b@example.com")),
    ),
    D(
        "project-convenience-group",
        "convenience-member-granted-role",
        bucket(grant("roles/storage.objectAdmin", "projectEditor:p")),
        bucket(grant("roles/storage.legacyBucketOwner", "projectEditor:p")),
    ),
    D(
        "expired-condition-binding",
        "expired-grant-in-policy",
        on_project(grant("roles/viewer", ANN, condition=PAST)),
        on_project(grant("roles/viewer", ANN, condition=TEMPORARY)),
    ),
    D(
        "expired-condition-binding",
        "grant-condition-never-met",
        on_project(grant("roles/viewer", ANN, condition='resource.type == "a/B" && resource.type == "a/C"')),
        on_project(grant("roles/viewer", ANN, condition='resource.type == "a/B"')),
    ),
    D(
        "vacuous-condition",
        "grant-condition-vacuous",
        on_project(grant("roles/viewer", ANN, condition='resource.name.startsWith("projects/")')),
        on_project(grant("roles/viewer", ANN, condition='resource.name.startsWith("projects/_/buckets/a")')),
    ),
    D(
        "tag-condition-bypass",
        "tag-condition-bypass",
        around(grant("roles/editor", ANN, condition=PROD), _TAGGER),
        around(grant("roles/editor", OPS, condition=PROD), _TAGGER) + member_of("ops@example.com", "b@example.com"),
    ),
]
