"""What is surely in a list of which something is unknown: one member that is known decides, whatever joins it."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sources.terraform.hcl.expressions import Attr, Call, Name, Node, Scope
from auditor.sources.terraform.hcl.scope import ModuleInstance
from auditor.sources.terraform.hcl.values import Problem, Unknown, Value

_KEEPING = frozenset(["compact", "concat", "distinct", "flatten", "reverse", "setunion", "sort", "tolist", "toset"])
"""Functions whose result has every text that is in one of their arguments; but for empty ones, perhaps."""


def surely_in(node: Node, scope: Scope, module: ModuleInstance) -> list[str]:
    """The texts, none of them empty, that an expression's list has whatever the unknown parts of it turn out to be."""
    found: dict[str, None] = {}
    followed: set[str] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        try:
            value = one.value(scope)
        except (Problem, RecursionError):
            continue
        if not isinstance(value, Unknown):
            found.update(dict.fromkeys(_texts(value)))
        elif isinstance(one, Call) and one.name in _KEEPING and not one.expand:
            waiting += reversed(one.arguments)
        elif (name := _local(one)) in module.module.locals and name not in followed:
            followed.add(name)
            waiting.append(module.module.locals[name][0].value)
    return list(found)


def _local(node: Node) -> str:
    """The local value that an expression names; `""` where it names none."""
    is_local = isinstance(node, Attr) and isinstance(node.object, Name) and node.object.name == "local"
    return node.name if is_local and isinstance(node, Attr) else ""


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _texts(element)
