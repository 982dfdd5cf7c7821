"""What is generated from the code and kept in the repository: parts of the README, and the pages in docs/.

`python -m tests.generated --write` (`make docs`) writes it, `test_docs.py` compares it.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from auditor.loading import load_checks
from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.iam_targets import TARGETS
from auditor.sources.terraform.types.parts import PARTS
from auditor.sources.terraform.types.unsupported import UNSUPPORTED
from tests import coverage
from tests.support import run

README = Path(__file__).parents[1] / "README.md"
TERRAFORM = README.parent / "docs" / "terraform.md"


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


def terraform_page() -> str:
    """The page of all Terraform types that are read, and what they become."""
    rows = [f"| {kind} | {mapping.asset_type or 'services of a project'} |" for kind, mapping in MAPPINGS.items()]
    parts = [f"| {kind} | `{part.path}` of {part.asset_type} |" for kind, part in PARTS.items()]
    grants = [f"| {kind} | {target.asset_type} |" for kind, target in TARGETS.items()]
    reasons = [f"| {kind} | {reason} |" for kind, reason in UNSUPPORTED.items()]
    told = (
        f"{len(MAPPINGS)} types become assets, {len(PARTS)} a part of one, and the IAM resources of "
        f"{len(TARGETS)} types its policy. Any other type of the Google provider is counted in the report "
        "as not assessed."
    )
    return "\n".join(
        [
            "# Terraform types",
            "",
            "This page is generated: `make docs`.",
            "",
            told,
            "",
            "## Resources",
            "",
            "| Terraform type | asset type |",
            "|---|---|",
            *sorted(rows),
            "",
            "## Parts of another resource",
            "",
            "| Terraform type | where the API shows it |",
            "|---|---|",
            *sorted(parts),
            "",
            "## Grants",
            "",
            "Each of these with `_iam_policy`, `_iam_binding`, `_iam_member` and `_iam_audit_config`, as far as the",
            "provider has it, and the data source `google_iam_policy`.",
            "",
            "| Terraform type | asset type whose policy it is |",
            "|---|---|",
            *sorted(grants),
            "",
            "## Not read, and why",
            "",
            "| Terraform type | reason |",
            "|---|---|",
            *sorted(reasons),
            "",
        ]
    )


def rewritten(text: str) -> str:
    """`text` with every block as it should be."""
    for marker, content in blocks().items():
        before, start, rest = text.partition(f"<!-- {marker} -->\n")
        _, end, after = rest.partition("\n<!-- end -->")
        assert all((start, end)), f"README.md has no block {marker!r}"
        text = before + start + content + end + after
    return text


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit("usage: python -m tests.generated --write")
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
    coverage.PAGE.write_text(coverage.page(), encoding="utf-8")
    TERRAFORM.parent.mkdir(exist_ok=True)
    TERRAFORM.write_text(terraform_page(), encoding="utf-8")
