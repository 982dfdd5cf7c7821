"""One value, written in many ways: whatever the way, evaluation gives that value; and hiding a variable only hides.

A value is made up first, then an expression that has it, out of literals, variables, locals, functions, loops,
conditionals, templates and modules. So what is expected is known without evaluating anything.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.base import Gaps
from auditor.sources.terraform.hcl.evaluate import evaluate
from auditor.sources.terraform.hcl.load import Module, read_module
from auditor.sources.terraform.hcl.variables import given_values
from tests.test_terraform_files import convert, write

_TEXTS = ["", "a", "web-1", "größe", 'q"uote\\', "two\nlines\n", "$${x} %%", "10.0.0.0/8", "true", "7"]
_KEYS = ["a", "b", "name", "ünï", "with space", "k-1"]


def quoted(text: str) -> str:
    """A text as a literal of the language."""
    escaped = json.dumps(text, ensure_ascii=False)
    return escaped.replace("${", "$${").replace("%{", "%%{")


def literal(value: Any) -> str:
    """A value as a literal."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{quoted(key)} = {literal(part)}' for key, part in value.items())} }}"
    return json.dumps(value)


def any_value(dice: random.Random, depth: int = 2) -> Any:
    """Some value; lists and maps with further values in them."""
    kind = dice.randrange(6 if depth else 4)
    if kind == 4:
        return [any_value(dice, depth - 1) for _ in range(dice.randrange(4))]
    if kind == 5:
        return {key: any_value(dice, depth - 1) for key in dice.sample(_KEYS, dice.randrange(4))}
    return [dice.choice(_TEXTS), dice.randrange(-3, 40), dice.random() < 0.5, None][kind]


@dataclass
class Writer:
    """Writes expressions, and what they need: variables, locals, modules, files."""

    dice: random.Random
    hideable: bool = False
    """Whether some values come from variables that have no default."""
    root: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def name(self, kind: str) -> str:
        """A new name."""
        self.count += 1
        return f"{kind}{self.count}"

    def spell(self, value: Any, depth: int = 3) -> str:
        """An expression with this value."""
        if depth == 0:
            return self.leaf(value)
        ways: list[Callable[[Any, int], str]] = [self.anything, self.anything]
        own: dict[type, Callable[[Any, int], str]] = {
            str: self.text,
            int: self.number,
            bool: self.truth,
            list: self.elements,
            dict: self.attributes,
        }
        if type(value) in own:
            ways += [own[type(value)]] * 2
        return self.dice.choice(ways)(value, depth - 1)

    def leaf(self, value: Any) -> str:
        """A literal, a variable or a local value."""
        way = self.dice.randrange(4)
        if way == 0:
            name = self.name("v")
            if self.hideable and self.dice.random() < 0.5:
                self.root.append(f'variable "{name}" {{\n}}')
                self.values[name] = value
            else:
                self.root.append(f'variable "{name}" {{\n  default = {literal(value)}\n}}')
            return f"var.{name}"
        if way == 1:
            name = self.name("l")
            self.root.append(f"locals {{\n  {name} = {literal(value)}\n}}")
            return f"local.{name}"
        return literal(value)

    def anything(self, value: Any, depth: int) -> str:
        """Ways that any value can be written in."""
        part = self.spell(value, depth)
        other = self.name("l")
        ways: list[Callable[[], str]] = [
            lambda: f"({part})",
            lambda: f"[{part}][0]",
            lambda: f"[{part}, 1].0",
            lambda: f"{{ k = {part} }}.k",
            lambda: f'{{ (format("%s", "k")) = {part} }}["k"]',
            lambda: f'lookup({{ k = {part} }}, "k", null)',
            lambda: f'lookup({{}}, "k", {part})',
            lambda: f"try({{}}.missing, {part})",
            lambda: f'try(tonumber("x"), {part}, 1)',
            lambda: f"(can({{}}.missing) ? null : {part})",
            lambda: f"(1 + 1 == 2 ? {part} : null)",
            lambda: f'("a" == "b" ? null : {part})',
            lambda: f"one([{part}])",
            lambda: f"element([1, {part}], 3)",
            lambda: f"[for x in [{part}] : x][0]",
            lambda: f'{{ for k, x in {{ k = {part} }} : upper(k) => x }}["K"]',
            lambda: f"values({{ k = {part} }})[0]",
            lambda: f"jsondecode(jsonencode({part}))",
            lambda: f"yamldecode(jsonencode({{ k = {part} }})).k",
            lambda: f"{self.local(other, part)}.v",
            lambda: self.module(part),
        ]
        return self.dice.choice(ways)()

    def local(self, name: str, part: str) -> str:
        """A local value that holds it."""
        self.root.append(f"locals {{\n  {name} = {{ v = {part} }}\n}}")
        return f"local.{name}"

    def module(self, part: str) -> str:
        """A module that hands it through, perhaps by way of another, perhaps once for each of some keys."""
        name = self.name("m")
        inner = 'variable "v" {\n  default = "wrong"\n}\n'
        deeper = self.dice.random() < 0.3
        if deeper:
            self.files[f"{name}/deep/main.tf"] = f'{inner}output "v" {{\n  value = var.v\n}}\n'
            inner += 'module "deep" {\n  source = "./deep"\n  v      = var.v\n}\n'
        value = "module.deep.v" if deeper else "[var.v][0]"
        self.files[f"{name}/main.tf"] = f'{inner}output "v" {{\n  value = {value}\n}}\n'
        repeated, index = self.dice.choice([("", ""), ("count = 2", "[1]"), ('for_each = toset(["x"])', '["x"]')])
        self.root.append(f'module "{name}" {{\n  source = "./{name}"\n  {repeated}\n  v = {part}\n}}')
        return f"module.{name}{index}.v"

    def text(self, value: str, depth: int) -> str:
        """Ways to write a text."""
        cut = self.dice.randrange(len(value) + 1)
        one, other = self.spell(value[:cut], depth), self.spell(value[cut:], depth)
        whole = self.spell(value, depth)
        ways: list[Callable[[], str]] = [
            lambda: f'"${{{one}}}${{{other}}}"',
            lambda: f'join("", [{one}, {other}])',
            lambda: f'format("%s%s", {one}, {other})',
            lambda: f'"%{{ if true }}${{{whole}}}%{{ else }}no%{{ endif }}"',
            lambda: f'"%{{ for x in [{one}, {other}] }}${{x}}%{{ endfor }}"',
            lambda: f"base64decode({literal(base64.b64encode(value.encode()).decode())})",
            lambda: f'replace("<${{{whole}}}>", "/^<|>$/", "")',
            lambda: f'trimprefix("px${{{whole}}}", "px")',
            lambda: f'join("-", split("-", {whole}))',
            lambda: f'templatefile("${{path.module}}/t.tftpl", {{ one = {one}, other = {other} }})',
        ]
        if value.endswith("\n") and '"' not in value and "\\" not in value and "{" not in value:
            indented = "".join(f"      {line}\n" for line in value.splitlines())
            ways.append(lambda: f"[<<-EOT\n{indented}    EOT\n  ][0]")
        if value:
            ways.append(lambda: f"coalesce(null, {whole})")
        return self.dice.choice(ways)()

    def number(self, value: int, depth: int) -> str:
        """Ways to write a number."""
        add = self.dice.randrange(9)
        whole, less = self.spell(value, depth), self.spell(value - add, depth)
        ways: list[Callable[[], str]] = [
            lambda: f"({less} + {add})",
            lambda: f"-(0 - {whole})",
            lambda: f'tonumber("${{{whole}}}")',
            lambda: f"max({whole}, {value - 1})",
            lambda: f'parseint("{value}", 10)',
            lambda: f"sum([{less}, {add}])",
        ]
        if value >= 0:
            ways.append(lambda: f"length([for x in range({whole}) : x])")
        return self.dice.choice(ways)()

    def truth(self, value: bool, depth: int) -> str:
        """Ways to write a truth value."""
        whole, opposite = self.spell(value, depth), self.spell(not value, depth)
        ways: list[Callable[[], str]] = [
            lambda: f"!({opposite})",
            lambda: f"({whole} && true)",
            lambda: f"({whole} || false)",
            lambda: f"({whole} == true)",
            lambda: f'tobool("${{{whole}}}")',
            lambda: f"alltrue([{whole}, true])",
            lambda: f"!anytrue([{opposite}])",
            lambda: f"contains([{whole}], true)",
        ]
        return self.dice.choice(ways)()

    def elements(self, value: list[Any], depth: int) -> str:
        """Ways to write a list."""
        cut = self.dice.randrange(len(value) + 1)
        one, other = self.spell(value[:cut], depth), self.spell(value[cut:], depth)
        parts = f"[{', '.join(self.spell(element, depth) for element in value)}]"
        ways: list[Callable[[], str]] = [
            lambda: parts,
            lambda: f"concat({one}, {other})",
            lambda: f"[for x in {parts} : x]",
            lambda: f"[for i, x in {parts} : {parts}[i]]",
            lambda: f"reverse(reverse({parts}))",
            lambda: f"slice(concat([0], {parts}), 1, {len(value) + 1})",
            lambda: f"[for x in {parts} : {{ v = x }}][*].v",
            lambda: f'[for x in concat({parts}, ["drop"]) : x if x != "drop"]' if "drop" not in value else parts,
        ]
        if not any(isinstance(element, list) for element in value):
            ways.append(lambda: f"flatten([{one}, [{other}]])")
        return self.dice.choice(ways)()

    def attributes(self, value: dict[str, Any], depth: int) -> str:
        """Ways to write a map."""
        names = sorted(value)
        cut = self.dice.randrange(len(names) + 1)
        one = self.spell({name: value[name] for name in names[:cut]}, depth)
        other = self.spell({name: value[name] for name in names[cut:]}, depth)
        parts = ", ".join(f"{quoted(name)} = {self.spell(part, depth)}" for name, part in value.items())
        whole = f"{{ {parts} }}"
        wrong = literal(dict.fromkeys(names[:1], "wrong"))
        ways: list[Callable[[], str]] = [
            lambda: whole,
            lambda: f"merge({one}, {other})",
            lambda: f"merge({wrong}, {whole})",
            lambda: f"{{ for k, v in {whole} : k => v }}",
            lambda: f"zipmap({literal(names)}, [for n in {literal(names)} : {whole}[n]])",
            lambda: f"merge([{one}, {other}]...)",
            lambda: f'{{ for n in {literal(names)} : n => lookup({whole}, n, "wrong") }}',
        ]
        return self.dice.choice(ways)()


def evaluated(folder: Path, values: dict[str, Any]) -> tuple[Any, Any, list[str]]:
    """What is known of the input of the one resource, marks for what is not, and what was told as wrong."""
    (folder / "terraform.tfvars.json").write_text(json.dumps(values))
    gaps = Gaps()
    modules: dict[Path, Module] = {}

    def read(path: Path) -> Module:
        return modules.setdefault(path.resolve(), read_module(path, gaps))

    given = given_values(folder, (), {}, gaps)
    document = evaluate(folder, scanned=folder, read=read, values=given, gaps=gaps).document
    (change,) = [one["change"] for one in document["resource_changes"]]
    return change["after"].get("input"), change["after_unknown"].get("input"), [gap.problem for gap in gaps.told]


def written(folder: Path, writer: Writer, value: Any) -> None:
    """Write a configuration whose one resource has the value."""
    text = writer.spell(value, 4)
    main = "\n".join([*writer.root, f'resource "terraform_data" "t" {{\n  input = {text}\n}}\n'])
    for name, content in {"main.tf": main, "t.tftpl": "${one}${other}", **writer.files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("seed", range(10))
def test_a_value_is_the_same_however_it_is_written(tmp_path: Path, seed: int) -> None:
    for number in range(20):
        dice = random.Random(seed * 1000 + number)
        value = any_value(dice)
        folder = tmp_path / str(number)
        written(folder, Writer(dice), value)
        known, unknown, told = evaluated(folder, {})
        assert (known, told) == (value, []), folder
        assert not has_marks(unknown), folder


@pytest.mark.parametrize("seed", range(10))
def test_a_variable_without_a_value_hides_and_never_changes(tmp_path: Path, seed: int) -> None:
    """With the values of all variables the value is that; without, what is still known of it is the same."""
    hidden = partly = 0
    for number in range(20):
        dice = random.Random(seed * 1000 + number)
        value = any_value(dice)
        folder = tmp_path / str(number)
        writer = Writer(dice, hideable=True)
        written(folder, writer, value)
        assert evaluated(folder, writer.values)[::2] == (value, []), folder
        known, unknown, told = evaluated(folder, {})
        assert told == [], folder
        assert agrees(value, known, unknown), (folder, value, known, unknown)
        hidden += has_marks(unknown)
        partly += has_marks(unknown) and known not in (None, [], {})
    assert hidden


def has_marks(mark: Any) -> bool:
    """Whether anything is marked as unknown."""
    if isinstance(mark, dict | list):
        return any(has_marks(part) for part in (mark.values() if isinstance(mark, dict) else mark))
    return mark is True


def agrees(value: Any, known: Any, mark: Any) -> bool:
    """Whether what is known is part of the value, and what is not is marked."""
    if mark is True:
        return known is None
    if isinstance(value, dict) and isinstance(known, dict):
        marks = mark if isinstance(mark, dict) else {}
        return known.keys() | marks.keys() == value.keys() and all(
            agrees(part, known.get(name), marks.get(name)) for name, part in value.items()
        )
    if isinstance(value, list) and isinstance(known, list):
        listed = mark if isinstance(mark, list) else [None] * len(value)
        return len(known) == len(value) and all(map(agrees, value, known, listed))
    return type(value) is type(known) and value == known


# ---- one set of resources, made in many ways

_RULES = """
variable "rules" {
  type = map(object({ ranges = list(string), ports = optional(list(string), []), log = optional(bool, false) }))
}
"""
_BODY = """
  project       = "p"
  network       = "n"
  source_ranges = {rule}.ranges
  dynamic "allow" {{
    for_each = length({rule}.ports) > 0 ? {{ for port in {rule}.ports : port => port }} : {{}}
    content {{
      protocol = "tcp"
      ports    = [allow.value]
    }}
  }}
  dynamic "allow" {{
    for_each = {rule}.ports == tolist([]) ? ["icmp"] : []
    iterator = plain
    content {{
      protocol = plain.value
    }}
  }}
  dynamic "log_config" {{
    for_each = {rule}.log ? [1] : []
    content {{
      metadata = "INCLUDE_ALL_METADATA"
    }}
  }}
"""
_MODULE = 'variable "name" {}\nvariable "rule" {}\n'


def _resource(meta: str, name: str, rule: str) -> str:
    return f'resource "google_compute_firewall" "f" {{\n  {meta}\n  name = {name}\n{_BODY.format(rule=rule)}}}\n'


WAYS = {
    "map": (_resource("for_each = var.rules", "each.key", "each.value"), ""),
    "set": (_resource("for_each = toset(keys(var.rules))", "each.value", "var.rules[each.key]"), ""),
    "count": (
        "locals {\n  names = sort(keys(var.rules))\n}\n"
        + _resource("count = length(local.names)", "local.names[count.index]", "var.rules[local.names[count.index]]"),
        "",
    ),
    "list": (
        "locals {\n  listed = [for name, rule in var.rules : merge(rule, { name = name })]\n}\n"
        + _resource("for_each = { for one in local.listed : one.name => one }", "each.value.name", "each.value"),
        "",
    ),
    "module": (
        'module "m" {\n  source   = "./m"\n  for_each = var.rules\n  name = each.key\n  rule = each.value\n}\n',
        _MODULE + _resource("", "var.name", "var.rule"),
    ),
    "modules": (
        (
            'module "m" {\n  source = "./m"\n  count = length(var.rules)\n  name = keys(var.rules)[count.index]\n'
            "  rule = values(var.rules)[count.index]\n}\n"
        ),
        _MODULE + _resource("count = var.name == null ? 0 : 1", "var.name", "var.rule"),
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(3))
def test_resources_are_the_same_however_they_are_repeated(tmp_path: Path, way: str, seed: int) -> None:
    dice = random.Random(seed)
    rules: dict[str, Any] = {}
    for name in dice.sample(["ssh", "web", "ping", "über"], dice.randrange(1, 5)):
        rules[name] = {"ranges": dice.sample(["0.0.0.0/0", "10.0.0.0/8", "::/0"], dice.randrange(1, 3))}
        if dice.random() < 0.7:
            rules[name]["ports"] = sorted(dice.sample(["22", "80", "8000-9000"], dice.randrange(1, 4)))
        if dice.random() < 0.5:
            rules[name]["log"] = True
    main, module = WAYS[way]
    write(tmp_path, main_tf=_RULES + main, **({"m__main_tf": module} if module else {}))
    (tmp_path / "rules.auto.tfvars.json").write_text(json.dumps({"rules": rules}))
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    found = {asset["resource"]["data"]["name"]: asset["resource"]["data"] for asset in assets.values()}
    assert found.keys() == rules.keys()
    for name, rule in rules.items():
        data = found[name]
        assert data["sourceRanges"] == rule["ranges"]
        ports = [{"IPProtocol": "tcp", "ports": [port]} for port in rule.get("ports", [])]
        assert data["allowed"] == (ports or [{"IPProtocol": "icmp"}])
        assert data.get("logConfig", {}).get("enable", False) is rule.get("log", False)
