"""Paths to control: chains of steps by which somebody comes to own a project, folder or organization.

Each step may look harmless by itself. A path is one finding of what it leads to, above the findings of its parts.
"""

from __future__ import annotations

import shlex

from auditor import (
    PASS,
    Example,
    Fix,
    Policy,
    Settings,
    Severity,
    Verdict,
    WaysToControl,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.control.entry_points import INTERNET
from auditor.access.control.search import ControlPath
from auditor.access.control.ways import Ways
from auditor.resources.iam import ServiceAccount, ServiceAccountKey
from auditor.resources.iam_policies import DenyPolicy
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.serverless import RunService
from checks.iam.containers import above_project, grant, on_folder, on_organization, on_project

_SHOWN = 50
_TITLE_STEPS = 4

_ACCOUNT = "web@p.iam.gserviceaccount.com"
_ROBOT = f"serviceAccount:{_ACCOUNT}"
_ADMIN = "roles/resourcemanager.projectIamAdmin"
_PROJECT = asset(Project, {"projectId": "p", "projectNumber": "1001"})
_SERVICE_NAME = "//run.googleapis.com/projects/p/locations/europe-west1/services/web"


def _account(*bindings: dict[str, object], email: str = _ACCOUNT) -> Example:
    return asset(
        ServiceAccount,
        {"email": email},
        policy={"bindings": list(bindings)},
        name=f"//iam.googleapis.com/projects/p/serviceAccounts/{email}",
    )


def _service(*bindings: dict[str, object], ingress: str = "INGRESS_TRAFFIC_ALL") -> Example:
    return asset(
        RunService,
        {"template": {"serviceAccount": _ACCOUNT}, "ingress": ingress},
        policy={"bindings": list(bindings)},
        name=_SERVICE_NAME,
    )


def _key(**data: object) -> Example:
    return asset(
        ServiceAccountKey,
        {"keyType": "USER_MANAGED", **data},
        name=f"//iam.googleapis.com/projects/p/serviceAccounts/{_ACCOUNT}/keys/0a1b",
    )


def _no_tokens(user: str) -> Example:
    """A deny policy on the project that keeps one user from minting tokens of service accounts."""
    rule = {
        "deniedPrincipals": [f"principal://goog/subject/{user}"],
        "deniedPermissions": [
            f"iam.googleapis.com/serviceAccounts.{how}"
            for how in ("getAccessToken", "signBlob", "signJwt", "implicitDelegation", "getOpenIdToken")
        ],
    }
    return asset(
        DenyPolicy,
        {"rules": [{"denyRule": rule}]},
        name="//iam.googleapis.com/policies/cloudresourcemanager.googleapis.com%2Fprojects%2F1001/denypolicies/no",
    )


_ANYBODY = grant("roles/run.invoker", "allUsers")
_TOKENS = grant("roles/iam.serviceAccountTokenCreator", "user:eve@example.com")
_PUBLIC_TOKENS = grant("roles/iam.serviceAccountTokenCreator", "allAuthenticatedUsers")
_ABOVE = above_project()


def _fix(manual: str) -> Fix:
    clean = {"bindings": [grant("roles/run.viewer", "group:developers@example.com")]}
    return Fix(
        gcloud="{found[_removal_of_binding]}",
        terraform="the google_*_iam_member (or `_binding`) of the binding that the evidence names under `remove`",
        guardrail="",
        manual=manual,
        patch=lambda: [
            asset(Project, policy=clean),
            asset(Folder, policy=clean, ancestors=("folders/2001", "organizations/3001")),
            asset(Organization, policy=clean, ancestors=("organizations/3001",)),
        ],
    )


class PathSettings(Settings, frozen=True):
    """Which paths are findings."""

    certain_only: bool = False
    """Leave out paths that rest on what the input does not tell, as that a reachable workload can be taken over."""


@check(
    "path-to-control-from-outside",
    severity=Severity.CRITICAL,
    fix=_fix(
        "Cut the path where it costs least: take away the binding under `remove`, close the way in, or run what the "
        "internet reaches as an account with no more than its code needs. Then audit again: a second path may be left."
    ),
    passes=lambda: [
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(), _service(), *_ABOVE],
        [on_project(grant("roles/run.viewer", _ROBOT)), _PROJECT, _account(), _service(_ANYBODY), *_ABOVE],
        [
            on_project(grant(_ADMIN, _ROBOT)),
            _PROJECT,
            _account(),
            _service(_ANYBODY, ingress="INGRESS_TRAFFIC_INTERNAL_ONLY"),
            *_ABOVE,
        ],
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(), _key(disabled=True), *_ABOVE],
        [on_project(), on_folder(), on_organization(grant(_ADMIN, _ROBOT)), _PROJECT, _account(_PUBLIC_TOKENS)],
    ],
    fails=lambda: [
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(), _service(_ANYBODY), *_ABOVE],
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(_PUBLIC_TOKENS), *_ABOVE],
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(), _key(), *_ABOVE],
        [on_folder(grant("roles/owner", _ROBOT)), on_project(), on_organization(), _PROJECT, _account(_PUBLIC_TOKENS)],
        [
            on_organization(grant("roles/iam.securityAdmin", _ROBOT)),
            on_project(),
            on_folder(),
            _PROJECT,
            _account(),
            _service(_ANYBODY),
        ],
    ],
    unknown=lambda: [
        [on_project(grant("projects/p/roles/ops", _ROBOT)), _PROJECT, _account(), _service(_ANYBODY), *_ABOVE],
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(), _service()],
        [
            on_project(grant(_ADMIN, _ROBOT)),
            _PROJECT,
            _account(grant("roles/iam.serviceAccountTokenCreator", "group:partners@example.org")),
            _service(),
            *_ABOVE,
        ],
    ],
)
def from_outside(
    policy: Policy[Project | Folder | Organization], ways: WaysToControl, settings: PathSettings
) -> Verdict:
    """Somebody outside can come to control a project, folder or organization, step by step.

    Why: A public service, a key file, an open port or a trusted pipeline is an ordinary thing, and so is a service
    account with strong roles. Chained, they hand over everything below: who gets into the one acts as the other. All
    bindings, groups, conditions, denials, workloads and ways in are looked at together. Certain paths need nothing but
    what is granted, and are critical, as is what only one flaw keeps from the whole internet; others that need a
    leaked file, or something that the input does not tell, are high. What is controlled by way of a folder or
    organization above it is told there.

    What a fix may break: Whatever uses the binding that is taken away; the evidence names each step, so that another
    one can be cut instead.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    found = ways.to(policy.asset.key, outside=True)
    grave = found.certain or INTERNET in found.sources
    return _verdict(found, settings, Severity.CRITICAL if grave else Severity.HIGH)


@check(
    "path-to-control-from-inside",
    severity=Severity.MEDIUM,
    fix=_fix(
        "Cut the path where it costs least: take away the binding under `remove`, or give the right on the one account "
        "or resource that is meant. Whoever is meant to control it should be granted that in the open."
    ),
    passes=lambda: [
        [on_project(grant("roles/owner", "user:eve@example.com")), _PROJECT, *_ABOVE],
        [on_project(grant("roles/run.viewer", _ROBOT)), _PROJECT, _account(_TOKENS), *_ABOVE],
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(_TOKENS), _no_tokens("eve@example.com"), *_ABOVE],
        [on_project(grant("roles/run.developer", "user:eve@example.com"), grant(_ADMIN, _ROBOT)), _PROJECT, *_ABOVE],
    ],
    fails=lambda: [
        [on_project(grant(_ADMIN, _ROBOT)), _PROJECT, _account(_TOKENS), *_ABOVE],
        [
            on_project(
                grant("roles/run.developer", "user:eve@example.com"),
                grant("roles/iam.serviceAccountUser", "user:eve@example.com"),
                grant(_ADMIN, _ROBOT),
            ),
            _PROJECT,
            _account(),
            *_ABOVE,
        ],
        [on_folder(grant("roles/owner", _ROBOT)), on_project(), on_organization(), _PROJECT, _account(_TOKENS)],
    ],
    unknown=lambda: [
        [on_project(grant("projects/p/roles/ops", "user:eve@example.com")), _PROJECT, *_ABOVE],
        [on_project(), _PROJECT],
    ],
)
def from_inside(
    policy: Policy[Project | Folder | Organization], ways: WaysToControl, settings: PathSettings
) -> Verdict:
    """Somebody who was not given control of a project, folder or organization can come to have it.

    Why: Least privilege is what somebody can reach, not what a role is called. A developer who may deploy as an account
    that sets policies, a pipeline that mints the tokens of another, a custom role that its holder may rewrite: each
    is an owner in two steps. Told of identities inside the organization that do not hold the control openly; those
    outside have a check of their own. A path to a folder or organization counts for more than one to a project.

    What a fix may break: Deployments and pipelines that live off the step that is cut.

    Source: https://cloud.google.com/iam/docs/service-account-permissions
    """
    found = ways.to(policy.asset.key, outside=False)
    wide = not policy.asset.key.startswith("projects/")
    ranks = (Severity.HIGH, Severity.MEDIUM) if wide else (Severity.MEDIUM, Severity.LOW)
    return _verdict(found, settings, ranks[0] if found.certain else ranks[1])


def _verdict(found: Ways, settings: PathSettings, severity: Severity) -> Verdict:
    if found.above:
        return not_applicable(f"whoever comes to control {found.above} controls it; the path is told there")
    if not found.sources or (settings.certain_only and not found.certain):
        return PASS
    others = len(found.sources) - 1
    more = f", and {others:,} more way{'s' * (others > 1)}" if others else ""
    first = found.paths[0] if found.paths else None
    chain = _chain(first) if first else f"{found.sources[0]} can come to control it"
    words = tuple(shlex.split(found.remove.command)) if found.remove else ()
    return fail(
        f"{chain}{more}",
        evidence={
            "certainty": "certain" if found.certain else "possible",
            "remove": found.remove.sentence if found.remove else "",
            "cuts": "every path to it" if found.cuts_all else "the most paths of any one binding",
            "control_of": found.target,
            "from": list(found.sources[:_SHOWN]),
            "path": [step.sentence for step in first.steps] if first else _untold(found.sources[0]),
            "_removal_of_binding": words,
        },
        severity=severity,
        discriminator="\n".join(found.routes),
    )


def _chain(path: ControlPath) -> str:
    """`the internet → vm-x → its account → control of projects/p`."""
    stations = [path.source, *map(_short, path.via), f"control of {path.target}"]
    if len(stations) > _TITLE_STEPS + 2:
        stations = [*stations[:_TITLE_STEPS], "…", stations[-1]]
    return " → ".join(stations)


def _short(name: str) -> str:
    """`instances/vm` of a full resource name, the address of an account."""
    return "/".join(name.split("/")[-2:]) if name.startswith("//") else name.removeprefix("serviceAccount:")


def _untold(source: str) -> list[str]:
    return [f"The steps are told by: auditor access paths --from {shlex.quote(source)}"]
