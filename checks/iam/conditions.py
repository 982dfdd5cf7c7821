"""Conditions of grants: those that restrict nothing, hold never, are hidden, or can be met by who they restrain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from auditor import PASS, Clock, EffectiveAccess, Policy, Severity, Undetermined, Verdict, asset, check, fail
from auditor.access.conditions import tautology
from auditor.access.grants import grants, tell
from auditor.access.members import Member
from auditor.access.standing_index import standing_index
from auditor.resources.policy import HIDDEN_CONDITION, Binding
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.storage import Bucket
from checks.iam.containers import above_project, grant, narrower, on_folder, on_organization, on_project, until

_PROD = 'resource.matchTag("3001/env", "prod")'
_BROAD = re.compile(
    r"""resource\.name\.(?:startsWith\(\s*["'](?:projects/|projects/_/|projects/_/buckets/|/)?["']"""
    r"""|endsWith\(\s*["']["']|contains\(\s*["']/?["'])\s*\)"""
)
"""Tests of a name that every name passes."""


def _conditional(policy: Policy[Any]) -> Iterator[tuple[Binding, str]]:
    """The bindings with members and a condition, and the condition's expression."""
    for binding in policy.bindings:
        if binding.condition is not None and binding.members:
            yield binding, binding.condition.expression


def _told(binding: Binding, problem: str) -> Verdict:
    return fail(
        f"{binding.role} is granted to {binding.members[0]}{binding.limited_to}: {problem}",
        evidence={"member": binding.members[0], "role": binding.role, "members": binding.members[:50]},
    )


@check(
    "grant-condition-vacuous",
    severity=Severity.MEDIUM,
    fix=narrower(
        "Write the condition that was meant, or take it away, so that reviewers see an unconditional grant.", gcloud=""
    ),
    passes=lambda: [
        on_project(grant("roles/viewer", "user:a@example.com", condition=until("2027-01-31"))),
        on_project(grant("roles/viewer", "user:a@example.com", condition=until("2020-01-31"))),
        on_project(
            grant(
                "roles/storage.objectViewer",
                "user:a@example.com",
                condition='resource.name.startsWith("projects/_/buckets/logs")',
            )
        ),
        on_project(grant("roles/viewer", "user:a@example.com")),
    ],
    fails=lambda: [
        on_project(grant("roles/owner", "user:a@example.com", condition="true")),
        on_folder(
            grant("roles/editor", "user:a@example.com", condition='request.time > timestamp("2020-01-01T00:00:00Z")')
        ),
        on_project(
            grant("roles/owner", "user:a@example.com", condition='resource.type == "a/B" || resource.type != "a/B"')
        ),
        asset(
            Bucket,
            policy={
                "bindings": [
                    grant(
                        "roles/storage.admin",
                        "user:a@example.com",
                        condition='resource.name.startsWith("projects/_/buckets/")',
                    )
                ]
            },
        ),
    ],
    unknown=lambda: [on_project(more=True)],
)
def vacuous_condition(policy: Policy[Any], clock: Clock) -> Verdict:
    """The condition of a grant is met by every request.

    Why: Reviewers and tools take a conditional grant for a restricted one. A limit that began in the past, a
    prefix that all names have or alternatives that cover everything restrict nothing.

    What a fix may break: Whoever lives off the grant, once the condition says what was meant.

    Source: https://cloud.google.com/iam/docs/conditions-overview
    """
    for binding, expression in _conditional(policy):
        if _BROAD.fullmatch(expression.strip()):
            return _told(binding, "every name passes the test")
        if _says(expression, clock).holds:
            return _told(binding, "every request meets the condition")
    return PASS


@lru_cache(maxsize=1 << 12)
def _says(expression: str, clock: Clock) -> Any:
    return tautology(expression, clock.now)


@check(
    "grant-condition-never-met",
    severity=Severity.LOW,
    default=False,
    fix=narrower("Take the grant away, or write the condition that was meant.", gcloud=""),
    passes=lambda: [
        on_project(grant("roles/viewer", "user:a@example.com", condition=until("2027-01-31"))),
        on_project(
            grant("roles/viewer", "user:a@example.com", condition=until("2020-01-31"))
        ),  # expired-grant-in-policy
    ],
    fails=lambda: [
        on_project(grant("roles/viewer", "user:a@example.com", condition="false")),
        on_project(
            grant("roles/viewer", "user:a@example.com", condition='resource.type == "a/B" && resource.type == "a/C"')
        ),
    ],
    unknown=lambda: [on_project(more=True)],
)
def impossible_condition(policy: Policy[Any], clock: Clock) -> Verdict:
    """The condition of a grant can be met by no request.

    Why: The grant looks like access and gives none. Somebody will sooner or later replace it by one without
    any condition, because "it does not work".

    What a fix may break: Nothing; the grant has no effect.

    Source: https://cloud.google.com/iam/docs/conditions-overview
    """
    for binding, expression in _conditional(policy):
        if not binding.in_force(clock.now):
            continue
        says = _says(expression, clock)
        if says.fails:
            return _told(binding, "; ".join(says.because) or "no request meets it")
    return PASS


@check(
    "policy-condition-hidden",
    severity=Severity.INFO,
    fix=narrower(
        "Read the policy with requestedPolicyVersion 3 (`gcloud projects get-iam-policy` does), or export it again: "
        "a policy that is written back from this form loses its conditions.",
        gcloud="",
    ),
    passes=lambda: [on_project(grant("roles/viewer", "user:a@example.com", condition=until("2027-01-31")))],
    fails=lambda: [
        on_project(grant("roles/editor_withcond_0a1b2c3d4e5f", "user:a@example.com")),
        asset(
            Bucket,
            policy={"bindings": [grant("roles/storage.objectViewer_withcond_0a1b2c3d4e5f", "user:a@example.com")]},
        ),
    ],
    unknown=lambda: [on_project(more=True)],
)
def hidden_condition(policy: Policy[Any]) -> Verdict:
    """A policy was read in a version that hides the conditions of its grants.

    Why: Nobody can judge from this form who has access. Scripts that change such a policy and write it back
    turn conditional grants into unconditional ones, or fail.

    What a fix may break: Nothing; only the reading changes.

    Source: https://cloud.google.com/iam/docs/allow-policies#versions
    """
    for binding in policy.bindings:
        if HIDDEN_CONDITION in binding.role and binding.members:
            return fail(
                f"the condition under which {binding.members[0]} holds {binding.role} is not shown",
                evidence={"member": binding.members[0], "role": binding.role},
            )
    return PASS


_TAGGED = re.compile(r"""resource\.(?:matchTag|matchTagId|hasTagKey|hasTagKeyId)\s*\(""")
_BIND_VALUE = frozenset({"resourcemanager.tagValueBindings.create"})
_BIND_RESOURCE = frozenset({"resourcemanager.hierarchyNodes.createTagBinding"})


def _principal(member: Member) -> bool:
    return not member.is_service_agent and not member.is_public


def _is_tagged(policy: Policy[Any]) -> bool:
    """Whether a condition of a policy asks for a tag. Raises `Undetermined` where something of it is not known."""
    policy.settle()
    conditions = [binding.condition for binding in policy.bindings if binding.condition is not None]
    return any(_TAGGED.search(condition.expression) for condition in conditions)


@check(
    "tag-condition-bypass",
    severity=Severity.HIGH,
    fix=narrower("Let others bind the tags that conditions ask for: keep Tag User from those whom the tags restrain."),
    passes=lambda: [
        [on_project(grant("roles/editor", "user:a@example.com", condition=_PROD)), *above_project()],
        [
            on_project(
                grant("roles/editor", "user:a@example.com", condition=_PROD),
                grant("roles/resourcemanager.tagUser", "user:b@example.com"),
            ),
            *above_project(),
        ],
        [
            on_project(
                grant("roles/editor", "user:a@example.com", condition=until("2027-01-01")),
                grant("roles/resourcemanager.tagUser", "user:a@example.com"),
            ),
            *above_project(),
        ],
    ],
    fails=lambda: [
        on_project(
            grant("roles/editor", "user:a@example.com", condition=_PROD),
            grant("roles/resourcemanager.tagUser", "user:a@example.com"),
        ),
        [
            on_project(grant("roles/editor", "user:a@example.com", condition=_PROD)),
            *above_project(grant("roles/resourcemanager.tagUser", "user:a@example.com")),
        ],
        on_organization(
            grant("roles/owner", "group:ops@example.com", condition='resource.hasTagKey("3001/env")'),
            grant("roles/resourcemanager.tagUser", "group:ops@example.com"),
        ),
    ],
    unknown=lambda: [
        on_project(grant("roles/editor", "user:a@example.com", condition=_PROD)),
        [on_project(grant("roles/resourcemanager.tagUser", "user:a@example.com"), more=True), *above_project()],
    ],
)
def tag_bypass(policy: Policy[Project | Folder | Organization], clock: Clock, access: EffectiveAccess) -> Verdict:
    """Somebody whose role depends on a tag can bind that tag themselves.

    Why: The condition asks for a tag, and its holder may put the tag on any resource there: the condition is
    theirs to meet. Attaching a tag takes the permission on the resource and on the tag value; Tag User has both.

    What a fix may break: Automation that tags what it makes. Give it Tag User on the values that no condition
    asks for.

    Source: https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-tags
    """
    unread: Undetermined | None = None
    try:
        if not _is_tagged(policy):
            return PASS  # the usual case
    except Undetermined as unknown:
        unread = unknown
    tagged = grants(policy, clock.now, members=_principal, counts=lambda grant: bool(_TAGGED.search(grant.condition)))
    if not tagged:
        return PASS
    index = standing_index(access)
    sides = []
    doubts: list[str] = []
    for wanted in (_BIND_VALUE, _BIND_RESOURCE):
        here, above = index.on(policy.asset, wanted, _principal), index.above(policy.asset, wanted, _principal)
        sides.append([power for power in (*here.found, *above.found) if not _TAGGED.search(power.condition)])
        doubts += [*here.doubts, *above.doubts]
    binders, doubt = index.both(*sides)
    able = {account for account, _, _ in binders}
    bypassing = []
    for grant_ in tagged:
        accounts, more = index.inside(grant_.member)
        if accounts & able or grant_.member.canonical in able:
            bypassing.append(grant_)
        doubt = doubt or (more if able else "")
    if not bypassing and (doubts or (doubt and all(sides))):
        raise Undetermined("who may bind the tag", (doubts or [doubt])[0])
    if not bypassing and unread:
        raise unread
    return tell(bypassing)
