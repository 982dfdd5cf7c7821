"""Perimeters whose dry run says something else than what is enforced."""

from __future__ import annotations

from collections.abc import Hashable

from auditor import PASS, Clock, Fix, Settings, Severity, Verdict, check, fail, not_applicable
from auditor.resources.vpc_sc import EVERYTHING, EgressRule, IngressRule, PerimeterConfig, ServicePerimeter
from checks.units import Grace
from checks.vpc_sc.examples import ENFORCED, MINIMAL, perimeter

BRIDGE = not_applicable("a bridge protects nothing itself")
DRY_RUN_ONLY = not_applicable("the perimeter exists only as a dry run, which is a finding of its own")


@check(
    "perimeter-dry-run-only",
    severity=Severity.HIGH,
    evidence=["useExplicitDryRunSpec", "status.resources", "status.restrictedServices", "spec.resources"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters dry-run enforce {perimeter.id} --policy={perimeter.policy_id}",
        terraform="move the content of the spec block to the status block of "
        "google_access_context_manager_service_perimeter and drop use_explicit_dry_run_spec",
        manual="Read the dry-run violations in the audit logs first, and open what is needed by rules.",
        patch={"data": {"status": ENFORCED, "spec": None, "useExplicitDryRunSpec": None}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        perimeter(ENFORCED, useExplicitDryRunSpec=True, spec=MINIMAL),
        perimeter({"resources": ["projects/1001"]}),
        perimeter(
            perimeterType="PERIMETER_TYPE_BRIDGE", useExplicitDryRunSpec=True, spec={"resources": ["projects/1"]}
        ),
    ],
    fails=lambda: [
        perimeter(useExplicitDryRunSpec=True, spec=ENFORCED),
        perimeter({}, useExplicitDryRunSpec=True, spec=ENFORCED),
        perimeter({"resources": ["projects/1001"]}, useExplicitDryRunSpec=True, spec=ENFORCED),
        perimeter({"restrictedServices": ["storage.googleapis.com"]}, useExplicitDryRunSpec=True, spec=ENFORCED),
        perimeter(None, spec=ENFORCED),
    ],
    unknown=lambda: [
        perimeter({}, useExplicitDryRunSpec=True, spec=ENFORCED, unknown=("resource.data.status",)),
        perimeter({}, unknown=("resource.data.useExplicitDryRunSpec",)),
    ],
)
def dry_run_only(perimeter: ServicePerimeter) -> Verdict:
    """A service perimeter exists only as a dry run and blocks nothing.

    Why: A dry run writes a log line for each request that it would have blocked, and lets the request
    through. Until the configuration is enforced, stolen credentials copy the data of the perimeter's
    projects to anywhere, although the console lists a perimeter for them.

    What a fix may break: Every call that the dry run logged as a violation is refused from then on.
    Search the audit logs for `dryRun: true` over some weeks, and write ingress and egress rules for
    what is legitimate before you enforce.

    Source: https://cloud.google.com/vpc-service-controls/docs/dry-run-mode
    """
    if perimeter.is_bridge:
        return BRIDGE
    if not perimeter.has_dry_run:
        return not_applicable("no dry run of its own")
    if perimeter.protects:
        return PASS
    lacking = "projects" if not perimeter.status.resources else "restricted services"
    return fail(f"the enforced configuration has no {lacking}, only the dry run has")


class DriftSettings(Settings, frozen=True):
    """How long a dry run may differ."""

    max_age_days: Grace = 30
    """Days for which a differing dry run counts as a test, where the last change is known."""


@check(
    "perimeter-dry-run-drift",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters dry-run enforce {perimeter.id} --policy={perimeter.policy_id}",
        terraform="make the status block equal to the spec block, then drop spec and use_explicit_dry_run_spec",
        manual="If the dry run was given up: gcloud access-context-manager perimeters dry-run drop.",
        patch={"data": {"spec": None, "useExplicitDryRunSpec": None}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        perimeter(
            ENFORCED, useExplicitDryRunSpec=True, spec={**ENFORCED, "resources": ["projects/1002", "projects/1001"]}
        ),
        perimeter(MINIMAL, useExplicitDryRunSpec=True, spec=ENFORCED, updateTime="2026-11-10T08:00:00Z"),
        perimeter(useExplicitDryRunSpec=True, spec=ENFORCED),
    ],
    fails=lambda: [
        perimeter(MINIMAL, useExplicitDryRunSpec=True, spec=ENFORCED),
        perimeter(MINIMAL, useExplicitDryRunSpec=True, spec=ENFORCED, updateTime="2026-06-01T08:00:00Z"),
        perimeter(ENFORCED, useExplicitDryRunSpec=True, spec={**ENFORCED, "accessLevels": []}),
        perimeter(
            {**ENFORCED, "egressPolicies": [{"egressTo": {"resources": ["*"]}}]},
            useExplicitDryRunSpec=True,
            spec={**ENFORCED, "egressPolicies": []},
        ),
        perimeter(ENFORCED, useExplicitDryRunSpec=True, spec={**ENFORCED, "resources": ["projects/1001"]}),
    ],
    unknown=lambda: [
        perimeter(MINIMAL, useExplicitDryRunSpec=True, spec=MINIMAL, unknown=("resource.data.spec.accessLevels",)),
    ],
)
def dry_run_drift(perimeter: ServicePerimeter, settings: DriftSettings, clock: Clock) -> Verdict:
    """A perimeter's dry run differs from what is enforced.

    Why: A stricter dry run is a decision that was prepared and not carried out: the services, projects
    or rules that it would close are still open. A looser one shows up again as an accidental opening
    when somebody enforces all dry runs at once.

    What a fix may break: Enforcing a stricter dry run refuses the calls that it logged as violations.
    Dropping the dry run changes nothing but the logs.

    Source: https://cloud.google.com/vpc-service-controls/docs/manage-dry-run-configurations
    """
    if not perimeter.has_dry_run:
        return not_applicable("no dry run of its own")
    if perimeter.is_dry_run_only:
        return DRY_RUN_ONLY
    if perimeter.update_time and clock.days_since(perimeter.update_time) <= settings.max_age_days:
        return PASS
    stricter, looser = _differences(perimeter.status, perimeter.spec)
    if stricter:
        return fail(f"the dry run is stricter than what is enforced: {', '.join(stricter)}")
    if looser:
        return fail(f"the dry run is looser than what is enforced: {', '.join(looser)}", severity=Severity.LOW)
    return PASS


def _differences(status: PerimeterConfig, spec: PerimeterConfig) -> tuple[list[str], list[str]]:
    """What the dry run closes and what it opens, as clauses."""
    stricter: list[str] = []
    looser: list[str] = []
    now, then = _boundary(status), _boundary(spec)
    for what, closes in _PARTS.items():
        added, removed = len(then[what] - now[what]), len(now[what] - then[what])
        if added:
            (stricter if closes else looser).append(f"{what} +{added}")
        if removed:
            (looser if closes else stricter).append(f"{what} -{removed}")
    return stricter, looser


_PARTS = {
    "resources": True,
    "restricted services": True,
    "access levels": False,
    "ingress rules": False,
    "egress rules": False,
    "services reachable from networks": False,
}
"""The parts of a configuration, and whether more of one closes the perimeter or opens it."""


def _boundary(config: PerimeterConfig) -> dict[str, set[Hashable]]:
    accessible = config.vpc_accessible_services
    reachable = set(accessible.allowed_services) if accessible.enable_restriction else {EVERYTHING}
    return {
        "resources": set(config.resources),
        "restricted services": set(config.restricted_services),
        "access levels": set(config.access_levels),
        "ingress rules": {_rule(rule) for rule in config.ingress_policies},
        "egress rules": {_rule(rule) for rule in config.egress_policies},
        "services reachable from networks": set(reachable),
    }


def _rule(rule: IngressRule | EgressRule) -> Hashable:
    """What a rule matches, whatever the order of its lists."""
    caller, target = rule.caller, rule.target
    return (
        caller.identity_type,
        frozenset(caller.identities),
        frozenset((source.access_level, source.resource) for source in caller.sources),
        caller.source_restriction,
        frozenset(
            (operation.service_name, frozenset((m.method, m.permission) for m in operation.method_selectors))
            for operation in target.operations
        ),
        frozenset(target.roles),
        frozenset(target.resources),
        frozenset(target.external_resources),
    )
