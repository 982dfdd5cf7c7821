"""Workforce identity federation: which people of another identity provider get in, for how long, and what is logged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor import PASS, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.federation import shared_issuer
from auditor.resources.iam import WorkforcePool, WorkforcePoolProvider

_POOL = "//iam.googleapis.com/locations/global/workforcePools/staff"
_OKTA = "https://example.okta.com"
_OUT_OF_USE = not_applicable("it is disabled or deleted")
_UPDATE = (
    "gcloud iam workforce-pools providers update-{provider.kind} {provider.id} --workforce-pool={provider.pool} "
    "--location=global "
)


def _provider(unknown: str = "", **data: Any) -> Example:
    given = {"oidc": {"issuerUri": _OKTA}, "attributeMapping": {"google.subject": "assertion.sub"}, **data}
    return asset(
        WorkforcePoolProvider,
        given,
        name=f"{_POOL}/providers/okta",
        ancestors=["organizations/3001"],
        unknown=[unknown] if unknown else [],
    )


def _pool(unknown: str = "", **data: Any) -> Example:
    return asset(
        WorkforcePool, data, name=_POOL, ancestors=["organizations/3001"], unknown=[unknown] if unknown else []
    )


@check(
    "workforce-provider-unconditional",
    severity=Severity.MEDIUM,
    evidence=["oidc.issuerUri", "attributeMapping"],
    fix=Fix(
        gcloud=_UPDATE + "--attribute-condition=CONDITION",
        terraform="`attribute_condition` of google_iam_workforce_pool_provider",
        manual="Ask for the group of those who work in Google Cloud: `'cloud-users' in assertion.groups`. At the "
        "identity provider, assign the application to that group only.",
        patch={"data": {"attributeCondition": "'cloud-users' in assertion.groups"}},
    ),
    passes=lambda: [
        _provider(attributeCondition="'cloud-users' in assertion.groups"),
        _provider(disabled=True),
        _provider(state="DELETED"),
    ],
    fails=lambda: [
        _provider(),
        _provider(attributeCondition="  "),
        _provider(attributeCondition="true"),
        _provider(oidc={}, saml={"idpMetadataXml": "<EntityDescriptor/>"}),
        _provider(oidc={"issuerUri": "https://accounts.google.com"}),
    ],
    unknown=lambda: [_provider(unknown="resource.data.attributeCondition")],
)
def unconditional(provider: WorkforcePoolProvider) -> Verdict:
    """A workforce identity provider takes in everybody whom its identity provider knows.

    Why: Guests, contractors, service users and every account that somebody makes over there become identities of the
    pool. Grants to the whole pool, or to an attribute that they can get, are theirs. Where the issuer serves
    strangers too, anybody gets in.

    What a fix may break: People who are not in the group that the condition asks for can no longer sign in.

    Source: https://cloud.google.com/iam/docs/workforce-identity-federation
    """
    if not provider.is_active:
        return _OUT_OF_USE
    if provider.attribute_condition.strip() not in ("", "true"):
        return PASS
    issuer = shared_issuer(provider.oidc.issuer_uri)
    if issuer is not None:
        return fail(f"anybody whom {issuer.name} knows gets in", severity=Severity.HIGH)
    return fail("no condition says who gets in")


class SessionSettings(Settings, frozen=True):
    """How long people of another identity provider stay signed in."""

    max_hours: float = 8
    """Google's default is one hour, its limit twelve."""


@check(
    "workforce-session-long",
    severity=Severity.LOW,
    evidence=["sessionDuration"],
    fix=Fix(
        gcloud="gcloud iam workforce-pools update {pool.id} --location=global --session-duration=3600s",
        terraform='session_duration = "3600s" in google_iam_workforce_pool',
        patch={"data": {"sessionDuration": "3600s"}},
    ),
    passes=lambda: [
        _pool(),
        _pool(sessionDuration="28800s"),
        _pool(sessionDuration="43200s", disabled=True),
    ],
    fails=lambda: [_pool(sessionDuration="28801s"), _pool(sessionDuration="43200s")],
    unknown=lambda: [_pool(unknown="resource.data.sessionDuration"), _pool(sessionDuration="long")],
)
def session_long(pool: WorkforcePool, settings: SessionSettings) -> Verdict:
    """People of another identity provider stay signed in to Google Cloud for longer than a working day.

    Why: Who is dismissed, or whose session is stolen, keeps the access until the session ends: Google does not ask
    the identity provider again before.

    What a fix may break: Long jobs that run in somebody's session; give them a service account.

    Source: https://cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools
    """
    if not pool.is_active:
        return _OUT_OF_USE
    if pool.session <= timedelta(hours=settings.max_hours):
        return PASS
    return fail(f"a session lasts {pool.session.total_seconds() / 3600:.4g} hours, the limit is {settings.max_hours:g}")


@check(
    "workforce-provider-sign-ins-not-logged",
    severity=Severity.LOW,
    default=False,
    evidence=["detailedAuditLogging"],
    fix=Fix(
        gcloud=_UPDATE + "--detailed-audit-logging",
        terraform="`detailed_audit_logging = true` in google_iam_workforce_pool_provider, where the provider has it",
        manual="Data access logs of sts.googleapis.com have to be on for it to be seen.",
        patch={"data": {"detailedAuditLogging": True}},
    ),
    passes=lambda: [_provider(detailedAuditLogging=True), _provider(disabled=True)],
    fails=lambda: [_provider(), _provider(detailedAuditLogging=False)],
    unknown=lambda: [_provider(unknown="resource.data.detailedAuditLogging")],
)
def sign_ins_not_logged(provider: WorkforcePoolProvider) -> Verdict:
    """The sign-ins of a workforce identity provider are logged without the attributes that decided them.

    Why: After an incident the log shows that somebody got in, and not by which group or claim.

    What a fix may break: Nothing; attributes of people get into the log, which its readers should be meant to see.

    Source: https://cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers
    """
    if not provider.is_active:
        return _OUT_OF_USE
    return PASS if provider.detailed_audit_logging else fail("detailed audit logging is off")
