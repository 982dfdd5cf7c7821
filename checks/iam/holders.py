"""What checks of any area ask of holders: who may do something by a policy, and what one account may do somewhere.

Both go by permission, so that a custom role counts as what it permits, and both are three-valued: what surely holds is
found, whatever else is unknown; where nothing is found and something is unknown, `Undetermined` says what.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from auditor import PASS, EffectiveAccess, Policy, Severity, Undetermined, Verdict
from auditor.access.grants import any_grant
from auditor.access.holdings import Holding
from auditor.access.members import Member
from auditor.access.role_table import load
from auditor.access.roles import BASIC_ROLES
from auditor.access.standing_index import Power, standing_index, tell_powers
from auditor.access.truth import either


@cache
def may_permit(permissions: frozenset[str]) -> Callable[[str], bool]:
    """Says of a role whether it may permit one of some permissions, going by the predefined roles: custom ones may.

    A policy without such a role needs nothing else of the estate to be known.
    """
    table = load()

    @lru_cache(maxsize=1 << 12)
    def may(role: str) -> bool:
        return not either(table.grants(role, permission) for permission in permissions).fails

    return may


def held_on(
    policy: Policy[Any],
    access: EffectiveAccess,
    permissions: frozenset[str],
    *,
    members: Callable[[Member], bool],
    severity: Callable[[Power], Severity],
    counts: Callable[[Power], bool] = any_grant,
) -> Verdict:
    """The verdict on a policy by which none of some members should have any of the permissions.

    Basic roles are left out, because their holders are findings of checks of their own; `counts` leaves out more.
    """
    if policy.surely_lacks(roles=may_permit(permissions)):
        return PASS
    powers = standing_index(access).on(policy.asset, permissions, members)
    return tell_powers(powers.certain(lambda power: power.role not in BASIC_ROLES and counts(power)), severity)


def strongest(
    held: tuple[list[Holding], str],
    access: EffectiveAccess,
    permissions: frozenset[str],
    *,
    besides: frozenset[str] = frozenset(),
) -> tuple[Holding, list[str]] | None:
    """A holding that surely gives some of the permissions, and which; roles `besides` do not count.

    `held` is what `StandingIndex.held_by` answers.
    """
    found, doubt = held
    wanted = standing_index(access).mask(permissions)
    for holding in found:
        if holding.role in besides:
            continue
        sure = holding.mask & wanted & ~holding.denied & ~holding.perhaps_denied
        if sure and holding.is_certain:
            return holding, access.world.roles.names(sure)
        if sure or holding.open or holding.mask & wanted & ~holding.denied:
            doubt = doubt or "; ".join(holding.decision.because) or holding.open or "a deny policy may keep it away"
    if doubt:
        raise Undetermined("what its account may do", doubt)
    return None
