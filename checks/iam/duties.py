"""Powers that should not be in one hand, judged by what roles permit and who is behind groups."""

from __future__ import annotations

from auditor import PASS, EffectiveAccess, Policy, Severity, Undetermined, Verdict, check, fail
from auditor.access.members import Member
from auditor.access.roles import BASIC_ROLES
from auditor.access.standing_index import SERVICE_ACCOUNT, Power, standing_index
from auditor.resources.base import Asset
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import (
    above_project,
    grant,
    member_of,
    narrower,
    on_folder,
    on_organization,
    on_project,
    until,
)

_KEY = "cloudkms.googleapis.com/CryptoKey"
_ADMIN = frozenset({"iam.serviceAccounts.setIamPolicy"})
_USE = frozenset({"iam.serviceAccounts.actAs"})
KMS_ADMIN = frozenset({"cloudkms.cryptoKeys.setIamPolicy", "cloudkms.cryptoKeyVersions.destroy"})
KMS_USE = frozenset(
    f"cloudkms.cryptoKeyVersions.useTo{use}" for use in ("Decrypt", "Encrypt", "Sign", "Decapsulate", "Verify")
)


def not_google(member: Member) -> bool:
    """Whether a member is somebody's, and not Google's own or everybody."""
    return not member.is_service_agent and not member.is_public


def _together(asset: Asset, access: EffectiveAccess, one: frozenset[str], other: frozenset[str], kind: str) -> Verdict:
    """Whether an account holds both powers, at least one of them by the policy of the asset itself."""
    index = standing_index(access)
    here = [index.on(asset, powers, not_google, kind=kind) for powers in (one, other)]
    if not any(side.found or side.doubts for side in here):
        return PASS
    above = [index.above(asset, powers, not_google, kind=kind) for powers in (one, other)]
    sides = [
        [power for power in (*h.found, *a.found) if power.role not in BASIC_ROLES]
        for h, a in zip(here, above, strict=True)
    ]
    found, doubt = index.both(*sides)
    own = access.world.places.canonical(asset.name)
    found = [held for held in found if own in (held[1].scope, held[2].scope)]
    if found:
        return told_together(found)
    doubts = [*here[0].doubts, *here[1].doubts]
    if here[0].found or here[1].found:
        doubts += [*above[0].doubts, *above[1].doubts]
    mine = [power for side in sides for power in side if power.scope == own]
    if doubts and (mine or here[0].doubts or here[1].doubts):
        raise Undetermined("who holds the other power", doubts[0])
    if doubt and mine:
        raise Undetermined("whether anybody holds both", doubt)
    return PASS


def told_together(found: list[tuple[str, Power, Power]]) -> Verdict:
    """The finding that accounts hold both powers."""
    account, one, other = found[0]
    more = f", and {len(found) - 1} more accounts" if len(found) > 1 else ""
    through = "".join(
        f", by way of {power.member}" for power in dict.fromkeys((one, other)) if power.member.canonical != account
    )
    return fail(
        f"{account} holds both {one.role}{one.condition} and {other.role}{other.condition}{through}{more}",
        evidence={
            "accounts": [name for name, _, _ in found[:50]],
            "member": str(one.member),
            "role": one.role,
            "_collection": one.collection,
        },
    )


@check(
    "service-account-duties-not-separated",
    severity=Severity.MEDIUM,
    same_as=[
        "prowler:iam_role_sa_enforce_separation_of_duties",
        "sha:SERVICE_ACCOUNT_ROLE_SEPARATION",
        "steampipe:iam_user_separation_of_duty_enforced",
        "scoutsuite:iam-role-account-separation-duties-is-false",
        "cloudsploit:iam/serviceAccountSeparation",
        "inspec:cis-gcp-1.8",
    ],
    fix=narrower("Decide who administers service accounts and who uses them, and give each group one of the roles."),
    passes=lambda: [
        [
            on_project(
                grant("roles/iam.serviceAccountAdmin", "group:platform@example.com"),
                grant("roles/iam.serviceAccountUser", "group:dev@example.com"),
            ),
            *above_project(),
            *member_of("platform@example.com", "a@example.com"),
            *member_of("dev@example.com", "b@example.com"),
        ],
        [
            on_project(
                grant("roles/iam.serviceAccountAdmin", "user:a@example.com"),
                grant("roles/iam.serviceAccountUser", "user:a@example.com", condition=until("2025-01-01")),
            ),
            *above_project(),
        ],
        [
            on_project(grant("roles/iam.serviceAccountUser", "user:a@example.com", "user:b@example.com")),
            *above_project(),
        ],
        on_project(grant("roles/owner", "user:a@example.com")),  # project-basic-role tells it
    ],
    fails=lambda: [
        on_project(
            grant("roles/iam.serviceAccountAdmin", "user:a@example.com", "user:b@example.com"),
            grant("roles/iam.serviceAccountUser", "user:b@example.com"),
        ),
        on_folder(
            grant("roles/iam.serviceAccountUser", "group:ops@example.com"),
            grant("roles/iam.serviceAccountAdmin", "group:ops@example.com", condition=until("2027-01-01")),
        ),
        [
            on_project(grant("roles/iam.serviceAccountUser", "group:dev@example.com")),
            *above_project(grant("roles/iam.serviceAccountAdmin", "user:b@example.com")),
            *member_of("dev@example.com", "a@example.com", "b@example.com"),
        ],
    ],
    unknown=lambda: [
        on_project(grant("roles/iam.serviceAccountAdmin", "user:a@example.com"), more=True),
        [
            on_project(
                grant("roles/iam.serviceAccountAdmin", "group:platform@example.com"),
                grant("roles/iam.serviceAccountUser", "user:a@example.com"),
            ),
            *above_project(),
        ],
    ],
)
def account_duties(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """One principal can both make service accounts and act as them.

    Why: Who makes an account, gives it to themselves and runs code as it needs nobody else's consent; the
    audit log then shows the account, not the person. Roles count by what they permit, groups by their members,
    and one of the two powers may be inherited from above. Basic roles have checks of their own.

    What a fix may break: Small teams in which one person does both. Split the roles over two groups, even if
    some people are in both by exception.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return _together(policy.asset, access, _ADMIN, _USE, SERVICE_ACCOUNT)


@check(
    "kms-duties-not-separated",
    severity=Severity.MEDIUM,
    same_as=[
        "prowler:iam_role_kms_enforce_separation_of_duties",
        "sha:KMS_ROLE_SEPARATION",
        "steampipe:iam_user_kms_separation_of_duty_enforced",
        "scoutsuite:iam-role-kms-separation-duties-is-false",
        "cloudsploit:iam/kmsUserSeparation",
        "inspec:cis-gcp-1.11",
    ],
    fix=narrower("Let one group administer keys; grant the use of a key to the workload, on that key."),
    passes=lambda: [
        [
            on_project(
                grant("roles/cloudkms.admin", "group:security@example.com"),
                grant("roles/cloudkms.cryptoKeyEncrypterDecrypter", "serviceAccount:app@p.iam.gserviceaccount.com"),
            ),
            *above_project(),
            *member_of("security@example.com", "a@example.com"),
        ],
        [
            on_project(
                grant("roles/cloudkms.cryptoKeyEncrypter", "user:a@example.com"),
                grant("roles/cloudkms.signer", "user:a@example.com"),
            ),
            *above_project(),
        ],
    ],
    fails=lambda: [
        on_project(
            grant("roles/cloudkms.admin", "user:a@example.com"),
            grant("roles/cloudkms.cryptoKeyDecrypter", "user:b@example.com", "user:a@example.com"),
        ),
        on_organization(
            grant("roles/cloudkms.signerVerifier", "group:ops@example.com"),
            grant("roles/cloudkms.admin", "group:ops@example.com"),
        ),
        [
            on_project(
                grant("roles/cloudkms.admin", "group:ops@example.com"),
                grant("roles/cloudkms.cryptoOperator", "serviceAccount:app@p.iam.gserviceaccount.com"),
            ),
            *member_of("ops@example.com", "app@p.iam.gserviceaccount.com"),
        ],
    ],
    unknown=lambda: [on_project(grant("roles/cloudkms.signer", "user:a@example.com"), more=True)],
)
def kms_duties(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """One principal both administers encryption keys and uses them.

    Why: An administrator decides who may use a key and when it is destroyed. If the same principal can also
    decrypt, the key no longer stands between the data and its administrators.

    What a fix may break: Scripts that make a key and use it under one identity; give the use to the workload.

    Source: https://cloud.google.com/kms/docs/separation-of-duties
    """
    return _together(policy.asset, access, KMS_ADMIN, KMS_USE, _KEY)
