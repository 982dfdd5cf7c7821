"""Placeholder until the mapping lands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class TerraformPlan:
    path: str
    shown: str
    document: dict[str, Any]
    kind: str = "Terraform plan"
    partial: bool = True

    def lines(self, gaps: object) -> Iterator[tuple[str, bytes]]:
        return iter(())
