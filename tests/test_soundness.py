"""Nothing passes that was not looked at: what a check may say when part of its example is unknown, missing or broken.

Each example of each check is changed in many ways, and what the check said of it bounds what it may say then. Nothing
here knows what any check is about. Each check has a number of tries, and those come first that change something which
no other try changes; `SOUNDNESS=25` makes 25 times as many, which is nearly all.
"""

from __future__ import annotations

import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple, TypeVar

import pytest

from auditor.check import Check, asset, check
from auditor.estate import Estate as KnownEstate
from auditor.loading import load_checks
from auditor.model.verdict import PASS, Outcome, Severity, Verdict, fail
from auditor.resources.base import OpenList, Resource, Undetermined
from auditor.resources.storage import Bucket
from auditor.testing import cases
from tests.metamorphic import (
    ABSENT,
    DATA,
    POLICY,
    WRONG,
    Answer,
    Estate,
    additions,
    ask,
    completions,
    estate_of,
    less,
    places,
    refused,
    values_by_shape,
    with_records,
    with_value,
    withheld,
)
from tests.soundness_adjudications import ADJUDICATIONS, Adjudication

T = TypeVar("T")

TIMES = int(os.environ.get("SOUNDNESS", "1"))
UNKNOWN, RECORDS, TYPES = 24 * TIMES, 10 * TIMES, 16 * TIMES
"""Tries for each check, by rule."""
FOLLOWING = 2 * min(TIMES, 3)
"""What is put in the place of the unknown in each of them."""
SHOWN = 5
TRIED: Counter[str] = Counter()
ASKED: set[str] = set()
NEEDED: set[Adjudication] = set()
CHECKS = load_checks()


@dataclass(frozen=True, slots=True)
class Example:
    """An example and what its check says of it."""

    name: str
    estate: Estate
    said: Answer


class Contradiction(NamedTuple):
    """A check says something while part is unknown, and something else once it is known."""

    where: str
    unknown: Answer
    known: Answer

    def __str__(self) -> str:
        unknown, known = self.unknown, self.known
        return f"{self.where}: {unknown.outcome} {unknown.reason!r}, though it may be {known.outcome} {known.reason!r}"


@cache
def examples(check: Check) -> list[Example]:
    """The examples of a check that are decided."""
    decided = [case for case in cases([check]) if case.expected is not Outcome.NOT_ASSESSED]
    found = [(f"{case.expected} {case.number}", estate_of(case.example)) for case in decided]
    return [Example(name, estate, ask(check, estate)) for name, estate in found]


def chosen(tries: Iterable[tuple[str, T]], limit: int) -> list[T]:
    """Some of what can be tried, the same in every run: of everything that is alike by its text, one comes first."""
    met: Counter[str] = Counter()
    ranked = []
    for number, (text, entry) in enumerate(tries):
        ranked.append((met[text], zlib.crc32(text.encode()), number, entry))
        met[text] += 1
    return [entry for *_, entry in sorted(ranked, key=lambda rank: rank[:3])[:limit]]


def share(check: Check, limit: int) -> int:
    """How much of a number of tries a check gets: asking about access takes longer."""
    return max(limit // 4, 1) if check.signature.wants_access else limit


def unknown_values(check: Check) -> Iterator[Contradiction]:
    """Rules 1 and 2: a value is unknown. A verdict that stands is the one that it would be with every value there."""
    values = values_by_shape(example.estate for example in examples(check))
    tries = (
        (f"{example.said.outcome} {place.shape}", (example, place))
        for example in examples(check)
        for place in places(example.estate)
    )
    for example, place in chosen(tries, share(check, UNKNOWN)):
        where = f"{example.name} {place} unknown"
        answer = ask(check, withheld(example.estate, place))
        TRIED["unknown values"] += 1
        assert not answer.crash, f"{where}: {answer.crash}"
        if answer.contradicts(example.said):
            yield Contradiction(where, answer, example.said)
        elif answer.is_fail or answer.is_well:
            possible = ((where, value) for value in completions(example.estate, place, values))
            for value in chosen(possible, FOLLOWING):
                TRIED["completions"] += 1
                known = ask(check, with_value(example.estate, place, value))
                assert not known.crash, f"{where}, then {value!r}: {known.crash}"
                if answer.contradicts(known):
                    yield Contradiction(f"{where}, then {str(value)[:200]}", answer, known)


def missing_records(check: Check) -> Iterator[Contradiction]:
    """Rule 3: a policy or another asset could not be read, or nobody vouches that all were."""
    more = additions(example.estate for example in examples(check))
    tries = (
        (f"{example.said.outcome} {what}", (example, what, estate))
        for example in examples(check)
        for what, estate in less(example.estate)
    )
    for example, what, estate in chosen(tries, share(check, RECORDS)):
        TRIED["missing records"] += 1
        answer = ask(check, estate)
        assert not answer.crash, f"{example.name} without {what}: {answer.crash}"
        if answer.contradicts(example.said):
            yield Contradiction(f"{example.name}: {what}", answer, example.said)
    kinds = ((f"{example.said.outcome} {kind}", (example, kind)) for example in examples(check) for kind in more)
    for example, kind in chosen(kinds, share(check, RECORDS)):
        answer = ask(check, replace(example.estate, missing=refused(kind)))
        if answer.contradicts(example.said):
            yield Contradiction(f"{example.name}: {kind} refused", answer, example.said)
            continue
        full = [grown for records in more[kind] if (grown := with_records(example.estate, records))]
        for grown in chosen(((kind, one) for one in full), FOLLOWING) if answer.is_fail or answer.is_well else ():
            TRIED["records that were missing"] += 1
            known = ask(check, grown)
            if answer.contradicts(known):
                added = [document["name"] for document in grown.documents[len(example.estate.documents) :]]
                yield Contradiction(f"{example.name}: {kind} refused, then {added}", answer, known)


def wrong_types(check: Check) -> Iterator[Contradiction]:
    """Rule 4: a value has the wrong type. What cannot be read is unknown; null is as good as absent, or unknown."""
    tries = (
        (f"{example.said.outcome} {place.shape} {number}", (example, place, value))
        for example in examples(check)
        for place in places(example.estate)
        for number, value in enumerate((*WRONG, None))
    )
    for example, place, value in chosen(tries, share(check, TYPES)):
        where = f"{example.name} {place} = {str(value)[:40]!r}"
        answer = ask(check, with_value(example.estate, place, value))
        TRIED["wrong types"] += 1
        assert not answer.crash, f"{where}: {answer.crash}"
        known = example.said
        if value is None and place.steps not in (DATA, POLICY):
            known = ask(check, with_value(example.estate, place, ABSENT))
            same = answer.outcome in (known.outcome, Outcome.NOT_ASSESSED)  # a map with a null in it is unreadable
            assert same, f"{where}: {answer}, though null is as good as absent: {known}"
        elif (value is None or answer.unreadable) and answer.contradicts(known):
            yield Contradiction(where, answer, known)


def hold(check: Check, found: Iterator[Contradiction]) -> None:
    """Fail for every contradiction that is not adjudicated."""
    ASKED.add(check.id)
    open_ones = [one for one in found if not _is_adjudicated(check, one)]
    assert not open_ones, f"{len(open_ones)} contradictions\n" + "\n".join(map(str, open_ones[:SHOWN]))


def _is_adjudicated(check: Check, one: Contradiction) -> bool:
    """Whether somebody decided that a finding stands all the same; nobody can decide so of a pass."""
    entries = [entry for entry in ADJUDICATIONS if one.unknown.is_fail and entry.covers(check.id, one.where)]
    NEEDED.update(entries)
    return bool(entries)


each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


@each_check
def test_an_unknown_value_decides_nothing(check: Check) -> None:
    hold(check, unknown_values(check))


@each_check
def test_a_missing_record_decides_nothing(check: Check) -> None:
    hold(check, missing_records(check))


@each_check
def test_a_value_of_the_wrong_type_decides_nothing(check: Check) -> None:
    hold(check, wrong_types(check))


_EU, _US = "//storage.googleapis.com/eu", "//storage.googleapis.com/us"


def _declared(function: Callable[..., Verdict], *reads: type[Resource]) -> Check:
    """A check that fails for a bucket in the USA, or beside one; this is what the rules are tried on."""
    return check(
        "bucket-in-usa",
        severity=Severity.LOW,
        area="tests",
        reads=reads,
        passes=lambda: [asset(Bucket, {"location": "EU"}, name=_EU)],
        fails=lambda: [[asset(Bucket, {"location": "US"}, name=_US), asset(Bucket, {"location": "EU"}, name=_EU)]],
    )(function)


def _looks_away(bucket: Bucket) -> Verdict:
    """A check that takes the unknown for good."""
    try:
        return fail("in the USA") if bucket.location == "US" else PASS
    except Undetermined:
        return PASS


def _forgets_the_rest(bucket: Bucket, estate: KnownEstate) -> Verdict:
    """A check that takes what it knows for all that there is."""
    found = estate.of(Bucket)
    known = found.known() if isinstance(found, OpenList) else found
    return fail("there is another") if len(known) > 1 else PASS


def _stumbles(bucket: Bucket) -> Verdict:
    """A check that is not ready for an odd value."""
    return fail("in the USA") if bucket.location[1] == "S" else PASS


def _looks(bucket: Bucket) -> Verdict:
    """A check as it should be."""
    return fail("in the USA") if bucket.location == "US" else PASS


def test_the_rules_find_a_check_that_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_soundness.TYPES", 10_000)
    assert any(one.unknown.is_well for one in unknown_values(_declared(_looks_away)))
    assert any(one.unknown.is_well for one in wrong_types(_declared(_looks_away)))
    assert any(one.unknown.is_well for one in missing_records(_declared(_forgets_the_rest, Bucket)))
    with pytest.raises(AssertionError, match="IndexError"):
        list(wrong_types(_declared(_stumbles)))


def test_the_rules_leave_a_sound_check_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_soundness.TYPES", 10_000)
    sound = _declared(_looks)
    assert not [*unknown_values(sound), *missing_records(sound), *wrong_types(sound)]


def test_every_adjudication_is_needed() -> None:
    """Run last: what all tries of all checks did not need is no adjudication."""
    print(f"\ntried: {dict(TRIED)}")
    if TIMES < 25 or len(ASKED) < len(CHECKS):
        pytest.skip("only a run of nearly all tries (SOUNDNESS=25) of all checks can tell")
    assert not [entry for entry in ADJUDICATIONS if entry not in NEEDED]
