"""Each row of the lists of detections that is tried here is decided by the checks that the coverage names for it."""

from __future__ import annotations

import pytest

from auditor.check import Check
from auditor.loading import load_checks
from auditor.model.verdict import Outcome
from auditor.testing import judge
from tests.catalogue import Estate, Row, alerts, api_keys, guardrails, keys, logs, perimeters, secrets
from tests.coverage import coverage

CHECKS = {check.id: check for check in load_checks()}
ASKED_BY = {row: answer for answers in coverage().values() for row, answer in answers.items()}
ROWS: list[Row] = [*keys.KEYS, *api_keys.API_KEYS, *perimeters.PERIMETERS, *logs.LOGGING]
ROWS += [*secrets.SECRETS, *guardrails.GUARDRAILS, *alerts.ALERTS]


def failing(estate: Estate, row: str) -> list[str]:
    """The checks of a row that fail something in an estate, with what they say."""
    found = []
    for identifier in ASKED_BY[row]:
        check: Check = CHECKS[identifier]
        for first in range(len(estate)):
            documents = [one.document() for one in (*estate[first:], *estate[:first])]
            given = judge(check, documents)
            if given and given[0] is Outcome.FAIL:
                found.append(f"{identifier}: {given[1]}")
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_decided(row: Row) -> None:
    assert failing(row.bad, row.id), "nothing fails where the problem is"
    assert failing(row.near, row.id) == [], "fails where it is not"
