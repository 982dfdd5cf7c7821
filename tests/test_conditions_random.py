"""IAM conditions at random: against Google's own runtime, and with more and less known of one request.

`AUDITOR_RANDOM=20000` tries that many expressions.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from auditor.access.conditions import PolicyKind, Request, evaluate, tautology
from auditor.access.conditions.evaluate import read
from auditor.access.conditions.values import Duration, Failure, Open, Timestamp, Value
from auditor.access.truth import Decision, Truth
from tests.condition_samples import ERROR, NOW, REQUESTS, UNREADABLE, Expressions, Oracle, mutated

RANDOM = int(os.environ.get("AUDITOR_RANDOM", "3000"))
"""Random expressions of each comparison."""


def plain(value: Value) -> Any:
    """Our value in the form of the oracle's."""
    if type(value) is Failure:
        return ERROR
    if isinstance(value, Open):
        return value
    if type(value) is Timestamp:
        return ("timestamp", value.moment())
    if type(value) is Duration:
        microseconds = abs(value.nanoseconds) // 1000
        return ("duration", timedelta(microseconds=microseconds if value.nanoseconds > 0 else -microseconds))
    if type(value) is list:
        return [plain(item) for item in value]
    if type(value) is dict:
        return {repr(key): plain(item) for (_, key), item in value.items()}
    return repr(value)


def ours(expression: str, request: Request) -> Any:
    condition = read(expression)
    return UNREADABLE if isinstance(condition, Decision) else plain(condition.term(request))


def test_no_difference_to_googles_runtime() -> None:
    oracles = [(request, Oracle(request)) for request in REQUESTS]
    seen = set()
    for number in range(RANDOM):
        random = Random(number)
        request, oracle = random.choice(oracles)
        expression = Expressions(random, request).boolean(random.randrange(1, 5))
        expected = oracle.value(expression)
        seen.add(expected)
        assert ours(expression, request) == expected, expression
        if expected in ("True", "False", ERROR):
            truth = Truth.TRUE if expected == "True" else Truth.FALSE
            assert evaluate(expression, request).truth is truth, expression
    assert {"True", "False", ERROR} <= seen


LEFT_OUT = re.compile(r"[bB][rR]?['\"]|[0-9a-fA-F][uU]|[\w)\]]\s*\{|\.\s*\?|\[\s*\?|`")
"""Bytes, unsigned numbers, messages and optional syntax, which IAM conditions do not have."""

ZONE_PATH = re.compile(r"'\w+//\w+'")
"""The oracle looks time zones up as files, whose names may have a slash twice."""


def test_what_googles_parser_refuses_we_refuse() -> None:
    oracles = [(request, Oracle(request)) for request in REQUESTS]
    refused = 0
    for number in range(RANDOM // 3):
        random = Random(number)
        request, oracle = random.choice(oracles)
        expression = mutated(random, Expressions(random, request).boolean(random.randrange(3)))
        expected, found = oracle.value(expression), ours(expression, request)
        refused += expected == UNREADABLE
        if ZONE_PATH.search(expression) or (LEFT_OUT.search(expression) and found == UNREADABLE):
            continue
        # A name that lost a letter is no attribute: an error to the oracle, open to us.
        assert found == expected or (isinstance(found, Open) and expected != UNREADABLE), expression
    assert RANDOM // 10 < refused < RANDOM // 3


MORE = (
    "resource.name",
    "request.host",
    "request.path",
    "destination.ip",
    "principal.type",
    "request.auth.claims.sub",
    "strange()",
    "resource.hasTagKey('123/env')",
    "resource.hasTagKeyId('tagKeys/1')",
    "resource.matchTagId('tagKeys/1', 'tagValues/2')",
    "compute.isForwardingRuleCreationOperation()",
    "('accessPolicies/1/accessLevels/corp' in request.auth.access_levels)",
    "(destination.port == 22)",
    "request.host.startsWith('')",
)
COMPLETE = [
    *(replace(request, principal_type="iam.googleapis.com/ServiceAccount") for request in REQUESTS),
    Request(
        now=NOW,
        permission="pubsub.topics.get",
        resource_name="projects/p/topics/t",
        resource_type="pubsub.googleapis.com/Topic",
        resource_service="pubsub.googleapis.com",
        tags={"tagKeys/1": "tagValues/2", "123/env": "test"},
    ),
    Request(
        now=NOW, permission="compute.forwardingRules.create", resource_type="compute.googleapis.com/ForwardingRule"
    ),
]


def less_known(random: Random, request: Request) -> Request:
    """The request with some of what is known of it forgotten."""
    forgotten: dict[str, Any] = {
        "permission": "",
        "resource_name": None,
        "resource_type": None,
        "resource_service": None,
        "tags": random.choice(
            [None, {key: value for key, value in (request.tags or {}).items() if "tag" in key} or None]
        ),
        "access_levels": None,
        "destination_ip": None,
        "destination_port": None,
        "path": None,
        "host": None,
        "principal_type": None,
        "attributes": {},
    }
    return replace(request, **{name: value for name, value in forgotten.items() if random.random() < 0.4})


def test_a_definite_answer_stays_when_more_becomes_known() -> None:
    definite = unknown = 0
    for number in range(RANDOM):
        random = Random(number)
        request = random.choice(COMPLETE)
        policy = random.choice([None, *PolicyKind])
        request = replace(request, policy=policy)
        expression = Expressions(random, request, MORE).boolean(random.randrange(1, 5))
        some = less_known(random, request)
        least, less, most = (evaluate(expression, known) for known in (less_known(random, some), some, request))
        for before, after in ((least, less), (less, most), (least, most)):
            definite += not before.is_unknown
            unknown += before.is_unknown
            assert before.is_unknown or before.truth is after.truth, (expression, before, after)
        always = tautology(expression, NOW)
        assert not (always.fails and most.holds), expression
        assert not (always.holds and read_value(expression, request) is False), expression
    assert definite > RANDOM // 2
    assert unknown > RANDOM // 2


def read_value(expression: str, request: Request) -> Value:
    condition = read(expression)
    assert not isinstance(condition, Decision)
    return condition.term(request)
