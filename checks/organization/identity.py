"""Guardrails about identities: keys and tokens of service accounts, federation, and who may be granted access."""

from __future__ import annotations

from auditor import Severity
from checks.organization.constraints import (
    ACCOUNT_BOUND_API_KEYS,
    AUTOMATIC_GRANTS,
    BUILD_ACCOUNT,
    CONTACT_DOMAINS,
    CROSS_PROJECT_ACCOUNTS,
    FEDERATION_AWS_ACCOUNTS,
    FEDERATION_ISSUERS,
    KEY_EXPOSURE_RESPONSE,
    POLICY_MEMBERS,
    SERVICE_ACCOUNT_CREATION,
    SERVICE_ACCOUNT_KEY_EXPIRY,
    SERVICE_ACCOUNT_KEY_UPLOAD,
    SERVICE_ACCOUNT_KEYS,
    TOKEN_LIFETIME,
    WORKLOAD_IDENTITY_CLUSTERS,
)
from checks.organization.guardrails import Expectation, expected

_ACCOUNTS = "https://cloud.google.com/resource-manager/docs/organization-policy/restricting-service-accounts"

KEYS = expected(
    __name__,
    Expectation(
        id="organization-allows-service-account-keys",
        title="The organisation lets anyone with the permission create service account keys.",
        why="A key is a password without a second factor and without an end, and it ends up in repositories, build "
        "logs and on laptops. Attached service accounts, impersonation and workload identity federation need none.",
        breaks="Scripts and partners that create keys. Keys that exist go on working. Exempt a folder for the systems "
        "that cannot do without.",
        source=_ACCOUNTS,
        guardrail=SERVICE_ACCOUNT_KEYS,
        same_as=["cloudsploit:cloudresourcemanager/disableKeyCreation"],
    ),
)

KEY_UPLOAD = expected(
    __name__,
    Expectation(
        id="organization-allows-service-account-key-upload",
        title="The organisation lets public keys be uploaded to service accounts.",
        why="Whoever may upload a key makes a way in that they alone hold, and that outlives their account. A ban on "
        "key creation does not cover uploads.",
        breaks="Systems whose keys are made in a hardware module and uploaded. Exempt their projects.",
        source=_ACCOUNTS,
        guardrail=SERVICE_ACCOUNT_KEY_UPLOAD,
        same_as=["cloudsploit:cloudresourcemanager/disableKeyUpload"],
    ),
)

KEY_EXPIRY = expected(
    __name__,
    Expectation(
        id="organization-lets-service-account-keys-live-forever",
        title="The organisation lets service account keys be created and sets no end to them.",
        why="A key made for one afternoon works for years, and nobody remembers it. With the constraint a new key "
        "dies by itself, after 90 days at the latest. Where keys cannot be created the question does not arise.",
        breaks="Programs whose keys nobody rotates stop when the key ends. Keys that exist keep their end.",
        source=_ACCOUNTS,
        guardrail=SERVICE_ACCOUNT_KEY_EXPIRY,
        rule='values { allowed_values = ["2160h"] }',
        unless=SERVICE_ACCOUNT_KEYS,
        severity=Severity.LOW,
    ),
)

KEY_EXPOSURE = expected(
    __name__,
    Expectation(
        id="organization-keeps-exposed-service-account-keys-working",
        title="The organisation told Google to leave exposed service account keys enabled.",
        why="When Google finds a private key in a public repository it disables the key, unless a policy says to wait "
        "for abuse: then the finder has the use of it first.",
        breaks="Programs that sign in with a key that has leaked, at the moment of the leak.",
        source=_ACCOUNTS,
        guardrail=KEY_EXPOSURE_RESPONSE,
        rule='values { allowed_values = ["is:DISABLE_KEY"] }',
    ),
)

MEMBERS = expected(
    __name__,
    Expectation(
        id="organization-allows-outside-members",
        title="The organisation lets roles be granted to accounts of any other organisation.",
        why="One mistyped or malicious binding gives a private account, a stranger's service account or allUsers "
        "access. With domain restricted sharing such a binding cannot be written.",
        breaks="New grants to partners and to the public, public Cloud Run services among them. Bindings that exist "
        "stay. Name partners in the list, and open a folder for what is public.",
        source="https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains",
        guardrail=POLICY_MEMBERS,
        rule='values { allowed_values = ["is:CUSTOMER_ID"] }',
    ),
)

DEFAULT_ACCOUNTS = expected(
    __name__,
    Expectation(
        id="organization-grants-editor-to-default-accounts",
        title="The organisation lets default service accounts receive the Editor role automatically.",
        why="Every virtual machine and function that nobody gave an account of its own runs as Editor of the project: "
        "one hole in a web application is then a hole in all of the project's data.",
        breaks="New projects whose workloads rely on the default account get permission errors until they have "
        "accounts and roles of their own. Existing grants stay.",
        source=_ACCOUNTS,
        guardrail=AUTOMATIC_GRANTS,
        same_as=["cloudsploit:cloudresourcemanager/disableAutomaticIAMGrants"],
    ),
)

ISSUERS = expected(
    __name__,
    Expectation(
        id="organization-trusts-any-identity-provider",
        title="The organisation lets workload identity pools trust any identity provider.",
        why="Whoever may create a provider can name an issuer of their own, sign tokens there, and come back as any "
        "identity they like, without a key that anybody could find.",
        breaks="New providers whose issuer is not listed. Providers that exist go on working.",
        source="https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers#restrict",
        guardrail=FEDERATION_ISSUERS,
        rule='values { allowed_values = ["https://token.actions.githubusercontent.com"] }',
    ),
)

AWS_ACCOUNTS = expected(
    __name__,
    Expectation(
        id="organization-trusts-any-aws-account",
        title="The organisation lets workload identity pools trust any AWS account.",
        why="Whoever may create a provider can name an AWS account of their own, and come back from there as any "
        "identity they like. Organisations without AWS deny all accounts.",
        breaks="New providers for accounts that are not listed. Providers that exist go on working.",
        source="https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers#restrict",
        guardrail=FEDERATION_AWS_ACCOUNTS,
        rule='deny_all = "TRUE"',
        severity=Severity.LOW,
    ),
)

CROSS_PROJECT = expected(
    __name__,
    Expectation(
        id="organization-attaches-accounts-across-projects",
        title="The organisation lets service accounts be attached to resources of other projects.",
        why="Google forbids it unless a policy says otherwise. Where it is allowed, whoever may deploy in one project "
        "can run as a service account of another, and leaves no trace in the account's own project.",
        breaks="Workloads that run under an account of another project. Exempt the project that keeps such accounts.",
        source="https://cloud.google.com/iam/docs/attach-service-accounts",
        guardrail=CROSS_PROJECT_ACCOUNTS,
    ),
)

TOKENS = expected(
    __name__,
    Expectation(
        id="organization-extends-all-token-lifetimes",
        title="The organisation lets tokens of every service account live for twelve hours.",
        why="A stolen access token cannot be revoked. Google ends it after an hour, except for accounts that a policy "
        "names; here the policy names all of them.",
        breaks="Jobs that ask for tokens of more than an hour; list their accounts.",
        source="https://cloud.google.com/iam/docs/create-short-lived-credentials-direct",
        guardrail=TOKEN_LIFETIME,
        rule='values { allowed_values = ["ACCOUNT@PROJECT.iam.gserviceaccount.com"] }',
    ),
)

API_KEYS = expected(
    __name__,
    Expectation(
        id="organization-allows-service-account-api-keys",
        title="The organisation lets API keys be bound to service accounts.",
        why="Such a key is a password of the account: one string in a URL or a header, without a signature and "
        "without an end. Google forbids it unless a policy says otherwise.",
        breaks="Programs that sign in with such a key. Keys that exist go on working.",
        source="https://cloud.google.com/docs/authentication/api-keys",
        guardrail=ACCOUNT_BOUND_API_KEYS,
    ),
)

BUILDS = expected(
    __name__,
    Expectation(
        id="organization-creates-legacy-build-accounts",
        title="The organisation gives new projects the legacy Cloud Build service account.",
        why="The legacy account may push images, read every bucket of the project and start builds, and all builds "
        "share it: a change to one pipeline's configuration has the rights of all. Google no longer makes it unless a "
        "policy says so.",
        breaks="Pipelines in new projects that name no service account of their own.",
        source="https://cloud.google.com/build/docs/cloud-build-service-account-updates",
        guardrail=BUILD_ACCOUNT,
        severity=Severity.LOW,
    ),
)

ACCOUNT_CREATION = expected(
    __name__,
    Expectation(
        id="organization-allows-service-account-creation",
        title="The organisation lets service accounts be created in every project.",
        why="Where accounts are made in one place, each has an owner and a purpose. It is a way of working, not a "
        "hole, so this check is not selected by default.",
        breaks="Services that create an account of their own when they are set up. Exempt the project that keeps "
        "accounts.",
        source=_ACCOUNTS,
        guardrail=SERVICE_ACCOUNT_CREATION,
        severity=Severity.INFO,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/disableServiceAccountCreation"],
    ),
)

IDENTITY_CLUSTERS = expected(
    __name__,
    Expectation(
        id="organization-allows-workload-identity-clusters",
        title="The organisation lets new GKE clusters use workload identity federation.",
        why="Clusters of one project share an identity pool, so some organisations decide per project where it may be "
        "used. Most want it on everywhere, so this check is not selected by default.",
        breaks="New clusters have to fall back to the accounts of their nodes, which is worse unless those have no "
        "rights.",
        source=_ACCOUNTS,
        guardrail=WORKLOAD_IDENTITY_CLUSTERS,
        severity=Severity.INFO,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/disableIdentityClusterCreation"],
    ),
)

CONTACTS = expected(
    __name__,
    Expectation(
        id="organization-allows-outside-contacts",
        title="The organisation lets notices of Google go to addresses of any domain.",
        why="Essential contacts hear of incidents and suspensions first. An outside address among them tells a "
        "stranger, or an intruder who put it there.",
        breaks="New contacts at providers and consultants, until their domain is listed.",
        source="https://cloud.google.com/resource-manager/docs/managing-notification-contacts",
        guardrail=CONTACT_DOMAINS,
        rule='values { allowed_values = ["@example.com"] }',
        severity=Severity.LOW,
        default=False,
    ),
)
