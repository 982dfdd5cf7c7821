"""Essential contacts: whether anybody hears of what Google has to say."""

from __future__ import annotations

from auditor import PASS, Estate, Example, Fix, Severity, Verdict, asset, check, fail
from auditor.resources.contacts import EssentialContact
from auditor.resources.resourcemanager import Organization
from auditor.resources.unknown import known_first
from checks.organization.guardrails import ORGANIZATION, organization

_NEEDED = ("LEGAL", "SECURITY", "SUSPENSION", "TECHNICAL")
"""Categories without which an incident, a suspension or a legal notice reaches nobody."""
_EVERYTHING = "ALL"


def _contact(*categories: str, on: str = ORGANIZATION, number: int = 1, unknown: bool = False) -> Example:
    name = f"{on}/contacts/{number}"
    path = "resource.data.notificationCategorySubscriptions.*"
    return asset(
        EssentialContact,
        {"name": name, "email": "sec@example.com", "notificationCategorySubscriptions": list(categories)},
        name=f"//essentialcontacts.googleapis.com/{name}",
        ancestors=list(dict.fromkeys([on, ORGANIZATION])),
        unknown=[path] if unknown else [],
    )


@check(
    "organization-contacts-missing",
    severity=Severity.MEDIUM,
    reads=[EssentialContact],
    same_as=[
        "sha:ESSENTIAL_CONTACTS_NOT_CONFIGURED",
        "prowler:iam_organization_essential_contacts_configured",
        "steampipe:organization_essential_contacts_configured",
        "cloudsploit:cloudresourcemanager/essentialContactsConfigured",
    ],
    fix=Fix(
        gcloud="gcloud essential-contacts create --organization={organization.id} --email=GROUP_ADDRESS "
        "--notification-categories=legal,security,suspension,technical --language=en-US",
        terraform="google_essential_contacts_contact with parent the organisation and these "
        "notification_category_subscriptions",
        guardrail="essentialcontacts.allowedContactDomains",
        manual="Name groups, not people, and see that somebody reads them at night.",
        patch=lambda: [_contact(_EVERYTHING, number=9)],
    ),
    passes=lambda: [
        [organization(), _contact(_EVERYTHING)],
        [organization(), _contact("SECURITY", "TECHNICAL"), _contact("LEGAL", "SUSPENSION", number=2)],
        [organization(), _contact(*_NEEDED, "BILLING"), _contact("SECURITY", on="projects/1001")],
    ],
    fails=lambda: [
        organization(),
        [organization(), _contact("BILLING", "PRODUCT_UPDATES")],
        [organization(), _contact("SECURITY", "TECHNICAL")],
        [organization(), _contact(_EVERYTHING, on="folders/2001")],
    ],
    unknown=lambda: [[organization(), _contact("SECURITY", unknown=True)]],
)
def contacts_missing(organization: Organization, estate: Estate) -> Verdict:
    """Nobody is named to hear of security incidents, suspensions, legal or technical notices.

    Why: Without contacts Google writes to whoever administers the organisation, often an account that nobody reads
    as mail. The notice that a key has leaked or that a project will be suspended waits there.

    What a fix may break: Nothing; contacts get mail.

    Source: https://cloud.google.com/resource-manager/docs/managing-notification-contacts
    """
    missing = set(_NEEDED)
    key = organization.asset.key
    contacts = estate.related(EssentialContact, _container, key, within=key)
    for category in known_first(contacts, lambda contact: contact.notification_category_subscriptions):
        missing.discard(category)
        if category == _EVERYTHING or not missing:
            return PASS
    return fail(f"no contact of the organisation hears of {', '.join(sorted(missing))}")


def _container(contact: EssentialContact) -> str:
    return contact.container
