"""Access levels that trust an address alone, or places where nobody of the company should be."""

from __future__ import annotations

from auditor import PASS, Estate, Fix, Settings, Severity, Verdict, check, fail, not_applicable
from auditor.resources.unknown import some
from auditor.resources.vpc_sc import AccessLevel, LevelCondition, ServicePerimeter
from checks.vpc_sc.access_levels import OFFICE_RANGE, OPAQUE, REPLACED, UPDATE
from checks.vpc_sc.examples import ENFORCED, MINIMAL, OFFICE, POLICY, level, perimeter

_MANAGED = {"devicePolicy": {"requireCorpOwned": True}}


class RegionSettings(Settings, frozen=True):
    """Where callers may be, as codes of ISO 3166-1."""

    allowed: tuple[str, ...] = ()
    """The only regions that a level may admit; none means all but the forbidden ones."""
    forbidden: tuple[str, ...] = ("CU", "IR", "KP", "SY")
    """Regions under comprehensive embargoes, which Google does not serve."""


@check(
    "access-level-region-unexpected",
    severity=Severity.MEDIUM,
    evidence=["basic"],
    same_as=["policy_library:gcp_vpc_sc_allowed_regions"],
    fix=Fix(
        gcloud=UPDATE,
        terraform="basic.conditions.regions on google_access_context_manager_access_level",
        manual=f"Name the regions in which staff works. {REPLACED}",
        patch={"data": {"basic": {"conditions": [{"regions": ["BE", "NL"]}]}}},
    ),
    passes=lambda: [
        level({"regions": ["BE", "NL"]}),
        level(OFFICE_RANGE),
        level({"regions": ["KP", "IR"], "negate": True}, OFFICE_RANGE),
    ],
    fails=lambda: [
        level({"regions": ["BE", "IR"]}),
        level(OFFICE_RANGE, {"regions": ["kp"]}, combine="OR"),
    ],
    unknown=lambda: [
        level({"regions": ["BE"]}, unknown=("resource.data.basic.conditions.0.regions",)),
        level(custom={"expr": {"expression": 'origin.region_code == "BE"'}}),
    ],
)
def region_unexpected(level: AccessLevel, settings: RegionSettings) -> Verdict:
    """An access level admits callers from a region where nobody of the company should be.

    Why: a level's regions say where trusted callers are. One that was added for a journey, or by mistake, stays an open
    door for everybody there. The settings of the check say which regions are meant; without them only regions under
    embargo count. The region of an address is Google's estimate, and a proxy changes it.

    What a fix may break: callers from the region are shut out.

    Source: https://cloud.google.com/access-context-manager/docs/access-level-attributes
    """
    if level.custom is not None:
        return OPAQUE
    for condition in level.basic.conditions if level.basic else []:
        if condition.negate:
            continue
        for region in condition.regions:
            code = region.upper()
            if code in settings.forbidden or (settings.allowed and code not in settings.allowed):
                return fail(f"callers from {region} are admitted")
    return PASS


def _only_address(condition: LevelCondition) -> bool:
    return bool(condition.ip_subnetworks) and not condition.negate and not condition.demands_more_than_address


@check(
    "access-level-address-only",
    severity=Severity.LOW,
    default=False,
    reads=[ServicePerimeter],
    evidence=["basic"],
    fix=Fix(
        gcloud=UPDATE,
        terraform="device_policy or members beside ip_subnetworks in basic.conditions of "
        "google_access_context_manager_access_level",
        manual=f"Demand a managed device, or name the accounts. {REPLACED}",
        patch={"data": {"basic": {"combiningFunction": "AND", "conditions": [{**OFFICE_RANGE, **_MANAGED}]}}},
    ),
    passes=lambda: [
        [level({**OFFICE_RANGE, **_MANAGED}), perimeter(ENFORCED)],
        [level(OFFICE_RANGE, _MANAGED), perimeter(ENFORCED)],
        [level(OFFICE_RANGE), perimeter(MINIMAL)],
        [level(OFFICE_RANGE), perimeter(useExplicitDryRunSpec=True, spec=ENFORCED)],
    ],
    fails=lambda: [
        [level(OFFICE_RANGE), perimeter(ENFORCED)],
        [level(OFFICE_RANGE, _MANAGED, combine="OR"), perimeter(ENFORCED)],
    ],
    unknown=lambda: [
        [level(OFFICE_RANGE), perimeter({}, unknown=("resource.data.status",))],
        [level(custom={"expr": {"expression": 'inIpRange(origin.ip, ["203.0.113.0/24"])'}}), perimeter(ENFORCED)],
    ],
)
def address_only(level: AccessLevel, estate: Estate) -> Verdict:
    """A perimeter trusts callers by their address alone.

    Why: an office's address is shared by guests, printers and whoever got into one machine. A stolen token used from
    there passes; a managed device or a named account would have to be taken over too. Many companies leave it at the
    address on purpose; this check is therefore not selected by default.

    What a fix may break: callers without a managed device, and programs that are not named, are shut out.

    Source: https://cloud.google.com/access-context-manager/docs/overview
    """
    if level.custom is not None:
        return OPAQUE
    if level.basic is None:
        return PASS
    conditions = level.basic.conditions
    joined_by_or = level.basic.combining_function == "OR"
    weak = some(conditions, _only_address) if joined_by_or else not some(conditions, lambda c: not _only_address(c))
    if not conditions or not weak:
        return PASS
    name = level.resource_name

    def trusts(perimeter: ServicePerimeter) -> bool:
        return perimeter.protects and name in perimeter.status.access_levels_used

    if some(estate.of(ServicePerimeter), trusts):
        return fail("an enforced perimeter trusts it, and it looks at the address only")
    return not_applicable("no enforced perimeter trusts the level")


_MISSING = f"{POLICY}/accessLevels/retired"


@check(
    "access-level-requires-missing-level",
    severity=Severity.MEDIUM,
    reads=[AccessLevel],
    evidence=["basic"],
    fix=Fix(
        gcloud=UPDATE,
        terraform="basic.conditions.required_access_levels on google_access_context_manager_access_level",
        manual=f"Create the level that is required, or take the reference out. {REPLACED}",
        patch={"data": {"basic": {"conditions": [OFFICE_RANGE]}}},
    ),
    passes=lambda: [
        [level({"requiredAccessLevels": [OFFICE]}, name="admins"), level(OFFICE_RANGE)],
        level(OFFICE_RANGE),
        level(custom={"expr": {"expression": 'origin.region_code == "BE"'}}),
    ],
    fails=lambda: [
        [level({"requiredAccessLevels": [_MISSING]}, name="admins"), level(OFFICE_RANGE)],
        [level({"requiredAccessLevels": [_MISSING], "negate": True}, name="admins"), level(OFFICE_RANGE)],
        [level({"requiredAccessLevels": ["accessPolicies/1/accessLevels/office"]}, name="admins"), level(OFFICE_RANGE)],
    ],
    unknown=lambda: [
        level({"requiredAccessLevels": [OFFICE]}, unknown=("resource.data.basic.conditions.0.requiredAccessLevels",)),
    ],
)
def requires_missing_level(level: AccessLevel, estate: Estate) -> Verdict:
    """An access level requires another level that its access policy does not have.

    Why: a level that does not exist is met by nobody: who was meant to pass is locked out, and the usual repair in a
    hurry opens more than before. Under `negate` it is the other way round: nobody is in the missing level, so that
    everybody passes.

    What a fix may break: callers are admitted, or shut out, as the level was meant.

    Source: https://cloud.google.com/access-context-manager/docs/reference/rest/v1/accessPolicies.accessLevels
    """
    if level.basic is None:
        return PASS
    for condition in level.basic.conditions:
        for name in condition.required_access_levels:
            if not estate.related(AccessLevel, _resource_name, name):
                return fail(
                    f"{name} does not exist{', and the condition is negated' if condition.negate else ''}",
                    severity=Severity.HIGH if condition.negate else None,
                )
    return PASS


def _resource_name(level: AccessLevel) -> str:
    return level.resource_name
