"""Context-aware access: whether people need more than a password to reach the console and the APIs."""

from __future__ import annotations

from collections.abc import Sequence

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail
from auditor.resources.resourcemanager import Organization
from auditor.resources.unknown import some
from auditor.resources.vpc_sc import UserAccessBinding
from checks.vpc_sc.examples import OFFICE
from checks.vpc_sc.membership import ORGANIZATION


def _binding(name: str = "b1", *, unknown: tuple[str, ...] = (), **levels: Sequence[object]) -> Example:
    return asset(
        UserAccessBinding,
        {"groupKey": "01d520gv4vjcrht", **levels},
        name=f"//accesscontextmanager.googleapis.com/organizations/3001/gcpUserAccessBindings/{name}",
        ancestors=["organizations/3001"],
        unknown=unknown,
    )


@check(
    "context-aware-access-not-enforced",
    severity=Severity.MEDIUM,
    default=False,
    reads=[UserAccessBinding],
    fix=Fix(
        gcloud="gcloud access-context-manager cloud-bindings create --organization={organization.id} --group-key=GROUP "
        "--level=LEVEL",
        terraform="google_access_context_manager_gcp_user_access_binding with group_key and access_levels",
        manual="Begin with the groups of administrators, as a dry run; keep one account outside of them that lets "
        "you in if the level is wrong.",
        patch=lambda: [_binding("added", accessLevels=[OFFICE])],
    ),
    passes=lambda: [
        [ORGANIZATION, _binding(accessLevels=[OFFICE])],
        [ORGANIZATION, _binding(dryRunAccessLevels=[OFFICE]), _binding("b2", accessLevels=[OFFICE])],
        [ORGANIZATION, _binding(scopedAccessSettings=[{"activeSettings": {"accessLevels": [OFFICE]}}])],
    ],
    fails=lambda: [
        [ORGANIZATION, _binding(dryRunAccessLevels=[OFFICE])],
        [ORGANIZATION, _binding(accessLevels=[])],
        [ORGANIZATION, _binding(scopedAccessSettings=[{"dryRunSettings": {"accessLevels": [OFFICE]}}])],
    ],
    unknown=lambda: [
        ORGANIZATION,
        [ORGANIZATION, _binding(unknown=("resource.data.accessLevels",))],
    ],
)
def context_aware_access_not_enforced(organization: Organization, estate: Estate) -> Verdict:
    """No group needs an access level for the console and the APIs; the bindings are dry runs or empty.

    Why: a stolen session of an administrator works from anywhere, and a perimeter does not hold what is done in the
    console to things outside of it. A binding asks for a managed device or a known network on each request. Bindings
    are not part of an asset export; without them in the input the question stays open.

    What a fix may break: people of the group on other devices and networks are locked out at once.

    Source: https://cloud.google.com/chrome-enterprise-premium/docs/securing-console-and-apis
    """
    bindings = estate.related(
        UserAccessBinding, _organization_of, organization.asset.key, within=organization.asset.key
    )
    if some(bindings, lambda binding: binding.demands_level):
        return PASS
    if not bindings:
        raise Undetermined("user access bindings", "the input has none; an asset export never does")
    return fail(f"none of {len(bindings)} bindings demands an access level that is enforced")


def _organization_of(binding: UserAccessBinding) -> str:
    return binding.asset.short_name.partition("/gcpUserAccessBindings/")[0]
