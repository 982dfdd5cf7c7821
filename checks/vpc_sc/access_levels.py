"""Access levels that trust (nearly) everyone, lead nowhere, or are not used."""

from __future__ import annotations

import ipaddress
from enum import Enum

from auditor import (
    PASS,
    Estate,
    Fix,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    check,
    fail,
    not_applicable,
    not_assessed,
)
from auditor.resources.unknown import matching
from auditor.resources.vpc_sc import AccessLevel, LevelCondition, ServicePerimeter
from checks.units import PrefixIpv4, PrefixIpv6
from checks.vpc_sc.examples import ENFORCED, OFFICE, POLICY, level, perimeter

UPDATE = "gcloud access-context-manager levels update {level.id} --policy={level.policy_id} --basic-level-spec=FILE"
REPLACED = "The file replaces all conditions of the level."
OFFICE_RANGE = {"ipSubnetworks": ["203.0.113.0/24", "2001:db8:7::/48"]}
EVERY_ADDRESS = {"0.0.0.0/0", "::/0"}
OPAQUE = not_assessed("the level is a custom expression, which is not evaluated")


class RangeSettings(Settings, frozen=True):
    """How wide an address range may be."""

    min_ipv4_prefix: PrefixIpv4 = 16
    """The shortest IPv4 prefix that one company plausibly holds."""
    min_ipv6_prefix: PrefixIpv6 = 32
    """The shortest IPv6 prefix that one company plausibly holds."""


class Opening(Enum):
    """Why a condition holds for (nearly) everyone."""

    EMPTY = "nothing is demanded"
    ADDRESS = "the address range is too wide"
    NEGATED = "a narrow condition is negated"


def wide_range(condition: LevelCondition, settings: RangeSettings) -> str:
    """The first public range of the condition that is too wide, or `""`."""
    for text in condition.ip_subnetworks:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise Undetermined("ipSubnetworks", f"{text} is not an address range") from None
        shortest = settings.min_ipv4_prefix if network.version == 4 else settings.min_ipv6_prefix
        if network.prefixlen < shortest and not network.is_private:
            return text
    return ""


def opening(condition: LevelCondition, settings: RangeSettings) -> Opening | None:
    """Why the condition holds for (nearly) everyone; None where it demands something."""
    if condition.negate:
        covers_all = set(condition.ip_subnetworks) >= EVERY_ADDRESS
        demands = condition.demands_more_than_address or (condition.ip_subnetworks and not covers_all)
        return Opening.NEGATED if demands else None
    if condition.demands_more_than_address:
        return None
    if not condition.ip_subnetworks:
        return Opening.EMPTY
    return Opening.ADDRESS if wide_range(condition, settings) else None


def opened_by(level: AccessLevel, cause: Opening, settings: RangeSettings) -> LevelCondition | None:
    """The condition that opens the level for `cause`: one suffices under OR, under AND all must be open."""
    if level.basic is None:
        return None
    conditions = level.basic.conditions
    if level.basic.combining_function != "OR" and matching(conditions, lambda c: opening(c, settings) is None):
        return None
    return next(iter(matching(conditions, lambda c: opening(c, settings) is cause)), None)


def one_of(level: AccessLevel) -> str:
    """For messages: that one of several conditions suffices."""
    joined_by_or = level.basic is not None and level.basic.combining_function == "OR"
    return " in one of the conditions, each of which suffices (OR)" if joined_by_or else ""


@check(
    "access-level-any-address",
    severity=Severity.HIGH,
    evidence=["basic"],
    same_as=["policy_library:gcp_vpc_sc_ip_range_v1"],
    fix=Fix(
        gcloud=UPDATE,
        terraform="basic.conditions.ip_subnetworks on google_access_context_manager_access_level",
        manual="List the public addresses of your offices and gateways; the check's settings say how wide is too wide."
        f" {REPLACED}",
        patch={"data": {"basic": {"conditions": [OFFICE_RANGE]}}},
    ),
    passes=lambda: [
        level(OFFICE_RANGE),
        level({"ipSubnetworks": ["0.0.0.0/0"], "members": ["user:ana@example.com"]}),
        level({"ipSubnetworks": ["0.0.0.0/0", "::/0"]}, {"devicePolicy": {"requireCorpOwned": True}}),
        level({"ipSubnetworks": ["10.0.0.0/8"]}),
        level({"regions": ["BE", "NL"]}),
        level({"ipSubnetworks": ["0.0.0.0/0"], "negate": True}),
    ],
    fails=lambda: [
        level({"ipSubnetworks": ["0.0.0.0/0"]}),
        level({"ipSubnetworks": ["203.0.113.0/24", "::/0"]}),
        level({"ipSubnetworks": ["0.0.0.0/1", "128.0.0.0/1"]}),
        level({"ipSubnetworks": ["34.0.0.0/8"], "devicePolicy": {}}),
        level({"devicePolicy": {"requireCorpOwned": True}}, {"ipSubnetworks": ["2000::/3"]}, combine="OR"),
    ],
    unknown=lambda: [
        level(OFFICE_RANGE, unknown=("resource.data.basic.conditions.0.ipSubnetworks",)),
        level(custom={"expr": {"expression": 'inIpRange(origin.ip, ["0.0.0.0/0"])'}}),
    ],
)
def any_address(level: AccessLevel, settings: RangeSettings) -> Verdict:
    """An access level admits all addresses of the internet, or a range as wide as a cloud.

    Why: Perimeters take the level for "from our network". With 0.0.0.0/0, two halves of it or a range
    from which anyone can rent a machine, they let every caller through whom IAM does not stop.

    What a fix may break: Staff and systems whose addresses are not on the new list lose access to
    everything that trusts the level.

    Source: https://cloud.google.com/access-context-manager/docs/access-level-attributes
    """
    if level.custom is not None:
        return OPAQUE
    found = opened_by(level, Opening.ADDRESS, settings)
    return fail(f"{wide_range(found, settings)} is admitted{one_of(level)}") if found else PASS


@check(
    "access-level-negated-condition",
    severity=Severity.HIGH,
    evidence=["basic"],
    fix=Fix(
        gcloud=UPDATE,
        terraform="basic.conditions.negate = false on google_access_context_manager_access_level",
        manual="Say who is trusted. To shut out some of them, add the negated condition beside it with AND."
        f" {REPLACED}",
        patch={"data": {"basic": {"combiningFunction": "AND", "conditions": [OFFICE_RANGE]}}},
    ),
    passes=lambda: [
        level(OFFICE_RANGE),
        level({"regions": ["KP"], "negate": True}, OFFICE_RANGE),
        level({"ipSubnetworks": ["0.0.0.0/0", "::/0"], "negate": True}),
        level(custom={"expr": {"expression": 'origin.region_code == "BE"'}}),
    ],
    fails=lambda: [
        level({**OFFICE_RANGE, "negate": True}),
        level({"regions": ["KP", "IR"], "negate": True}),
        level({"requiredAccessLevels": [f"{POLICY}/accessLevels/blocked"], "negate": True}),
        level({"ipSubnetworks": ["0.0.0.0/0"], "negate": True}),
        level({"members": ["user:former@example.com"], "negate": True}, OFFICE_RANGE, combine="OR"),
        level({**OFFICE_RANGE, "negate": True}, {"regions": ["KP"], "negate": True}),
    ],
    unknown=lambda: [level(OFFICE_RANGE, unknown=("resource.data.basic.conditions.0.negate",))],
)
def negated_condition(level: AccessLevel, settings: RangeSettings) -> Verdict:
    """An access level admits everyone except a few, because its condition is negated.

    Why: `negate` turns "from these places" into "from everywhere else", and with several fields into
    "whoever misses one of them". A level that only shuts some callers out trusts the rest of the world.

    What a fix may break: Callers that relied on being let in by default. Describe them by address,
    device or account first.

    Source: https://cloud.google.com/access-context-manager/docs/reference/rest/v1/accessPolicies.accessLevels
    """
    if level.custom is not None:
        return not_applicable("a custom level has an expression instead of conditions")
    found = opened_by(level, Opening.NEGATED, settings)
    return fail(f"a condition is negated{one_of(level)}") if found else PASS


@check(
    "access-level-without-requirement",
    severity=Severity.HIGH,
    evidence=["basic"],
    fix=Fix(
        gcloud=UPDATE,
        terraform="basic.conditions on google_access_context_manager_access_level",
        manual=REPLACED,
        patch={"data": {"custom": None, "basic": {"combiningFunction": "AND", "conditions": [OFFICE_RANGE]}}},
    ),
    passes=lambda: [
        level(OFFICE_RANGE),
        level({}, OFFICE_RANGE),
        level({"devicePolicy": {"requireScreenlock": True}}),
        level({"vpcNetworkSources": [{"vpcSubnetwork": {"network": "//compute.googleapis.com/projects/p/n"}}]}),
    ],
    fails=lambda: [
        level({}),
        level({"devicePolicy": {"requireScreenlock": False, "osConstraints": []}}),
        level(OFFICE_RANGE, {"ipSubnetworks": []}, combine="OR"),
        level(custom={"expr": {"expression": " true "}}),
    ],
    unknown=lambda: [
        level({}, unknown=("resource.data.basic.conditions.0.devicePolicy",)),
        level(custom={"expr": {"expression": 'origin.region_code == "BE"'}}),
    ],
)
def without_requirement(level: AccessLevel, settings: RangeSettings) -> Verdict:
    """An access level demands nothing of the caller.

    Why: A condition without any field holds for every request. Whatever trusts the level is open to
    everyone whom IAM does not stop.

    What a fix may break: Callers that do not meet the new requirement are shut out.

    Source: https://cloud.google.com/access-context-manager/docs/reference/rest/v1/accessPolicies.accessLevels
    """
    if level.custom is not None:
        always = level.custom.expr.expression.strip() == "true"
        return fail("the expression is always true") if always else OPAQUE
    found = opened_by(level, Opening.EMPTY, settings)
    return fail(f"nothing is demanded{one_of(level)}") if found else PASS


@check(
    "perimeter-access-level-missing",
    severity=Severity.LOW,
    reads=[AccessLevel],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--remove-access-levels=LEVEL",
        terraform="status.access_levels and sources.access_level of google_access_context_manager_service_perimeter",
        manual="Create the level in the same access policy, or take the reference out.",
        patch={"data": {"status": {"accessLevels": [], "ingressPolicies": []}, "spec": None}},
    ),
    passes=lambda: [
        [perimeter(ENFORCED), level(OFFICE_RANGE)],
        perimeter({"resources": ["projects/1001"]}),
        perimeter(
            {"ingressPolicies": [{"ingressFrom": {"sources": [{"accessLevel": "*"}, {"resource": "projects/5"}]}}]}
        ),
    ],
    fails=lambda: [
        [perimeter(ENFORCED), level(OFFICE_RANGE, name="headquarters")],
        [perimeter({"ingressPolicies": [{"ingressFrom": {"sources": [{"accessLevel": OFFICE}]}}]})],
        [perimeter({"accessLevels": ["accessPolicies/1/accessLevels/office"]}), level(OFFICE_RANGE)],
        [perimeter(useExplicitDryRunSpec=True, spec=ENFORCED)],
    ],
    unknown=lambda: [[perimeter({}, unknown=("resource.data.status.accessLevels",)), level(OFFICE_RANGE)]],
)
def access_level_missing(perimeter: ServicePerimeter, estate: Estate) -> Verdict:
    """A perimeter refers to an access level that its access policy does not have.

    Why: A level that does not exist admits nobody: the people who were meant to pass are locked out,
    and the usual repair in a hurry is a rule that admits everyone. Levels of another access policy
    do not count.

    What a fix may break: Nothing; the reference has no effect as it is.

    Source: https://cloud.google.com/access-context-manager/docs/reference/rest/v1/accessPolicies.servicePerimeters
    """
    used = list(dict.fromkeys([*perimeter.status.access_levels_used, *perimeter.spec.access_levels_used]))
    for name in used:
        if not name.startswith(f"accessPolicies/{perimeter.policy_id}/"):
            return fail(f"{name} belongs to another access policy")
    levels = [level.resource_name for level in estate.of(AccessLevel)] if used else []
    missing = [name for name in used if name not in levels]
    return fail(f"{', '.join(missing)}: no such access level") if missing else PASS


@check(
    "access-level-unused",
    severity=Severity.INFO,
    default=False,
    reads=[AccessLevel, ServicePerimeter],
    fix=Fix(
        gcloud="gcloud access-context-manager levels delete {level.id} --policy={level.policy_id}",
        terraform="remove the google_access_context_manager_access_level",
        patch=lambda: [perimeter(ENFORCED)],
    ),
    passes=lambda: [
        [level(OFFICE_RANGE), perimeter(ENFORCED)],
        [level(OFFICE_RANGE), level({"requiredAccessLevels": [OFFICE]}, name="admins"), perimeter({})],
        [
            level(OFFICE_RANGE),
            perimeter({"ingressPolicies": [{"ingressFrom": {"sources": [{"accessLevel": OFFICE}]}}]}),
        ],
        [level(OFFICE_RANGE), perimeter(useExplicitDryRunSpec=True, spec=ENFORCED)],
    ],
    fails=lambda: [level(OFFICE_RANGE)],
    unknown=lambda: [[level(OFFICE_RANGE), perimeter({}, unknown=("resource.data.status",))]],
)
def access_level_unused(level: AccessLevel, estate: Estate) -> Verdict:
    """No perimeter and no other level refers to an access level.

    Why: Nobody looks after a level that nothing uses; when it is picked up again, its addresses belong
    to somebody else. Access bindings of groups, IAP conditions and Workspace rules may still use it,
    and are not looked at: check them before you delete.

    What a fix may break: Access bindings, IAP conditions and Workspace rules that refer to the level.

    Source: https://cloud.google.com/access-context-manager/docs/manage-access-levels
    """
    name = level.resource_name

    def trusts(perimeter: ServicePerimeter) -> bool:
        return name in perimeter.status.access_levels_used or name in perimeter.spec.access_levels_used

    def demands(other: AccessLevel) -> bool:
        return other.basic is not None and any(name in c.required_access_levels for c in other.basic.conditions)

    trusting = matching(estate.of(ServicePerimeter), trusts)
    demanding = [] if trusting else matching(estate.of(AccessLevel), demands)
    return PASS if trusting or demanding else fail("no perimeter and no other level refers to it")
