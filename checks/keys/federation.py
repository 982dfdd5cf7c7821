"""Keys that outside identity providers sign with, where they were handed over once instead of being fetched."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.iam import WorkloadIdentityPoolProvider
from checks.units import Days

_NAME = "//iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/onprem/providers/cluster"
_JWKS = '{"keys": [{"kty": "RSA", "alg": "RS256", "kid": "1", "use": "sig", "n": "0vx7", "e": "AQAB"}]}'
_OUT_OF_USE = "the provider is disabled or deleted"
_METADATA = (
    '<EntityDescriptor entityID="https://idp.example.com"><IDPSSODescriptor><KeyDescriptor use="signing">'
    "<ds:X509Certificate>{}</ds:X509Certificate></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>"
)
_ENDING = """MIIDFzCCAf+gAwIBAgIUZ/jlSrqlVX6/grHSondVWEkSLG4wDQYJKoZIhvcNAQEL
BQAwGzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTAeFw0yNjExMjIyMTIwMzha
Fw0yNjEyMjIyMTIwMzhaMBsxGTAXBgNVBAMMEHNob3AuZXhhbXBsZS5jb20wggEi
MA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC3wSAtTBWGsz7F1Ahwuo36R4wF
WPR4Ds8JgDtF2B57KM0UQobI9jTUqChEbK2IwyEe8CEcRH6A+81qdqcMW48OIAGw
KQuovumDNF719t24AG+YeqZRsI3+65eL6u4MrgpTAYPmcIK1uwUWa6mSV3nad/MI
SiD4c4OjkuNRG8GEBSNXOJqNLV6QQpYLyGCrpV5wPF52uxlx6nmtJURWpjX5xOIT
iorrjcKDB+Fg+B43xl83Ebin3hTn5fsvANbaV5v+W22vko2T0SQHdEjowoEzncrs
oc0ZAkPLn+2jRkentjWCriSVgkPq6OSVIWJwwLs9wmAzfMUoNHeq1l4cLIILAgMB
AAGjUzBRMB0GA1UdDgQWBBQJqEbsm5OUfZcWZFLChHBaGRWZbTAfBgNVHSMEGDAW
gBQJqEbsm5OUfZcWZFLChHBaGRWZbTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3
DQEBCwUAA4IBAQCC/N/mVNZRCRZ4M66ycTv8yKkSZ03KzJO4zFbNklgz+TZBoHuK
zBeYoDy8E7JTDkIled7bFgqNxuf3rIxScAh2QmrH8XUY5zqps+JeFc2LXZwjTMHj
PqHawtQLjpZlp/x6QHStJzu2xtYXYAdgrSAVxIJ8xF+nJDpI8Hs9+OkJ6phIUifY
lWLD012Bxe16LFBUNer/50TPjcn83XJOL3tMrxtblKjX/gE6gH4ORnSs6FWRtpFy
+L1+m2HKKrKTcRHyeNp5fJpRv++ikODBA+SQ1ic9kQ8ZGNg7rAfAciKADT3w79oZ
hUVgslCXWdoQ8Qr8aVcSSNoNBn1Nmcm1p+6W"""
_LASTING = """MIIBjjCCATOgAwIBAgIUNDPN6JQsDC6+CDvaJnQ5AJGQKaEwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTAgFw0yNjExMjIyMTIwMzdaGA8y
MDUxMDcxNDIxMjAzN1owGzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABANUm60OaigmgWBCJMD0DSMGT7nuf7DwASEo
1WcEuIbpNQDerPJLX64ElsJl+NFq69wEitf7gcucP3ax0oAmupyjUzBRMB0GA1Ud
DgQWBBQmL8ARk2o90rqK/F0sZzn4PP8XJDAfBgNVHSMEGDAWgBQmL8ARk2o90rqK
/F0sZzn4PP8XJDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCB
LLr72a1mgVHZLDT3peW3ysK/VUwBXRmPjzRndPpMOAIhAOBIBq5/OcXjoE/KCmZG
QDiN34RfJ2MbJKr7/ejP+FHi"""
"""Self-signed examples, made for this page: one ended on 22 December 2026, the other ends in 2051."""


class SamlSettings(Settings, frozen=True):
    """How long before its end an issuer's certificate is told."""

    warn_days: Days = 45


def _provider(**data: Any) -> Example:
    return asset(WorkloadIdentityPoolProvider, {"state": "ACTIVE", **data}, name=_NAME)


@check(
    "workload-identity-keys-uploaded",
    severity=Severity.MEDIUM,
    evidence=["oidc.issuerUri", "state"],
    fix=Fix(
        guardrail="iam.workloadIdentityPoolProviders",
        terraform="no jwks_json in oidc of google_iam_workload_identity_pool_provider",
        manual="Publish the issuer's discovery document and keys where Google can fetch them, and update the provider "
        "without keys. Where the issuer cannot be reached, upload its new keys each time it rotates.",
        patch={"data": {"oidc": {"jwksJson": None}}},
    ),
    passes=lambda: [
        _provider(oidc={"issuerUri": "https://token.actions.githubusercontent.com"}),
        _provider(aws={"accountId": "123456789012"}),
        _provider(oidc={"issuerUri": "https://k8s.internal", "jwksJson": _JWKS}, disabled=True),
        _provider(oidc={"issuerUri": "https://k8s.internal", "jwksJson": _JWKS}, state="DELETED"),
    ],
    fails=lambda: [
        _provider(oidc={"issuerUri": "https://k8s.internal", "jwksJson": _JWKS}),
        _provider(oidc={"issuerUri": "https://kubernetes.default.svc.cluster.local", "jwksJson": '{"keys": []}'}),
    ],
    unknown=lambda: [asset(WorkloadIdentityPoolProvider, {}, unknown=["resource.data.oidc"])],
)
def keys_uploaded(provider: WorkloadIdentityPoolProvider) -> Verdict:
    """A workload identity provider trusts keys that were uploaded once.

    Why: Google fetches an issuer's keys afresh, so that a key which the issuer withdrew opens nothing any more. Keys
    that were uploaded are trusted until somebody uploads others: a stolen signing key stays good, and the name of the
    issuer proves nothing.

    What a fix may break: Issuers that Google cannot reach over the internet, such as clusters in a private network.

    Source: https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
    """
    if not provider.is_active:
        return not_applicable(_OUT_OF_USE)
    issuer = provider.oidc.issuer_uri
    return fail(f"the keys of {issuer} were uploaded and are not fetched") if provider.oidc.jwks_json else PASS


@check(
    "workload-identity-saml-certificate-expiring",
    severity=Severity.MEDIUM,
    evidence=["state"],
    fix=Fix(
        gcloud="gcloud iam workload-identity-pools providers update-saml {provider.id} "
        "--workload-identity-pool={provider.pool} --location=global --idp-metadata-path=FILE",
        guardrail="iam.workloadIdentityPoolProviders",
        terraform="saml.idp_metadata_xml of google_iam_workload_identity_pool_provider",
        manual="Take the issuer's metadata with its next certificate, beside the one in use.",
        patch={"data": {"saml": {"idpMetadataXml": _METADATA.format(_LASTING)}}},
    ),
    passes=lambda: [
        _provider(saml={"idpMetadataXml": _METADATA.format(_LASTING)}),
        _provider(saml={"idpMetadataXml": _METADATA.format(_ENDING) + _METADATA.format(_LASTING)}),
        _provider(saml={"idpMetadataXml": _METADATA.format(_ENDING)}, disabled=True),
        _provider(oidc={"issuerUri": "https://token.actions.githubusercontent.com"}),
    ],
    fails=lambda: [_provider(saml={"idpMetadataXml": _METADATA.format(_ENDING)})],
    unknown=lambda: [
        _provider(saml={"idpMetadataXml": _METADATA.format("MIIB")}),
        asset(WorkloadIdentityPoolProvider, {}, unknown=["resource.data.saml"]),
    ],
)
def saml_certificate_expiring(provider: WorkloadIdentityPoolProvider, settings: SamlSettings, clock: Clock) -> Verdict:
    """The last certificate that a SAML identity provider signs with ends soon.

    Why: From that day no workload signs in through the provider, and the quickest repair is a service account key.

    What a fix may break: Nothing, if the metadata holds the certificate in use as well.

    Source: https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers
    """
    if not provider.is_active:
        return not_applicable(_OUT_OF_USE)
    certificates = provider.signing_certificates
    if not certificates:
        return not_applicable("no SAML provider with certificates")
    days = clock.days_until(max(certificate.not_after for certificate in certificates))
    if days > settings.warn_days:
        return PASS
    return fail(f"the last one ends in {days} days" if days >= 0 else f"the last one ended {-days} days ago")
