"""Rows about organisation policies."""

from __future__ import annotations

from typing import Any

from auditor.check import Example
from tests.catalogue import ORG, Row, a, organization

ENFORCE = {"rules": [{"enforce": True}]}
DENY_ALL = {"rules": [{"denyAll": True}]}


def values(*allowed: str) -> dict[str, Any]:
    return {"rules": [{"values": {"allowedValues": list(allowed)}}]}


def org_policy(
    constraint: str, spec: dict[str, Any] | None = None, on: str = "organizations/3001", **data: Any
) -> Example:
    name = f"{on}/policies/{constraint}"
    ancestors = list(dict.fromkeys([on, *ORG]))
    given = {"name": name, **({} if spec is None else {"spec": spec}), **data}
    return a("orgpolicy.googleapis.com/Policy", given, at=f"//orgpolicy.googleapis.com/{name}", ancestors=ancestors)


def guardrail(row: str, constraint: str, spec: dict[str, Any] | None = None) -> Row:
    """A row about a constraint: it is missing, or only a dry run; and it is there."""
    good = spec or ENFORCE
    return Row(
        row, [organization(), org_policy(constraint, dryRunSpec=good)], [organization(), org_policy(constraint, good)]
    )


GUARDRAILS = [
    guardrail("op-external-ip", "compute.vmExternalIpAccess", DENY_ALL),
    guardrail("op-external-ip", "compute.managed.vmExternalIpAccess"),
    guardrail("op-auto-iam-grants", "iam.automaticIamGrantsForDefaultServiceAccounts"),
    guardrail("op-auto-iam-grants", "iam.managed.preventPrivilegedBasicRolesForDefaultServiceAccounts"),
    guardrail("op-default-encryption", "sql.disableDefaultEncryptionCreation"),
    guardrail("op-guest-attributes", "compute.disableGuestAttributesAccess"),
    guardrail("op-disable-wi-cluster", "iam.disableWorkloadIdentityClusterCreation"),
    guardrail("op-sa-key-creation", "iam.disableServiceAccountKeyCreation"),
    guardrail("op-sa-key-creation", "iam.managed.disableServiceAccountKeyCreation"),
    guardrail("op-sa-key-upload", "iam.disableServiceAccountKeyUpload"),
    guardrail("op-sa-key-upload", "iam.managed.disableServiceAccountKeyUpload"),
    guardrail("op-serial-port", "compute.disableSerialPortAccess"),
    guardrail("op-serial-port", "compute.managed.disableSerialPortAccess"),
    guardrail("op-sa-creation", "iam.disableServiceAccountCreation"),
    guardrail("op-ip-forward", "compute.vmCanIpForward", DENY_ALL),
    guardrail("op-location", "gcp.resourceLocations", values("in:eu-locations")),
    guardrail("op-oslogin", "compute.requireOsLogin"),
    guardrail("op-oslogin", "compute.managed.requireOsLogin"),
    guardrail("op-sql-authnets", "sql.restrictAuthorizedNetworks"),
    guardrail("op-sql-authnets", "sql.managed.restrictAuthorizedNetworks"),
    guardrail("op-lb-types", "compute.restrictLoadBalancerCreationForTypes", values("in:INTERNAL")),
    guardrail("op-shared-vpc-subnets", "compute.restrictSharedVpcSubnetworks", values("under:projects/host")),
    guardrail("op-vpc-peering", "compute.restrictVpcPeering", values("under:organizations/3001")),
    guardrail("op-vpn-peer", "compute.restrictVpnPeerIPs", values("203.0.113.7")),
    guardrail("op-skip-default-network", "compute.skipDefaultNetworkCreation"),
    guardrail("op-trusted-images", "compute.trustedImageProjects", values("projects/debian-cloud")),
    guardrail("op-ubla", "storage.uniformBucketLevelAccess"),
    guardrail("op-domain-restricted-sharing", "iam.allowedPolicyMemberDomains", values("is:C0abcdefg")),
    guardrail("op-domain-restricted-sharing", "iam.managed.allowedPolicyMembers"),
    guardrail("op-sa-key-expiry", "iam.serviceAccountKeyExpiryHours", values("2160h")),
    guardrail("op-storage-pap", "storage.publicAccessPrevention"),
    guardrail(
        "op-storage-auth-types",
        "storage.restrictAuthTypes",
        {"rules": [{"values": {"deniedValues": ["in:ALL_HMAC_SIGNED_REQUESTS"]}}]},
    ),
    guardrail("op-storage-soft-delete", "storage.softDeletePolicySeconds", values("604800")),
    guardrail("op-sql-public-ip", "sql.restrictPublicIp"),
    guardrail("op-shielded-vm", "compute.requireShieldedVm"),
    guardrail("op-run-binauthz", "run.allowedBinaryAuthorizationPolicies", values("default")),
    guardrail("op-essential-contact-domains", "essentialcontacts.allowedContactDomains", values("@example.com")),
    guardrail("op-essential-contact-domains", "essentialcontacts.managed.allowedContactDomains"),
    Row(
        "op-key-exposure-response",
        [organization(), org_policy("iam.serviceAccountKeyExposureResponse", values("WAIT_FOR_ABUSE"))],
        [organization(), org_policy("iam.serviceAccountKeyExposureResponse", values("DISABLE_KEY"))],
    ),
    Row(
        "op-cross-project-sa",
        [organization(), org_policy("iam.disableCrossProjectServiceAccountUsage", {"rules": [{"enforce": False}]})],
        [organization(), org_policy("compute.requireOsLogin", ENFORCE)],
    ),
    Row(
        "op-sa-api-key",
        [
            organization(),
            org_policy("iam.managed.disableServiceAccountApiKeyCreation", {"rules": [{"enforce": False}]}),
        ],
        [organization(), org_policy("iam.managed.disableServiceAccountApiKeyCreation", ENFORCE)],
    ),
    Row(
        "op-weakened-below",
        [
            org_policy("iam.disableServiceAccountKeyCreation", {"rules": [{"enforce": False}]}, "folders/2001"),
            organization(),
        ],
        [org_policy("iam.disableServiceAccountKeyCreation", ENFORCE, "folders/2001"), organization()],
    ),
    Row(
        "op-dry-run-only",
        [org_policy("iam.disableServiceAccountKeyCreation", dryRunSpec=ENFORCE), organization()],
        [org_policy("iam.disableServiceAccountKeyCreation", ENFORCE, dryRunSpec=ENFORCE), organization()],
    ),
    Row(
        "custom-org-policy-violation",
        [
            a(
                "securitycenter.googleapis.com/Finding",
                {"category": "CUSTOM_ORG_POLICY_VIOLATION", "state": "ACTIVE", "findingClass": "MISCONFIGURATION"},
                ancestors=ORG,
            )
        ],
        [
            a(
                "securitycenter.googleapis.com/Finding",
                {"category": "PUBLIC_BUCKET_ACL", "state": "ACTIVE", "findingClass": "MISCONFIGURATION"},
                ancestors=ORG,
            )
        ],
    ),
]
