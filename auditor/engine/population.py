"""Who was in the input: every asset once, in memory that does not grow with their names."""

from __future__ import annotations

from array import array
from collections import Counter

RESOURCE, POLICY = 1, 2
"""The parts of an asset that a line can carry."""

_PARTS_MASK = 3
_HASH_MASK = (1 << 64) - 1 - _PARTS_MASK
_SLOTS = 1 << 21


class Population:
    """A set of asset names with the parts seen of each.

    An open-addressing table of 64-bit words: 62 bits of the name's hash and two for the parts, so a
    million assets take 16 MB. Two names that share 62 bits would count as one asset: less than one
    chance in a million for a million assets.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 * _SLOTS))
        self._mask = _SLOTS - 1
        self._used = 0
        self.by_type: Counter[str] = Counter()
        self.further_parts = 0
        self.duplicates = 0

    def __len__(self) -> int:
        return self._used

    @property
    def records(self) -> int:
        """How often `add` was called."""
        return self._used + self.further_parts + self.duplicates

    def add(self, name: bytes, asset_type: str, parts: int) -> int:
        """Count one record; the parts that are new for this name (0 for a duplicate)."""
        key = hash(name) & _HASH_MASK
        slot = (key >> 2) & self._mask
        table = self._table
        word = table[slot]
        while word:
            if word & _HASH_MASK == key:
                fresh = parts & ~word
                table[slot] = word | fresh
                if fresh:
                    self.further_parts += 1
                else:
                    self.duplicates += 1
                return fresh
            slot = (slot + 1) & self._mask
            word = table[slot]
        table[slot] = key | parts
        self._used += 1
        self.by_type[asset_type] += 1
        if self._used * 3 > self._mask * 2:
            self._grow()
        return parts

    def parts(self, name: bytes) -> int:
        """The parts seen of the asset, 0 where it is unknown."""
        key = hash(name) & _HASH_MASK
        slot = (key >> 2) & self._mask
        while word := self._table[slot]:
            if word & _HASH_MASK == key:
                return word & _PARTS_MASK
            slot = (slot + 1) & self._mask
        return 0

    def _grow(self) -> None:
        old, self._mask = self._table, self._mask * 2 + 1
        table = self._table = array("Q", bytes(8 * (self._mask + 1)))
        for word in old:
            if word:
                slot = (word >> 2) & self._mask
                while table[slot]:
                    slot = (slot + 1) & self._mask
                table[slot] = word
