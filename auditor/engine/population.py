"""Who was in the input: every asset once, in memory that does not grow with their names."""

from __future__ import annotations

from array import array
from collections import Counter

RESOURCE, POLICY = 1, 2
"""The parts of an asset that a line can carry."""
ANSWERED_APART, ANSWERED_WITH_POLICY, ANSWERED_OF_POLICY = 4, 8, 16
"""Marks of an asset that has answered what waits: what does not rest on its IAM policy, what is asked of it with its
policy, and what is asked of the policy."""

_PARTS_MASK = 31
_SHIFT = 5
_HASH_MASK = (1 << 64) - 1 - _PARTS_MASK
_FEW, _MANY = 1 << 12, 1 << 21
"""Slots to begin with, and those that any larger input gets at once: up to a million assets memory is the same."""
_LOW = (1 << 32) - 1


class Population:
    """A set of asset names with the parts seen of each.

    An open-addressing table of 64-bit words: 59 bits of the name's hash and five for the parts and marks, so a
    million assets take 16 MB. Two names that share 59 bits would count as one asset: less than one
    chance in a million for a million assets. As many bits again tell a record that is read twice from
    one that says something else of the same asset.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 * _FEW))
        self._resources = array("I", bytes(4 * _FEW))
        self._policies = array("I", bytes(4 * _FEW))
        self._mask = _FEW - 1
        self._used = 0
        self.by_type: Counter[str] = Counter()
        self.further_parts = 0
        self.duplicates = 0
        self.contradictions = 0
        """Records of content already read that say something else."""

    def __len__(self) -> int:
        return self._used

    @property
    def records(self) -> int:
        """How often `add` was called."""
        return self._used + self.further_parts + self.duplicates

    def add(self, name: bytes, asset_type: str, parts: int, record: bytes) -> int:
        """Count one record; the parts that are new for this name (0 for a duplicate)."""
        key = hash(name) & _HASH_MASK or _PARTS_MASK + 1
        slot = (key >> _SHIFT) & self._mask
        table = self._table
        word = table[slot]
        while word:
            if word & _HASH_MASK == key:
                return self._again(slot, word, parts, record)
            slot = (slot + 1) & self._mask
            word = table[slot]
        table[slot] = key | parts
        if parts == RESOURCE:
            self._resources[slot] = hash(record) & _LOW
        else:
            self._keep(slot, parts, record)
        self._used += 1
        self.by_type[asset_type] += 1
        if self._used * 3 > self._mask * 2:
            self._grow()
        return parts

    def _again(self, slot: int, word: int, parts: int, record: bytes) -> int:
        """Count a further record of a known asset."""
        fresh, repeated = parts & ~word, parts & word
        digest = hash(record) & _LOW
        if (repeated & RESOURCE and self._resources[slot] != digest) or (
            repeated & POLICY and self._policies[slot] != digest
        ):
            self.contradictions += 1
        self._table[slot] = word | fresh
        self._keep(slot, fresh, record)
        if fresh or not parts:
            self.further_parts += 1
        else:
            self.duplicates += 1
        return fresh

    def _keep(self, slot: int, parts: int, record: bytes) -> None:
        """Keep 32 bits of the record's hash for each part that it carries."""
        if parts & RESOURCE:
            self._resources[slot] = hash(record) & _LOW
        if parts & POLICY:
            self._policies[slot] = hash(record) & _LOW

    def parts(self, name: bytes) -> int:
        """The parts seen of the asset, and its marks; 0 where it is unknown."""
        return self._table[self._slot(name)] & _PARTS_MASK

    def mark(self, name: bytes, marks: int) -> None:
        """Mark a known asset by what it has answered."""
        self._table[self._slot(name)] |= marks

    def _slot(self, name: bytes) -> int:
        """Where a name stands, or would stand."""
        key = hash(name) & _HASH_MASK or _PARTS_MASK + 1
        slot = (key >> _SHIFT) & self._mask
        while (word := self._table[slot]) and word & _HASH_MASK != key:
            slot = (slot + 1) & self._mask
        return slot

    def _grow(self) -> None:
        old, resources, policies = self._table, self._resources, self._policies
        size = max(_MANY, 2 * len(old))
        self._mask = size - 1
        table = self._table = array("Q", bytes(8 * size))
        self._resources = array("I", bytes(4 * size))
        self._policies = array("I", bytes(4 * size))
        for position, word in enumerate(old):
            if word:
                slot = (word >> _SHIFT) & self._mask
                while table[slot]:
                    slot = (slot + 1) & self._mask
                table[slot] = word
                self._resources[slot] = resources[position]
                self._policies[slot] = policies[position]
