"""What a check's declaration may say: each mistake is one sentence when the module is loaded."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from auditor import PASS, Estate, Policy, Severity, Verdict, check
from auditor.check import CheckError
from auditor.resources.storage import Bucket

_declare = partial(check, severity=Severity.LOW, passes=list, fails=list)


def _no_annotation(bucket):  # type: ignore[no-untyped-def]  # that is the mistake
    """A page."""
    return PASS


def _no_page(bucket: Bucket) -> Verdict:
    return PASS


def _estate_first(estate: Estate, bucket: Bucket) -> Verdict:
    """A page."""
    return PASS


def _no_subject(estate: Estate) -> Verdict:
    """A page."""
    return PASS


def _unknown_argument(bucket: Bucket, number: int) -> Verdict:
    """A page."""
    return PASS


def _every_policy_and_the_estate(policy: Policy[Any], estate: Estate) -> Verdict:
    """A page."""
    return PASS


def _plain(bucket: Bucket) -> Verdict:
    """A page."""
    return PASS


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (_no_annotation, "needs an annotation"),
        (_no_page, "needs a docstring"),
        (_estate_first, "comes first"),
        (_no_subject, "ask for a resource view or a Policy"),
        (_unknown_argument, "nothing can be handed in for number"),
        (_every_policy_and_the_estate, "name the views whose policies it is about"),
    ],
)
def test_a_wrong_function_is_told(function: Any, problem: str) -> None:
    with pytest.raises(CheckError, match=problem):
        _declare("my-check")(function)


@pytest.mark.parametrize(
    ("identifier", "further", "problem"),
    [
        ("MyCheck", {}, "lower-case words"),
        ("my-check", {"reads": [Bucket]}, "goes with an `estate: Estate` argument"),
        ("my-check", {"reads_policies": [Bucket]}, "not in `reads`"),
    ],
)
def test_a_wrong_declaration_is_told(identifier: str, further: dict[str, Any], problem: str) -> None:
    with pytest.raises(CheckError, match=problem):
        _declare(identifier, **further)(_plain)


def test_check_is_the_decorator_whatever_was_imported_before() -> None:
    code = "import auditor.check; from auditor import check; assert callable(check); from auditor import asset"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
