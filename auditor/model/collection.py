"""What of a live estate was collected, in the record of a run."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from auditor.model.count import Count


@dataclass(slots=True, kw_only=True)
class ServiceState:
    """How reading one service ended, and in which places it ended so."""

    service: str
    state: str
    """collected, empty, API disabled, permission denied, blocked by a perimeter, throttled out, timed out, …"""
    is_missing: bool
    """Whether something may be there that was not read."""
    permission: str
    """The permission that was missing, where that is known."""
    advice: str
    records: Count
    places: list[str]
    """Projects, folders and organisations, projects by id where that is known."""


@dataclass(slots=True, kw_only=True)
class Collection:
    """What of a live estate was asked for, what was reached, and how each service ended in each place."""

    requested: list[str]
    reached: list[str]
    excluded: dict[str, str]
    """Place → the rule that left it out."""
    identity: str
    """Who asked; empty where that was not kept."""
    read_time: str
    """The moment that the inventory showed, RFC 3339; empty where it did not say."""
    services: list[ServiceState]
    notes: list[str]
