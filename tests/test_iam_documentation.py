"""Worked examples and plain statements of Google's IAM documentation, asked of a whole estate with the real roles.

Examples of deny policies, boundaries and single conditions stand in their own tests; here allow policies, inheritance
and what all of them give together. Each test names the page.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.access.collect import Collector
from auditor.access.effective import EffectiveAccess
from auditor.access.role_table import built_in
from tests.access_estates import NOW, ORGANISATION, estate, exported
from tests.naive_access import MANAGER, Estate

P1, P2, ORG = MANAGER + "projects/p1", MANAGER + "projects/p2", MANAGER + ORGANISATION
TOPIC = "//pubsub.googleapis.com/projects/p1/topics/topic_a"
BUCKET = "//storage.googleapis.com/b1"
MICAH, SONG = "user:micah@example.com", "user:song@example.com"


def asked(made: Estate, *more: dict[str, Any]) -> EffectiveAccess:
    """The estate's access, and further assets, with the roles that came with the auditor."""
    collector = Collector(NOW, roles=built_in())
    for line in [*exported(made).splitlines(), *(json.dumps(asset).encode() for asset in more)]:
        collector.add(line)
    return EffectiveAccess(collector.world(), NOW)


def bind(role: str, *members: str, condition: str = "") -> dict[str, Any]:
    return {"role": role, "members": list(members), "condition": condition}


def topic(*bindings: dict[str, Any]) -> dict[str, Any]:
    shown = [{key: value for key, value in binding.items() if value} for binding in bindings]
    ancestors = ["projects/1001", "folders/5", ORGANISATION]
    return {
        "name": TOPIC,
        "asset_type": "pubsub.googleapis.com/Topic",
        "ancestors": ancestors,
        "iam_policy": {"bindings": shown},
    }


@pytest.mark.parametrize(
    ("who", "permission", "resource", "state"),
    [
        (MICAH, "pubsub.topics.update", TOPIC, "GRANTED"),
        (MICAH, "pubsub.topics.publish", TOPIC, "GRANTED"),
        (SONG, "pubsub.topics.publish", TOPIC, "GRANTED"),
        (SONG, "pubsub.topics.update", TOPIC, "NOT_GRANTED"),
        (SONG, "pubsub.topics.publish", P1, "NOT_GRANTED"),
    ],
)
def test_overview_a_topic_inherits_editors_of_its_project(who: str, permission: str, resource: str, state: str) -> None:
    """cloud.google.com/iam/docs/overview#policy-inheritance: Editor on the project, Publisher on topic_a."""
    made = asked(estate(policies={P1: [bind("roles/editor", MICAH)]}), topic(bind("roles/pubsub.publisher", SONG)))
    assert made.can(who, permission, resource).state == state


def test_hierarchy_a_child_policy_cannot_restrict_what_the_parent_grants() -> None:
    """cloud.google.com/iam/docs/resource-hierarchy-access-control: the effective policy is the union."""
    made = asked(estate(policies={ORG: [bind("roles/editor", MICAH)], P1: [bind("roles/viewer", MICAH)]}))
    assert made.can(MICAH, "compute.instances.delete", P1).state == "GRANTED"


def test_hierarchy_roles_on_a_folder_reach_the_projects_inside_only() -> None:
    """cloud.google.com/iam/docs/resource-hierarchy-access-control, folder level."""
    made = asked(estate(policies={MANAGER + "folders/5": [bind("roles/compute.networkViewer", MICAH)]}))
    states = {name: made.can(MICAH, "compute.networks.get", f"projects/{name}").state for name in ("p1", "p2", "p3")}
    assert states == {"p1": "GRANTED", "p2": "GRANTED", "p3": "NOT_GRANTED"}


def test_allow_policies_an_unconditional_binding_is_not_limited_by_a_conditional_one() -> None:
    """cloud.google.com/iam/docs/allow-policies: a conditional binding does not override one without condition."""
    expired = 'request.time < timestamp("2020-07-01T00:00:00.000Z")'
    both = [bind("roles/storage.objectViewer", MICAH), bind("roles/storage.objectViewer", MICAH, condition=expired)]
    assert asked(estate(policies={BUCKET: both})).can(MICAH, "storage.objects.get", BUCKET).state == "GRANTED"
    assert asked(estate(policies={BUCKET: both[1:]})).can(MICAH, "storage.objects.get", BUCKET).state == "NOT_GRANTED"


def test_allow_policies_whoever_was_deleted_and_made_anew_holds_nothing() -> None:
    """cloud.google.com/iam/docs/allow-policies#handle-deleted-members."""
    made = asked(
        estate(policies={P1: [bind("roles/editor", "deleted:user:micah@example.com?uid=123456789012345678901")]})
    )
    assert made.can(MICAH, "compute.instances.delete", P1).state == "NOT_GRANTED"


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        ("destination.port == 21", "NOT_GRANTED"),
        ("resource.type != 'iap.googleapis.com/TunnelInstance' || destination.port == 21", "GRANTED"),
    ],
)
def test_condition_reference_an_attribute_that_is_not_available_never_grants(condition: str, state: str) -> None:
    """cloud.google.com/iam/docs/conditions-attribute-reference#inherited: ports and BigQuery."""
    dataset = "//bigquery.googleapis.com/projects/p1/datasets/d"
    asset = {
        "name": dataset,
        "asset_type": "bigquery.googleapis.com/Dataset",
        "ancestors": ["projects/1001", "folders/5", ORGANISATION],
    }
    made = estate(policies={P1: [bind("roles/bigquery.admin", MICAH, condition=condition)]})
    access = asked(made, {**asset, "iam_policy": {"bindings": []}})
    assert access.can(MICAH, "bigquery.datasets.get", dataset).state == state


def test_conditions_access_to_buckets_with_a_prefix() -> None:
    """cloud.google.com/iam/docs/configuring-resource-based-access: buckets whose names start alike."""
    condition = "resource.type == 'storage.googleapis.com/Bucket' && resource.name.startsWith('projects/_/buckets/b1')"
    made = estate(policies={P1: [bind("roles/storage.admin", MICAH, condition=condition)]})
    access = asked(made)
    assert access.can(MICAH, "storage.buckets.delete", "gs://b1").state == "GRANTED"
    assert access.can(MICAH, "storage.buckets.create", P1).state == "NOT_GRANTED"


def test_custom_roles_cannot_be_granted_outside_of_their_project() -> None:
    """cloud.google.com/iam/docs/understanding-custom-roles: not on resources of another project or organisation."""
    role = "projects/p1/roles/r"
    policies = {P1: [bind(role, MICAH)], P2: [bind(role, SONG)]}
    access = asked(estate(policies=policies, roles={role: ["storage.buckets.get"]}))
    assert access.can(MICAH, "storage.buckets.get", BUCKET).state == "GRANTED"
    assert access.can(SONG, "storage.buckets.get", P2).state == "NOT_GRANTED"


@pytest.mark.parametrize(
    ("denied", "bound_to", "state"),
    [
        (False, [], "GRANTED"),
        (True, [], "NOT_GRANTED"),
        (False, ["projects/p1"], "GRANTED"),
        (False, ["projects/p2"], "NOT_GRANTED"),
        (True, ["projects/p1"], "NOT_GRANTED"),
    ],
)
def test_policy_types_every_kind_of_policy_has_to_let_the_request_through(
    denied: bool, bound_to: list[str], state: str
) -> None:
    """cloud.google.com/iam/docs/policy-types#evaluation."""
    account = "serviceAccount:ci@p1.iam.gserviceaccount.com"
    name = f"{ORGANISATION}/locations/global/principalAccessBoundaryPolicies/one"
    rule = {"principals": ["principalSet://goog/public:all"], "permissions": ["storage.googleapis.com/buckets.get"]}
    made = estate(
        policies={BUCKET: [bind("roles/storage.admin", account)]},
        denies=[{"on": "folders/5", "rules": [rule]}] if denied else [],
        boundaries={name: {"version": "latest", "resources": bound_to}} if bound_to else {},
        boundary_bindings=[{"policy": name, "principals": MANAGER + "projects/p1"}] if bound_to else [],
    )
    assert asked(made).can(account, "storage.buckets.get", BUCKET).state == state


def test_convenience_values_stand_for_holders_of_basic_roles_on_the_project() -> None:
    """cloud.google.com/storage/docs/access-control/iam#convenience-values."""
    policies = {
        P1: [bind("roles/viewer", MICAH)],
        P2: [bind("roles/viewer", SONG)],
        BUCKET: [bind("roles/storage.legacyBucketReader", "projectViewer:p1")],
    }
    access = asked(estate(policies=policies))
    assert access.can(MICAH, "storage.objects.list", BUCKET).state == "GRANTED"
    assert access.can(SONG, "storage.objects.list", BUCKET).state == "NOT_GRANTED"


def test_all_authenticated_users_are_google_accounts_and_no_federated_identities() -> None:
    """cloud.google.com/iam/docs/principals-overview#all-authenticated-users."""
    access = asked(estate(policies={BUCKET: [bind("roles/storage.objectViewer", "allAuthenticatedUsers")]}))
    pool = "principal://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/ci/subject/x"
    states = {
        who: access.can(who, "storage.objects.get", BUCKET).state for who in ("user:a@gmail.com", pool, "allUsers")
    }
    assert states == {"user:a@gmail.com": "GRANTED", pool: "NOT_GRANTED", "allUsers": "NOT_GRANTED"}
