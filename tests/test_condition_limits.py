"""Conditions that are none, enormous, or at the edge of numbers and time."""

from __future__ import annotations

import pytest

from auditor.access.conditions import evaluate, tautology, window
from auditor.access.conditions.evaluate import _CACHED, _CACHED_LONG, _cached, _cached_long
from auditor.access.truth import Truth
from tests.condition_samples import (
    NOW,
    OBJECT,
)

HOLDS, FAILS, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "",
            " ",
            "1 +",
            "true false",
            "a b",
            "true=false",
            "resource.type == 'x",
            "'\\q'",
            "(",
            ")",
            "[1, 2",
            "{1: 2",
        ),
        *("f(,)", "a ? b ? c : d : e", "if", "b'x'", "1u", "Type{field: 1}", "99999999999999999999", "a.?b", "`a`"),
        *(
            "\ud800",
            "a\x00",
            "'a\nb'",
            "&&",
            "request.time <= '",
            "9" * 5000,
            "'\\U00110000'",
            "'\\ud800'",
            "!-a",
            "-!a",
        ),
    ],
)
def test_what_is_no_condition_is_unknown_and_says_why(expression: str) -> None:
    decision = evaluate(expression, OBJECT)
    assert decision.is_unknown
    assert "cannot be read: " in decision.because[0]
    assert len(decision.because[0]) < 400
    assert tautology(expression) == decision
    assert window(expression, NOW).clause == ""


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 10_000 + "true" + ")" * 10_000,
        "[" * 10_000 + "]" * 10_000,
        "f(" * 10_000,
        "{1:" * 10_000,
        "!(" * 10_000,
        "1" + "+1" * 10_000,
        "a" + ".a" * 10_000,
        "a" + "[0]" * 10_000,
        "a ? b : " * 5_000 + "c",
        "'" + "a" * 10_000_000 + "'",
        "true && " * 1_000_000 + "true",
        "'" * 9_999,
    ],
    ids=lambda text: text[:8] or "empty",
)
def test_enormous_conditions_are_unknown(expression: str) -> None:
    decision = evaluate(expression, OBJECT)
    assert decision.is_unknown
    assert len(decision.because[0]) < 400


@pytest.mark.parametrize(
    "expression",
    [
        "true && " * 5_000 + "true",
        "!" * 5_000 + "(1 == 1)",
        "size([" + "1, " * 5_000 + "]) == 5000",
        "'" + "a" * 60_000 + "' != ''",
    ],
    ids=lambda text: text[:8],
)
def test_long_but_flat_conditions_are_read(expression: str) -> None:
    assert evaluate(expression, OBJECT).holds


def test_long_lists_keep_nobody_busy() -> None:
    ones, zeros = "1, " * 9_000, "0, " * 9_000
    assert evaluate(f"[{ones}].hasOnly([{zeros} 1])", OBJECT).is_unknown
    assert tautology("(1 == 1 || resource.type == 'a') && " * 1_500 + "resource.type == 'b'").is_unknown


def test_the_caches_are_bounded() -> None:
    for number in range(_CACHED + 50):
        evaluate(f"{number} == {number}", OBJECT)
    for number in range(_CACHED_LONG + 5):
        evaluate("'" + "a" * 3_000 + f"' == '{number}'", OBJECT)
    evaluate("'" + "a" * 100_000 + "' == ''", OBJECT)
    assert _cached.cache_info().currsize == _CACHED
    assert _cached_long.cache_info().currsize == _CACHED_LONG


def test_what_the_reference_does_not_know_is_unknown_but_does_not_hide_what_is_known() -> None:
    assert evaluate("request.auth.claims.sub == 'x'", OBJECT).because == (
        "request.auth.claims.sub is no attribute of Google's reference",
    )
    assert evaluate("resource.name.matches('x')", OBJECT).is_unknown
    assert evaluate("inIpRange(origin.ip, '1.2.3.4/8') || true", OBJECT).holds
    assert evaluate("inIpRange(origin.ip, '1.2.3.4/8') && false", OBJECT).fails
    assert evaluate("api.getAttribute('x.googleapis.com/y', '') == ''", OBJECT).is_unknown


@pytest.mark.parametrize(
    "expression", ["'text'", "1", "null", "[true]", "request.time", "true ? 1 : 2", "resource.name"]
)
def test_a_condition_that_is_no_statement_is_not_met(expression: str) -> None:
    assert evaluate(expression, OBJECT).fails


def test_a_place_that_the_time_zone_database_does_not_have_may_be_new() -> None:
    assert evaluate("request.time.getHours('Europe/Atlantis') == 1", OBJECT).is_unknown
    assert evaluate("request.time.getHours('nowhere') >= 0", OBJECT).fails


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("timestamp('9999-12-31T23:59:59Z').getFullYear('+05:00') == 10000", HOLDS),
        ("timestamp('0001-01-01T00:00:00Z').getFullYear('-05:00') == 0", HOLDS),
        ("timestamp('0001-01-01T00:00:00Z').getDayOfYear('-05:00') == 365", HOLDS),
        ("timestamp('9999-12-31T23:59:59Z').getDayOfYear('+05:00') == 0", HOLDS),
        ("timestamp('0001-01-01T00:00:00Z').getMonth('America/New_York') == 11", HOLDS),
        ("timestamp('1800-06-01T00:00:00Z').getMinutes('Europe/Berlin') == 53", HOLDS),
        ("9223372036854775807 + 1 > 0", FAILS),
        ("9223372036854775807 + 1 > 0 || true", HOLDS),
        ("-9223372036854775808 < 0", HOLDS),
        ("1 / 0 == 1 && false", FAILS),
    ],
)
def test_the_edges_of_numbers_and_time(expression: str, truth: Truth) -> None:
    assert evaluate(expression, OBJECT).truth is truth
