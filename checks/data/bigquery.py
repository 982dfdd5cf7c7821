"""BigQuery datasets and tables: who can read them, and with whose keys they are encrypted."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Fix, Policy, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.bigquery import Dataset, Table
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Project

_NO_ROWS = not_applicable("the rows are not stored in the table")
_KEY = {"kmsKeyName": "projects/p/locations/eu/keyRings/r/cryptoKeys/k"}
_PROJECT = asset(Project, {"projectId": "p"}, policy={"bindings": []})
_OWNERS = {"role": "OWNER", "specialGroup": "projectOwners"}


def _granting(*members: str) -> dict[str, Any]:
    return {"bindings": [{"role": "roles/bigquery.dataViewer", "members": list(members)}]}


def _public_entry(dataset: Dataset) -> Verdict | None:
    for entry in dataset.access:
        if entry.grantee in PUBLIC:
            return fail(f"{entry.grantee} holds {entry.role}")
    return None


def _public_binding(policy: Policy[Dataset], clock: Clock) -> Verdict | None:
    for binding, member in policy.grants(clock.now, types=PUBLIC):
        if member in PUBLIC:
            return fail(f"{member} holds {binding.role}{binding.limited_to}")
    return None


@check(
    "bigquery-dataset-public",
    severity=Severity.CRITICAL,
    same_as=[
        "sha:PUBLIC_DATASET",
        "prowler:bigquery_dataset_public_access",
        "steampipe:require_bq_table_iam",
        "steampipe:bigquery_dataset_not_publicly_accessible",
        "scoutsuite:bigquery-dataset-member",
        "checkov:CKV_GCP_15",
        "trivy:AVD-GCP-0046",
        "cloudsploit:bigquery/datasetAllUsersPolicy",
        "policy_library:gcp_bigquery_dataset_world_readable_v1",
        "forseti:bigquery",
        "inspec:cis-gcp-7.1",
    ],
    fix=Fix(
        terraform="remove the access block with special_group or iam_member of everyone from google_bigquery_dataset",
        guardrail="iam.allowedPolicyMemberDomains",
        manual="Write the dataset's access list with bq show --format=prettyjson, remove the entry of everyone, and "
        "give the list back with bq update --source.",
        patch={"data": {"access": [_OWNERS]}, "policy": {"bindings": []}},
    ),
    passes=lambda: [
        asset(Dataset, {"access": [_OWNERS, {"role": "READER", "domain": "example.com"}]}),
        asset(Dataset, {"access": [_OWNERS, {"view": {"tableId": "v"}}]}, policy=_granting("user:a@example.com")),
        asset(Dataset, {"datasetReference": {"datasetId": "d"}}, policy=_granting("user:a@example.com")),
    ],
    fails=lambda: [
        asset(Dataset, {"access": [_OWNERS, {"role": "READER", "specialGroup": "allAuthenticatedUsers"}]}),
        asset(Dataset, {"access": [{"role": "roles/bigquery.dataViewer", "iamMember": "allUsers"}]}),
        asset(Dataset, policy=_granting("allAuthenticatedUsers", "projectViewer:p")),
    ],
    unknown=lambda: [
        asset(Dataset, {"location": "EU"}),
        [asset(Dataset, {"datasetReference": {"datasetId": "d"}}), _PROJECT],
        asset(Dataset, {}, policy=_granting("user:a@example.com"), unknown=["resource.data.access"]),
        asset(Dataset, {"access": [_OWNERS]}, unknown=["resource.data.access.*"]),
    ],
)
def public_dataset(dataset: Dataset, policy: Policy[Dataset], clock: Clock) -> Verdict:
    """Everyone with a Google account can read a BigQuery dataset.

    Why: allAuthenticatedUsers is not your staff but anyone with a free account, allUsers is anyone at all. They find
    the dataset by its project's name and copy every table in it.

    What a fix may break: whoever queries it from outside your organisation; share with those by name, or publish a
    copy through Analytics Hub.

    Source: https://cloud.google.com/bigquery/docs/control-access-to-resources-iam
    """
    try:
        if not dataset.access_told and policy.bindings:  # the other form of the same list
            return _public_binding(policy, clock) or PASS
        return _public_entry(dataset) or PASS
    except Undetermined:
        found = _public_binding(policy, clock)  # may decide all the same
        if found is None:
            raise
        return found


@check(
    "bigquery-dataset-consumer-account",
    severity=Severity.MEDIUM,
    same_as=["steampipe:restrict_gmail_bigquery_dataset", "steampipe:restrict_googlegroups_bigquery_dataset"],
    fix=Fix(
        terraform="remove the access block from google_bigquery_dataset, or name a company account",
        guardrail="iam.allowedPolicyMemberDomains",
        manual="Remove the entry from the dataset's access list with bq update --source.",
        patch={"data": {"access": [_OWNERS]}},
    ),
    passes=lambda: [
        asset(Dataset, {"access": [_OWNERS, {"role": "READER", "userByEmail": "a@example.com"}]}),
        asset(Dataset, {"access": [{"role": "READER", "userByEmail": "app@p.iam.gserviceaccount.com"}]}),
    ],
    fails=lambda: [
        asset(Dataset, {"access": [{"role": "READER", "userByEmail": "someone@gmail.com"}]}),
        asset(Dataset, {"access": [_OWNERS, {"role": "WRITER", "groupByEmail": "team@GoogleGroups.com"}]}),
    ],
    unknown=lambda: [
        asset(Dataset, {"access": [_OWNERS]}, unknown=["resource.data.access.*"]),
        asset(Dataset, {"location": "EU"}),
    ],
)
def consumer_account(dataset: Dataset) -> Verdict:
    """A BigQuery dataset is shared with a private Google account or a public group.

    Why: nobody in the company can lock such an account, ask it for a second factor or take the access back when its
    owner leaves; a public group's members change without you.

    What a fix may break: the person's access; give it to a company account instead.

    Source: https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets
    """
    for entry in dataset.access:
        if entry.grantee.lower().endswith(("@gmail.com", "@googlemail.com", "@googlegroups.com")):
            return fail(f"{entry.grantee} holds {entry.role}")
    return PASS


@check(
    "bigquery-dataset-without-cmek",
    severity=Severity.LOW,
    evidence=["defaultEncryptionConfiguration"],
    same_as=[
        "sha:DATASET_CMEK_DISABLED",
        "prowler:bigquery_dataset_cmk_encryption",
        "steampipe:bigquery_dataset_encrypted_with_cmk",
        "scoutsuite:bigquery-encryption-no-cmk",
        "checkov:CKV_GCP_81",
        "cloudsploit:bigquery/datasetsCMKEncrypted",
        "inspec:cis-gcp-7.3",
    ],
    default=False,
    fix=Fix(
        terraform="default_encryption_configuration { kms_key_name = … } on google_bigquery_dataset",
        guardrail="gcp.restrictNonCmekServices",
        manual="bq update --default_kms_key=KEY DATASET",
        patch={"data": {"defaultEncryptionConfiguration": _KEY}},
    ),
    passes=lambda: [
        asset(Dataset, {"defaultEncryptionConfiguration": _KEY}),
        asset(Dataset, {"type": "LINKED"}),
    ],
    fails=lambda: [asset(Dataset, {"location": "EU"}), asset(Dataset, {"defaultEncryptionConfiguration": {}})],
    unknown=lambda: [asset(Dataset, {}, unknown=["resource.data.defaultEncryptionConfiguration"])],
)
def dataset_without_cmek(dataset: Dataset) -> Verdict:
    """New tables of a BigQuery dataset are not encrypted with a key of your own.

    Why: Google encrypts every table; a customer-managed key adds that you can revoke it and log its use. Ask for it
    where a contract or a regulator does.

    What a fix may break: tables that exist keep their encryption until they are copied; without the key nothing can
    be read.

    Source: https://cloud.google.com/bigquery/docs/customer-managed-encryption
    """
    if dataset.type in ("LINKED", "EXTERNAL"):
        return not_applicable("the dataset's data lie elsewhere")
    encryption = dataset.default_encryption_configuration
    return PASS if encryption and encryption.kms_key_name else fail("no default Cloud KMS key is set")


@check(
    "bigquery-table-without-cmek",
    severity=Severity.LOW,
    evidence=["encryptionConfiguration"],
    same_as=[
        "sha:BIGQUERY_TABLE_CMEK_DISABLED",
        "prowler:bigquery_table_cmk_encryption",
        "steampipe:bigquery_table_encrypted_with_cmk",
        "checkov:CKV_GCP_80",
        "cloudsploit:bigquery/tablesCMKEncrypted",
        "policy_library:gcp_bigquery_cmek_encryption_v1",
        "inspec:cis-gcp-7.2",
    ],
    default=False,
    fix=Fix(
        terraform="encryption_configuration { kms_key_name = … } on google_bigquery_table",
        guardrail="gcp.restrictNonCmekServices",
        manual="Copy the table onto itself with bq cp --destination_kms_key=KEY.",
        patch={"data": {"encryptionConfiguration": _KEY}},
    ),
    passes=lambda: [
        asset(Table, {"type": "TABLE", "encryptionConfiguration": _KEY}),
        asset(Table, {"type": "VIEW"}),
        asset(Table, {"type": "EXTERNAL"}),
    ],
    fails=lambda: [asset(Table, {"type": "TABLE"}), asset(Table, {"encryptionConfiguration": {}})],
    unknown=lambda: [asset(Table, {"type": "TABLE"}, unknown=["resource.data.encryptionConfiguration"])],
)
def table_without_cmek(table: Table) -> Verdict:
    """A BigQuery table is not encrypted with a key of your own.

    Why: Google encrypts every table; a customer-managed key adds that you can revoke it and log its use. Ask for it
    where a contract or a regulator does.

    What a fix may break: without the key nothing can be read.

    Source: https://cloud.google.com/bigquery/docs/customer-managed-encryption
    """
    if not table.holds_data:
        return _NO_ROWS
    encryption = table.encryption_configuration
    return PASS if encryption and encryption.kms_key_name else fail("no Cloud KMS key is set")
