"""Callers that do not say who they are: public invokers, and services that do not ask."""

from __future__ import annotations

from functools import cache
from typing import Any

from auditor import PASS, Clock, Fix, Policy, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.access.grants import Grant, grants, tell
from auditor.access.members import Member
from auditor.access.role_table import load
from auditor.access.truth import Decision, either
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Project
from auditor.resources.serverless import CloudFunction, Function, RunJob, RunService

_INVOKER = "roles/run.invoker"
_FUNCTION_INVOKER = "roles/cloudfunctions.invoker"
_CALLS = ("run.routes.invoke", "run.jobs.run", "cloudfunctions.functions.invoke")
"""What lets its holder call a service or function, or run a job as it is."""
_CONTROL = (
    "run.services.update",
    "run.services.setIamPolicy",
    "run.jobs.update",
    "run.jobs.setIamPolicy",
    "run.jobs.runWithOverrides",
    "cloudfunctions.functions.update",
    "cloudfunctions.functions.sourceCodeSet",
    "cloudfunctions.functions.setIamPolicy",
)
"""What lets its holder deploy code, start a job's code with arguments of their choice, or let others do so."""
_CALLER = "serviceAccount:scheduler@p.iam.gserviceaccount.com"


def _policy(role: str, *members: str, condition: str = "") -> dict[str, Any]:
    binding: dict[str, Any] = {"role": role, "members": list(members)}
    if condition:
        binding["condition"] = {"title": "limited", "expression": condition}
    return {"bindings": [binding]}


def _is_public(member: Member) -> bool:
    return member.is_public


@cache
def _permits(role: str, permissions: tuple[str, ...]) -> Decision:
    """Whether a role permits one of some permissions; of a custom role that is not known here."""
    table = load()
    return either(table.grants(role, permission) for permission in permissions)


def _weight(grant: Grant) -> Severity:
    """By what the role permits; a custom one may let strangers deploy."""
    controls = _permits(grant.role, _CONTROL)
    if controls.holds:
        return Severity.CRITICAL
    return Severity.HIGH if controls.is_unknown else Severity.MEDIUM


def _only_calls(grant: Grant) -> bool:
    return _permits(grant.role, _CALLS).holds and _permits(grant.role, _CONTROL).fails


@check(
    "run-public",
    severity=Severity.MEDIUM,
    same_as=["steampipe:cloudrun_service_restrict_public_access", "checkov:CKV_GCP_102"],
    fix=Fix(
        gcloud=(
            "gcloud run {found[_collection]} remove-iam-policy-binding {asset.id} --region={asset.location} "
            "--member={found[member]} --role={found[role]}"
        ),
        terraform="no allUsers or allAuthenticatedUsers in google_cloud_run_v2_service_iam_* (or the v1 form)",
        guardrail="iam.allowedPolicyMemberDomains",
        manual=(
            "Grant roles/run.invoker to the callers by name. Where the service is a public front door on purpose, "
            "accept this finding with its owner and the date of the next review, and put a load balancer with "
            "Cloud Armor before it."
        ),
        patch={"policy": _policy(_INVOKER, _CALLER)},
    ),
    passes=lambda: [
        asset(RunService, policy=_policy(_INVOKER, _CALLER, "domain:example.com")),
        asset(RunService, policy={}),
        asset(
            RunService,
            policy=_policy(_INVOKER, "allUsers", condition='request.time < timestamp("2026-03-01T00:00:00Z")'),
        ),
        [
            asset(RunService, {}),
            asset(Project, {"projectId": "p"}, policy={"bindings": []}),
            asset(
                RunService, {}, policy=_policy(_INVOKER, _CALLER), name="//run.googleapis.com/projects/p/services/other"
            ),
        ],
    ],
    fails=lambda: [
        asset(RunService, policy=_policy(_INVOKER, _CALLER, "allUsers")),
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_ALL"}, policy=_policy(_INVOKER, "allUsers")),
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}, policy=_policy(_INVOKER, "allUsers")),
        asset(RunService, {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}, policy=_policy(_INVOKER, "allUsers")),
        asset(RunService, {"iapEnabled": True}, policy=_policy("roles/run.admin", "allUsers")),
        asset(RunService, policy=_policy("roles/run.servicesInvoker", "allAuthenticatedUsers")),
        asset(RunService, policy=_policy("roles/run.developer", "allAuthenticatedUsers")),
        asset(RunJob, policy=_policy(_INVOKER, "allUsers")),
        asset(RunJob, policy=_policy("roles/run.jobsExecutorWithOverrides", "allAuthenticatedUsers")),
        asset(RunService, policy=_policy("projects/p/roles/caller", "allUsers")),
    ],
    unknown=lambda: [asset(RunService, policy=_policy(_INVOKER), unknown=["iam_policy.bindings.0.members"])],
)
def run_public(workload: RunService | RunJob, policy: Policy[RunService | RunJob], clock: Clock) -> Verdict:
    """A Cloud Run service or job takes requests from callers that do not say who they are.

    Why: IAM no longer stands between the internet and the code: what the service checks itself is all that is
    checked, and every request costs money. For a web front end or a webhook that is how it must be; for an internal
    API or a job it is a hole. The finding is high where the service's own address answers the internet, and low where
    only a load balancer, Identity-Aware Proxy or the project's networks lead to it.

    What a fix may break: Every caller without an identity token: browsers, webhooks, uptime checks.

    Source: https://cloud.google.com/run/docs/authenticating/public
    """
    found = grants(policy, clock.now, members=_is_public, types=PUBLIC)
    verdict = tell(found, _weight)
    if not found or not all(map(_only_calls, found)):
        return verdict
    severity, way = _way_in(workload)
    return fail(f"{verdict.reason}; {way}", evidence=verdict.evidence, severity=severity)


def _way_in(workload: RunService | RunJob) -> tuple[Severity, str]:
    """How much it matters that IAM lets in everyone, and what else callers have to pass, as a clause."""
    if isinstance(workload, RunJob):
        return Severity.MEDIUM, "whoever has an access token runs the job"
    try:
        if workload.has_iap:
            return Severity.LOW, "Identity-Aware Proxy asks every caller"
        if workload.ingress_traffic == "INGRESS_TRAFFIC_INTERNAL_ONLY":
            return Severity.LOW, "only the project's own networks reach it"
        if not workload.accepts_internet:
            return Severity.LOW, "only a load balancer and the project's own networks reach it"
    except Undetermined:
        return Severity.MEDIUM, "what else stands in the way is not known"
    return Severity.HIGH, "its own address answers the whole internet"


@check(
    "function-public",
    severity=Severity.MEDIUM,
    same_as=[
        "prowler:cloudfunction_function_not_publicly_accessible",
        "steampipe:cloudfunction_function_restrict_public_access",
        "scoutsuite:functions-v1-member",
        "checkov:CKV_GCP_107",
        "cloudsploit:cloudfunctions/functionAllUsersPolicy",
    ],
    fix=Fix(
        gcloud=(
            "gcloud functions remove-iam-policy-binding {policy.asset.short_name} "
            "--member={found[member]} --role={found[role]}"
        ),
        terraform="no allUsers or allAuthenticatedUsers in google_cloudfunctions_function_iam_* (or functions2)",
        guardrail="iam.allowedPolicyMemberDomains",
        manual=(
            "Grant the invoker role to the callers by name. A webhook that must stay open is accepted as an exception "
            "with an owner and checks the sender's signature."
        ),
        patch={"policy": _policy(_FUNCTION_INVOKER, _CALLER)},
    ),
    passes=lambda: [
        asset(CloudFunction, policy=_policy(_FUNCTION_INVOKER, _CALLER)),
        asset(Function, policy={"bindings": []}),
    ],
    fails=lambda: [
        asset(CloudFunction, policy=_policy(_FUNCTION_INVOKER, "allUsers")),
        asset(Function, policy=_policy(_INVOKER, "allUsers")),
        asset(CloudFunction, policy=_policy("roles/cloudfunctions.viewer", "allAuthenticatedUsers")),
        asset(Function, policy=_policy("roles/cloudfunctions.admin", _CALLER, "allAuthenticatedUsers")),
    ],
    unknown=lambda: [asset(CloudFunction, policy={}, unknown=["iam_policy.bindings"])],
)
def function_public(policy: Policy[CloudFunction | Function], clock: Clock) -> Verdict:
    """A function's policy lets in callers that do not say who they are.

    Why: Anyone who learns the URL, which is easy to guess, runs the function with the rights of its service account
    and at your cost. With a viewer's or developer's role they see or replace its code.

    What a fix may break: Callers without an identity token: browsers, webhooks.

    Source: https://cloud.google.com/functions/docs/securing/managing-access-iam
    """
    return tell(grants(policy, clock.now, members=_is_public, types=PUBLIC), _weight)


@check(
    "run-invoker-check-disabled",
    severity=Severity.MEDIUM,
    evidence=["invokerIamDisabled", "ingress"],
    fix=Fix(
        gcloud="gcloud run services update {service.id} --region={service.location} --invoker-iam-check",
        terraform="`invoker_iam_disabled = false` on google_cloud_run_v2_service",
        guardrail="run.managed.requireInvokerIam",
        manual="Grant roles/run.invoker to the callers first.",
        patch={
            "data": {
                "invokerIamDisabled": False,
                "metadata": {"annotations": {"run.googleapis.com/invoker-iam-disabled": None}},
            }
        },
    ),
    passes=lambda: [
        asset(RunService, {"template": {}}),
        asset(RunService, {"invokerIamDisabled": True, "iapEnabled": True}),
        asset(RunService, {"invokerIamDisabled": True, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}),
        asset(
            RunService, {"spec": {}, "metadata": {"annotations": {"run.googleapis.com/invoker-iam-disabled": "false"}}}
        ),
    ],
    fails=lambda: [
        asset(RunService, {"invokerIamDisabled": True}),
        asset(RunService, {"invokerIamDisabled": True, "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}),
        asset(
            RunService, {"spec": {}, "metadata": {"annotations": {"run.googleapis.com/invoker-iam-disabled": "true"}}}
        ),
    ],
    unknown=lambda: [asset(RunService, {"template": {}}, unknown=["resource.data.invokerIamDisabled"])],
)
def invoker_check_disabled(service: RunService) -> Verdict:
    """A Cloud Run service does not ask IAM who may invoke it.

    Why: Everyone who reaches the service is served, and its IAM policy, where people look for that, shows nothing of
    it.

    What a fix may break: Every caller that is not granted roles/run.invoker, and browsers.

    Source: https://cloud.google.com/run/docs/securing/managing-access#invoker_check
    """
    if not service.skips_invoker_check:
        return PASS
    if service.has_iap:
        return not_applicable("Identity-Aware Proxy asks every caller instead")
    if service.ingress_traffic == "INGRESS_TRAFFIC_INTERNAL_ONLY":
        return not_applicable("only the project's own networks reach the service")
    return fail("the invoker check is switched off")
