"""TLS certificates of load balancers, and the private authorities that sign others.

Source: cloud.google.com/compute/docs/reference/rest/v1/sslCertificates,
cloud.google.com/certificate-manager/docs/reference/certificate-manager/rest/v1/projects.locations.certificates,
cloud.google.com/certificate-authority-service/docs/reference/rest/v1/projects.locations.caPools.certificateAuthorities
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows
from auditor.resources.x509 import Certificate as ReadCertificate
from auditor.resources.x509 import first_certificate


class ManagedSslCertificate(View):
    """`managed` of a Compute Engine certificate: Google obtains and renews it."""

    domains: list[str] = []
    status: str = "MANAGED_CERTIFICATE_STATUS_UNSPECIFIED"
    domain_status: dict[str, str] = {}


class _TlsCertificate(Resource):
    """What both kinds of certificates of load balancers have in common."""

    expire_time: datetime | None = None

    @property
    def expires(self) -> datetime:
        """The moment up to which the certificate is valid. Raises `Undetermined` where the data does not say."""
        if self.expire_time is None:
            raise Undetermined("expireTime", "the asset's data does not say")
        return self.expire_time

    @property
    def is_managed(self) -> bool:
        """Whether Google obtains and renews the certificate."""
        raise NotImplementedError

    @property
    def is_issued(self) -> bool:
        """Whether there is a certificate to judge; False while Google has not obtained the first one."""
        return not (self.is_managed and self.expire_time is None)

    @property
    def is_pending(self) -> bool:
        """Whether Google is still trying to obtain the certificate."""
        raise NotImplementedError

    @property
    def created(self) -> datetime | None:
        """When the resource was made, None where the data does not say."""
        raise NotImplementedError

    @property
    def is_of_workload(self) -> bool:
        """Whether it is a workload's certificate, which Google renews every few hours."""
        return False

    @property
    def is_known_in_use(self) -> bool:
        """Whether something is known to serve the certificate."""
        return False

    @property
    def pem(self) -> str:
        """The certificate, or chain, in PEM."""
        raise NotImplementedError

    @property
    def content(self) -> ReadCertificate:
        """What the certificate says of itself. Raises `Undetermined` where it cannot be read."""
        return first_certificate(self.pem)

    @property
    def failure(self) -> str:
        """Why Google could not obtain or renew the certificate, as a clause; `""` where nothing is wrong."""
        raise NotImplementedError


@shows("compute.googleapis.com/SslCertificate")
class SslCertificate(_TlsCertificate):
    """A certificate of Compute Engine, global or regional. The API does not tell which proxies use it."""

    name: str = ""
    type: str = "SELF_MANAGED"
    certificate: str = ""
    creation_timestamp: datetime | None = None
    managed: ManagedSslCertificate = field(default_factory=ManagedSslCertificate)

    @property
    def is_managed(self) -> bool:
        """Whether Google obtains and renews the certificate."""
        return self.type == "MANAGED"

    @property
    def is_pending(self) -> bool:
        """Whether Google is still trying to obtain the certificate."""
        return self.managed.status == "PROVISIONING"

    @property
    def created(self) -> datetime | None:
        """When the resource was made, None where the data does not say."""
        return self.creation_timestamp

    @property
    def pem(self) -> str:
        """The certificate, or chain, in PEM."""
        return self.certificate

    @property
    def failure(self) -> str:
        """Why Google could not obtain or renew the certificate, as a clause; `""` where nothing is wrong."""
        status = self.managed.status
        for domain, state in self.managed.domain_status.items():
            if state.startswith("FAILED"):
                return f"{domain} is {state}, the certificate {status}"
        return f"it is {status}" if "FAILED" in status else ""


class ProvisioningIssue(View):
    """`managed.provisioningIssue`."""

    reason: str = ""


class AuthorizationAttempt(View):
    """`managed.authorizationAttemptInfo[]`: the last try to prove a domain."""

    domain: str = ""
    state: str = ""
    failure_reason: str = ""


class ManagedCertificate(View):
    """`managed` of a certificate of Certificate Manager."""

    domains: list[str] = []
    state: str = ""
    provisioning_issue: ProvisioningIssue | None = None
    authorization_attempt_info: list[AuthorizationAttempt] = []


class ManagedIdentity(View):
    """`managedIdentity` of a certificate of Certificate Manager: the identity that it is issued for."""

    identity: str = ""


class UsedBy(View):
    """`usedBy[]`: a map entry or proxy that serves the certificate."""

    name: str = ""


@shows("certificatemanager.googleapis.com/Certificate")
class ManagerCertificate(_TlsCertificate):
    """A certificate of Certificate Manager."""

    name: str = ""
    managed: ManagedCertificate | None = None
    managed_identity: ManagedIdentity | None = None
    pem_certificate: str = ""
    create_time: datetime | None = None
    used_by: list[UsedBy] = []

    @property
    def is_managed(self) -> bool:
        """Whether Google obtains and renews the certificate."""
        return self.managed is not None

    @property
    def is_pending(self) -> bool:
        """Whether Google is still trying to obtain the certificate."""
        return self.managed is not None and self.managed.state == "PROVISIONING"

    @property
    def created(self) -> datetime | None:
        """When the resource was made, None where the data does not say."""
        return self.create_time

    @property
    def is_of_workload(self) -> bool:
        """Whether it is a workload's certificate, which Google renews every few hours."""
        return self.managed_identity is not None

    @property
    def is_known_in_use(self) -> bool:
        """Whether something is known to serve the certificate."""
        try:
            return bool(self.used_by)
        except Undetermined:
            return False

    @property
    def pem(self) -> str:
        """The certificate, or chain, in PEM."""
        return self.pem_certificate

    @property
    def failure(self) -> str:
        """Why Google could not obtain or renew the certificate, as a clause; `""` where nothing is wrong."""
        if self.managed is None:
            return ""
        for attempt in self.managed.authorization_attempt_info:
            if attempt.state == "FAILED":
                return f"{attempt.domain} is not proved ({attempt.failure_reason or 'no reason given'})"
        issue = self.managed.provisioning_issue
        if issue is not None and issue.reason:
            return f"it is not issued ({issue.reason})"
        return "its state is FAILED" if self.managed.state == "FAILED" else ""


class SubjectDescription(View):
    """`subjectDescription` of a certificate."""

    not_after_time: datetime | None = None


class CertificateDescription(View):
    """`caCertificateDescriptions[]`: the authority's own certificate first, then its chain."""

    subject_description: SubjectDescription = field(default_factory=SubjectDescription)


@shows("privateca.googleapis.com/CertificateAuthority")
class CertificateAuthority(Resource):
    """An authority of Certificate Authority Service."""

    state: str = "STATE_UNSPECIFIED"
    ca_certificate_descriptions: list[CertificateDescription] = []

    @property
    def expires(self) -> datetime:
        """The moment up to which the authority may sign. Raises `Undetermined` where the data does not say."""
        for description in self.ca_certificate_descriptions:
            if description.subject_description.not_after_time is not None:
                return description.subject_description.not_after_time
            break
        raise Undetermined("notAfterTime", "the asset's data does not say")
