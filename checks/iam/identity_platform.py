"""Identity Platform: how the users of an application sign in."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.identity_platform import IdentityPlatform

_NAME = "//identitytoolkit.googleapis.com/projects/1001/config"
_EMAIL = {"signIn": {"email": {"enabled": True}}}
_LOCAL = ("localhost", "127.0.0.1")
_NO_PASSWORDS = not_applicable("nobody signs in with an e-mail address and a password")


@check(
    "identity-platform-anonymous-sign-in",
    severity=Severity.LOW,
    evidence=["signIn.anonymous"],
    fix=Fix(
        terraform="anonymous { enabled = false } in sign_in of google_identity_platform_config",
        manual="Turn the provider Anonymous off in the console of Identity Platform, once no app asks for it.",
        patch={"data": {"signIn": {"anonymous": {"enabled": False}}}},
    ),
    passes=lambda: [asset(IdentityPlatform, _EMAIL, name=_NAME), asset(IdentityPlatform, {}, name=_NAME)],
    fails=lambda: [asset(IdentityPlatform, {"signIn": {"anonymous": {"enabled": True}}}, name=_NAME)],
    unknown=lambda: [asset(IdentityPlatform, {}, name=_NAME, unknown=["resource.data.signIn"])],
)
def anonymous_sign_in(config: IdentityPlatform) -> Verdict:
    """Anyone gets an account of an application without saying who they are.

    Why: An anonymous account has a valid token. Every rule that only asks whether somebody is signed in, in Firestore,
    Cloud Storage or a backend, lets the whole internet through.

    What a fix may break: Apps that let guests in first and ask for a name later.

    Source: https://cloud.google.com/identity-platform/docs/reference/rest/v2/Config
    """
    return fail("anonymous sign-in is on") if config.sign_in.anonymous.enabled else PASS


@check(
    "identity-platform-second-factor-off",
    severity=Severity.LOW,
    evidence=["mfa.state"],
    fix=Fix(
        terraform='mfa { state = "ENABLED" } in google_identity_platform_config',
        manual="Turn multi-factor authentication on, and let the app offer it; MANDATORY asks everyone for it.",
        patch={"data": {"mfa": {"state": "ENABLED"}}},
    ),
    passes=lambda: [
        asset(IdentityPlatform, {**_EMAIL, "mfa": {"state": "ENABLED"}}, name=_NAME),
        asset(IdentityPlatform, {**_EMAIL, "mfa": {"state": "MANDATORY"}}, name=_NAME),
        asset(IdentityPlatform, {"signIn": {"phoneNumber": {"enabled": True}}}, name=_NAME),
    ],
    fails=lambda: [
        asset(IdentityPlatform, _EMAIL, name=_NAME),
        asset(IdentityPlatform, {**_EMAIL, "mfa": {"state": "DISABLED"}}, name=_NAME),
    ],
    unknown=lambda: [asset(IdentityPlatform, _EMAIL, name=_NAME, unknown=["resource.data.mfa"])],
)
def second_factor_off(config: IdentityPlatform) -> Verdict:
    """The users of an application cannot protect their password with a second factor.

    Why: Passwords are reused and phished. Without a second factor one leaked list of another site opens accounts here.

    What a fix may break: Nothing by itself: with ENABLED each user decides.

    Source: https://cloud.google.com/identity-platform/docs/web/mfa
    """
    if not config.takes_passwords:
        return _NO_PASSWORDS
    return fail("multi-factor authentication is off") if config.mfa.state in ("DISABLED", "STATE_UNSPECIFIED") else PASS


@check(
    "identity-platform-email-enumeration",
    severity=Severity.LOW,
    evidence=["emailPrivacyConfig"],
    fix=Fix(
        manual="Turn e-mail enumeration protection on in the settings of Identity Platform (User actions).",
        patch={"data": {"emailPrivacyConfig": {"enableImprovedEmailPrivacy": True}}},
    ),
    passes=lambda: [
        asset(IdentityPlatform, {**_EMAIL, "emailPrivacyConfig": {"enableImprovedEmailPrivacy": True}}, name=_NAME),
        asset(IdentityPlatform, {}, name=_NAME),
    ],
    fails=lambda: [asset(IdentityPlatform, _EMAIL, name=_NAME)],
    unknown=lambda: [asset(IdentityPlatform, _EMAIL, name=_NAME, unknown=["resource.data.emailPrivacyConfig"])],
)
def email_enumeration(config: IdentityPlatform) -> Verdict:
    """An application tells strangers which e-mail addresses have an account.

    Why: The list of customers leaks one question at a time, and guessing of passwords starts with names that exist.

    What a fix may break: Apps that ask which provider an address signs in with (fetchSignInMethodsForEmail).

    Source: https://cloud.google.com/identity-platform/docs/admin/email-enumeration-protection
    """
    if not config.takes_passwords:
        return _NO_PASSWORDS
    return PASS if config.email_privacy_config.enable_improved_email_privacy else fail("enumeration protection is off")


@check(
    "identity-platform-local-domain",
    severity=Severity.LOW,
    evidence=["authorizedDomains"],
    fix=Fix(
        terraform="authorized_domains of google_identity_platform_config without localhost",
        manual="Develop against a project of its own, and take localhost out of the authorised domains of this one.",
        patch={"data": {"authorizedDomains": ["shop.example.com"]}},
    ),
    passes=lambda: [
        asset(IdentityPlatform, {"authorizedDomains": ["shop.example.com", "p.firebaseapp.com"]}, name=_NAME),
        asset(IdentityPlatform, {}, name=_NAME),
    ],
    fails=lambda: [asset(IdentityPlatform, {"authorizedDomains": ["localhost", "p.firebaseapp.com"]}, name=_NAME)],
    unknown=lambda: [asset(IdentityPlatform, {}, name=_NAME, unknown=["resource.data.authorizedDomains"])],
)
def local_domain(config: IdentityPlatform) -> Verdict:
    """Users of an application may be sent back to a page on their own machine after they signed in.

    Why: OAuth redirects go to authorised domains only. Any program on the user's machine can listen on localhost and
    take the sign-in over. New projects list it for development.

    What a fix may break: Developers who sign in to this project from a local server.

    Source: https://cloud.google.com/identity-platform/docs/reference/rest/v2/Config
    """
    for domain in config.authorized_domains:
        if domain in _LOCAL:
            return fail(f"{domain} is an authorised domain")
    return PASS
