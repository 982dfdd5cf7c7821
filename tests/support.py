"""What several tests need: writing exports, running the command, the oracles' place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli import main

NOW = "2026-11-22T00:00:00Z"
ORACLES = Path(__file__).parents[2] / "shared" / "oracles"
needs_oracles = pytest.mark.skipif(not ORACLES.is_dir(), reason="the oracle data is not beside the project")

ANCESTORS = ["projects/1001", "folders/2001", "organizations/3001"]
PUBLIC = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}


def bucket(name: str = "b", **extra: Any) -> dict[str, Any]:
    """A bucket as an export has it."""
    return {
        "name": f"//storage.googleapis.com/{name}",
        "asset_type": "storage.googleapis.com/Bucket",
        "resource": {"data": {"name": name, "iamConfiguration": {"publicAccessPrevention": "inherited"}}},
        "ancestors": ANCESTORS,
        **extra,
    }


def policy(of: dict[str, Any], bindings: dict[str, Any]) -> dict[str, Any]:
    """The IAM policy line of an asset."""
    return {"name": of["name"], "asset_type": of["asset_type"], "iam_policy": bindings, "ancestors": of["ancestors"]}


def project(number: int = 1001, **extra: Any) -> dict[str, Any]:
    """A project as an export has it."""
    return {
        "name": f"//cloudresourcemanager.googleapis.com/projects/{number}",
        "asset_type": "cloudresourcemanager.googleapis.com/Project",
        "resource": {"data": {"projectId": f"p-{number}", "state": "ACTIVE"}},
        "ancestors": [f"projects/{number}", *ANCESTORS[1:]],
        **extra,
    }


def ndjson(documents: Sequence[dict[str, Any]]) -> bytes:
    """Documents as newline-delimited JSON."""
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


def run(*arguments: str | Path) -> Result:
    """`auditor` with these arguments, in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="auditor")


def scan(
    *targets: Path, options: Sequence[str | Path] = (), json_to: Path | None = None
) -> tuple[Result, dict[str, Any]]:
    """`auditor scan` with a JSON report; the result and the parsed report (empty where none was written)."""
    out = json_to or targets[0].parent / "run.json.out.json"
    result = run("scan", *targets, "--now", NOW, "-o", out, *options)
    report = json.loads(out.read_text()) if out.exists() else {}
    out.unlink(missing_ok=True)
    return result, report


def verdicts(report: dict[str, Any], check: str) -> dict[str, int]:
    """The counts of one check in a report."""
    found = next(entry for entry in report["checks"] if entry["id"] == check)
    return {
        "asked": found["asked"],
        "pass": found["passed"],
        "fail": found["failed"],
        "not_applicable": sum(found["not_applicable"].values()),
        "not_assessed": sum(found["not_assessed"].values()),
    }


def gzipped(data: bytes) -> bytes:
    """Data as a gzip file."""
    return gzip.compress(data, mtime=0)
