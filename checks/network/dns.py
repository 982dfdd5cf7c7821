"""DNS zones: answers that nobody can forge."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.dns import ManagedZone

_PRIVATE = "a private zone is not signed"


def _signed(*keys: tuple[str, str], state: str = "on") -> dict[str, Any]:
    specs = [{"keyType": kind, "algorithm": algorithm} for kind, algorithm in keys]
    return {"visibility": "public", "dnssecConfig": {"state": state, "defaultKeySpecs": specs}}


@check(
    "dns-dnssec-off",
    severity=Severity.MEDIUM,
    evidence=["dnsName", "visibility", "dnssecConfig.state"],
    same_as=[
        "sha:DNSSEC_DISABLED",
        "prowler:dns_dnssec_disabled",
        "steampipe:dns_managed_zone_dnssec_enabled",
        "scoutsuite:dns-zones-dnssec-not-enabled",
        "checkov:CKV_GCP_16",
        "trivy:AVD-GCP-0013",
        "cloudsploit:dns/dnsSecEnabled",
        "policy_library:gcp_dnssec_v1",
        "inspec:cis-gcp-3.3",
    ],
    fix=Fix(
        gcloud="gcloud dns managed-zones update {zone.id} --dnssec-state=on",
        terraform='dnssec_config { state = "on" } on google_dns_managed_zone',
        manual="Then give the DS record to the registrar: gcloud dns dns-keys list --zone=ZONE.",
        patch={"data": {"dnssecConfig": {"state": "on"}}},
    ),
    passes=lambda: [
        asset(ManagedZone, {"dnsName": "example.com.", "dnssecConfig": {"state": "on"}}),
        asset(ManagedZone, {"dnssecConfig": {"state": "ON"}, "visibility": "PUBLIC"}),
        asset(ManagedZone, {"dnssecConfig": {"state": "transfer"}}),
        asset(ManagedZone, {"dnsName": "corp.example.", "visibility": "private"}),
    ],
    fails=lambda: [
        asset(ManagedZone, {"dnsName": "example.com.", "visibility": "public"}),
        asset(ManagedZone, {"dnsName": "example.com.", "dnssecConfig": {"state": "off"}}),
    ],
    unknown=lambda: [asset(ManagedZone, {"visibility": "public"}, unknown=["resource.data.dnssecConfig"])],
)
def dnssec_off(zone: ManagedZone) -> Verdict:
    """The answers of a public DNS zone are not signed.

    Why: without DNSSEC a resolver cannot tell your answer from a forged one that sends customers and mail elsewhere.

    What a fix may break: a DS record at the registrar that does not match makes the domain vanish; set it last.

    Source: https://cloud.google.com/dns/docs/dnssec
    """
    if not zone.is_public:
        return not_applicable(_PRIVATE)
    return PASS if zone.dnssec_config.is_on else fail(f"dnssecConfig.state is {zone.dnssec_config.state}")


@check(
    "dns-dnssec-sha1",
    severity=Severity.MEDIUM,
    evidence=["dnssecConfig.defaultKeySpecs"],
    same_as=[
        "sha:RSASHA1_FOR_SIGNING",
        "prowler:dns_rsasha1_in_use_to_key_sign_in_dnssec",
        "prowler:dns_rsasha1_in_use_to_zone_sign_in_dnssec",
        "steampipe:dnssec_prevent_rsasha1_ksk",
        "steampipe:dnssec_prevent_rsasha1_zsk",
        "steampipe:dns_managed_zone_key_signing_not_using_rsasha1",
        "steampipe:dns_managed_zone_zone_signing_not_using_rsasha1",
        "scoutsuite:dns-zones-key-signing-key-using-rsasha1",
        "scoutsuite:dns-zones-zone-signing-key-using-rsasha1",
        "checkov:CKV_GCP_17",
        "trivy:AVD-GCP-0012",
        "cloudsploit:dns/dnsSecSigningAlgorithm",
        "policy_library:gcp_dnssec_prevent_rsasha1_v1",
        "inspec:cis-gcp-3.4",
        "inspec:cis-gcp-3.5",
    ],
    fix=Fix(
        gcloud="gcloud dns managed-zones update {zone.id} --dnssec-state=on --ksk-algorithm=ecdsap256sha256 "
        "--zsk-algorithm=ecdsap256sha256",
        terraform='algorithm = "ecdsap256sha256" in default_key_specs',
        manual="Turn DNSSEC off first; take the DS record from the registrar before that, and give it back after.",
        patch={"data": {"dnssecConfig": {"defaultKeySpecs": [{"keyType": "keySigning", "algorithm": "rsasha256"}]}}},
    ),
    passes=lambda: [
        asset(ManagedZone, _signed(("keySigning", "rsasha256"), ("zoneSigning", "ecdsap256sha256"))),
        asset(ManagedZone, {"dnssecConfig": {"state": "on"}}),
        asset(ManagedZone, {"dnssecConfig": {"state": "off"}}),
        asset(ManagedZone, {**_signed(("keySigning", "rsasha1")), "visibility": "private"}),
    ],
    fails=lambda: [
        asset(ManagedZone, _signed(("keySigning", "rsasha256"), ("zoneSigning", "rsasha1"))),
        asset(ManagedZone, _signed(("KEY_SIGNING", "RSASHA1"), state="ON")),
    ],
    unknown=lambda: [
        asset(ManagedZone, {"dnssecConfig": {"state": "on"}}, unknown=["resource.data.dnssecConfig.defaultKeySpecs"])
    ],
)
def dnssec_sha1(zone: ManagedZone) -> Verdict:
    """A public DNS zone is signed with SHA-1.

    Why: SHA-1 is broken, and resolvers stop accepting it: the zone is then as good as unsigned.

    What a fix may break: changing keys takes the DS record off the registrar for a while; a mismatch makes the domain
    vanish.

    Source: https://cloud.google.com/dns/docs/dnssec-advanced
    """
    if not zone.is_public:
        return not_applicable(_PRIVATE)
    if not zone.dnssec_config.is_on:
        return not_applicable("the zone is not signed, which has a check of its own")
    for key in zone.dnssec_config.default_key_specs:
        if key.algorithm.lower() == "rsasha1":
            return fail(f"the {key.key_type} key uses rsasha1")
    return PASS
