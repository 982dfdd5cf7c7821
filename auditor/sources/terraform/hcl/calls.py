"""Function calls: those that need the expressions of their arguments, and all others by the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.sources.terraform.hcl import parse_templates
from auditor.sources.terraform.hcl.expressions import Attr, Inner, Name, Node, Scope
from auditor.sources.terraform.hcl.functions import (  # noqa: F401 - they enter themselves into the table
    collections,
    conversions,
    dates,
    encodings,
    files,
    formats,
    networks,
    numbers,
    texts,
)
from auditor.sources.terraform.hcl.functions.registry import Folders, call
from auditor.sources.terraform.hcl.parse_expressions import expression
from auditor.sources.terraform.hcl.syntax import SyntaxProblem
from auditor.sources.terraform.hcl.values import Problem, Reference, Unknown, Value, derived, first_unknown, to_string

_MAX_TEMPLATES = 20
"""How deeply templates may call templates."""


def call_function(name: str, arguments: list[Node], scope: Scope, folders: Folders, *, expand: bool) -> Value:
    """The result of a function in a scope. Raises `Problem`."""
    plain = name.removeprefix("core::")
    special = _SPECIAL.get(plain)
    if special is not None and not expand:
        return special(arguments, scope, folders)
    values = [argument.value(scope) for argument in arguments]
    if expand:
        last = values.pop()
        if isinstance(last, Unknown | Reference):
            return derived(first_unknown(last) or Unknown("it is not known"))
        if not isinstance(last, list):
            raise Problem(f"{plain}(): ... follows what is no list")
        values += last
    return call(plain, values, folders)


def _try(arguments: list[Node], scope: Scope, folders: Folders) -> Value:  # noqa: ARG001 - as all special functions
    """The first argument that has a value."""
    for argument in arguments:
        try:
            return argument.value(scope)
        except Problem:
            continue
    raise Problem("try(): no argument has a value")


def _can(arguments: list[Node], scope: Scope, folders: Folders) -> Value:  # noqa: ARG001 - as all special functions
    """Whether the argument has a value."""
    if len(arguments) != 1:
        raise Problem("can() takes one argument")
    try:
        unknown = first_unknown(arguments[0].value(scope))
    except Problem:
        return False
    return derived(unknown) if unknown is not None else True


class _TemplateScope:
    """What a template sees: its variables and the functions."""

    def __init__(self, names: Mapping[str, Value], folders: Folders, depth: int) -> None:
        self._names = names
        self._folders = folders
        self.depth = depth

    def root(self, name: str) -> Value:
        """A variable of the template. Raises `Problem`."""
        if name in self._names:
            return self._names[name]
        raise Problem(f"the template has no variable {name!r}")

    def call(self, name: str, arguments: list[Node], scope: Scope, *, expand: bool) -> Value:
        """The result of a function."""
        if name.removeprefix("core::") in ("templatefile", "templatestring"):
            if self.depth >= _MAX_TEMPLATES:
                raise Problem("templates that call each other too deeply")
            values = [argument.value(scope) for argument in arguments]
            return _rendered(name.removeprefix("core::"), values, self._folders, self.depth + 1)
        return call_function(name, arguments, scope, self._folders, expand=expand)


def _template_file(arguments: list[Node], scope: Scope, folders: Folders) -> Value:
    """A file as a template."""
    return _rendered("templatefile", [argument.value(scope) for argument in arguments], folders, 1)


def _template_string(arguments: list[Node], scope: Scope, folders: Folders) -> Value:
    """A text from elsewhere as a template."""
    if arguments and not isinstance(arguments[0], Attr | Name):
        raise Problem("templatestring() takes its template by reference")
    return _rendered("templatestring", [argument.value(scope) for argument in arguments], folders, 1)


def _rendered(name: str, values: list[Value], folders: Folders, depth: int) -> Value:
    if len(values) != 2:
        raise Problem(f"{name}() takes a template and its variables")
    for value in values:
        if isinstance(value, Unknown | Reference):
            return derived(first_unknown(value) or Unknown("it is not known"))
    if not isinstance(values[1], dict):
        raise Problem(f"{name}(): the variables are no object")
    shown = to_string(values[0]) if name == "templatefile" else name
    text = files.text(folders, values[0]) if name == "templatefile" else to_string(values[0])
    if isinstance(text, Unknown):
        return text
    try:
        node = parse_templates.template_file(text.removeprefix("\ufeff"), shown, expression)
    except SyntaxProblem as problem:
        raise Problem(f"{shown}, line {problem.line}: {problem}") from None
    return node.value(Inner(_TemplateScope(values[1], folders, depth), {}))


_SPECIAL: dict[str, Callable[[list[Node], Scope, Folders], Value]] = {
    "can": _can,
    "templatefile": _template_file,
    "templatestring": _template_string,
    "try": _try,
}
