"""Keys, secrets, service accounts, roles and federation.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/kms_crypto_key (and its neighbours),
cloud.google.com/kms/docs/reference/rest, cloud.google.com/secret-manager/docs/reference/rest,
cloud.google.com/iam/docs/reference/rest, cloud.google.com/api-keys/docs/reference/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Made, Mapping, Row, Rows, dropped, text
from auditor.sources.terraform.names import Namer, service_account_email, standin
from auditor.sources.terraform.plan import Planned
from auditor.sources.terraform.walk import AFTER_APPLY, DECIDED_AT_APPLY

_NOT_TOLD = "Terraform does not tell it"


def _crypto_key(made: Made) -> None:
    """A key is made with a first version; a new one is rotated first when its period is over."""
    data = made.data
    made.forget("primary")
    if (
        made.planned.is_new
        and data.get("purpose") == "ENCRYPT_DECRYPT"
        and not made.planned.known("skip_initial_version_creation")
    ):
        data["primary"] = {"state": "ENABLED"}
    if not made.planned.is_new and not made.planned.known("destroy_scheduled_duration"):
        data.pop("destroyScheduledDuration", None)  # it was another default before
        made.note("destroyScheduledDuration", DECIDED_AT_APPLY)
    if data.get("rotationPeriod") and not made.planned.is_new:
        made.note("nextRotationTime", _NOT_TOLD)


def _service_account(made: Made) -> None:
    email = service_account_email(made.context.namer, made.planned)
    project = made.project
    own = {"name": f"projects/{project}/serviceAccounts/{email}", "projectId": project, "email": email}
    made.data.update(own)
    for path in ("name", "email", "projectId", "disabled"):
        made.forget(path)


def _service_account_name(namer: Namer, planned: Planned) -> str:
    identifier = planned.text("unique_id") or service_account_email(namer, planned)
    return f"//iam.googleapis.com/projects/{namer.project(planned)}/serviceAccounts/{identifier}"


def _account_path(namer: Namer, planned: Planned) -> str:
    """The relative name of the account that a key belongs to."""
    path = namer.part(planned, "service_account_id", "path")
    if "/" not in path:
        project = path.rpartition("@")[2].removesuffix(".iam.gserviceaccount.com") or namer.project(planned)
        path = f"projects/{project}/serviceAccounts/{path}"
    return path


def _key_name(namer: Namer, planned: Planned) -> str:
    identifier = planned.text("name").rpartition("/")[2] or f"(known after apply) {planned.address}"
    return f"//iam.googleapis.com/{_account_path(namer, planned)}/keys/{identifier}"


def _service_account_key(made: Made) -> None:
    """A key that Terraform makes is always user-managed."""
    data = made.data
    data["keyType"] = "USER_MANAGED"
    uploaded = bool(made.planned.known("public_key_data")) or made.planned.is_unknown("public_key_data")
    data["keyOrigin"] = "USER_PROVIDED" if uploaded else "GOOGLE_PROVIDED"
    project = _account_path(made.context.namer, made.planned).split("/")[1]
    made.draft.ancestors = made.context.namer.ancestors_of(f"projects/{project}")
    for moment in ("validAfterTime", "validBeforeTime"):
        if moment not in data:
            made.note(moment, DECIDED_AT_APPLY)
    if not made.planned.is_new:
        for path in ("disabled", "disableReason", "extendedStatus"):
            made.note(path, _NOT_TOLD)


def _secret_version(made: Made) -> None:
    data = made.data
    data["state"] = "DISABLED" if made.planned.known("enabled") is False else "ENABLED"
    if made.planned.is_unknown("enabled"):
        made.note("state", AFTER_APPLY)
    path = made.draft.name.split("/")
    if len(path) > 4 and path[3] == "projects":
        made.draft.ancestors = made.context.namer.ancestors_of(f"projects/{path[4]}")


def _secret_version_name(namer: Namer, planned: Planned) -> str:
    version = planned.text("version") or f"(known after apply) {planned.address}"
    return f"//secretmanager.googleapis.com/{namer.part(planned, 'secret', 'path')}/versions/{version}"


def _in_key_ring(made: Made) -> None:
    parts = made.draft.name.split("/")
    if len(parts) > 4 and parts[3] == "projects":
        made.draft.ancestors = made.context.namer.ancestors_of(f"projects/{parts[4]}")


def _key_version_name(namer: Namer, planned: Planned) -> str:
    number = planned.text("name").rpartition("/")[2] or standin(planned)
    return f"//cloudkms.googleapis.com/{namer.part(planned, 'crypto_key', 'path')}/cryptoKeyVersions/{number}"


def _key_version(made: Made) -> None:
    """A version that is made now is usable unless it is told to be something else."""
    _in_key_ring(made)
    if made.planned.is_new and not made.planned.is_unknown("state"):
        made.data.setdefault("state", "ENABLED")
        made.forget("state")


def _finished_key(made: Made) -> None:
    _in_key_ring(made)
    _crypto_key(made)


def _authority(made: Made) -> None:
    """Until when a new certificate is good, its making tells."""
    made.note("caCertificateDescriptions", DECIDED_AT_APPLY)


_ROLE: Rows = {
    "permissions": "includedPermissions",
    "role_id": None,
    "org_id": None,
    "project": None,
    "deleted": Row("deleted", default=ABSENT),
    "stage": Row("stage", default="GA"),
}
_VERSION: Rows = dropped(
    "enabled is_secret_data_base64 location secret secret_data secret_data_wo secret_data_wo_version version"
)
_POOLS = "//iam.googleapis.com/projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"
_WORKFORCE = "//iam.googleapis.com/locations/{location}/workforcePools/{workforce_pool_id}"

MAPPINGS: dict[str, Mapping] = {
    "google_kms_key_ring": Mapping(
        "cloudkms.googleapis.com/KeyRing",
        "//cloudkms.googleapis.com/projects/{project}/locations/{location}/keyRings/{name}",
        {"location": None, "project": None},
        full_name=True,
    ),
    "google_kms_crypto_key": Mapping(
        "cloudkms.googleapis.com/CryptoKey",
        "//cloudkms.googleapis.com/{key_ring:path}/cryptoKeys/{name}",
        {
            "key_ring": None,
            "skip_initial_version_creation": None,
            "primary": "primary",
            "purpose": Row("purpose", default="ENCRYPT_DECRYPT"),
            "destroy_scheduled_duration": Row("destroyScheduledDuration", default="2592000s"),
            "rotation_period": Row("rotationPeriod", text),
            "import_only": Row("importOnly", default=False),
            "crypto_key_backend": Row("cryptoKeyBackend", default=ABSENT),
            "version_template": Row("versionTemplate", default={"protectionLevel": "SOFTWARE"}),
            "version_template.protection_level": Row("versionTemplate.protectionLevel", default="SOFTWARE"),
        },
        full_name=True,
        finish=_finished_key,
    ),
    "google_kms_crypto_key_version": Mapping(
        "cloudkms.googleapis.com/CryptoKeyVersion",
        _key_version_name,
        {
            "attestation.external_protection_level_options": None,
            "crypto_key": None,
            "external_protection_level_options": Row("externalProtectionLevelOptions", default=ABSENT),
        },
        full_name=True,
        finish=_key_version,
    ),
    "google_secret_manager_regional_secret": Mapping(
        "secretmanager.googleapis.com/Secret",
        "//secretmanager.googleapis.com/projects/{project}/locations/{location}/secrets/{secret_id}",
        {
            "secret_id": None,
            "location": None,
            "project": None,
            "deletion_protection": None,
            "expire_time": Row("expireTime", default=ABSENT),
        },
        "topics",
        full_name=True,
    ),
    "google_secret_manager_regional_secret_version": Mapping(
        "secretmanager.googleapis.com/SecretVersion",
        _secret_version_name,
        _VERSION,
        full_name=True,
        finish=_secret_version,
    ),
    "google_secret_manager_secret": Mapping(
        "secretmanager.googleapis.com/Secret",
        "//secretmanager.googleapis.com/projects/{project}/secrets/{secret_id}",
        {
            "secret_id": None,
            "project": None,
            "deletion_protection": None,
            "replication.auto": "replication.automatic",
            "replication.automatic": Row("replication.automatic", lambda _: {}),
            "expire_time": Row("expireTime", default=ABSENT),
        },
        "replication.user_managed.replicas topics",
        full_name=True,
    ),
    "google_secret_manager_secret_version": Mapping(
        "secretmanager.googleapis.com/SecretVersion",
        _secret_version_name,
        _VERSION,
        full_name=True,
        finish=_secret_version,
    ),
    "google_service_account": Mapping(
        "iam.googleapis.com/ServiceAccount",
        _service_account_name,
        {
            "account_id": None,
            "create_ignore_already_exists": None,
            "member": None,
            "project": None,
            "disabled": Row("disabled", default=False),
        },
        finish=_service_account,
    ),
    "google_service_account_key": Mapping(
        "iam.googleapis.com/ServiceAccountKey",
        _key_name,
        {
            **dropped(
                "keepers private_key private_key_type public_key public_key_data public_key_type service_account_id"
            ),
            "valid_after": "validAfterTime",
            "valid_before": "validBeforeTime",
            "key_algorithm": Row("keyAlgorithm", default="KEY_ALG_RSA_2048"),
        },
        full_name=True,
        finish=_service_account_key,
    ),
    "google_project_iam_custom_role": Mapping(
        "iam.googleapis.com/Role",
        "//iam.googleapis.com/projects/{project}/roles/{role_id}",
        _ROLE,
        full_name=True,
    ),
    "google_organization_iam_custom_role": Mapping(
        "iam.googleapis.com/Role",
        "//iam.googleapis.com/organizations/{org_id}/roles/{role_id}",
        _ROLE,
        container="org_id",
        full_name=True,
    ),
    "google_iam_workload_identity_pool": Mapping(
        "iam.googleapis.com/WorkloadIdentityPool",
        _POOLS,
        {
            "inline_trust_config.additional_trust_bundles": None,
            "workload_identity_pool_id": None,
            "project": None,
            "state": Row("state", default="ACTIVE"),
        },
        full_name=True,
    ),
    "google_iam_workload_identity_pool_provider": Mapping(
        "iam.googleapis.com/WorkloadIdentityPoolProvider",
        _POOLS + "/providers/{workload_identity_pool_provider_id}",
        {
            "workload_identity_pool_id": None,
            "workload_identity_pool_provider_id": None,
            "project": None,
            "state": Row("state", default="ACTIVE"),
        },
        "x509.trust_store.intermediate_cas x509.trust_store.trust_anchors",
        full_name=True,
    ),
    "google_iam_workforce_pool": Mapping(
        "iam.googleapis.com/WorkforcePool",
        _WORKFORCE,
        {"location": None, "workforce_pool_id": None, "state": Row("state", default="ACTIVE")},
        "access_restrictions.allowed_services",
        container="parent",
        full_name=True,
    ),
    "google_iam_workforce_pool_provider": Mapping(
        "iam.googleapis.com/WorkforcePoolProvider",
        _WORKFORCE + "/providers/{provider_id}",
        {
            "location": None,
            "workforce_pool_id": None,
            "provider_id": None,
            "state": Row("state", default="ACTIVE"),
            "oidc.client_secret": None,
        },
        container="",
        full_name=True,
    ),
    "google_iam_deny_policy": Mapping(
        "iam.googleapis.com/DenyPolicy",
        "//iam.googleapis.com/policies/{parent:quoted}/denypolicies/{name}",
        {"parent": None},
        "rules",
        container="parent",
        fixed={"kind": "DenyPolicy"},
        full_name=True,
    ),
    "google_privateca_certificate_authority": Mapping(
        "privateca.googleapis.com/CertificateAuthority",
        "//privateca.googleapis.com/projects/{project}/locations/{location}/caPools/{pool}/certificateAuthorities/"
        "{certificate_authority_id}",
        dropped(
            "certificate_authority_id config desired_state ignore_active_certificates_on_deletion location "
            "pem_ca_certificate pool project skip_grace_period subordinate_config"
        ),
        full_name=True,
        finish=_authority,
    ),
    "google_apikeys_key": Mapping(
        "apikeys.googleapis.com/Key",
        "//apikeys.googleapis.com/projects/{project}/locations/global/keys/{name}",
        {"key_string": None, "project": None, "service_account_email": Row("serviceAccountEmail", default=ABSENT)},
        "restrictions.android_key_restrictions.allowed_applications restrictions.api_targets",
        full_name=True,
    ),
}
