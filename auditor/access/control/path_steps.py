"""A path of links as sentences: which binding carries a step, and what the step wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from auditor.access.control.control_graph import ControlGraph, Label, Reason
from auditor.access.control.graph import NO_REASON
from auditor.access.control.paths import Path, Step
from auditor.access.control.primitives import primitives
from auditor.access.standing import BindingReference, Certainty


@dataclass(frozen=True, slots=True)
class ControlStep:
    """One sentence of a path. `primitive` is an id of the catalogue, `reaches` what the step takes over, or `""`."""

    sentence: str
    certainty: Certainty
    binding: BindingReference | None = None
    primitive: str = ""
    reaches: str = ""


def told(control: ControlGraph, path: Path) -> list[ControlStep]:
    """The steps of a path in words. What goes without saying (inheritance) has none."""
    teller = _Teller(control)
    return list(teller.tell(path.steps))


class _Teller:
    """Walks along the links; a primitive is told where it arrives at something that has a name."""

    def __init__(self, control: ControlGraph) -> None:
        self._control = control
        self._pending: Reason | None = None
        self._certain = True
        self._said: set[int] = set()

    def tell(self, steps: tuple[Step, ...]) -> Iterator[ControlStep]:
        """The sentences of some links, one after the other."""
        for step in steps:
            for need in step.needs:
                yield from self.tell(need)
            if step.link not in self._said:
                self._said.add(step.link)
                yield from self._link(step)

    def _link(self, step: Step) -> Iterator[ControlStep]:
        reason = None if step.reason == NO_REASON else self._control.reasons[step.reason]
        label = self._control.labels.get(step.target)
        if reason is not None and reason.binding is not None:
            yield ControlStep(reason.binding.sentence, _certainty(step.certain), reason.binding)
            return
        self._certain &= step.certain
        if reason is not None and reason.primitive:
            self._pending = reason
        elif reason is not None and reason.text:
            arrived = label is not None and self._pending is None
            taken = label.name if label is not None and arrived and not reason.direct else ""
            yield ControlStep(self._sentence(reason, step), _certainty(step.certain), reaches=taken)
            if arrived:
                self._certain = True
                return
        if label is not None:
            yield from self._arrival(label, step.certain)

    def _sentence(self, reason: Reason, step: Step) -> str:
        labels = self._control.labels
        return (
            f"{labels[step.sources[0]].name} {reason.text} {labels[step.target].name}"
            if reason.between
            else reason.text
        )

    def _arrival(self, label: Label, certain: bool) -> Iterator[ControlStep]:
        reason, sure = self._pending, self._certain
        self._pending, self._certain = None, True
        if reason is None:
            verb = "Control of what is above includes" if label.kind == "control" else "This is"
            yield ControlStep(f"{verb} {label.name}", _certainty(certain), reaches=label.name)
            return
        doubt = "" if sure else _doubts().get(reason.primitive, "")
        words = _VERBS[label.kind]
        sentence = f"{reason.text}, and so {words} {label.name}"
        yield ControlStep(
            f"{sentence} ({doubt})" if doubt else sentence,
            _certainty(sure),
            primitive=reason.primitive,
            reaches=label.name,
        )


_VERBS = {"control": "control", "identity": "become", "workload": "change", "entitlement": "hold"}


def _certainty(certain: bool) -> Certainty:
    return Certainty.CERTAIN if certain else Certainty.POSSIBLE


@cache
def _doubts() -> dict[str, str]:
    return {primitive.id: primitive.possible_because for primitive in primitives()}
