"""Secrets of production that other environments can read."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from auditor import PASS, Clock, Estate, Fix, Policy, Severity, Undetermined, Verdict, asset, check, not_applicable
from auditor.access.grants import grants, tell
from auditor.access.members import Member
from auditor.resources.resourcemanager import Project
from auditor.resources.secretmanager import Secret
from checks.vpc_sc.membership import EnvironmentSettings

_READING = frozenset(["roles/secretmanager.secretAccessor", "roles/secretmanager.admin"])
_WORD = re.compile(r"[a-z]+")


class SecretEnvironmentSettings(EnvironmentSettings, frozen=True):
    """How projects say which environment they belong to: by a label, or by a word of their id."""

    other: tuple[str, ...] = (
        "dev",
        "development",
        "test",
        "testing",
        "qa",
        "uat",
        "staging",
        "stg",
        "preprod",
        "sandbox",
        "playground",
    )


def _secret(role: str, *members: str, project: str = "shop-prod", unknown: bool = False) -> Any:
    return asset(
        Secret,
        policy={"bindings": [{"role": role, "members": list(members)}]},
        name=f"//secretmanager.googleapis.com/projects/{project}/secrets/db-password",
        unknown=["iam_policy.bindings.0.members.*"] if unknown else [],
    )


_ACCESSOR = "roles/secretmanager.secretAccessor"
_PROD, _DEV = (f"serviceAccount:api@shop-{name}.iam.gserviceaccount.com" for name in ("prod", "dev"))
_NAMELESS = "serviceAccount:api@billing.iam.gserviceaccount.com"


def _labelled(identifier: str, environment: str, number: int = 1001) -> Any:
    labels = {"env": environment} if environment else {}
    return asset(Project, {"projectId": identifier, "labels": labels}, ancestors=[f"projects/{number}"])


@check(
    "secret-access-cross-environment",
    severity=Severity.HIGH,
    reads=[Project],
    fix=Fix(
        gcloud="gcloud secrets remove-iam-policy-binding {policy.asset.gcloud_name} --member={found[member]} "
        "--role={found[role]}",
        terraform="only service accounts of production in google_secret_manager_secret_iam_member",
        manual="Give the other environment a secret of its own, with a credential of its own.",
        patch={"policy": {"bindings": [{"role": _ACCESSOR, "members": [_PROD]}]}},
    ),
    passes=lambda: [
        _secret(_ACCESSOR, _PROD),
        _secret(_ACCESSOR, _DEV, project="shop-dev"),
        _secret("roles/secretmanager.secretVersionAdder", _DEV),
        _secret(_ACCESSOR, "group:sre@example.com"),
        [_secret(_ACCESSOR, _NAMELESS), _labelled("billing", "prod", 2002), _labelled("shop-prod", "prod")],
        [_secret(_ACCESSOR, _DEV, project="ledger"), _labelled("ledger", "")],
    ],
    fails=lambda: [
        _secret(_ACCESSOR, _PROD, _DEV),
        _secret("roles/secretmanager.admin", "serviceAccount:shop-staging@appspot.gserviceaccount.com"),
        [_secret(_ACCESSOR, _DEV, project="ledger"), _labelled("ledger", "Production")],
        [_secret(_ACCESSOR, _NAMELESS), _labelled("billing", "test", 2002)],
    ],
    unknown=lambda: [
        _secret(_ACCESSOR, _PROD, unknown=True),
        [_secret(_ACCESSOR, _NAMELESS), asset(Project, {"projectId": "billing"}, unknown=["resource.data.labels"])],
    ],
)
def cross_environment(
    policy: Policy[Secret], estate: Estate, settings: SecretEnvironmentSettings, clock: Clock
) -> Verdict:
    """A workload of another environment may read a secret of production.

    Why: Development is guarded less: whoever takes over a workload there holds the credentials of production, and
    the separation of the projects was for nothing.

    What a fix may break: Tests that run against production with its credentials.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    if policy.surely_lacks(types=("serviceAccount",), roles=_READING.__contains__):
        return PASS
    if not _is_production(_project_in(policy.asset.short_name), estate, settings):
        return not_applicable("neither label nor id of the project says that it is production")
    doubts: list[Undetermined] = []

    def is_foreign(member: Member) -> bool:
        try:
            return _is_production(member.account_project, estate, settings) is False
        except Undetermined as unknown:
            doubts.append(unknown)
            return False

    found = grants(policy, clock.now, members=is_foreign, roles=_READING.__contains__, types=("serviceAccount",))
    if doubts and not found:
        raise doubts[0]
    return tell(found)


def _project_in(name: str) -> str:
    return name.partition("projects/")[2].partition("/")[0]


@lru_cache(maxsize=1 << 12)
def _is_production(project: str, estate: Estate, settings: SecretEnvironmentSettings) -> bool | None:
    """Whether a project belongs to production, None where there is none, or neither its id nor a label tells."""
    if not project:
        return None
    identifier = estate.project_id(f"projects/{project}")
    words = set(_WORD.findall(identifier.lower()))
    if not words.isdisjoint(settings.other):
        return False
    if not words.isdisjoint(settings.production):
        return True
    for one in estate.related(Project, _identifier, identifier):
        told = [one.labels[label].lower() for label in settings.labels if label in one.labels]
        if told:
            return told[0] in settings.production
    return None


def _identifier(project: Project) -> str:
    return project.project_id
