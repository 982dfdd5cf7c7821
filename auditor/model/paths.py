"""Paths to control in the record of a run: who takes them, step by step, and what cuts them."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from auditor.model.count import Count


@dataclass(slots=True, kw_only=True)
class ControlPath:
    """A way to control of a project, folder or organisation: who takes it, step by step, and its picture."""

    title: str
    certainty: Literal["certain", "possible"]
    sentences: list[str]
    svg: str
    """A drawing of our own making: the only markup in a run."""
    alike: list[str]
    """Others who have the same way."""


@dataclass(slots=True, kw_only=True)
class ChokePoint:
    """A binding whose removal cuts `cuts` of the `of` paths found, and the command that removes it, if one does."""

    binding: str
    command: str
    cuts: Count
    of: Count


@dataclass(slots=True, kw_only=True)
class PathsToControl:
    """The paths found, the bindings to remove, and what is approximate or not known of them."""

    paths: list[ControlPath]
    choke_points: list[ChokePoint]
    notes: list[str]
