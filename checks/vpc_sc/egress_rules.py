"""Egress rules that let data out further than one exchange needs, and private accounts in rules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from auditor import Fix, Settings, Severity, Verdict, check
from auditor.resources.vpc_sc import BLANKET_IDENTITIES, EVERYTHING, EgressRule, IngressRule, ServicePerimeter
from checks.vpc_sc.examples import ENFORCED, perimeter
from checks.vpc_sc.rules import (
    ANY_OPERATION,
    FROM_ANYWHERE,
    FROM_OFFICE,
    LOADER,
    READ_BUCKETS,
    REPLACED,
    UPDATE,
    inside,
    judged,
    numbered,
    outside,
)


@check(
    "perimeter-egress-any-resource",
    severity=Severity.HIGH,
    fix=Fix(
        gcloud=UPDATE + "--set-egress-policies=FILE",
        terraform="egress_to.resources with projects/NUMBER in status.egress_policies",
        manual=REPLACED,
        patch={"data": {"status": {"egressPolicies": [{"egressTo": {"resources": ["projects/5005"]}}]}}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        outside("projects/5005"),
        perimeter({**ENFORCED, "egressPolicies": [{"egressTo": {"resources": ["*"]}}]}),
        perimeter(
            {
                **ENFORCED,
                "egressPolicies": [
                    {
                        "egressFrom": {"identities": [LOADER]},
                        "egressTo": {"operations": [READ_BUCKETS], "externalResources": ["s3://partner"]},
                    }
                ],
            }
        ),
    ],
    fails=lambda: [
        outside("*"),
        outside("*", identityType="ANY_IDENTITY"),
        outside("*", operation=ANY_OPERATION, identityType="ANY_SERVICE_ACCOUNT"),
    ],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.egressPolicies",))],
)
def egress_any_resource(perimeter: ServicePerimeter) -> Verdict:
    """An egress rule opens the way to every project outside the perimeter.

    Why: Every project means the attacker's, too: whoever gets hold of an identity that the rule serves
    copies data to a bucket or dataset of their own, which the perimeter was built to prevent.

    What a fix may break: Exchange with projects that the rule does not name afterwards; reading public
    datasets is the usual one. Name `bigquery-public-data` and its like by number.

    Source: https://cloud.google.com/vpc-service-controls/docs/ingress-egress-rules#egress-rules-reference
    """
    return judged(
        numbered(perimeter.status.egress_policies),
        lambda rule: EVERYTHING in rule.target.resources,
        "every project outside can be reached",
    )


@check(
    "perimeter-egress-any-identity",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=UPDATE + "--set-egress-policies=FILE",
        terraform="egress_from.identities instead of identity_type in status.egress_policies",
        manual=REPLACED,
        patch={"data": {"status": {"egressPolicies": [{"egressFrom": {"identities": [LOADER]}}]}}},
    ),
    passes=lambda: [
        outside("projects/5005"),
        outside("*"),
        perimeter({**ENFORCED, "egressPolicies": [{"egressFrom": {"identityType": "ANY_USER_ACCOUNT"}}]}),
    ],
    fails=lambda: [
        outside("*", identityType="ANY_IDENTITY"),
        outside("projects/5005", identityType="ANY_SERVICE_ACCOUNT"),
        outside("projects/5005", identityType="ANY_USER_ACCOUNT", operation=ANY_OPERATION),
    ],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.egressPolicies",))],
)
def egress_any_identity(perimeter: ServicePerimeter) -> Verdict:
    """An egress rule serves identities without naming them.

    Why: The blanket identity types are not limited to your organisation: a process inside the perimeter
    may bring the credentials of an attacker's account along and write to a place that this account owns.

    What a fix may break: Jobs that run as identities that were not named. The audit logs list them.

    Source: https://cloud.google.com/vpc-service-controls/docs/ingress-egress-rules#egress-rules-reference
    """
    return judged(
        numbered(perimeter.status.egress_policies),
        lambda rule: rule.caller.identity_type in BLANKET_IDENTITIES,
        "identities without a name may reach out",
        worse=lambda rule: EVERYTHING in rule.target.resources,
    )


@check(
    "perimeter-egress-all-services",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=UPDATE + "--set-egress-policies=FILE",
        terraform="egress_to.operations with a service_name and method_selectors in status.egress_policies",
        manual=REPLACED,
        patch={"data": {"status": {"egressPolicies": [{"egressTo": {"operations": [READ_BUCKETS]}}]}}},
    ),
    passes=lambda: [
        outside("projects/5005"),
        perimeter({**ENFORCED, "egressPolicies": [{"egressTo": {"operations": [ANY_OPERATION]}}]}),
    ],
    fails=lambda: [
        outside("projects/5005", operation=ANY_OPERATION),
        outside("*", operation=ANY_OPERATION, identityType="ANY_IDENTITY"),
    ],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.egressPolicies",))],
)
def egress_all_services(perimeter: ServicePerimeter) -> Verdict:
    """An egress rule opens every service and method.

    Why: A rule that was made to read one bucket of a partner also lets data be written there, and to
    every other service of that project.

    What a fix may break: Calls to services that are not on the new list. A dry run shows them.

    Source: https://cloud.google.com/vpc-service-controls/docs/ingress-egress-rules#egress-rules-reference
    """
    return judged(
        numbered(perimeter.status.egress_policies),
        lambda rule: rule.target.opens_all_services,
        "every service and method outside can be called",
        worse=lambda rule: EVERYTHING in rule.target.resources,
    )


class ConsumerSettings(Settings, frozen=True):
    """Which accounts belong to no company."""

    domains: tuple[str, ...] = ("gmail.com", "googlemail.com", "googlegroups.com")
    """Mail domains where anyone can open an account."""


@check(
    "perimeter-rule-consumer-account",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=UPDATE + "--set-ingress-policies=FILE --set-egress-policies=FILE",
        terraform="identities with accounts of the organisation in status.ingress_policies and status.egress_policies",
        manual=REPLACED,
        patch={"data": {"status": {"ingressPolicies": [], "egressPolicies": []}}},
    ),
    passes=lambda: [
        inside(FROM_OFFICE),
        inside(FROM_OFFICE, identities=["user:ana@example.com", "group:ops@example.com"]),
        inside(FROM_OFFICE, identities=["user:gmail.com@example.com"]),
    ],
    fails=lambda: [
        inside(FROM_OFFICE, identities=["user:contractor@gmail.com"]),
        inside(FROM_ANYWHERE, identities=[LOADER, "user:Contractor@GoogleMail.com"]),
        outside("projects/5005", identities=["group:helpers@googlegroups.com"]),
    ],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.egressPolicies",))],
)
def rule_consumer_account(perimeter: ServicePerimeter, settings: ConsumerSettings) -> Verdict:
    """An ingress or egress rule names a private Google account.

    Why: Nobody in the company can demand a second factor of a private account, or close it when its
    owner leaves, and the perimeter treats it as one of its own.

    What a fix may break: The person behind the account is shut out until an account of the organisation
    stands in its place.

    Source: https://cloud.google.com/vpc-service-controls/docs/supported-identities
    """

    def names_consumer(rule: IngressRule | EgressRule) -> bool:
        return any(name.lower().rpartition("@")[2] in settings.domains for name in rule.caller.identities)

    rules: Iterator[tuple[str, IngressRule | EgressRule]] = chain(
        numbered(perimeter.status.ingress_policies), numbered(perimeter.status.egress_policies)
    )
    return judged(rules, names_consumer, "a private account is named")
