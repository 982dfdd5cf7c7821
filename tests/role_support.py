"""The lists of roles that tests compare with, and files of roles for tests."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor.data import role_file
from auditor.data.role_file import NamedRole, gathered

FACTS = Path(__file__).parents[2] / "shared" / "iam"
needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="the lists of roles are not beside the project")


def facts(name: str) -> Any:
    """One of the lists that the data files were made of."""
    data = (FACTS / name).read_bytes()
    return json.loads(gzip.decompress(data) if name.endswith(".gz") else data)


def stored(as_of: date, held: str) -> role_file.Roles:
    """A list of one role."""
    return gathered(as_of, [NamedRole("roles/x", "BETA", "The X", [held])])
