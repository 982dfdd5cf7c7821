"""Tags: which values are attached to a resource, or inherited by it, for conditions and deny rules that ask.

A resource has the tags of all that is above it; of several values of one key the nearest counts.

Sources: cloud.google.com/resource-manager/docs/tags/tags-overview (inheritance and overriding),
cloud.google.com/resource-manager/reference/rest/v3/tagBindings, …/tagKeys, …/tagValues
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Tag:
    """A tag in both spellings: `123/env` → `prod`, `tagKeys/1` → `tagValues/2`; `""` where it is not known."""

    key: str
    value: str
    key_id: str
    value_id: str


class Tags:
    """Tag keys, tag values and what they are bound to."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._values: dict[str, tuple[str, str]] = {}
        self._bound: dict[str, list[tuple[str, str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._bound)

    def add_key(self, key_id: str, namespaced: str) -> None:
        """Learn `tagKeys/1` → `123/env`."""
        self._keys[key_id] = namespaced

    def add_value(self, value_id: str, key_id: str, namespaced: str) -> None:
        """Learn of `tagValues/2` its key, and its name `123/env/prod`."""
        self._values[value_id] = (key_id, namespaced)

    def bind(self, resource: str, value_id: str, namespaced: str = "") -> None:
        """Learn that a value is attached to a resource."""
        self._bound.setdefault(resource, []).append((value_id, namespaced))

    def settle(self, canonical_name: Callable[[str], str]) -> None:
        """Bring the resources to one spelling each."""
        settled: dict[str, list[tuple[str, str]]] = {}
        for resource, values in self._bound.items():
            settled.setdefault(canonical_name(resource), []).extend(values)
        self._bound = settled

    def effective(self, names: Iterable[str]) -> Mapping[str, str] | None:
        """The tags of a resource; `names` are it and all above it, the nearest first. None where one is not readable.

        A spelling that is not known of all of them is left out, so that nobody takes its absence for an answer.
        """
        tags = [self._tag(*bound) for name in reversed(list(names)) for bound in self._bound.get(name, ())]
        named = {tag.key: tag.value for tag in tags}
        numbered = {tag.key_id: tag.value_id for tag in tags}
        known = [spelling for spelling in (named, numbered) if "" not in spelling]
        if not known:
            return None
        return {key: value for spelling in known for key, value in spelling.items()}

    def _tag(self, value_id: str, namespaced: str) -> _Tag:
        key_id, name = self._values.get(value_id, ("", ""))
        key, _, value = (namespaced or name).rpartition("/")
        if not key:
            return _Tag("", "", key_id, value_id)
        return _Tag(key, value, key_id if value_id else "", value_id)
