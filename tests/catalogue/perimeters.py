"""Rows about VPC Service Controls."""

from __future__ import annotations

from typing import Any

from auditor.check import Example
from tests.catalogue import ACCOUNTS, ORG, USERS, Row, a, organization, project, service

POLICY = "accessPolicies/987654"
OFFICE = f"{POLICY}/accessLevels/office"
DATA = [
    f"{name}.googleapis.com"
    for name in (
        "aiplatform",
        "artifactregistry",
        "bigquery",
        "bigtable",
        "cloudkms",
        "firestore",
        "pubsub",
        "run",
        "secretmanager",
        "spanner",
        "sqladmin",
        "storage",
        "logging",
        "container",
    )
]
CLOSED: dict[str, Any] = {
    "resources": ["projects/1001"],
    "restrictedServices": DATA,
    "accessLevels": [OFFICE],
    "vpcAccessibleServices": {"enableRestriction": True, "allowedServices": ["RESTRICTED-SERVICES"]},
}


def perimeter(short: str = "customers", status: dict[str, Any] | None = None, **data: Any) -> Example:
    name = f"{POLICY}/servicePerimeters/{short}"
    return a(
        "accesscontextmanager.googleapis.com/ServicePerimeter",
        {"name": name, "title": short, **({"status": CLOSED | status} if status is not None else {}), **data},
        at=f"//accesscontextmanager.googleapis.com/{name}",
        ancestors=ORG,
    )


def level(*conditions: dict[str, Any], combine: str = "AND", short: str = "office", **data: Any) -> Example:
    name = f"{POLICY}/accessLevels/{short}"
    basic = {"basic": {"combiningFunction": combine, "conditions": list(conditions)}} if conditions else {}
    return a(
        "accesscontextmanager.googleapis.com/AccessLevel",
        {"name": name, "title": short, **basic, **data},
        at=f"//accesscontextmanager.googleapis.com/{name}",
        ancestors=ORG,
    )


def ingress(source: dict[str, Any], to: dict[str, Any] | None = None) -> dict[str, Any]:
    reads = {"serviceName": "storage.googleapis.com", "methodSelectors": [{"method": "google.storage.objects.get"}]}
    return {
        "ingressPolicies": [
            {"ingressFrom": source, "ingressTo": to or {"operations": [reads], "resources": ["projects/1001"]}}
        ]
    }


def egress(to: dict[str, Any], source: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"egressPolicies": [{"egressFrom": source or {"identities": ACCOUNTS[:1]}, "egressTo": to}]}


GET = {"serviceName": "storage.googleapis.com", "methodSelectors": [{"method": "google.storage.objects.get"}]}
FROM_OFFICE = {"identities": ACCOUNTS[:1], "sources": [{"accessLevel": OFFICE}]}
BUCKET = a("storage.googleapis.com/Bucket", {"name": "b"}, at="//storage.googleapis.com/b")

PERIMETERS = [
    Row("vpcsc-gcs", [project(), service("storage.googleapis.com"), BUCKET], [project(), BUCKET, perimeter(status={})]),
    Row(
        "vpcsc-project-in-perimeter",
        [project(), BUCKET, perimeter(status={"resources": ["projects/2002"]})],
        [project(), BUCKET, perimeter(status={})],
    ),
    Row(
        "vpcsc-services-restricted",
        [
            perimeter(status={"restrictedServices": ["storage.googleapis.com"]}),
            project(),
            service("bigquery.googleapis.com"),
        ],
        [perimeter(status={}), project(), service("bigquery.googleapis.com")],
    ),
    Row(
        "acm-ip-range-too-broad",
        [level({"ipSubnetworks": ["0.0.0.0/0"]})],
        [level({"ipSubnetworks": ["203.0.113.0/24"]})],
    ),
    Row(
        "perimeter-dry-run-only",
        [perimeter(useExplicitDryRunSpec=True, spec=CLOSED)],
        [perimeter(status={}, useExplicitDryRunSpec=True, spec=CLOSED)],
    ),
    Row(
        "perimeter-dry-run-drift",
        [
            perimeter(
                status={"restrictedServices": ["storage.googleapis.com"]},
                useExplicitDryRunSpec=True,
                spec=CLOSED,
                updateTime="2026-08-01T00:00:00Z",
            )
        ],
        [
            perimeter(
                status={"restrictedServices": ["storage.googleapis.com"]},
                useExplicitDryRunSpec=True,
                spec=CLOSED,
                updateTime="2026-11-20T00:00:00Z",
            )
        ],
    ),
    Row(
        "ingress-any-identity",
        [perimeter(status=ingress({"identityType": "ANY_IDENTITY", "sources": [{"accessLevel": "*"}]}))],
        [perimeter(status=ingress(FROM_OFFICE))],
    ),
    Row(
        "ingress-any-identity",
        [perimeter(status=ingress({"identityType": "ANY_USER_ACCOUNT", "sources": [{"accessLevel": "*"}]}))],
        [perimeter(status=ingress(FROM_OFFICE))],
    ),
    Row(
        "ingress-all-operations",
        [perimeter(status=ingress(FROM_OFFICE, {"operations": [{"serviceName": "*"}], "resources": ["*"]}))],
        [perimeter(status=ingress(FROM_OFFICE))],
    ),
    Row(
        "egress-any-resource",
        [perimeter(status=egress({"operations": [GET], "resources": ["*"]}))],
        [perimeter(status=egress({"operations": [GET], "resources": ["projects/2002"]}))],
    ),
    Row(
        "egress-any-identity",
        [
            perimeter(
                status=egress(
                    {
                        "operations": [{"serviceName": "storage.googleapis.com", "methodSelectors": [{"method": "*"}]}],
                        "resources": ["projects/2002"],
                    },
                    {"identityType": "ANY_IDENTITY"},
                )
            )
        ],
        [perimeter(status=egress({"operations": [GET], "resources": ["projects/2002"]}))],
    ),
    Row(
        "rule-consumer-identity",
        [perimeter(status=ingress({"identities": ["user:ann@gmail.com"], "sources": [{"accessLevel": OFFICE}]}))],
        [perimeter(status=ingress(FROM_OFFICE))],
    ),
    Row(
        "access-level-any-ip",
        [level({"ipSubnetworks": ["::/0"]})],
        [level({"ipSubnetworks": ["2001:db8:1::/48"]})],
    ),
    Row(
        "access-level-ip-only",
        [level({"ipSubnetworks": ["203.0.113.0/24"]}), perimeter(status={})],
        [level({"ipSubnetworks": ["203.0.113.0/24"], "members": USERS[:1]}), perimeter(status={})],
    ),
    Row(
        "access-level-or-negate",
        [level({"ipSubnetworks": ["203.0.113.0/24"], "negate": True})],
        [level({"ipSubnetworks": ["203.0.113.0/24"]})],
    ),
    Row(
        "access-level-or-negate",
        [level({"ipSubnetworks": ["203.0.113.0/24"]}, {"ipSubnetworks": ["0.0.0.0/0"]}, combine="OR")],
        [level({"ipSubnetworks": ["203.0.113.0/24"]}, {"ipSubnetworks": ["198.51.100.0/24"]}, combine="OR")],
    ),
    Row(
        "access-level-orphan",
        [perimeter(status={"accessLevels": [f"{POLICY}/accessLevels/gone"]}), level({"members": USERS[:1]})],
        [perimeter(status={}), level({"members": USERS[:1]})],
    ),
    Row(
        "vpc-accessible-unrestricted",
        [perimeter(status={"vpcAccessibleServices": {"enableRestriction": False}})],
        [perimeter(status={})],
    ),
    Row(
        "enabled-service-not-restricted",
        [
            perimeter(status={"restrictedServices": ["storage.googleapis.com"]}),
            project(),
            service("secretmanager.googleapis.com"),
        ],
        [perimeter(status={}), project(), service("secretmanager.googleapis.com")],
    ),
    Row("sensitive-project-outside", [project(), BUCKET], [project(), BUCKET, perimeter(status={})]),
    Row(
        "acm-admin-wide",
        [organization({"roles/accesscontextmanager.policyAdmin": ["domain:example.com"]})],
        [organization({"roles/accesscontextmanager.policyAdmin": ["group:security@example.com"]})],
    ),
    Row("vpcsc-violations-unwatched", [project(), perimeter(status={})], [project()]),
    Row(
        "scc-vpcsc-error",
        [
            a(
                "securitycenter.googleapis.com/Finding",
                {"category": "VPC_SC_RESTRICTION", "findingClass": "SCC_ERROR", "state": "ACTIVE"},
                at="//securitycenter.googleapis.com/organizations/3001/sources/1/findings/a",
            )
        ],
        [
            a(
                "securitycenter.googleapis.com/Finding",
                {"category": "VPC_SC_RESTRICTION", "findingClass": "SCC_ERROR", "state": "INACTIVE"},
                at="//securitycenter.googleapis.com/organizations/3001/sources/1/findings/a",
            )
        ],
    ),
]
