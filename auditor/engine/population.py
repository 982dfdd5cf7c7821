"""Who was in the input: every asset once, in memory that does not grow with their names."""

from __future__ import annotations

from array import array
from collections import Counter

RESOURCE, POLICY = 1, 2
"""The parts of an asset that a line can carry."""

_PARTS_MASK = 3
_HASH_MASK = (1 << 64) - 1 - _PARTS_MASK


class Population:
    """A set of asset names with the parts seen of each.

    An open-addressing table of 64-bit words: 62 bits of the name's hash and two for the parts, so a
    million assets take 16 MB. Two names that share 62 bits would count as one asset: less than one
    chance in a million for a million assets.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 << 21))
        self._mask = (1 << 21) - 1
        self._used = 0
        self._limit = 1_400_000
        self.by_type: Counter[str] = Counter()
        self.further_parts = 0
        self.duplicates = 0

    def __len__(self) -> int:
        return self._used

    def add(self, name: bytes, asset_type: str, parts: int) -> int:
        """Count one record; the parts that are new for this name (0 for a duplicate)."""
        table, mask = self._table, self._mask
        key = (hash(name) & _HASH_MASK) or _PARTS_MASK + 1
        slot = (key >> 2) & mask
        while word := table[slot]:
            if word & _HASH_MASK == key:
                fresh = parts & ~word
                if fresh:
                    table[slot] = word | fresh
                    self.further_parts += 1
                else:
                    self.duplicates += 1
                return fresh
            slot = (slot + 1) & mask
        table[slot] = key | parts
        self._used += 1
        self.by_type[asset_type] += 1
        if self._used > self._limit:
            self._grow()
        return parts

    def parts(self, name: bytes) -> int:
        """The parts seen of the asset, 0 where it is unknown."""
        table, mask = self._table, self._mask
        key = (hash(name) & _HASH_MASK) or _PARTS_MASK + 1
        slot = (key >> 2) & mask
        while word := table[slot]:
            if word & _HASH_MASK == key:
                return word & _PARTS_MASK
            slot = (slot + 1) & mask
        return 0

    def _grow(self) -> None:
        old, self._mask, self._limit = self._table, self._mask * 2 + 1, self._limit * 2
        table = self._table = array("Q", bytes(8 * (self._mask + 1)))
        mask = self._mask
        for word in old:
            if word:
                slot = (word >> 2) & mask
                while table[slot]:
                    slot = (slot + 1) & mask
                table[slot] = word
