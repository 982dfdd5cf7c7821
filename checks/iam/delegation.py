"""Domain-wide delegation: service accounts that may act for every user of Google Workspace.

Which they are is told by Workspace's Admin console alone (Security, API controls, domain-wide delegation), and by no
API of Google Cloud: who runs the audit copies the client ids from there into the setting.
"""

from __future__ import annotations

from auditor import (
    PASS,
    EffectiveAccess,
    Estate,
    Example,
    Fix,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_assessed,
)
from auditor.access.places import account_name
from auditor.resources.iam import ServiceAccount, ServiceAccountKey
from auditor.resources.resourcemanager import Organization
from checks.iam.containers import above_project, grant, on_project

_CLIENT = "106786160591595959857"
_ADDRESS = "mail@p.iam.gserviceaccount.com"
_ORGANIZATION_DATA = {"displayName": "example.com"}
_SIGNING = ("iam.serviceAccounts.signJwt", "iam.serviceAccounts.signBlob", "iam.serviceAccountKeys.create")
"""What it takes to sign, as the account, a request to act for a user."""
_SHOWN = 50


class DelegationSettings(Settings, frozen=True):
    """Which clients Workspace lets act for its users."""

    delegated_clients: tuple[str, ...] | None = None
    """The numbers (client ids) that the Admin console lists, as text; `[]` where it lists none."""


def _organization(*clients: str, told: bool = True) -> Example:
    return asset(
        Organization,
        _ORGANIZATION_DATA,
        policy={"bindings": []},
        ancestors=["organizations/3001"],
        settings=DelegationSettings(delegated_clients=clients) if told else None,
    )


def _account(*bindings: dict[str, object]) -> Example:
    return asset(
        ServiceAccount,
        {"email": _ADDRESS, "uniqueId": _CLIENT},
        policy={"bindings": list(bindings)},
        name=f"//iam.googleapis.com/projects/p/serviceAccounts/{_CLIENT}",
    )


def _key(**data: object) -> Example:
    return asset(
        ServiceAccountKey,
        {"name": f"projects/p/serviceAccounts/{_ADDRESS}/keys/1", "keyType": "USER_MANAGED", **data},
        name=f"//iam.googleapis.com/projects/p/serviceAccounts/{_CLIENT}/keys/1",
    )


_AROUND = [on_project(), above_project()[0]]
_MINTER = grant("roles/iam.serviceAccountTokenCreator", "group:mail@example.com")


@check(
    "domain-wide-delegation-exposed",
    severity=Severity.CRITICAL,
    reads=[ServiceAccountKey],
    needs={ServiceAccountKey: lambda key: key.is_user_managed and not key.disabled},
    fix=Fix(
        manual="In Workspace's Admin console (Security, API controls, domain-wide delegation), take the client away or "
        "leave it only the scopes that its program uses. Delete the account's keys, and let nobody but that program's "
        "own account sign for it.",
        patch=lambda: [on_project(), _account(), _key(disabled=True)],
    ),
    passes=lambda: [
        _organization(),
        [_organization(_CLIENT), _account(), _key(disabled=True), *_AROUND],
        [_organization(_CLIENT), _account(grant("roles/iam.serviceAccountViewer", "user:a@example.com")), *_AROUND],
        [_organization("999999999999999999999"), _account(_MINTER), _key(), *_AROUND],
    ],
    fails=lambda: [
        [_organization(_CLIENT), _account(), _key(), *_AROUND],
        [_organization("1", _CLIENT), _account(_MINTER), *_AROUND],
        [_organization(_CLIENT), _account(), on_project(_MINTER), above_project()[0]],
    ],
    unknown=lambda: [
        _organization(told=False),
        [_organization(_CLIENT), _account()],
    ],
)
def delegation_exposed(
    organization: Organization,  # noqa: ARG001 - Workspace's settings are those of the whole organization
    settings: DelegationSettings,
    access: EffectiveAccess,
    estate: Estate,
) -> Verdict:
    """A service account that may act for every user of Workspace has keys, or people who can sign for it.

    Why: With one such key, or one signature, somebody reads the mail of any employee and administers Workspace as any
    of its administrators, and no role in Google Cloud shows it. Which accounts these are stands in the Admin console of
    Workspace only: the setting `delegated_clients` lists their numbers. Without it the check is not assessed.

    What a fix may break: The program that acts for users, until it signs without a key.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts#domain-wide-delegation
    """
    if settings.delegated_clients is None:
        return not_assessed(
            "which service accounts may act for users of Workspace is told by its Admin console only; list their "
            "client ids in the setting delegated_clients"
        )
    exposed: dict[str, str] = {}
    unclear: Undetermined | None = None
    for client in settings.delegated_clients:
        address = access.world.places.account_of(client)
        try:
            if address and (how := _exposure(address, client, access, estate)):
                exposed[address] = how
        except Undetermined as doubt:
            unclear = doubt
    if exposed:
        first, how = next(iter(exposed.items()))
        more = f", and {len(exposed) - 1} more accounts" if len(exposed) > 1 else ""
        return fail(f"{first} {how}{more}", evidence={"accounts": list(exposed)[:_SHOWN]})
    if unclear is not None:
        raise unclear
    return PASS


def _exposure(address: str, client: str, access: EffectiveAccess, estate: Estate) -> str:
    """How somebody may come to sign as an account, `""` where nobody may."""
    unclear: Undetermined | None = None
    try:
        for key in (*_keys(address, estate), *_keys(client, estate)):
            return f"has a key ({key.asset.id})"
    except Undetermined as doubt:
        unclear = doubt
    for permission in _SIGNING:
        found = access.who_can(permission, access.world.places.place(account_name(address)))
        people = [holder for holder in found.holders if not holder.principal.member.is_service_agent]
        sure = [str(holder.principal) for holder in people if holder.certain]
        if sure:
            return f"can be signed for by {sure[0]}" + (f" and {len(sure) - 1} more" if len(sure) > 1 else "")
        if people or found.gaps:
            cause = found.gaps[0] if found.gaps else "; ".join(people[0].access.because)
            unclear = unclear or Undetermined(f"who can sign as {address}", cause)
    if unclear is not None:
        raise unclear
    return ""


def _keys(account: str, estate: Estate) -> list[ServiceAccountKey]:
    """The keys of an account that work, by how their names call it."""
    found = estate.related(ServiceAccountKey, _account_of, account)
    return [key for key in found if key.is_user_managed and not key.disabled]


def _account_of(key: ServiceAccountKey) -> str:
    return key.account
