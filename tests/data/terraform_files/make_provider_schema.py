"""Makes `auditor/sources/terraform/hcl/provider_schema.json` of two public packages generated from the provider.

    pip download --no-deps cdktf-cdktf-provider-google pulumi-gcp   # and unpack both, and the .jsii.tgz in the first
    python make_provider_schema.py PACKAGE_LIB PULUMI_GCP OUT

The first tells each attribute's type, which are blocks, and which only the API sets; the second which attributes the
API sets where the configuration does not. Only names, types and flags are taken, for the types that have a table.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.iam_targets import TARGETS
from auditor.sources.terraform.types.parts import PARTS

_ATTRIBUTE = re.compile(
    r"^ {8,12}(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n\s+type: \"(\w+)\",\n"
    r"\s+storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
_NESTED = re.compile(r"(\w+)ToHclTerraform(?=[,)(])")
_FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_CLASS = re.compile(r"^class (\w+)OutputReference extends .*?^\}", re.MULTILINE | re.DOTALL)
_ONLY_COMPUTED = re.compile(r"// (\w+) - computed: true, optional: false, required: false")
_MAYBE_COMPUTED = re.compile(r"// (\w+) - computed: true, optional: true, required: false")
_KINDS = {
    "string": "s",
    "boolean": "b",
    "number": "n",
    "stringList": "ls",
    "numberList": "ln",
    "stringMap": "ms",
    "booleanMap": "mb",
    "numberMap": "mn",
}
_GETTER = re.compile(r"def (\w+)\(self\) -> pulumi\.Output\[(.*)\]:")
_DEFAULT = re.compile(r'Default value: "([^"]*)"')
_PROPERTY = re.compile(r"/\*\*((?:(?!\*/).)*?)\*/\s+readonly (\w+)(\??):", re.DOTALL)
_INTERFACE = re.compile(r"^export interface (\w+) (?:extends [\w.]+ )?\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Write the schema."""
    lib, pulumi, out = map(Path, sys.argv[1:])
    types = {*MAPPINGS, *PARTS}
    for target in TARGETS:
        types |= {target + kind for kind in ("_iam_policy", "_iam_binding", "_iam_member", "_iam_audit_config")}
    folders = dict(_packages(lib))
    outputs = _outputs(pulumi)
    schema = {}
    for name in sorted(types):
        if name in folders:
            schema[name] = _type(folders[name], name, outputs)
    out.write_text(
        "{\n"
        + ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in schema.items())
        + "\n}\n"
    )
    print(len(schema), "types;", len(types - set(schema)), "without:", sorted(types - set(schema)))


def _packages(lib: Path) -> Iterator[tuple[str, Path]]:
    for folder in sorted(lib.iterdir()):
        file = folder / "index.js"
        if file.exists() and not folder.name.startswith("data-"):
            text = file.read_text()
            if found := re.search(r"terraformResourceType: '(\w+)'", text):
                yield found[1], folder


def _outputs(pulumi: Path) -> dict[str, dict[str, bool]]:
    """File → property → whether its output is always there."""
    found = {}
    for file in pulumi.rglob("*.py"):
        if file.name not in ("outputs.py", "_inputs.py", "__init__.py"):
            getters = {m[1]: not m[2].startswith("Optional") for m in _GETTER.finditer(file.read_text())}
            if getters:
                found[file.relative_to(pulumi).with_suffix("").as_posix()] = getters
    return found


def _type(folder: Path, name: str, outputs: dict[str, dict[str, bool]]) -> dict[str, Any]:
    text, declared = (folder / "index.js").read_text(), (folder / "index.d.ts").read_text()
    functions = {m[1]: m[2] for m in _FUNCTION.finditer(text)}
    classes = {m[1][:1].lower() + m[1][1:]: m[0] for m in _CLASS.finditer(text)}
    defaults = _defaults(declared)
    main_class = re.search(r"^class (\w+) extends cdktf\.TerraformResource \{.*", text, re.MULTILINE | re.DOTALL)
    assert main_class is not None
    body = main_class[0]
    made = _body(
        body[body.index("synthesizeHclAttributes") :], body, main_class[1] + "Config", functions, classes, defaults
    )
    required = set(
        re.findall(
            r"^ {4}readonly (\w+):",
            declared.partition(f"interface {main_class[1]}Config ")[2].partition("\n}")[0],
            re.MULTILINE,
        )
    )
    getters = _matching(name, set(made), outputs)
    for attribute, kind in made.items():
        there = getters.get(attribute) or getters.get(attribute + "s") or getters.get(re.sub("y$", "ies", attribute))
        if not there or _camel(attribute) in required:
            continue
        if isinstance(kind, str) and kind[0] not in "?!":
            made[attribute] = "?" + kind
        elif isinstance(kind, list) and "?" not in kind:
            kind.append("?")
    return made


def _body(
    attributes: str, comments: str, interface: str, functions: Any, classes: Any, defaults: Any
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for found in _ATTRIBUTE.finditer(attributes):
        attribute, value, is_block, _, storage = found.groups()
        nested = _NESTED.search(value)
        inner = nested[1] if nested and nested[1] in functions else ""
        if inner:
            title = inner[:1].upper() + inner[1:]
            made[attribute] = [_body(functions[inner], classes.get(inner, ""), title, functions, classes, defaults)]
            if is_block == "false":
                made[attribute].append("attribute")
        else:
            made[attribute] = _KINDS.get(storage, "*")
            default = defaults.get((interface, _camel(attribute)))
            if default is not None:
                made[attribute] += "=" + default
    for attribute in _ONLY_COMPUTED.findall(comments):
        made.setdefault(attribute, "!")
    for attribute in _MAYBE_COMPUTED.findall(comments):
        if isinstance(made.get(attribute), str) and not made[attribute].startswith("?"):
            made[attribute] = "?" + made[attribute]
        elif isinstance(made.get(attribute), list):
            made[attribute].append("?")
    made.pop("timeouts", None)
    if interface.endswith("Config") and made.get("id") == "s":
        made["id"] = "!"  # of every resource only the API sets it, though the package lets it be set
    return made


def _defaults(declared: str) -> dict[tuple[str, str], str]:
    return {
        (interface[1], prop[2]): default[1]
        for interface in _INTERFACE.finditer(declared)
        for prop in _PROPERTY.finditer(interface[2])
        if (default := _DEFAULT.search(re.sub(r"\s*\n\s*\*\s*", " ", prop[1])))
    }


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def _matching(name: str, attributes: set[str], outputs: dict[str, dict[str, bool]]) -> dict[str, bool]:
    """The properties of the same resource under its other name: the one whose names and attributes are most alike."""
    words = set(name.removeprefix("google_").split("_"))

    def score(item: tuple[str, dict[str, bool]]) -> float:
        file, getters = item
        same = {a for a in attributes if a in getters or a + "s" in getters}
        theirs = set(re.split(r"[/_]", file))
        return len(same) / max(len(attributes | set(getters)) - len(same & {a + "s" for a in same}), 1) + len(
            words & theirs
        ) / len(words | theirs)

    best = max(outputs.items(), key=score)
    if score(best) < 0.9:
        print("no match for", name, "best", best[0], round(score(best), 2))
        return {}
    return best[1]


if __name__ == "__main__":
    main()
