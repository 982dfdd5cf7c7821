"""Identity and Access Management: accounts, keys, custom roles, federation.

Source: cloud.google.com/iam/docs/reference/rest/v1 (projects.serviceAccounts, projects.serviceAccounts.keys,
projects.roles, projects.locations.workloadIdentityPools.providers)
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import ClassVar

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows
from auditor.resources.durations import duration
from auditor.resources.unknown import told
from auditor.resources.x509 import Certificate, certificate

NEVER = 9999
"""The year in `validBeforeTime` of a key that does not expire."""

_SAML_CERTIFICATE = re.compile(r"X509Certificate>([A-Za-z0-9+/=\s]+)<")
"""Certificates in the metadata of a SAML issuer. The document is not parsed: it is somebody else's XML."""

_EXPOSED = {
    "SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPOSED": "exposed in public",
    "SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_COMPROMISE_DETECTED": "used by an attacker",
    "SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED": "exposed in public",
    "SERVICE_ACCOUNT_KEY_DISABLE_REASON_COMPROMISE_DETECTED": "used by an attacker",
}


@shows("iam.googleapis.com/ServiceAccount")
class ServiceAccount(Resource):
    """A service account that lives in a project of the customer."""

    email: str = ""
    unique_id: str = ""
    oauth2_client_id: str = ""
    disabled: bool = False


class ExtendedStatus(View):
    """What Google found out about a key; it stays for the key's lifetime."""

    key: str = ""
    value: str = ""


@shows("iam.googleapis.com/ServiceAccountKey")
class ServiceAccountKey(Resource):
    """A key pair of a service account.

    The API always names the key's type. A key that is only planned has none yet, and is user-managed:
    nobody can create a key of Google's.
    """

    HAS_POLICY: ClassVar[bool] = False

    name: str = ""
    key_type: str = "USER_MANAGED"
    key_origin: str = "ORIGIN_UNSPECIFIED"
    valid_after_time: datetime | None = None
    valid_before_time: datetime | None = None
    disabled: bool = False
    disable_reason: str = ""
    extended_status: list[ExtendedStatus] = []

    @property
    def is_user_managed(self) -> bool:
        """Whether people hold the private half. Google's own keys never leave Google and rotate by themselves."""
        return self.key_type == "USER_MANAGED"

    @property
    def created(self) -> datetime:
        """The moment from which the key is valid. Raises `Undetermined` where the API did not say."""
        if self.valid_after_time is None:
            raise Undetermined("validAfterTime", "the key has no creation time")
        return self.valid_after_time

    @property
    def expires(self) -> datetime | None:
        """The moment up to which the key is valid, None for never. Raises `Undetermined` where the API did not say."""
        if self.valid_before_time is None:
            raise Undetermined("validBeforeTime", "the key has no expiry time")
        return None if self.valid_before_time.year >= NEVER else self.valid_before_time

    def surely_expired(self, now: datetime) -> bool:
        """Whether the key is known to have expired; False where its expiry is unknown."""
        try:
            return self.expires is not None and self.expires <= now
        except Undetermined:
            return False

    @property
    def account(self) -> str:
        """The account's e-mail address, or its number where neither name of the key spells the address."""
        for name in (self.name, self.asset.name):
            account = name.partition("/serviceAccounts/")[2].partition("/")[0]
            if "@" in account:
                return account
        return self.asset.name.partition("/serviceAccounts/")[2].partition("/")[0]

    @property
    def account_address(self) -> str:
        """The account's e-mail address. Raises `Undetermined` where the key's names give only its number."""
        if "@" not in self.account:
            raise Undetermined("the account's address", "the key names its account by number only")
        return self.account

    @property
    def exposure(self) -> str:
        """How Google says the private half got into wrong hands; `""` where it does not say so."""
        if self.disable_reason in _EXPOSED:
            return _EXPOSED[self.disable_reason]
        for status in self.extended_status:
            if status.key in _EXPOSED:
                return _EXPOSED[status.key]
        return ""


@shows("iam.googleapis.com/Role")
class Role(Resource):
    """A role: a custom one of a project or organisation. A stage that is absent is ALPHA.

    A list of roles comes without their permissions; a role that is got by its name has them.
    """

    permissions_told: list[str] | None = field(default=None, name="includedPermissions")
    stage: str = "ALPHA"
    deleted: bool = False

    @property
    def included_permissions(self) -> list[str]:
        """What the role allows. Raises `Undetermined` where the data is an entry of a list of roles."""
        return told(self.permissions_told, "includedPermissions")

    @property
    def is_custom(self) -> bool:
        """False for the roles that Google defines."""
        return "projects/" in self.asset.name or "organizations/" in self.asset.name

    @property
    def grants_nothing(self) -> str:
        """Why the role gives nobody any permission, `""` where it does."""
        if self.deleted:
            return "the role is deleted"
        if self.stage == "DISABLED":
            return "the role is disabled"
        return ""


class OidcProvider(View):
    """`oidc`."""

    issuer_uri: str = ""
    jwks_json: str = ""
    """Public keys that were uploaded; empty where they are fetched from the issuer."""


class SamlProvider(View):
    """`saml`."""

    idp_metadata_xml: str = ""


class AwsProvider(View):
    """`aws`."""

    account_id: str = ""


class X509Provider(View):
    """`x509`: what certificates have to go back to is not looked at."""


@shows("iam.googleapis.com/WorkloadIdentityPoolProvider")
class WorkloadIdentityPoolProvider(Resource):
    """An issuer whose tokens a workload identity pool accepts."""

    attribute_condition: str = ""
    attribute_mapping: dict[str, str] = {}
    disabled: bool = False
    state: str = "ACTIVE"
    oidc: OidcProvider = field(default_factory=OidcProvider)
    aws: AwsProvider = field(default_factory=AwsProvider)
    saml: SamlProvider = field(default_factory=SamlProvider)
    x509: X509Provider | None = None

    @property
    def is_active(self) -> bool:
        """Whether tokens can be exchanged."""
        return not self.disabled and self.state != "DELETED"

    @property
    def pool(self) -> str:
        """The id of the pool, from the resource name."""
        return self.asset.name.partition("/workloadIdentityPools/")[2].partition("/")[0]

    @property
    def pool_project(self) -> str:
        """The project in the resource name."""
        return self.asset.name.partition("/projects/")[2].partition("/")[0]

    @property
    def kind(self) -> str:
        """`aws`, `saml`, `x509` or `oidc`, as gcloud's commands are called."""
        if self.aws.account_id:
            return "aws"
        if self.x509 is not None:
            return "x509"
        return "saml" if self.saml.idp_metadata_xml else "oidc"

    @property
    def signing_certificates(self) -> list[Certificate]:
        """The certificates of a SAML issuer. Raises `Undetermined` where one of them cannot be read."""
        return [certificate(text) for text in _SAML_CERTIFICATE.findall(self.saml.idp_metadata_xml)]


@shows("iam.googleapis.com/WorkforcePool")
class WorkforcePool(Resource):
    """People of an identity provider outside of Google, as an organisation takes them in.

    Sources: cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools
    """

    parent: str = ""
    disabled: bool = False
    state: str = "ACTIVE"
    session_duration: str = ""

    @property
    def is_active(self) -> bool:
        """Whether anybody gets in by it."""
        return not self.disabled and self.state in ("ACTIVE", "STATE_UNSPECIFIED")

    @property
    def session(self) -> timedelta:
        """How long a session lasts; an hour where nothing is said."""
        return duration("sessionDuration", self.session_duration) if self.session_duration else timedelta(hours=1)


@shows("iam.googleapis.com/WorkforcePoolProvider")
class WorkforcePoolProvider(Resource):
    """An identity provider whose people a workforce pool takes in.

    Source: cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers
    """

    attribute_condition: str = ""
    attribute_mapping: dict[str, str] = {}
    disabled: bool = False
    state: str = "ACTIVE"
    detailed_audit_logging: bool = False
    oidc: OidcProvider = field(default_factory=OidcProvider)
    saml: SamlProvider = field(default_factory=SamlProvider)

    @property
    def is_active(self) -> bool:
        """Whether it takes people in."""
        return not self.disabled and self.state in ("ACTIVE", "STATE_UNSPECIFIED")

    @property
    def kind(self) -> str:
        """`saml` or `oidc`, as gcloud's commands are called."""
        return "saml" if self.saml.idp_metadata_xml else "oidc"

    @property
    def pool(self) -> str:
        """The id of its pool."""
        return self.asset.name.partition("/workforcePools/")[2].partition("/")[0]
