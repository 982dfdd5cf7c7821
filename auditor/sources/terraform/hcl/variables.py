"""The values of a root module's variables: from the environment, `.tfvars` files and the command line.

Source: developer.hashicorp.com/terraform/language/values/variables, section Variable Definition Precedence
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.sources.files import printable, why
from auditor.sources.terraform.hcl.expressions import Node, Scope
from auditor.sources.terraform.hcl.files import MEND, read_text
from auditor.sources.terraform.hcl.parse import parse_expression, parse_file
from auditor.sources.terraform.hcl.parse_json import decoded
from auditor.sources.terraform.hcl.syntax import SourceFile, SyntaxProblem
from auditor.sources.terraform.hcl.values import Problem, Value

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

_ENVIRONMENT = "TF_VAR_"
ABSENT: Value = object()
"""The value of a variable that nobody sets."""


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """The text of an environment variable: what it means depends on the variable's type."""

    text: str


class Nothing:
    """A scope without names and functions: what constants are evaluated in."""

    def root(self, name: str) -> Value:
        """There is nothing. Raises `Problem`."""
        raise Problem(f"{name} cannot be used here; a constant is needed")

    def call(self, name: str, arguments: list[Node], scope: Scope, *, expand: bool) -> Value:  # noqa: ARG002 - as `Scope`
        """There is nothing. Raises `Problem`."""
        raise Problem(f"{name}() cannot be used here; a constant is needed")


def given_values(
    folder: Path, var_files: Iterable[Path], environment: Mapping[str, str], gaps: Gaps
) -> dict[str, Value]:
    """The values given to the variables of the module in a folder; what comes later in the order counts."""
    values: dict[str, Value] = {
        name.removeprefix(_ENVIRONMENT): FromEnvironment(text)
        for name, text in environment.items()
        if name.startswith(_ENVIRONMENT)
    }
    for path in [*_of_folder(folder, gaps), *var_files]:
        values.update(_read(path, gaps))
    return values


def _of_folder(folder: Path, gaps: Gaps) -> list[Path]:
    """The files that Terraform reads unasked, in its order."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        gaps.add(printable(folder), why(error), MEND)
        return []
    first = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
    automatic = [name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json"))]
    return [folder / name for name in [*first, *automatic]]


def _read(path: Path, gaps: Gaps) -> dict[str, Value]:
    shown = printable(path)
    text = read_text(path, shown, gaps)
    if text is None:
        return {}
    file = SourceFile(shown, text)
    if path.name.endswith(".json"):
        try:
            return decoded(file)
        except SyntaxProblem as problem:
            gaps.add(f"{shown}:{problem.line}", str(problem), MEND)
            return {}
    body, problems = parse_file(file)
    for found in problems:
        gaps.add(f"{shown}:{found.line}", f"not valid HCL: {found}", MEND)
    values: dict[str, Value] = {}
    for name, attribute in body.attributes.items():
        try:
            values[name] = attribute.value.value(Nothing())
        except (Problem, RecursionError) as error:
            gaps.add(f"{shown}:{file.line(attribute.offset)}", f"{name}: {error}", MEND)
    return values


def from_text(text: str, *, is_text: bool) -> Value:
    """The value of an environment variable: an expression, but for variables of a primitive type. Raises `Problem`."""
    if is_text:
        return text
    try:
        return parse_expression(text).value(Nothing())
    except (SyntaxProblem, RecursionError) as problem:
        raise Problem(f"the environment's value is no expression ({problem})") from None
