"""No detector can be made to hang: each is fed lines of a megabyte that are made against it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

from auditor.secrets import DETECTORS, Detector, scan_text
from auditor.secrets.suspects import suspects
from tests.secret_corpus import positives


@contextlib.contextmanager
def alarm(seconds: int) -> Iterator[None]:
    """Ends what does not end by itself; where there is no such signal, the test only has to finish."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def too_long(*_: object) -> None:
        raise AssertionError(f"not done in {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


_LINE = 1_000_000
_HANGS = 30
"""Seconds: linear work takes a part of one, exponential work does not end."""


def hostile_lines(sample: str, marks: tuple[str, ...]) -> list[str]:
    """Lines of a megabyte that nearly match: the mark again and again, with no end, and a secret that never ends."""
    mark = marks[0]
    start = sample.find(mark) + len(mark) if mark in sample else len(sample) // 2
    return [
        mark * (_LINE // len(mark)),
        mark + "A" * _LINE,
        sample[:start] + sample[start : start + 8] * (_LINE // 8),
        (sample[:-2] + "!") * (_LINE // 10 // len(sample)),
    ]


_SAMPLES = {sample.expected: sample.text for sample in positives(5, 1)}
_NAMED = sorted(set(_SAMPLES) - {detector.id for detector in DETECTORS})


@pytest.mark.parametrize("detector", DETECTORS, ids=[f"{detector.id}-{n}" for n, detector in enumerate(DETECTORS)])
def test_no_detector_hangs_on_a_hostile_line(detector: Detector) -> None:
    with alarm(_HANGS):
        for line in hostile_lines(_SAMPLES[detector.id], detector.anchors + detector.marks + detector.inside):
            sum(1 for match in detector.matches(line) if detector.valid(match))


@pytest.mark.parametrize("identifier", _NAMED)
def test_no_name_hangs_on_a_hostile_line(identifier: str) -> None:
    with alarm(_HANGS):
        for line in hostile_lines(_SAMPLES[identifier], ("password=",)):
            scan_text(line[: _LINE // 10])


@pytest.mark.parametrize(
    "unit", ["key", "_pat", "pw=", "a" * 20 + " ", "a1" * 10 + "/", 'token: "', "<pass>", "--key "]
)
def test_the_prefilter_does_not_hang(unit: str) -> None:
    line = unit * (_LINE // len(unit))
    with alarm(_HANGS):
        suspects(line, scan_text(line))
