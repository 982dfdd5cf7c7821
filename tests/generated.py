"""What is generated from the code and kept in the repository: the README's help text and areas, docs/coverage.md.

`python -m tests.generated --write` (`make docs`) writes it, `test_docs.py` compares it.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

from auditor.loading import load_checks
from tests import coverage
from tests.support import run

README = Path(__file__).parents[1] / "README.md"


def blocks() -> dict[str, str]:
    """Marker → the text that belongs between `<!-- marker -->` and `<!-- end -->`."""
    checks = load_checks()
    areas = Counter(check.area for check in checks)
    severe = Counter(check.area for check in checks if check.severity.rank <= 1)
    rows = [f"| {area} | {number} | {severe[area]} |" for area, number in sorted(areas.items())]
    table = "\n".join(
        [
            "| area | checks | critical or high |",
            "|---|---|---|",
            *rows,
            f"| **all** | {len(checks)} | {severe.total()} |",
        ]
    )
    return {
        "scan help": f"```\n{run('scan', '--help').output.rstrip()}\n```",
        "areas": table,
    }


def rewritten(text: str) -> str:
    """`text` with every block as it should be."""
    for marker, content in blocks().items():
        pattern = re.compile(rf"(<!-- {marker} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text, number = pattern.subn(lambda match, content=content: match[1] + content + match[2], text)  # type: ignore[misc]
        assert number == 1, f"README.md has no block {marker!r}"
    return text


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit("usage: python -m tests.generated --write")
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
    coverage.PAGE.write_text(coverage.page(), encoding="utf-8")
