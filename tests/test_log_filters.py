"""Log filters are compared by what they match, not by how they are spelled."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from auditor.resources.base import Undetermined
from checks.audit_logging.log_filter import ANYTHING, Entry, is_empty, matches

FIREWALL = Entry(
    {
        "logname": "projects/shop/logs/cloudaudit.googleapis.com%2Factivity",
        "severity": "NOTICE",
        "resource.type": "gce_firewall_rule",
        "protopayload.methodname": "v1.compute.firewalls.insert",
        "protopayload.authenticationinfo.principalemail": "ann@example.com",
        "protopayload.servicedata.policydelta.bindingdeltas.action": ("ADD", "REMOVE"),
        "operation.first": "true",
    }
)

MATCHING = [
    "",
    "  -- only a comment",
    'resource.type="gce_firewall_rule"',
    "resource.type = gce_firewall_rule",
    "RESOURCE.TYPE='GCE_FIREWALL_RULE'",
    'resource.type="gce_firewall_rule" AND protoPayload.methodName:"compute.firewalls."',
    'resource.type="gce_firewall_rule"\nprotoPayload.method_name:"firewalls" -- side by side is AND',
    'resource.type=("gce_route" OR "gce_firewall_rule")',
    'resource.type=("gce_route" OR\n  ("gce_firewall_rule"))',
    'NOT resource.type="gce_route"',
    '-resource.type="gce_route"',
    'protoPayload.methodName!="v1.compute.firewalls.delete"',
    r'protoPayload.methodName=~"compute\.(firewalls|routes)\.insert$"',
    r'protoPayload.methodName=~"compute\\.firewalls"',
    'protoPayload.methodName!~"delete"',
    "severity>=NOTICE",
    "severity>INFO severity<=300 severity=notice",
    'LOG_ID("cloudaudit.googleapis.com/activity")',
    'log_id("cloudaudit.googleapis.com/activity")',
    'logName="projects/another/logs/cloudaudit.googleapis.com%2Factivity"',
    "logName:cloudaudit.googleapis.com",
    'logName=~"^projects/[^/]+/logs/cloudaudit.googleapis.com%2F(activity|data_access)$"',
    'logName=~"logs/cloudaudit.googleapis.com(%2F|/)(activity|system_event)"',
    'logName=~"^projects/another/logs/cloudaudit"',
    'logName:"logs/cloudaudit.googleapis.com%2Factivity"',
    'resource.labels.project_id="shop" timestamp>="2026-01-01T00:00:00Z"',
    'NOT resource.labels.project_id="sandbox"',
    "protoPayload.serviceData.policyDelta.bindingDeltas:*",
    'protoPayload.serviceData.policyDelta.bindingDeltas.action="REMOVE"',
    'NOT protoPayload.missing="x"',
    'firewalls "ann@example"',
    "operation.first=true",
    "resource.type=gce_firewall_rule OR sample(insertId, 0.1)",
]

NOT_MATCHING = [
    'resource.type="gce_route"',
    'resource.type="gce_firewall"',
    'NOT resource.type="gce_firewall_rule"',
    'resource.type="gce_firewall_rule" AND severity>=ERROR',
    'protoPayload.methodName=("v1.compute.firewalls.insert" AND "v1.compute.firewalls.patch")',
    'protoPayload.methodName=~"Compute"',
    'protoPayload.missing!="x"',
    "protoPayload.missing:*",
    'jsonPayload.event_subtype="compute.firewalls.insert"',
    'LOG_ID("cloudaudit.googleapis.com/data_access")',
    'logName=~"cloudaudit.googleapis.com/activity"',
    'NOT LOG_ID("cloudaudit.googleapis.com/activity") AND NOT LOG_ID("externalaudit.googleapis.com/activity")',
    "resource.type=gce_route AND sample(insertId, 0.1)",
    "lowercase and",
]

UNDETERMINED = [
    "sample(insertId, 0.5)",
    'NOT SEARCH("x")',
    "cast(protoPayload.n, INT64) > 5",
    'resource.type = f("x")',
    "resource.type =",
    '(resource.type="x"',
    'resource.type="x")',
    'resource.type="unclosed',
    "OR OR",
    "severity>=LOUD",
    "protoPayload.methodName>5",
    'protoPayload.methodName=~"(a+)+$"',
    'protoPayload.methodName=~"("',
    "(" * 20_000,
    "NOT " * 20_000 + "x",
]


@pytest.mark.parametrize("text", MATCHING)
def test_filter_matches(text: str) -> None:
    assert matches(text, FIREWALL)


@pytest.mark.parametrize("text", NOT_MATCHING)
def test_filter_does_not_match(text: str) -> None:
    assert not matches(text, FIREWALL)


@pytest.mark.parametrize("text", UNDETERMINED, ids=lambda text: text[:30])
def test_what_cannot_be_evaluated_is_undetermined(text: str) -> None:
    with pytest.raises(Undetermined):
        matches(text, FIREWALL)


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ('a:"x" OR b:"y" AND c:"z"', '(a:"x" OR b:"y") AND c:"z"'),
        ('a:"x" AND b:"y" OR c:"z"', 'a:"x" AND (b:"y" OR c:"z")'),
        ('a:"x" OR NOT b:"y" AND NOT c:"z" OR d:"w"', '(a:"x" OR (NOT b:"y")) AND ((NOT c:"z") OR d:"w")'),
    ],
)
def test_not_binds_closest_then_or_then_and(text: str, same_as: str) -> None:
    names = {"a": "x", "b": "y", "c": "z", "d": "w"}
    for chosen in range(16):
        entry = Entry({name: value if chosen >> bit & 1 else "-" for bit, (name, value) in enumerate(names.items())})
        assert matches(text, entry) == matches(same_as, entry), chosen


def test_a_field_that_may_hold_anything_satisfies_every_comparison() -> None:
    entry = Entry({"resource.type": ANYTHING})
    assert matches('resource.type="logging_sink"', entry)
    assert matches('NOT resource.type="logging_sink"', entry)


OF_ANY_PROJECT = Entry(FIREWALL.fields, of_any_project=True)


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ('logName="projects/shop/logs/cloudaudit.googleapis.com%2Factivity"', False),
        ('logName:"projects/shop/"', False),
        ('resource.labels.project_id="shop"', False),
        ('resource.labels.project_id=~"^shop"', False),
        ('NOT resource.labels.project_id="sandbox"', True),
        ('logName!="projects/sandbox/logs/cloudaudit.googleapis.com%2Factivity"', True),
        ('logName=~"^projects/[^/]+/logs/cloudaudit.googleapis.com%2Factivity$"', True),
        ('logName:"/logs/cloudaudit.googleapis.com%2Factivity"', True),
        ("resource.labels.project_id:*", True),
        ('resource.labels.location="global"', True),
    ],
)
def test_a_filter_on_one_project_does_not_match_the_entries_of_all(text: str, matched: bool) -> None:
    assert matches(text, OF_ANY_PROJECT) is matched


@pytest.mark.parametrize("text", ["", " \n", "-- all\n-- of it"])
def test_a_filter_of_blanks_and_comments_is_empty(text: str) -> None:
    assert is_empty(text)


@pytest.mark.parametrize("text", ["x", "severity>=DEFAULT", "-"])
def test_other_filters_are_not_empty(text: str) -> None:
    assert not is_empty(text)


@pytest.mark.parametrize(
    "text",
    [
        " " * 20_000 + "!",
        "-" * 20_000 + "\n!",
        '"' * 19_999,
        'protoPayload.methodName=~"' + ".*" * 5_000 + 'x"',
        'protoPayload.methodName=~"' + "(.|.)" * 4_000 + 'x"',
        'a."b' * 5_000,
    ],
    ids=["blanks", "dashes", "quotes", "stars", "groups", "segments"],
)
def test_hostile_filters_take_no_time(text: str) -> None:
    started = time.monotonic()
    with suppress(Undetermined):
        matches(text, FIREWALL)
    assert time.monotonic() - started < 20
