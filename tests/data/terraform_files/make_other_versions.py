"""Makes `other_versions.json`: attributes that other versions of the provider have and the shipped schema has not.

    npm pack @cdktf/provider-google@8.0.11 @cdktf/provider-google@13.32.1 @cdktf/provider-google-beta@16.12.1
    python make_other_versions.py OUT PACKAGE_LIB …

The packages are generated from versions 4.79, 5.43 and 6.50 (beta) of the provider; only names are taken, and which
of them stand for blocks (an object).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from auditor.sources.terraform import hcl
from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.parts import PARTS

_INTERFACE = re.compile(r"^export interface (\w+)(?: extends [\w.]+)? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_PROPERTY = re.compile(r"#(\w+) \w+#(?:(?!\*/).)*?\*/\s+readonly \w+\??: (\w*)", re.DOTALL)
_DEPTH = 14


def main() -> None:
    """Write the names, blocks in blocks."""
    out, *packages = sys.argv[1:]
    shipped = json.loads(resources.files(hcl).joinpath("provider_schema.json").read_bytes())
    found: dict[str, dict[str, Any]] = {}
    for lib in packages:
        for folder in sorted(Path(lib).iterdir()):
            for kind, names in _names(folder):
                if kind in MAPPINGS.keys() | PARTS.keys():
                    for path in sorted(set(names) - set(_flat(shipped.get(kind, {})))):
                        _put(found.setdefault(kind, {}), path)
    lines = [f"{json.dumps(kind)}:{json.dumps(names, separators=(',', ':'))}" for kind, names in sorted(found.items())]
    Path(out).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _put(names: dict[str, Any], path: str) -> None:
    *above, last = path.removesuffix("{}").split(".")
    for step in above:
        names = names.setdefault(step, {})
    names.setdefault(last, {} if path.endswith("{}") else 0)


def _names(folder: Path) -> Iterator[tuple[str, list[str]]]:
    code, declared = folder / "index.js", folder / "index.d.ts"
    if not code.exists() or folder.name.startswith("data-"):
        return
    kind = re.search(r"tfResourceType = [\"'](\w+)[\"']", code.read_text())
    text = "\n".join(file.read_text() for file in [declared, *sorted(folder.glob("index-structs/*.d.ts"))])
    named = re.search(r"^export declare class (\w+) extends cdktf.TerraformResource", text, re.MULTILINE)
    if kind and named:
        interfaces = dict(_INTERFACE.findall(text))
        yield (
            kind[1],
            [path for path in _paths(interfaces, f"{named[1]}Config", "") if path not in ("id", "timeouts{}")],
        )


def _paths(interfaces: dict[str, str], name: str, above: str) -> Iterator[str]:
    for attribute, below in _PROPERTY.findall(interfaces.get(name, "")):
        if above.count(".") > _DEPTH or attribute == "timeouts":
            continue
        if below in interfaces:
            yield f"{above}{attribute}{{}}"
            yield from _paths(interfaces, below, f"{above}{attribute}.")
        else:
            yield above + attribute


def _flat(block: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, part in block.items():
        if isinstance(part, list):
            yield f"{above}{name}{{}}"
            yield from _flat(part[0], f"{above}{name}.")
        else:
            yield above + name


if __name__ == "__main__":
    main()
