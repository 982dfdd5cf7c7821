"""IAM conditions: Google's worked examples, what is not provided, what is not known, and malformed input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.access.conditions import PolicyKind, Request, condition_name, evaluate, tautology, window
from auditor.access.truth import Truth
from tests.condition_samples import (
    NOW,
    OBJECT,
    PROJECT,
    TUNNEL,
    WEB,
)

ROLES = "iam.googleapis.com/modifiedGrantsByRole"
SET_POLICY = "resourcemanager.projects.setIamPolicy"
HOLDS, FAILS, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def at(moment: str) -> Request:
    return Request(now=datetime.fromisoformat(moment))


def resource(kind: str, name: str | None = None, **known: Any) -> Request:
    return Request(now=NOW, resource_type=kind, resource_name=name, **known)


def instance(name: str) -> Request:
    return resource("compute.googleapis.com/Instance", name)


WORKING_HOURS = (
    "request.time.getHours('Europe/Berlin') >= 9 && request.time.getHours('Europe/Berlin') <= 17 &&\n"
    "// Days of the week range from 0 to 6, where 0 == Sunday and 6 == Saturday.\n"
    "request.time.getDayOfWeek('Europe/Berlin') >= 1 && request.time.getDayOfWeek('Europe/Berlin') <= 5"
)
FORWARDING_RULE = """!compute.isForwardingRuleCreationOperation() || (
  compute.isForwardingRuleCreationOperation() &&
  compute.matchLoadBalancingSchemes(['INTERNAL', 'INTERNAL_MANAGED', 'INTERNAL_SELF_MANAGED']))"""
BUCKET_ONLY = """(resource.type != 'storage.googleapis.com/Bucket' &&
 resource.type != 'storage.googleapis.com/Object') ||
resource.name.startsWith('projects/_/buckets/example-bucket')"""
IN_BUCKET = """resource.type == 'storage.googleapis.com/Object' &&
resource.name.startsWith('projects/_/buckets/exampleco-site-assets/')"""
MIXED = """request.time > timestamp('2018-08-03T16:00:00-07:00') &&
request.time < timestamp('2018-08-03T16:05:00-07:00') &&
((resource.name.startsWith('projects/project-123/zones/us-east1-b/instances/dev') ||
  (resource.name.startsWith('projects/project-123/zones/us-east1-b/instances/prod') &&
   'accessPolicies/34569256/accessLevels/CorpNet' in request.auth.access_levels)) ||
 resource.type != 'compute.googleapis.com/Instance')"""
CORP = frozenset({"accessPolicies/199923665455/accessLevels/CorpNet"})
IN_WINDOW = datetime(2018, 8, 3, 23, 2, tzinfo=UTC)
DEV = "projects/project-123/zones/us-east1-b/instances/dev-1"
PROD = "projects/project-123/zones/us-east1-b/instances/prod-1"

WORKED_EXAMPLES: list[tuple[str, Request, Truth]] = [
    # cloud.google.com/iam/docs/conditions-overview
    ("resource.type == 'compute.googleapis.com/Instance'", instance(DEV), HOLDS),
    ("resource.type == 'compute.googleapis.com/Instance'", OBJECT, FAILS),
    ("resource.service == 'storage.googleapis.com'", OBJECT, HOLDS),
    ("resource.service == 'storage.googleapis.com'", instance(DEV), FAILS),
    (
        IN_BUCKET,
        resource("storage.googleapis.com/Object", "projects/_/buckets/exampleco-site-assets/objects/o"),
        HOLDS,
    ),
    (
        IN_BUCKET,
        resource("storage.googleapis.com/Bucket", "projects/_/buckets/exampleco-site-assets"),
        FAILS,
    ),
    ("resource.matchTag('123456789012/env', 'prod')", Request(now=NOW, tags={"123456789012/env": "prod"}), HOLDS),
    ("resource.matchTag('123456789012/env', 'prod')", Request(now=NOW, tags={"123456789012/env": "test"}), FAILS),
    (
        "principal.type == 'iam.googleapis.com/ServiceAccount'",
        Request(now=NOW, principal_type="iam.googleapis.com/ServiceAccount"),
        HOLDS,
    ),
    (
        "principal.subject != 'super-admin@example.com'",
        Request(now=NOW, principal_subject="super-admin@example.com"),
        FAILS,
    ),
    (
        "'accessPolicies/199923665455/accessLevels/CorpNet' in\n  request.auth.access_levels",
        replace(WEB, access_levels=CORP),
        HOLDS,
    ),
    (
        "'accessPolicies/199923665455/accesslevels/CorpNet' in request.auth.access_levels",
        replace(WEB, access_levels=CORP),
        FAILS,
    ),
    ("request.time < timestamp('2021-01-01T00:00:00Z')", at("2020-12-31T23:59:59.999999+00:00"), HOLDS),
    ("request.time < timestamp('2021-01-01T00:00:00Z')", at("2021-01-01T00:00:00+00:00"), FAILS),
    (WORKING_HOURS, at("2026-11-20T16:59:00+00:00"), HOLDS),
    (WORKING_HOURS, at("2026-11-20T17:00:00+00:00"), FAILS),
    (WORKING_HOURS, at("2026-11-22T12:00:00+00:00"), FAILS),
    ("request.time.getFullYear('Europe/Berlin') == 2020", at("2019-12-31T23:00:00+00:00"), HOLDS),
    ("request.time.getMonth('Europe/Berlin') < 6", at("2020-06-30T22:00:00+00:00"), FAILS),
    ("destination.ip == '14.0.0.1'", replace(TUNNEL, destination_ip="14.0.0.1"), HOLDS),
    ("destination.ip != '127.0.0.1'", TUNNEL, HOLDS),
    ("destination.port > 21 && destination.port <= 23", TUNNEL, HOLDS),
    (FORWARDING_RULE, Request(now=NOW, permission="compute.instances.get"), HOLDS),
    (
        FORWARDING_RULE,
        Request(now=NOW, permission="compute.forwardingRules.create", load_balancing_scheme="INTERNAL"),
        HOLDS,
    ),
    (
        FORWARDING_RULE,
        Request(now=NOW, permission="compute.forwardingRules.create", load_balancing_scheme="EXTERNAL"),
        FAILS,
    ),
    (FORWARDING_RULE, Request(now=NOW, permission="compute.forwardingRules.create"), UNKNOWN),
    (FORWARDING_RULE, Request(now=NOW, permission="compute.networks.use"), UNKNOWN),
    ("request.host == 'hr.example.com'", WEB, HOLDS),
    ("request.host.endsWith('.example.com')", WEB, HOLDS),
    ("request.path == '/admin/payroll.js'", WEB, HOLDS),
    ("request.path.startsWith('/admin')", replace(WEB, path="/"), FAILS),
    (MIXED, replace(instance(DEV), now=IN_WINDOW), HOLDS),
    (MIXED, replace(instance(DEV), now=IN_WINDOW + timedelta(minutes=3)), FAILS),
    (MIXED, replace(instance(PROD), now=IN_WINDOW), UNKNOWN),
    (MIXED, replace(instance(PROD), now=IN_WINDOW, permission="compute.instances.get"), FAILS),
    (MIXED, replace(OBJECT, now=IN_WINDOW), HOLDS),
    # cloud.google.com/iam/docs/conditions-attribute-reference
    ("resource.type != 'compute.googleapis.com/Disk' || resource.name.endsWith('devResource')", instance("i"), HOLDS),
    (
        "resource.type != 'compute.googleapis.com/Disk' || resource.name.endsWith('devResource')",
        resource("compute.googleapis.com/Disk", "projects/p/zones/z/disks/devResource"),
        HOLDS,
    ),
    (BUCKET_ONLY, instance("i"), HOLDS),
    (BUCKET_ONLY, resource("storage.googleapis.com/Bucket", "projects/_/buckets/example-bucket"), HOLDS),
    (BUCKET_ONLY, resource("storage.googleapis.com/Bucket", "projects/_/buckets/other"), FAILS),
    (
        "resource.name.endsWith('.jpg')",
        resource("storage.googleapis.com/Object", "projects/_/buckets/b/objects/a.jpg"),
        HOLDS,
    ),
    ("resource.name.extract('projects/{project}/') == 'p'", instance("projects/p/zones/z/instances/i"), HOLDS),
    ("resource.hasTagKey('123456789012/env')", Request(now=NOW, tags={"123456789012/env": "x"}), HOLDS),
    (
        "resource.hasTagKeyId('tagKeys/123456789012')",
        Request(now=NOW, tags={"tagKeys/123456789012": "tagValues/5"}),
        HOLDS,
    ),
    (
        "resource.matchTagId('tagKeys/123456789012', 'tagValues/567890123456')",
        Request(now=NOW, tags={"tagKeys/123456789012": "tagValues/567890123456"}),
        HOLDS,
    ),
    (
        "principal.type in ['iam.googleapis.com/WorkspaceIdentity', 'iam.googleapis.com/WorkforcePoolIdentity']",
        Request(now=NOW, principal_type="iam.googleapis.com/WorkloadPoolIdentity"),
        FAILS,
    ),
    ("principal.subject.endsWith('@example.com')", Request(now=NOW, principal_subject="a@example.com"), HOLDS),
    ("date('2023-02-01') == timestamp('2023-02-01T00:00:00Z')", at("2023-02-01T00:00:00+00:00"), HOLDS),
    ("timestamp('2024-04-12T14:30:00.00Z') + duration('1800s') == timestamp('2024-04-12T15:00:00Z')", PROJECT, HOLDS),
    (
        "timestamp('2024-04-12T14:30:00.00Z') - duration('5184000s') == timestamp('2024-02-12T14:30:00Z')",
        PROJECT,
        HOLDS,
    ),
    ("request.time < timestamp('2023-04-12')", at("2020-01-01T00:00:00+00:00"), FAILS),
    ("request.time.getDate() > 15", at("2026-11-15T23:59:59+00:00"), FAILS),
    ("request.time.getDayOfMonth() > 14", at("2026-11-16T00:00:00+00:00"), HOLDS),
    ("request.time.getDayOfYear('America/Los_Angeles') == 364", at("2026-01-01T07:59:59+00:00"), HOLDS),
    ("request.time.getMonth('America/Los_Angeles') == 3", at("2026-05-01T06:59:59+00:00"), HOLDS),
    ("request.time.getMilliseconds() == 123", PROJECT, HOLDS),
]


@pytest.mark.parametrize(("expression", "request_", "truth"), WORKED_EXAMPLES)
def test_googles_worked_examples(expression: str, request_: Request, truth: Truth) -> None:
    decision = evaluate(expression, request_)
    assert decision.truth is truth, decision.because
    assert decision.because


ORDER = "projects/_/buckets/acme-orders-aaa/objects/data_lake/orders/order_date=2019-11-03/aef87g87ae0876"


@pytest.mark.parametrize(
    ("template", "extracted"),
    [
        ("/order_date={date}/", "2019-11-03"),
        ("buckets/{name}/", "acme-orders-aaa"),
        ("/orders/{empty}order_date", ""),
        ("{start}/objects/data_lake", "projects/_/buckets/acme-orders-aaa"),
        ("orders/{end}", "order_date=2019-11-03/aef87g87ae0876"),
        ("{all}", ORDER),
        ("/orders/{none}/order_date=", ""),
        ("/orders/order_date=2019-11-03/{id}/data_lake", ""),
    ],
)
def test_googles_table_of_extraction_templates(template: str, extracted: str) -> None:
    request = resource("storage.googleapis.com/Object", ORDER)
    assert evaluate(f"resource.name.extract('{template}') == '{extracted}'", request).holds


@pytest.mark.parametrize("template", ["no identifier", "{a}/{b}", "{}", "{a b}", "a{b", "{{a}}"])
def test_an_undocumented_extraction_template_gives_nothing_definite(template: str) -> None:
    assert evaluate(f"resource.name.extract('{template}') == 'x'", OBJECT).is_unknown


@pytest.mark.parametrize(
    ("roles", "truth"),
    [
        ([], HOLDS),
        (["roles/pubsub.editor"], HOLDS),
        (["roles/pubsub.editor", "roles/pubsub.publisher"], HOLDS),
        (["roles/billing.admin"], FAILS),
        (["roles/billing.admin", "roles/pubsub.editor"], FAILS),
    ],
)
def test_googles_table_of_has_only(roles: list[str], truth: Truth) -> None:
    condition = f"api.getAttribute('{ROLES}', []).hasOnly(['roles/pubsub.editor', 'roles/pubsub.publisher'])"
    assert evaluate(condition, replace(PROJECT, attributes={ROLES: roles})).truth is truth


def test_role_changes_are_unknown_where_a_policy_is_set_and_empty_elsewhere() -> None:
    condition = f"api.getAttribute('{ROLES}', []).hasOnly(['roles/viewer'])"
    assert evaluate(condition, Request(now=NOW, permission=SET_POLICY)).is_unknown
    assert evaluate(condition, Request(now=NOW, permission="resourcemanager.projects.get")).holds
    assert evaluate(condition, Request(now=NOW)).is_unknown


def test_the_memory_scope_of_an_agent_is_a_map() -> None:
    condition = "api.getAttribute('aiplatform.googleapis.com/memoryScope', {})['userId'] == 'agent-c'"
    request = Request(now=NOW, permission="aiplatform.memories.get")
    scope: Mapping[str, object] = {"aiplatform.googleapis.com/memoryScope": {"userId": "agent-c"}}
    assert evaluate(condition, replace(request, attributes=scope)).holds
    assert evaluate(condition, request).is_unknown
    assert evaluate(condition, OBJECT).fails


@pytest.mark.parametrize(
    ("expression", "request_"),
    [
        ("resource.name.endsWith('x')", resource("iam.googleapis.com/ServiceAccount", "projects/p/serviceAccounts/x")),
        ("!resource.name.endsWith('y')", resource("iam.googleapis.com/ServiceAccount", "projects/p/serviceAccounts/x")),
        ("resource.name == ''", resource("cloudresourcemanager.googleapis.com/Project", "projects/p")),
        ("resource.type == 'x/Y' && resource.name == 'a'", resource("run.googleapis.com/Service", "a")),
        ("resource.type == 'run.googleapis.com/Service'", resource("run.googleapis.com/Service", "a")),
        ("resource.service in ['pubsub.googleapis.com']", resource("pubsub.googleapis.com/Topic", "a")),
        ("destination.port == 22", OBJECT),
        ("destination.port != 22", WEB),
        ("request.host != ''", TUNNEL),
        ("!('a' in request.auth.access_levels)", OBJECT),
        ("compute.matchLoadBalancingSchemes(['INTERNAL'])", OBJECT),
        ("principal.type == 'iam.googleapis.com/ServiceAccount'", replace(OBJECT, policy=PolicyKind.ALLOW)),
        ("resource.name != ''", replace(OBJECT, policy=PolicyKind.BOUNDARY)),
    ],
)
def test_an_attribute_that_is_not_provided_never_grants(expression: str, request_: Request) -> None:
    decision = evaluate(expression, request_)
    assert decision.fails
    assert decision.because


def test_a_part_that_never_grants_decides_whatever_is_unknown_beside_it() -> None:
    account = resource("iam.googleapis.com/ServiceAccount", "projects/p/serviceAccounts/x")
    assert evaluate("resource.name.endsWith('x') && resource.hasTagKey('1/env')", account).fails
    assert evaluate("resource.name.endsWith('x') || resource.hasTagKey('1/env')", account).is_unknown


def test_whether_a_type_that_is_not_provided_differs_is_open() -> None:
    """The reference says both: such a part never grants, and such a condition holds for all other types."""
    decision = evaluate("resource.type != 'storage.googleapis.com/Bucket'", resource("pubsub.googleapis.com/Topic"))
    assert decision.because == ("pubsub.googleapis.com/Topic provides no resource.type",)
    assert decision.is_unknown


def test_the_type_of_clusters_is_spelled_in_two_ways() -> None:
    cluster = resource("container.googleapis.com/Cluster", "projects/p/zones/z/clusters/c")
    assert evaluate("resource.type == 'container.googleapis.com/Clusters'", cluster).is_unknown
    assert evaluate("resource.type == 'container.googleapis.com/Cluster'", cluster).is_unknown
    assert evaluate("resource.type in ['compute.googleapis.com/Instance']", cluster).fails
    assert evaluate("resource.name.endsWith('/c')", cluster).holds


def test_deny_policies_recognise_tags_only() -> None:
    request = replace(OBJECT, policy=PolicyKind.DENY)
    assert evaluate("resource.matchTag('123/env', 'prod')", request).holds
    assert evaluate("!resource.matchTag('123/env', 'prod')", request).fails
    assert evaluate("resource.type == 'x'", request).because == ("deny policies do not recognise resource.type",)
    assert evaluate("resource.type == 'x' && resource.matchTag('123/env', 'test')", request).fails


def test_what_is_missing_is_named() -> None:
    decision = evaluate(
        "resource.name == 'a' && resource.matchTag('1/env', 'prod')", resource("storage.googleapis.com/Bucket")
    )
    assert decision.because == ("resource.name is not known", "the tags of the resource are not known")


def test_the_term_that_fails_is_named() -> None:
    decision = evaluate("resource.type == 'storage.googleapis.com/Object' &&\n  1 > 2 && true", OBJECT)
    assert decision.because == ("`1 > 2` does not hold",)


def test_tags_that_are_known_by_name_only_say_nothing_of_ids() -> None:
    by_name = Request(now=NOW, tags={"123/env": "prod"})
    assert evaluate("resource.matchTagId('tagKeys/1', 'tagValues/2')", by_name).is_unknown
    assert evaluate("resource.hasTagKey('123/other')", by_name).fails
    assert evaluate("resource.matchTagId('123/env', 'prod')", by_name).fails
    assert evaluate("resource.matchTagId('tagKeys/1', 'tagValues/2')", Request(now=NOW, tags={})).fails


@pytest.mark.parametrize(
    ("full_name", "asset_type", "name"),
    [
        ("//storage.googleapis.com/b", "storage.googleapis.com/Bucket", "projects/_/buckets/b"),
        ("//storage.googleapis.com/projects/_/buckets/b", "storage.googleapis.com/Bucket", "projects/_/buckets/b"),
        (
            "//compute.googleapis.com/projects/p/zones/z/disks/d",
            "compute.googleapis.com/Disk",
            "projects/p/zones/z/disks/d",
        ),
        (
            "//cloudsql.googleapis.com/projects/p/instances/i",
            "sqladmin.googleapis.com/Instance",
            "projects/p/instances/i",
        ),
        ("projects/p/instances/i", "sqladmin.googleapis.com/Instance", "projects/p/instances/i"),
    ],
)
def test_names_are_seen_as_conditions_see_them(full_name: str, asset_type: str, name: str) -> None:
    assert condition_name(full_name, asset_type) == name
    assert evaluate(f"resource.name == '{name}'", resource(asset_type, full_name)).holds


def test_types_of_asset_inventory_are_seen_as_conditions_see_them() -> None:
    disk = resource("compute.googleapis.com/RegionDisk", "projects/p/regions/r/disks/d")
    assert evaluate("resource.type == 'compute.googleapis.com/Disk' && resource.name.endsWith('/d')", disk).holds


def test_windows() -> None:
    until = "request.time < timestamp('2026-12-31T00:00:00Z')"
    since = "timestamp('2026-01-01T00:00:00+01:00') <= request.time"
    assert window(until, NOW).clause == "active until 2026-12-31T00:00:00Z"
    assert window(f"resource.type == 'x' && {since} && {until}", NOW) == replace(
        window(until, NOW), active_from=datetime(2025, 12, 31, 23, tzinfo=UTC)
    )
    assert window(since, NOW).clause == "active since 2025-12-31T23:00:00Z"
    assert window("request.time > date('2027-01-01') && request.time < date('2027-02-01')", NOW).clause == (
        "not active before 2027-01-01T00:00:00Z, active until 2027-02-01T00:00:00Z"
    )
    assert window("request.time < date('2026-11-22')", NOW).clause == "expired at 2026-11-22T00:00:00Z"
    assert window("request.time < date('2026-02-30')", NOW) == window(f"{until} || true", NOW) == window("(", NOW)
    two = f"{until} && request.time < date('2026-01-01') + duration('24h')"
    assert window(two, NOW).active_until == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("true", HOLDS),
        ("1 == 1", HOLDS),
        ("resource.name.startsWith('')", HOLDS),
        ("resource.type == 'a' || resource.type != 'a'", HOLDS),
        ("resource.type == 'a' || !('a' == resource.type)", HOLDS),
        ("destination.port < 5 || destination.port >= 5", HOLDS),
        ("!resource.hasTagKey('1/a') || resource.hasTagKey('1/a') && true", HOLDS),
        ("request.time > timestamp('2020-01-01T00:00:00Z')", HOLDS),
        ("request.time.getFullYear() >= 2026", HOLDS),
        ("false", FAILS),
        ("resource.type == 'a' && resource.type == 'b'", FAILS),
        ("resource.type == 'a' && resource.name == 'b' && !(resource.type == 'a')", FAILS),
        ("request.time < timestamp('2020-01-01T00:00:00Z')", FAILS),
        ("request.time < timestamp('2020-01-01')", FAILS),
        ("!(request.time >= timestamp('2020-01-01T00:00:00Z'))", FAILS),
        ("request.time.getFullYear('Europe/Berlin') == 2020", FAILS),
        ("resource.type == 'a' && timestamp('2020-01-01T00:00:00Z') > request.time", FAILS),
        ("resource.type == 1 && resource.type == true", FAILS),
        ("resource.type == 'a' || resource.type == 'b'", UNKNOWN),
        ("destination.port == 1 && destination.port == 1.0", UNKNOWN),
        ("request.time < timestamp('2030-01-01T00:00:00Z')", UNKNOWN),
        ("request.time > timestamp('2030-01-01T00:00:00Z')", UNKNOWN),
        ("request.time.getMonth() == 0", UNKNOWN),
        (" || ".join(f"resource.type == 'a{number}' || resource.name != 'a{number}'" for number in range(9)), UNKNOWN),
    ],
)
def test_conditions_that_say_nothing(expression: str, truth: Truth) -> None:
    assert tautology(expression, NOW).truth is truth


def test_without_a_time_no_condition_has_expired() -> None:
    expired = "request.time < timestamp('2020-01-01T00:00:00Z')"
    assert tautology(expired).is_unknown
    assert tautology(expired, NOW).because == ("expired at 2020-01-01T00:00:00Z",)
    assert tautology(f"!({expired})", NOW).holds
    assert tautology("request.time.getFullYear() == 2020", NOW).because == ("no request meets the condition any more",)
