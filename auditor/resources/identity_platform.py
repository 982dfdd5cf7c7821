"""Identity Platform: how the users of an application sign in.

Source: cloud.google.com/identity-platform/docs/reference/rest/v2/Config
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from auditor.resources.base import Resource, View, shows


class SignInMethod(View):
    """A way to sign in."""

    enabled: bool = False


class SignIn(View):
    """`signIn`."""

    email: SignInMethod = field(default_factory=SignInMethod)
    phone_number: SignInMethod = field(default_factory=SignInMethod)
    anonymous: SignInMethod = field(default_factory=SignInMethod)


class MultiFactor(View):
    """`mfa`: DISABLED, ENABLED (the user decides) or MANDATORY."""

    state: str = "DISABLED"


class EmailPrivacy(View):
    """`emailPrivacyConfig`."""

    enable_improved_email_privacy: bool = False


class Permissions(View):
    """`client.permissions`: what users cannot do with their own account."""

    disabled_user_signup: bool = False


class Client(View):
    """`client`."""

    permissions: Permissions = field(default_factory=Permissions)


@shows("identitytoolkit.googleapis.com/Config")
class IdentityPlatform(Resource):
    """The configuration of Identity Platform (Firebase Authentication) in a project."""

    HAS_POLICY: ClassVar[bool] = False

    sign_in: SignIn = field(default_factory=SignIn)
    mfa: MultiFactor = field(default_factory=MultiFactor)
    email_privacy_config: EmailPrivacy = field(default_factory=EmailPrivacy)
    authorized_domains: list[str] = []
    client: Client = field(default_factory=Client)

    @property
    def takes_passwords(self) -> bool:
        """Whether users sign in with an e-mail address and a password."""
        return self.sign_in.email.enabled
