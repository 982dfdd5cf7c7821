"""Guardrails about data: where it may lie, under whose keys, and how it is signed for and brought back."""

from __future__ import annotations

from auditor import Severity
from checks.organization.constraints import (
    CMEK_PROJECTS,
    CMEK_SERVICES,
    LOCATIONS,
    SQL_DEFAULT_ENCRYPTION,
    STORAGE_SIGNATURES,
    STORAGE_SOFT_DELETE,
    STORAGE_TLS,
)
from checks.organization.guardrails import Expectation, expected

SIGNATURES = expected(
    __name__,
    Expectation(
        id="organization-allows-hmac-requests",
        title="The organisation lets Cloud Storage be read and written with HMAC keys.",
        why="An HMAC key is a password that never expires, made for tools of other clouds; those of user accounts are "
        "in no list that an administrator sees.",
        breaks="Tools that sign with HMAC keys, at once. Exempt the projects that need them.",
        source="https://cloud.google.com/storage/docs/org-policy-constraints#restrict-auth-types",
        guardrail=STORAGE_SIGNATURES,
        rule='values { denied_values = ["in:ALL_HMAC_SIGNED_REQUESTS"] }',
        severity=Severity.LOW,
    ),
)

SOFT_DELETE = expected(
    __name__,
    Expectation(
        id="organization-allows-buckets-without-soft-delete",
        title="The organisation lets buckets be made that keep no deleted objects.",
        why="Soft delete is what brings objects back after a wrong command or an intruder's. New buckets have it for "
        "seven days unless somebody turns it off; buckets without it are told one by one, so this check is not "
        "selected by default.",
        breaks="Tools that make buckets with another retention, gcloud's own staging buckets among them.",
        source="https://cloud.google.com/storage/docs/org-policy-constraints",
        guardrail=STORAGE_SOFT_DELETE,
        rule='values { allowed_values = ["604800"] }',
        severity=Severity.LOW,
        default=False,
    ),
)

CUSTOMER_KEYS = expected(
    __name__,
    Expectation(
        id="organization-allows-data-without-customer-keys",
        title="The organisation lets data be stored without a key of its own.",
        why="Some regulations ask for keys that the owner of the data can take away. Without such a duty Google's "
        "encryption is sound, so this check is not selected by default.",
        breaks="Creating resources of the listed services without naming a key.",
        source="https://cloud.google.com/kms/docs/cmek-org-policy",
        guardrail=CMEK_SERVICES,
        rule='values { denied_values = ["storage.googleapis.com"] }',
        severity=Severity.LOW,
        default=False,
    ),
)

KEY_PROJECTS = expected(
    __name__,
    Expectation(
        id="organization-allows-keys-of-any-project",
        title="The organisation lets data be encrypted with keys of any project.",
        why="Whoever encrypts data again under a key of their own holds it to ransom. Where keys live in a few "
        "projects those can be listed; it makes sense with customer keys only, so this check is not selected by "
        "default.",
        breaks="Creating resources whose key lies in another project.",
        source="https://cloud.google.com/kms/docs/cmek-org-policy",
        guardrail=CMEK_PROJECTS,
        rule='values { allowed_values = ["under:projects/KEY_PROJECT"] }',
        severity=Severity.LOW,
        default=False,
    ),
)

PLACES = expected(
    __name__,
    Expectation(
        id="organization-allows-any-location",
        title="The organisation lets resources be made in every location of the world.",
        why="Data lands under a law that nobody chose, and machines in regions that nobody watches are where intruders "
        "mine coins. Which places are right is for the owner to say, so this check is not selected by default.",
        breaks="Creating resources outside of the list, global ones with a location among them.",
        source="https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations",
        guardrail=LOCATIONS,
        rule='values { allowed_values = ["in:eu-locations"] }',
        severity=Severity.LOW,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/locationBasedRestriction"],
    ),
)

SQL_ENCRYPTION = expected(
    __name__,
    Expectation(
        id="organization-allows-sql-default-encryption",
        title="The organisation lets Cloud SQL instances be encrypted with Google's keys.",
        why="A duty to hold one's own keys covers databases as well. Without it Google's encryption is sound, so this "
        "check is not selected by default.",
        breaks="Creating instances without naming a key.",
        source="https://cloud.google.com/sql/docs/mysql/connection-org-policy",
        guardrail=SQL_DEFAULT_ENCRYPTION,
        severity=Severity.INFO,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/disableDefaultEncryption"],
    ),
)

CLEAR_TEXT = expected(
    __name__,
    Expectation(
        id="organization-allows-http-to-buckets",
        title="The organisation lets Cloud Storage be called without TLS.",
        why="Whoever is on the way reads and changes what is sent: data, and the tokens and signed URLs that go with "
        "it. All current libraries use TLS; old scripts and pages with http:// links do not, so this check is not "
        "selected by default.",
        breaks="Requests over plain HTTP, at once, those for public sites among them.",
        source="https://cloud.google.com/storage/docs/org-policy-constraints#secure-http-transport",
        guardrail=STORAGE_TLS,
        severity=Severity.LOW,
        default=False,
    ),
)
