"""Guardrails about identities: keys of service accounts, and who may be granted access at all."""

from __future__ import annotations

from auditor import Estate, Verdict
from auditor.resources.resourcemanager import Organization
from checks.organization.guardrails import (
    AUTOMATIC_GRANTS,
    POLICY_MEMBERS,
    SERVICE_ACCOUNT_KEY_UPLOAD,
    SERVICE_ACCOUNT_KEYS,
    guardrail_check,
    judge,
)


@guardrail_check(
    "organization-allows-service-account-keys",
    SERVICE_ACCOUNT_KEYS,
    rule='enforce = "TRUE"',
    same_as=["cloudsploit:cloudresourcemanager/disableKeyCreation"],
)
def allows_keys(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets anyone with the permission create service account keys.

    Why: A key is a password without a second factor and without an end, and it ends up in repositories,
    build logs and on laptops. Attached service accounts, impersonation and workload identity federation
    need none.

    What a fix may break: Scripts and partners that create keys. Keys that exist go on working. Exempt a
    folder for the systems that cannot do without.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-service-accounts
    """
    return judge(SERVICE_ACCOUNT_KEYS, organization, estate)


@guardrail_check(
    "organization-allows-service-account-key-upload",
    SERVICE_ACCOUNT_KEY_UPLOAD,
    rule='enforce = "TRUE"',
    same_as=["cloudsploit:cloudresourcemanager/disableKeyUpload"],
)
def allows_key_upload(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets public keys be uploaded to service accounts.

    Why: Whoever may upload a key makes a way in that they alone hold, and that outlives their account.
    A ban on key creation does not cover uploads.

    What a fix may break: Systems whose keys are made in a hardware module and uploaded. Exempt their
    projects.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-service-accounts
    """
    return judge(SERVICE_ACCOUNT_KEY_UPLOAD, organization, estate)


@guardrail_check(
    "organization-allows-outside-members",
    POLICY_MEMBERS,
    rule='values { allowed_values = ["is:CUSTOMER_ID"] }',
)
def allows_outside_members(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets roles be granted to accounts of any other organisation.

    Why: One mistyped or malicious binding gives a private account, a stranger's service account or
    allUsers access. With domain restricted sharing such a binding cannot be written.

    What a fix may break: New grants to partners and to the public, public Cloud Run services among
    them. Bindings that exist stay. Name partners in the list, and open a folder for what is public.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains
    """
    return judge(POLICY_MEMBERS, organization, estate)


@guardrail_check(
    "organization-grants-editor-to-default-accounts",
    AUTOMATIC_GRANTS,
    rule='enforce = "TRUE"',
    same_as=["cloudsploit:cloudresourcemanager/disableAutomaticIAMGrants"],
)
def grants_default_accounts(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets default service accounts receive the Editor role automatically.

    Why: Every virtual machine and function that nobody gave an account of its own runs as Editor of the
    project: one hole in a web application is then a hole in all of the project's data.

    What a fix may break: New projects whose workloads rely on the default account get permission errors
    until they have accounts and roles of their own. Existing grants stay.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-service-accounts
    """
    return judge(AUTOMATIC_GRANTS, organization, estate)
