"""Access levels that an owner wants on every perimeter."""

from __future__ import annotations

from auditor import PASS, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.vpc_sc import ServicePerimeter
from checks.vpc_sc.dry_run import BRIDGE, DRY_RUN_ONLY
from checks.vpc_sc.examples import ENFORCED, OFFICE, POLICY, perimeter

_DEVICES = f"{POLICY}/accessLevels/managed_devices"


class RequiredLevelSettings(Settings, frozen=True):
    """The access levels that every perimeter has to name, by their full or short names."""

    required_levels: tuple[str, ...] = ()


def _asked(*required: str, levels: tuple[str, ...] = (OFFICE,), unknown: tuple[str, ...] = ()) -> Example:
    plain = perimeter({**ENFORCED, "accessLevels": list(levels)})
    return asset(
        ServicePerimeter,
        plain.data,
        name=plain.name,
        ancestors=plain.ancestors,
        unknown=unknown,
        settings=RequiredLevelSettings(required_levels=required),
    )


@check(
    "perimeter-required-level-missing",
    severity=Severity.MEDIUM,
    evidence=["status.accessLevels"],
    same_as=["policy_library:gcp_vpc_sc_ensure_access_levels_v1"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--add-access-levels={found[missing]}",
        terraform="status.access_levels on google_access_context_manager_service_perimeter",
        patch={"data": {"status": {"accessLevels": [OFFICE, _DEVICES]}}},
    ),
    passes=lambda: [
        _asked(OFFICE),
        _asked("office"),
        _asked("managed_devices", "office", levels=(OFFICE, _DEVICES)),
        perimeter(ENFORCED),
        perimeter({"resources": []}, perimeterType="PERIMETER_TYPE_BRIDGE"),
    ],
    fails=lambda: [_asked(_DEVICES), _asked("office", "managed_devices"), _asked("office", levels=())],
    unknown=lambda: [_asked("managed_devices", unknown=("resource.data.status.accessLevels",))],
)
def required_level_missing(perimeter: ServicePerimeter, settings: RequiredLevelSettings) -> Verdict:
    """A perimeter lacks an access level that its owner wants on every perimeter.

    Why: A level such as the company's managed devices is a decision for all perimeters. One that was made without it
    keeps its own people out, and somebody will open it further than the level would have.

    What a fix may break: Nothing; a level adds callers. Look at what the level admits first.

    Source: https://cloud.google.com/vpc-service-controls/docs/use-access-levels
    """
    if not settings.required_levels:
        return not_applicable("no level is required; the setting required_levels names them")
    if perimeter.is_bridge:
        return BRIDGE
    if perimeter.is_dry_run_only:
        return DRY_RUN_ONLY
    for required in settings.required_levels:
        if not any(required in (level, level.rpartition("/")[2]) for level in perimeter.status.access_levels):
            return fail(f"{required} is not among its access levels", evidence={"missing": required})
    return PASS
