"""Certificates of load balancers and private authorities: about to expire, never issued, or weak."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.certificates import CertificateAuthority, ManagerCertificate, SslCertificate
from checks.keys.example_certificates import P256_PEM, SHA1_PEM
from checks.units import Days

_SSL = "//compute.googleapis.com/projects/p/global/sslCertificates/shop"
_MANAGER = "//certificatemanager.googleapis.com/projects/p/locations/global/certificates/shop"
_SERVED = [{"name": "//certificatemanager.googleapis.com/projects/1001/locations/global/certificateMaps/m"}]


class ExpirySettings(Settings, frozen=True):
    """How long before its end a certificate is told."""

    warn_days: Days = 30
    """For certificates that somebody has to replace."""
    managed_warn_days: Days = 14
    """For those that Google renews: it begins about a month before the end, so two weeks mean that it fails."""


class AuthoritySettings(Settings, frozen=True):
    """How long before its end an authority is told: what it signs cannot outlive it."""

    warn_days: Days = 180


class PatienceSettings(Settings, frozen=True):
    """How long Google may take to obtain a certificate."""

    max_days: Days = 3


def _ssl(**data: Any) -> Example:
    return asset(SslCertificate, {"name": "shop", "type": "SELF_MANAGED", **data}, name=_SSL)


def _managed(status: str, **domains: str) -> dict[str, Any]:
    states = {name.replace("_", "."): state for name, state in domains.items()}
    return {"type": "MANAGED", "managed": {"status": status, "domains": list(states), "domainStatus": states}}


def _manager(managed: dict[str, Any] | None = None, **data: Any) -> Example:
    kind = {"selfManaged": {}} if managed is None else {"managed": managed}
    return asset(ManagerCertificate, {"name": _MANAGER[36:], "usedBy": _SERVED, **kind, **data}, name=_MANAGER)


@check(
    "certificate-expiring",
    severity=Severity.HIGH,
    evidence=["expireTime"],
    fix=Fix(
        terraform="a new google_compute_ssl_certificate (create_before_destroy), or "
        "google_compute_managed_ssl_certificate",
        guardrail="compute.disableGlobalSelfManagedSslCertificate",
        manual="Upload the renewed certificate under a new name, attach it to the proxy or map, then delete this one. "
        "For a certificate that Google renews, look at its status and at the domain's DNS records. Better than a date "
        "in a calendar: let Google manage the certificate.",
        patch={"data": {"expireTime": "2027-11-01T00:00:00Z"}},
    ),
    passes=lambda: [
        _ssl(expireTime="2027-06-01T00:00:00.000-07:00"),
        _ssl(expireTime="2026-12-10T00:00:00Z", **_managed("ACTIVE", shop_example="ACTIVE")),
        _ssl(**_managed("PROVISIONING", shop_example="PROVISIONING")),
        _ssl(expireTime="2026-08-01T00:00:00Z"),
        _manager(expireTime="2027-06-01T00:00:00Z"),
        _manager(
            expireTime="2026-11-22T09:00:00Z", managedIdentity={"identity": "spiffe://p.global.1.workload.id.goog"}
        ),
    ],
    fails=lambda: [
        _ssl(expireTime="2026-12-10T00:00:00.000-08:00"),
        _ssl(expireTime="2026-11-20T00:00:00Z"),
        _ssl(expireTime="2026-12-01T00:00:00Z", **_managed("RENEWAL_FAILED", shop_example="FAILED_NOT_VISIBLE")),
        _manager(expireTime="2026-11-25T00:00:00Z"),
        asset(ManagerCertificate, {"expireTime": "2026-11-25T00:00:00Z"}, unknown=["resource.data.usedBy"]),
        _manager({"state": "ACTIVE", "domains": ["shop.example"]}, expireTime="2026-11-25T00:00:00Z"),
    ],
    unknown=lambda: [
        _ssl(),
        asset(SslCertificate, {"type": "SELF_MANAGED"}, unknown=["resource.data.expireTime"]),
        asset(ManagerCertificate, {"selfManaged": {}, "usedBy": _SERVED}, unknown=["resource.data.expireTime"]),
    ],
)
def expiring(certificate: SslCertificate | ManagerCertificate, settings: ExpirySettings, clock: Clock) -> Verdict:
    """A TLS certificate has expired or is about to.

    Why: From that moment browsers and clients refuse the site, and whoever teaches them to go on anyway has taught
    them to accept an attacker as well. A certificate that expired more than a month ago is left alone: nobody is served
    with it. Where nothing tells whether a load balancer serves it, the finding is a lighter case.

    What a fix may break: Clients that pinned the old certificate.

    Source: https://cloud.google.com/load-balancing/docs/ssl-certificates
    """
    if certificate.is_of_workload:
        return not_applicable("a workload's certificate, which Google renews every few hours")
    if not certificate.is_issued:
        return not_applicable("Google has not obtained it yet")
    days = clock.days_until(certificate.expires)
    if days > max(settings.warn_days, settings.managed_warn_days):
        return PASS
    if days < -_LEFT_BEHIND:
        return not_applicable(f"it expired {-days} days ago")
    if days > (settings.managed_warn_days if certificate.is_managed else settings.warn_days):
        return PASS
    return fail(
        f"it expired {-days} days ago" if days < 0 else f"it expires in {days} days",
        severity=None if certificate.is_known_in_use else Severity.MEDIUM,
    )


_LEFT_BEHIND = 30
"""Days after its end when a certificate is no longer one that somebody forgot to renew."""


@check(
    "certificate-not-issued",
    severity=Severity.HIGH,
    evidence=["managed"],
    fix=Fix(
        manual="Let the domain's A and AAAA records point to the load balancer, or the authorisation's CNAME record "
        "stand in DNS, and let CAA records allow pki.goog. A certificate that failed permanently is replaced by a new "
        "one.",
        terraform="managed.domains of google_compute_managed_ssl_certificate, dns_authorizations of "
        "google_certificate_manager_certificate",
        patch={
            "data": {
                "managed": {
                    "status": "ACTIVE",
                    "domainStatus": None,
                    "state": "ACTIVE",
                    "provisioningIssue": None,
                    "authorizationAttemptInfo": [],
                }
            }
        },
    ),
    passes=lambda: [
        _ssl(expireTime="2027-01-10T00:00:00Z", **_managed("ACTIVE", shop_example="ACTIVE")),
        _ssl(creationTimestamp="2026-11-21T00:00:00Z", **_managed("PROVISIONING", shop_example="PROVISIONING")),
        _ssl(expireTime="2027-01-10T00:00:00Z"),
        _manager({"state": "ACTIVE", "authorizationAttemptInfo": [{"domain": "shop.example", "state": "AUTHORIZED"}]}),
        _manager(expireTime="2027-01-10T00:00:00Z"),
    ],
    fails=lambda: [
        _ssl(**_managed("PROVISIONING_FAILED_PERMANENTLY", shop_example="FAILED_CAA_FORBIDDEN")),
        _ssl(expireTime="2026-12-02T00:00:00Z", **_managed("RENEWAL_FAILED", shop_example="FAILED_NOT_VISIBLE")),
        _ssl(expireTime="2027-01-02T00:00:00Z", **_managed("ACTIVE", shop_example="FAILED_NOT_VISIBLE", x_y="ACTIVE")),
        _ssl(creationTimestamp="2026-10-01T00:00:00Z", **_managed("PROVISIONING", shop_example="PROVISIONING")),
        _manager({"state": "FAILED", "provisioningIssue": {"reason": "AUTHORIZATION_ISSUE"}}),
        _manager(
            {
                "state": "PROVISIONING",
                "authorizationAttemptInfo": [{"domain": "shop.example", "state": "FAILED", "failureReason": "CONFIG"}],
            }
        ),
    ],
    unknown=lambda: [
        asset(SslCertificate, {"type": "MANAGED"}, unknown=["resource.data.managed"]),
        asset(ManagerCertificate, {"managed": {"state": "ACTIVE"}}, unknown=["resource.data.managed.state"]),
    ],
)
def not_issued(certificate: SslCertificate | ManagerCertificate, settings: PatienceSettings, clock: Clock) -> Verdict:
    """Google cannot obtain or renew a certificate that it manages.

    Why: The domain is served with no certificate, or with one that will not be renewed: the site goes dark on a day
    that nobody chose. A domain that fails also says that its DNS records point elsewhere.

    What a fix may break: Nothing; the load balancer goes on with its other certificates meanwhile.

    Source: https://cloud.google.com/load-balancing/docs/ssl-certificates/troubleshooting
    """
    if not certificate.is_managed:
        return not_applicable("somebody uploaded it")
    if failure := certificate.failure:
        return fail(failure)
    if not certificate.is_pending:
        return PASS
    created = certificate.created
    days = clock.days_since(created) if created else 0
    return fail(f"Google has been trying for {days} days to obtain it") if days > settings.max_days else PASS


@check(
    "certificate-weak",
    severity=Severity.MEDIUM,
    evidence=["expireTime"],
    fix=Fix(
        guardrail="compute.disableGlobalSelfManagedSslCertificate",
        manual="Have a new certificate issued for a key of 2048 bits or more (RSA) or on the curve P-256, signed with "
        "SHA-256; upload it under a new name, attach it, delete this one.",
        terraform="certificate and private_key of google_compute_ssl_certificate",
        patch={"data": {"certificate": P256_PEM, "pemCertificate": P256_PEM}},
    ),
    passes=lambda: [
        _ssl(certificate=P256_PEM),
        _ssl(certificate=P256_PEM + SHA1_PEM),
        _ssl(**_managed("ACTIVE", shop_example="ACTIVE")),
        _manager(pemCertificate=P256_PEM),
    ],
    fails=lambda: [_ssl(certificate=SHA1_PEM), _manager(pemCertificate=SHA1_PEM)],
    unknown=lambda: [
        _ssl(),
        _ssl(certificate="-----BEGIN CERTIFICATE-----\nMIIBszCCAVmg\n-----END CERTIFICATE-----"),
        asset(SslCertificate, {"type": "SELF_MANAGED"}, unknown=["resource.data.certificate"]),
    ],
)
def weak(certificate: SslCertificate | ManagerCertificate) -> Verdict:
    """A certificate that somebody uploaded has a short key, or is signed with a broken hash.

    Why: A short key can be computed from the certificate, and a signature with MD5 or SHA-1 can be forged: with either
    somebody else is the site. Modern clients refuse both; the ones that do not are those that need protection.

    What a fix may break: Clients too old for SHA-256 or for the new key.

    Source: https://cloud.google.com/load-balancing/docs/ssl-certificates/self-managed-certs
    """
    if certificate.is_managed:
        return not_applicable("Google chooses the key")
    weakness = certificate.content.weakness
    return fail(weakness) if weakness else PASS


def _authority(state: str, until: str, **data: Any) -> Example:
    descriptions = [{"subjectDescription": {"notAfterTime": until}}]
    return asset(
        CertificateAuthority,
        {"state": state, "caCertificateDescriptions": descriptions, **data},
        name="//privateca.googleapis.com/projects/p/locations/europe-west1/caPools/pool/certificateAuthorities/root",
    )


@check(
    "certificate-authority-expiring",
    severity=Severity.MEDIUM,
    evidence=["state"],
    fix=Fix(
        manual="Make a new authority in the same pool, enable it, let clients trust it, disable the old one, and "
        "delete it when all that it signed has ended.",
        terraform="a second google_privateca_certificate_authority in the pool",
        patch={"data": {"state": "DISABLED"}},
    ),
    passes=lambda: [
        _authority("ENABLED", "2031-01-01T00:00:00Z"),
        _authority("DISABLED", "2026-12-01T00:00:00Z"),
        _authority("AWAITING_USER_ACTIVATION", "2026-12-01T00:00:00Z", caCertificateDescriptions=[]),
    ],
    fails=lambda: [_authority("ENABLED", "2027-03-01T00:00:00Z"), _authority("STAGED", "2026-11-01T00:00:00Z")],
    unknown=lambda: [asset(CertificateAuthority, {"state": "ENABLED"})],
)
def authority_expiring(authority: CertificateAuthority, settings: AuthoritySettings, clock: Clock) -> Verdict:
    """A private certificate authority ends soon.

    Why: No certificate outlives the authority that signed it, and every client has to be taught to trust the next
    one: that takes months, and cannot be done on the day when everything stops.

    What a fix may break: Clients that trust only the old authority, if it goes before they know the new one.

    Source: https://cloud.google.com/certificate-authority-service/docs/managing-ca-state
    """
    if authority.state not in ("ENABLED", "STAGED"):
        return not_applicable(f"its state is {authority.state}")
    days = clock.days_until(authority.expires)
    if days < 0:
        return fail(f"it ended {-days} days ago")
    return fail(f"it ends in {days} days") if days <= settings.warn_days else PASS
