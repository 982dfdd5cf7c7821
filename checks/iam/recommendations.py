"""Grants that are wider than their use, as Google's recommender watched it. A live collection reads them."""

from __future__ import annotations

from typing import Any

from auditor import Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.usage import Recommendation

_PROJECT = "//cloudresourcemanager.googleapis.com/projects/1001"
_GONE = {"data": {"stateInfo": {"state": "SUCCEEDED"}}}
_DONE = not_applicable("somebody acted on it")
_ANOTHER = not_applicable("a recommendation of another kind")
_REVOKE = (
    "gcloud recommender recommendations describe {recommendation.id} --recommender=google.iam.policy.Recommender "
    "--location=global"
)


def _recommended(subtype: str, *, unknown: tuple[str, ...] = (), state: str = "ACTIVE", **overview: Any) -> Example:
    usual = {"resource": _PROJECT, "member": "user:ann@example.com", "removedRole": "roles/editor"}
    data = {
        "recommenderSubtype": subtype,
        "stateInfo": {"state": state},
        "content": {"overview": {**usual, **overview}},
    }
    where = "projects/1001/locations/global/recommenders/google.iam.policy.Recommender/recommendations/5d1f"
    return asset(Recommendation, data, name=f"//recommender.googleapis.com/{where}", unknown=unknown)


_REPLACE = _recommended("REPLACE_ROLE", addedRoles=["roles/run.developer"])
_REMOVE = _recommended("REMOVE_ROLE")
_AGENT = _recommended(
    "SERVICE_AGENT_WITH_DEFAULT_ROLE",
    member="serviceAccount:service-1001@dataflow-service-producer-prod.iam.gserviceaccount.com",
    addedRoles=["roles/dataflow.serviceAgent"],
)


@check(
    "grant-excess-permissions",
    severity=Severity.LOW,
    evidence=["content.overview"],
    same_as=["sha:IAM_ROLE_HAS_EXCESSIVE_PERMISSIONS"],
    fix=Fix(
        gcloud=_REVOKE,
        terraform="the smaller roles in place of the wide one",
        manual="Grant the roles that are recommended, then take the wide one away.",
        patch=_GONE,
    ),
    passes=lambda: [_REMOVE, _AGENT, _recommended("REPLACE_ROLE", state="SUCCEEDED")],
    fails=lambda: [_REPLACE, _recommended("REPLACE_ROLE_CUSTOMIZABLE", addedRoles=["roles/viewer"])],
    unknown=lambda: [_recommended("REPLACE_ROLE", unknown=("resource.data.stateInfo",))],
)
def excess_permissions(recommendation: Recommendation) -> Verdict:
    """A principal uses few of the permissions that a role gives it.

    Why: What is granted and not used is of use to nobody but whoever takes the principal over. Google watched for up
    to 90 days, and names smaller roles that cover what was used.

    What a fix may break: What the principal does less often than the recommender looks back, such as a yearly close.

    Source: https://cloud.google.com/policy-intelligence/docs/role-recommendations-overview
    """
    if not recommendation.recommender_subtype.startswith("REPLACE_ROLE"):
        return _ANOTHER
    if not recommendation.is_open:
        return _DONE
    change = recommendation.change
    smaller = ", ".join(change.added_roles) or "a custom role"
    return fail(f"{change.member} needs {smaller} in place of {change.removed_role}")


@check(
    "grant-unused",
    severity=Severity.LOW,
    evidence=["content.overview"],
    same_as=["sha:UNUSED_IAM_ROLE"],
    fix=Fix(
        gcloud=_REVOKE,
        terraform="no such google_project_iam_member",
        manual="Take the role away.",
        patch=_GONE,
    ),
    passes=lambda: [_REPLACE, _AGENT, _recommended("REMOVE_ROLE", state="DISMISSED")],
    fails=lambda: [_REMOVE, _recommended("REMOVE_ROLE_STORAGE_BUCKET", removedRole="roles/storage.objectAdmin")],
    unknown=lambda: [_recommended("REMOVE_ROLE", unknown=("resource.data.recommenderSubtype",))],
)
def unused_grant(recommendation: Recommendation) -> Verdict:
    """A principal holds a role and uses nothing of it.

    Why: A role that its holder does not use is of use to nobody but whoever takes the holder over.

    What a fix may break: What is done less often than the recommender looks back, which is up to 90 days.

    Source: https://cloud.google.com/policy-intelligence/docs/role-recommendations-overview
    """
    if not recommendation.recommender_subtype.startswith("REMOVE_ROLE"):
        return _ANOTHER
    if not recommendation.is_open:
        return _DONE
    change = recommendation.change
    return fail(f"{change.member} used nothing of {change.removed_role}")


@check(
    "service-agent-role-replaced",
    severity=Severity.MEDIUM,
    evidence=["content.overview"],
    same_as=["sha:SERVICE_AGENT_ROLE_REPLACED_WITH_BASIC_ROLE"],
    fix=Fix(
        gcloud=_REVOKE,
        terraform="google_project_iam_member with the service agent's own role",
        manual="Grant the service agent its own role back, then take the basic role away.",
        patch=_GONE,
    ),
    passes=lambda: [_REMOVE, _REPLACE, _recommended("SERVICE_AGENT_WITH_DEFAULT_ROLE", state="SUCCEEDED")],
    fails=lambda: [_AGENT],
    unknown=lambda: [_recommended("SERVICE_AGENT_WITH_DEFAULT_ROLE", unknown=("resource.data.stateInfo",))],
)
def agent_role_replaced(recommendation: Recommendation) -> Verdict:
    """A service agent of Google's lost its own role and holds a basic one in its place.

    Why: The role that a service agent is given at its birth permits what its service needs. Owner or Editor in its
    place lets a mistake in that service, or whoever can make it act, change everything in the project.

    What a fix may break: Whatever the agent was made to do beside its service, which should have an account of its own.

    Source: https://cloud.google.com/policy-intelligence/docs/role-recommendations-overview
    """
    if not recommendation.recommender_subtype.startswith("SERVICE_AGENT_"):
        return _ANOTHER
    if not recommendation.is_open:
        return _DONE
    change = recommendation.change
    own = ", ".join(change.added_roles) or "its own role"
    return fail(f"{change.member} holds {change.removed_role} where it needs {own}")
