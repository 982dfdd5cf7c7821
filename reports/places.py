"""The file and line of a finding, for formats that point into source code."""

from __future__ import annotations

import re

from auditor.model.run import Finding

_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<line>[1-9]\d*)| element \d+)?", re.DOTALL)


def place_of(finding: Finding) -> tuple[str, int | None]:
    """The file and line that a finding's `source` tells: `""` where there is no file, None where there is no line.

    A source is `FILE`, `FILE:LINE` or `FILE element N`, each perhaps with the Terraform address after it.
    """
    source = finding.source
    if finding.address:
        source = source.removesuffix(f" {finding.address}")
    match = _PLACE.fullmatch(source)
    if match is None:
        return "", None
    return match["file"].removeprefix("./"), int(match["line"]) if match["line"] else None
