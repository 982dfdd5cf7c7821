"""Paths to control as pictures: SVG that stands by itself (no script, no font, no network), and DOT for Graphviz.

Names are strangers' text: control characters are shown as codes, markup is escaped, long ones are cut with the whole
in a tooltip.

Sources: w3.org/TR/SVG2 (no Google page has a say here), graphviz.org/doc/info/lang.html (quoted strings)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

from auditor.access.control.search import ControlPath
from auditor.access.standing import Certainty
from auditor.model.text import visible

_WIDTH, _BOX, _GAP, _MARGIN = 640, 44, 56, 12
_NAME, _WORDS = 74, 84
"""Characters shown in a box, and beside an arrow."""
_LONGEST = 2_000
_PATHS_DRAWN = 100


Station = tuple[str, str, Certainty]
"""A name, what leads there, and how certain that is; of a first one the two others mean nothing."""


class Chain(NamedTuple):
    """Stations one after the other, and whether the first is outside."""

    stations: Sequence[Station]
    outside: bool = False


def arrow(tail: str, head: str, words: str, *, certain: bool) -> Chain:
    """A chain of one step: who has access where, and by what."""
    certainty = Certainty.CERTAIN if certain else Certainty.POSSIBLE
    return Chain([(tail, "", Certainty.CERTAIN), (head, words, certainty)])


def stations(path: ControlPath) -> list[Station]:
    """What a path passes, from its source on."""
    found = [(path.source, "", Certainty.CERTAIN)]
    words: list[str] = []
    certainty = Certainty.CERTAIN
    for step in path.steps:
        words.append(step.primitive or (step.binding.role if step.binding else step.sentence))
        certainty = certainty if step.certainty is Certainty.CERTAIN else step.certainty
        if step.reaches:
            found.append((step.reaches, ", ".join(dict.fromkeys(words)), certainty))
            words, certainty = [], Certainty.CERTAIN
    if words:
        found.append((path.target, ", ".join(dict.fromkeys(words)), certainty))
    return found


def svg(path: ControlPath) -> str:
    """One path from top to bottom, as an `<svg>` element to stand in HTML or alone."""
    return _picture([_chain(path)])


def svg_document(paths: Sequence[ControlPath]) -> str:
    """Several paths, one below the other, as a file."""
    return svg_of_chains([_chain(path) for path in paths[:_PATHS_DRAWN]])


def svg_of_chains(chains: Sequence[Chain]) -> str:
    """Several chains, one below the other, as a file."""
    left_out = max(0, len(chains) - _PATHS_DRAWN)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_picture(chains[:_PATHS_DRAWN], left_out)}\n'


def _chain(path: ControlPath) -> Chain:
    return Chain(stations(path), path.outside)


def _picture(chains: Sequence[Chain], left_out: int = 0) -> str:
    drawn: list[str] = []
    top = _MARGIN
    for chain in chains:
        shapes, top = _column(chain, top)
        drawn += shapes
        top += _GAP // 2
    if left_out or not chains:
        words = f"and {left_out:,} more; other formats have all" if left_out else "nothing to draw"
        drawn.append(f'<text x="{_MARGIN}" y="{top + _MARGIN}" fill="#44546a">{words}</text>')
        top += 3 * _MARGIN
    height = max(top, 2 * _MARGIN)
    title = "; ".join(f"{chain.stations[0][0]} to {chain.stations[-1][0]}" for chain in chains[:3])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="13"><title>{_text(title, _LONGEST)}</title>'
        f"{''.join(drawn)}</svg>"
    )


def _column(chain: Chain, top: int) -> tuple[list[str], int]:
    """The shapes of one chain, and where they end."""
    shapes: list[str] = []
    found = chain.stations
    for number, (name, words, certainty) in enumerate(found):
        if number:
            shapes.append(_arrow(top, words, certainty))
            top += _GAP
        colour = "#b3261e" if number == len(found) - 1 else "#8a5a00" if number == 0 and chain.outside else "#44546a"
        shapes.append(_station(top, name, colour))
        top += _BOX
    return shapes, top


def _station(top: int, name: str, colour: str) -> str:
    width = _WIDTH - 2 * _MARGIN
    return (
        f'<g><title>{_text(name, _LONGEST)}</title><rect x="{_MARGIN}" y="{top}" width="{width}" height="{_BOX}" rx="6"'
        f' fill="#fff" stroke="{colour}" stroke-width="2"/><text x="{_MARGIN + 12}" y="{top + _BOX // 2 + 5}" '
        f'fill="#1c1b1f">{_text(name, _NAME)}</text></g>'
    )


def _arrow(top: int, words: str, certainty: Certainty) -> str:
    x, end = _MARGIN + 24, top + _GAP
    dashes = "" if certainty is Certainty.CERTAIN else ' stroke-dasharray="5 4"'
    doubt = "" if certainty is Certainty.CERTAIN else f"{certainty.value}: "
    return (
        f'<g><title>{_text(words, _LONGEST)}</title><path d="M{x} {top}V{end - 8}" stroke="#44546a" stroke-width="2" '
        f'fill="none"{dashes}/><path d="M{x - 5} {end - 9}L{x} {end}L{x + 5} {end - 9}Z" fill="#44546a"/>'
        f'<text x="{x + 14}" y="{top + _GAP // 2 + 4}" fill="#44546a">{_text(doubt + words, _WORDS)}</text></g>'
    )


def _text(text: str, longest: int) -> str:
    shown = visible(text[:longest])
    return escape(shown[:longest] + "…" if len(text) > longest or len(shown) > longest else shown)


def dot(paths: Iterable[ControlPath]) -> str:
    """The paths as one graph in the DOT language."""
    return dot_of_chains(map(_chain, paths))


def dot_of_chains(chains: Iterable[Chain]) -> str:
    """Chains as one graph in the DOT language."""
    nodes: dict[str, str] = {}
    arrows: dict[tuple[str, str, str, bool], None] = {}
    for chain in chains:
        for name, _, _ in chain.stations:
            nodes.setdefault(name, "box")
        if chain.outside:
            nodes[chain.stations[0][0]] = "ellipse"
        nodes[chain.stations[-1][0]] = "doubleoctagon"
        for (tail, _, _), (head, words, certainty) in pairwise(chain.stations):
            arrows[(tail, head, words, certainty is Certainty.CERTAIN)] = None
    numbers = {name: f"n{number}" for number, name in enumerate(nodes)}
    lines = [f"  {numbers[name]} [label={_quoted(name)}, shape={shape}];" for name, shape in nodes.items()]
    for tail, head, words, certain in arrows:
        style = "" if certain else ", style=dashed"
        lines.append(f"  {numbers[tail]} -> {numbers[head]} [label={_quoted(words)}{style}];")
    return "\n".join(["digraph paths {", "  rankdir=LR;", *lines, "}", ""])


def _quoted(text: str) -> str:
    shown = visible(text[:_LONGEST]).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'
