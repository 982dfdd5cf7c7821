"""How much the detectors find of what is there, and how much that is not: on labelled texts of our own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from auditor.secrets import ALL_DETECTORS, scan_text
from tests.secret_corpus import Sample, positives
from tests.secret_negatives import negatives

LEAST = 0.98
SEEDS = (7, 1234)


def found_in(sample: Sample) -> set[str]:
    return {hit.detector for hit in scan_text(sample.text)}


@pytest.mark.parametrize("seed", SEEDS)
def test_precision_and_recall(seed: int) -> None:
    right: Counter[str] = Counter()
    missed: dict[str, list[str]] = defaultdict(list)
    wrong: dict[str, list[str]] = defaultdict(list)
    there, hard = list(positives(seed)), list(negatives(seed + 1))
    for sample in there + hard:
        found = found_in(sample)
        if sample.expected in found:
            right[sample.expected] += 1
        elif sample.expected:
            missed[sample.expected].append(sample.text)
        for detector in found - {sample.expected}:
            wrong[detector].append(f"{sample.family}: {sample.text}")
    _print_table(right, missed, wrong)
    assert len(there) >= 400
    assert len(hard) >= 1000
    total, all_wrong, all_missed = right.total(), sum(map(len, wrong.values())), sum(map(len, missed.values()))
    assert total / (total + all_wrong) >= LEAST, dict(wrong)
    assert total / (total + all_missed) >= LEAST, dict(missed)
    for detector, count in right.items():  # no detector hides behind the others
        assert count / (count + len(missed[detector])) >= 0.8, missed[detector]


def _print_table(right: Counter[str], missed: dict[str, list[str]], wrong: dict[str, list[str]]) -> None:
    print(f"\n{'detector':<32}{'found':>6}{'missed':>8}{'wrong':>7}")
    for detector in sorted({*right, *missed, *wrong}):
        print(f"{detector:<32}{right[detector]:>6}{len(missed[detector]):>8}{len(wrong[detector]):>7}")
    for title, texts in (("missed", missed), ("wrong", wrong)):
        for detector, examples in texts.items():
            for text in examples[:3]:
                print(f"{title} {detector}: {text[:160]!r}")


def test_every_detector_has_texts_of_its_own() -> None:
    labelled = Counter(sample.expected for sample in positives())
    assert set(labelled) == set(ALL_DETECTORS)
    assert min(labelled.values()) >= 5


def test_hits_tell_no_secret() -> None:
    for sample in positives():
        words = re.findall(r"[A-Za-z0-9+_-]{16,}", sample.text)
        for hit in scan_text(sample.text):
            told = repr(replace(hit, name=""))
            assert hit.name in sample.text
            assert not [word for word in words if word in told and word != hit.detector]


def test_the_corpus_repeats_itself() -> None:
    assert list(positives(3)) == list(positives(3))
    assert list(negatives(3)) == list(negatives(3))
