"""Assets that look alike get the same verdicts, for the price of one comparison.

An estate of a million assets holds a few thousand different ones, as far as checks look. What the checks
of a type read of an asset is traced (`trace.py`); with what came of it, it is a precedent. An asset that
agrees with a precedent in all that was read needs none of these checks run again. Only passes and
*not applicable* are taken over so: a check that has more to say is asked of each asset itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.engine.questions import Ask
from auditor.engine.recorder import WELL, Rehearsal, Subject
from auditor.engine.tally import Tally
from auditor.engine.trace import OTHERWISE, Key, Read, Trace, key_of
from auditor.model.verdict import Outcome, Verdict

FIRST = 100
"""Assets of a type before look-alikes are sought: for fewer, tracing does not pay."""
_SAMPLE, _APART = 40, 10
"""Traced assets from which it is learnt which checks read what is different in each asset, and how far they
stand apart: neighbours are of one project."""
_REMEMBERED = 400
"""Precedents of one type."""
_IDLE = 50
"""Precedents that were made one after the other and serve nobody, after which no more are made."""
_PATTERNS = 16
"""Ways of reading one type: each is tried on each asset."""
_LONGEST = 1 << 14
"""Bytes of text in a precedent that is kept."""
_TRIED = 100
"""Assets without a precedent after which it is asked whether enough others had one."""
_WORTH = 2
"""Assets with a precedent for each without, or checks that read too much are left out."""


class Answers:
    """What some checks said of one asset, and hence of `served` assets that look alike."""

    __slots__ = ("again", "not_applicable", "served")

    def __init__(self) -> None:
        self.not_applicable: list[tuple[str, str]] = []
        """(check, reason)"""
        self.again: list[Ask] = []
        """Checks to be asked of each asset."""
        self.served = 0


class Precedent:
    """Answers of streaming checks, and of each group of deferred ones (None where one of those has to wait)."""

    __slots__ = ("deferred", "streaming")

    def __init__(self, streaming: Answers, deferred: tuple[Answers | None, ...]) -> None:
        self.streaming = streaming
        self.deferred = deferred


class _Pattern:
    """Precedents in which the same fields were read."""

    __slots__ = ("key", "known", "served")

    def __init__(self, reads: tuple[Read, ...]) -> None:
        self.key: Key = key_of(reads)
        self.served = 0
        self.known: dict[tuple[Any, ...], Precedent] = {}


class Precedents:
    """The precedents of the assets of one type, or of their IAM policies.

    `streaming` and the groups `deferred` are the checks that they speak for; `varied` and `varied_deferred` read what
    is different in each asset, and have to be asked as if there were none.
    """

    def __init__(self, streaming: Sequence[Ask], *deferred: Sequence[Ask]) -> None:
        self.streaming, self.deferred = list(streaming), tuple(map(list, deferred))
        self.varied: list[Ask] = []
        self.varied_deferred: tuple[list[Ask], ...] = tuple([] for _ in deferred)
        self._rehearsal = Rehearsal()
        self._wait = FIRST
        self._sampled = 0
        self._signatures: dict[str, set[tuple[Any, ...]]] = {}
        self._patterns: dict[tuple[Read, ...], _Pattern] = {}
        self._order: list[_Pattern] = []
        """The patterns, the one first that serves most."""
        self._all: list[Precedent] = []
        self._missed = self._idle = 0

    def of(self, subject: Subject) -> Precedent | None:
        """The precedent of a resource of which everything is known; None where it has to be asked itself."""
        for pattern in self._order:
            try:
                precedent = pattern.known.get(pattern.key(subject))
            except OTHERWISE:
                continue
            if precedent is not None:
                pattern.served += 1
                if not precedent.streaming.served:
                    self._idle = 0
                return precedent
        return self._learn(subject)

    def settle(self, tallies: dict[str, Tally]) -> None:
        """Count what was answered by precedents."""
        for precedent in self._all:
            for answers in (precedent.streaming, *precedent.deferred):
                if answers is not None and answers.served:
                    for check, reason in answers.not_applicable:
                        tallies[check].not_applicable[reason] += answers.served

    def _learn(self, subject: Subject) -> Precedent | None:
        if self._wait:
            self._wait -= 1
            return None
        if self._sampled < _SAMPLE:
            self._sample(subject)
            self._wait = _APART
            return None
        self._missed += 1
        if self._missed % _TRIED == 0 and sum(pattern.served for pattern in self._order) < self._missed * _WORTH:
            self._narrow()
        self._idle += 1
        return self._remember(subject) if self._missed <= _REMEMBERED and self._idle <= _IDLE else None

    def _sample(self, subject: Subject) -> None:
        """Note what each check reads of a resource."""
        for ask in self._asks():
            _, reads = self._hear(ask, subject)
            self._signatures.setdefault(ask.check.id, set()).add(tuple(reads.items()))
        self._sampled += 1
        if self._sampled == _SAMPLE:
            for ask in self._asks():
                if len(self._signatures[ask.check.id]) > _SAMPLE // 2:
                    self._leave_out(ask)

    def _narrow(self) -> None:
        """Begin anew without the check that differs most, since too few assets looked alike."""
        asks = self._asks()
        if asks:
            self._leave_out(max(asks, key=lambda ask: len(self._signatures[ask.check.id])))
        self._patterns.clear()
        self._order.clear()
        self._missed = self._idle = 0

    def _asks(self) -> list[Ask]:
        return [ask for asks in (self.streaming, *self.deferred) for ask in asks]

    def _leave_out(self, ask: Ask) -> None:
        for asks, varied in zip((self.streaming, *self.deferred), (self.varied, *self.varied_deferred), strict=True):
            if ask in asks:
                asks.remove(ask)
                varied.append(ask)

    def _remember(self, subject: Subject) -> Precedent | None:
        gathered: dict[Read, Any] = {}
        streaming = self._answers(self.streaming, subject, gathered)
        deferred = tuple(self._answers(asks, subject, gathered) for asks in self.deferred)
        assert streaming is not None  # only deferred checks can have to wait
        precedent = Precedent(streaming, deferred)
        reads = tuple(gathered)
        pattern = self._patterns.get(reads)
        if pattern is None:
            if len(self._patterns) == _PATTERNS:
                return None
            pattern = self._patterns[reads] = _Pattern(reads)
        key = pattern.key(subject)
        if sum(len(value) for value in key if isinstance(value, str | bytes)) > _LONGEST:
            return None
        pattern.known[key] = precedent
        self._all.append(precedent)
        self._order = sorted(self._patterns.values(), key=lambda pattern: -pattern.served)
        return precedent

    def _answers(self, asks: Sequence[Ask], subject: Subject, gathered: dict[Read, Any]) -> Answers | None:
        """What the checks say, and into `gathered` what they read; None where one has to wait."""
        answers = Answers()
        for ask in asks:
            verdict, reads = self._hear(ask, subject)
            gathered.update(reads)
            if self._rehearsal.waits and asks is not self.streaming:
                return None
            if verdict is None or verdict.outcome not in WELL:
                answers.again.append(ask)
            elif verdict.outcome is Outcome.NOT_APPLICABLE:
                answers.not_applicable.append((ask.check.id, verdict.reason))
        return answers

    def _hear(self, ask: Ask, subject: Subject) -> tuple[Verdict | None, dict[Read, Any]]:
        """What a check says, None where it raises, and what it read."""
        for lightly in (True, False):
            with Trace(subject, lightly=lightly) as trace:
                verdict = self._rehearsal.hear(ask, subject.asset, trace.stand_in)
            if verdict is not None:
                break
        return verdict, trace.reads
