"""Ingress rules that open a perimeter to callers further than one exchange of data needs."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, check
from auditor.resources.vpc_sc import BLANKET_IDENTITIES, EVERYTHING, ServicePerimeter
from checks.vpc_sc.examples import ENFORCED, perimeter
from checks.vpc_sc.rules import (
    ANY_OPERATION,
    FROM_ANYWHERE,
    FROM_OFFICE,
    FROM_PARTNER,
    LOADER,
    READ_BUCKETS,
    REPLACED,
    UPDATE,
    inside,
    judged,
    numbered,
)


@check(
    "perimeter-ingress-any-identity",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=UPDATE + "--set-ingress-policies=FILE",
        terraform="ingress_from.identities instead of identity_type in status.ingress_policies of "
        "google_access_context_manager_service_perimeter",
        manual=f"Name the users, groups and service accounts that call; the audit logs list them. {REPLACED}",
        patch={"data": {"status": {"ingressPolicies": [{"ingressFrom": {"identities": [LOADER]}}]}}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        inside(FROM_OFFICE),
        inside(FROM_ANYWHERE, identities=["group:support@example.com"]),
        inside(FROM_OFFICE, identityType="IDENTITY_TYPE_UNSPECIFIED", identities=[LOADER]),
        perimeter({**ENFORCED, "ingressPolicies": [{"ingressFrom": {"identityType": "ANY_IDENTITY"}}]}),
        perimeter(
            ENFORCED,
            useExplicitDryRunSpec=True,
            spec={**ENFORCED, "ingressPolicies": [{"ingressFrom": {"identityType": "ANY_IDENTITY"}}]},
        ),
    ],
    fails=lambda: [
        inside(FROM_ANYWHERE, identityType="ANY_IDENTITY"),
        inside(FROM_ANYWHERE, identityType="ANY_SERVICE_ACCOUNT"),
        inside(FROM_OFFICE, identityType="ANY_USER_ACCOUNT", operation=ANY_OPERATION),
        inside(FROM_PARTNER, identityType="ANY_IDENTITY", to="projects/1001"),
    ],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.ingressPolicies",))],
)
def ingress_any_identity(perimeter: ServicePerimeter) -> Verdict:
    """An ingress rule admits identities without naming them.

    Why: ANY_IDENTITY, ANY_USER_ACCOUNT and ANY_SERVICE_ACCOUNT are not limited to your organisation;
    ANY_IDENTITY even admits callers without credentials. Only the network origin stands in the way then,
    and where that is any, too, the rule is a hole for everybody to whom IAM gives access by mistake.

    What a fix may break: Callers that nobody knew of. Look up who used the rule in the audit logs, and
    name them. A few operations, signed URLs among them, pass under ANY_IDENTITY and not under the other
    blanket types: test these.

    Source: https://cloud.google.com/vpc-service-controls/docs/ingress-egress-rules#ingress-rules-reference
    """
    return judged(
        numbered(perimeter.status.ingress_policies),
        lambda rule: rule.caller.identity_type in BLANKET_IDENTITIES,
        "identities without a name may come in",
        worse=lambda rule: rule.from_anywhere or rule.target.opens_all_services,
    )


@check(
    "perimeter-ingress-any-source",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=UPDATE + "--set-ingress-policies=FILE",
        terraform="ingress_from.sources with an access_level or resource of its own in status.ingress_policies",
        manual=f"Give the network range of the caller an access level, or name its project as source. {REPLACED}",
        patch={"data": {"status": {"ingressPolicies": [{"ingressFrom": {"sources": [FROM_OFFICE]}}]}}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        inside(FROM_OFFICE),
        inside(FROM_PARTNER),
        perimeter({**ENFORCED, "ingressPolicies": [{"ingressFrom": {"sources": [], "identityType": "ANY_IDENTITY"}}]}),
    ],
    fails=lambda: [
        inside(FROM_ANYWHERE),
        inside(FROM_ANYWHERE, identityType="ANY_IDENTITY"),
        inside(FROM_ANYWHERE, identities=["user:ops@example.com"], to="projects/1001"),
    ],
    unknown=lambda: [
        perimeter({**ENFORCED, "ingressPolicies": []}, unknown=("resource.data.status.ingressPolicies.*",)),
    ],
)
def ingress_any_source(perimeter: ServicePerimeter) -> Verdict:
    """An ingress rule admits calls from every network.

    Why: A perimeter makes stolen credentials useless elsewhere. A rule whose source is `*` gives that
    up for the identities that it names: a leaked key of theirs works from any place on the internet.

    What a fix may break: The callers from networks that the access level forgets, such as home offices
    and hosted build runners.

    Source: https://cloud.google.com/vpc-service-controls/docs/ingress-egress-rules#ingress-rules-reference
    """
    return judged(
        numbered(perimeter.status.ingress_policies),
        lambda rule: rule.from_anywhere,
        "calls from every network may come in",
    )


@check(
    "perimeter-ingress-all-services",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=UPDATE + "--set-ingress-policies=FILE",
        terraform="ingress_to.operations with a service_name and method_selectors in status.ingress_policies",
        manual=REPLACED,
        patch={"data": {"status": {"ingressPolicies": [{"ingressTo": {"operations": [READ_BUCKETS]}}]}}},
    ),
    passes=lambda: [
        inside(FROM_OFFICE),
        inside(FROM_OFFICE, operation={"serviceName": "run.googleapis.com", "methodSelectors": [{"method": "*"}]}),
        perimeter({**ENFORCED, "ingressPolicies": [{"ingressTo": {"operations": [ANY_OPERATION]}}]}),
    ],
    fails=lambda: [
        inside(FROM_OFFICE, operation=ANY_OPERATION),
        inside(FROM_ANYWHERE, operation=ANY_OPERATION),
        inside(FROM_PARTNER, operation=ANY_OPERATION, to="projects/1001"),
    ],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.ingressPolicies",))],
)
def ingress_all_services(perimeter: ServicePerimeter) -> Verdict:
    """An ingress rule opens every service and method.

    Why: The caller was let in for one exchange and can read, change and delete everything that IAM
    allows it, in all services, also in those that are added to the perimeter later.

    What a fix may break: Calls to services that are not on the new list. A dry run shows them.

    Source: https://cloud.google.com/vpc-service-controls/docs/ingress-egress-rules#ingress-rules-reference
    """
    return judged(
        numbered(perimeter.status.ingress_policies),
        lambda rule: rule.target.opens_all_services,
        "every service and method is open to callers from outside",
        worse=lambda rule: rule.from_anywhere,
    )


@check(
    "perimeter-ingress-all-resources",
    severity=Severity.LOW,
    fix=Fix(
        gcloud=UPDATE + "--set-ingress-policies=FILE",
        terraform="ingress_to.resources with the projects that are meant in status.ingress_policies",
        manual=REPLACED,
        patch={"data": {"status": {"ingressPolicies": [{"ingressTo": {"resources": ["projects/1001"]}}]}}},
    ),
    passes=lambda: [
        inside(FROM_OFFICE, to="projects/1001"),
        perimeter(
            {
                **ENFORCED,
                "resources": ["projects/1001"],
                "ingressPolicies": [
                    {
                        "ingressFrom": {"sources": [FROM_OFFICE], "identities": [LOADER]},
                        "ingressTo": {"operations": [READ_BUCKETS], "resources": ["*"]},
                    }
                ],
            }
        ),
    ],
    fails=lambda: [inside(FROM_OFFICE), inside(FROM_PARTNER, operation=ANY_OPERATION)],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.ingressPolicies",))],
)
def ingress_all_resources(perimeter: ServicePerimeter) -> Verdict:
    """An ingress rule opens all projects of the perimeter.

    Why: A partner or build system that needs one project reaches all, and each project that joins the
    perimeter later is opened to it without anybody deciding so.

    What a fix may break: Callers that use several projects lose those that are not named.

    Source: https://cloud.google.com/vpc-service-controls/docs/ingress-egress-rules#ingress-rules-reference
    """
    found = judged(
        numbered(perimeter.status.ingress_policies),
        lambda rule: EVERYTHING in rule.target.resources,
        "all projects are open to callers from outside",
    )
    resources = perimeter.status.resources
    alone = len(resources) == 1 and not resources[0].startswith("folders/")
    return PASS if found is PASS or alone else found
