"""Finding checks and report formats: entry points `auditor.checks` and `auditor.reports`, and `--checks-dir`.

Our own packages come through the same door as anyone else's.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from auditor.check import Check, CheckError

CHECKS_GROUP = "auditor.checks"
REPORTS_GROUP = "auditor.reports"

_BROKEN = (
    ImportError, SyntaxError, NameError, TypeError, AttributeError, ValueError, LookupError, ArithmeticError,
    AssertionError, OSError, RuntimeError, SystemExit,
)  # fmt: skip
"""What importing a module with a mistake raises."""


def load_checks(folders: tuple[Path, ...] = ()) -> list[Check]:
    """All checks of installed packages and of `folders`, sorted by id.

    Raises `CheckError` where a module cannot be imported or two checks share an id or alias.
    """
    found: dict[str, Check] = {}
    for module in _modules(folders):
        for value in vars(module).values():
            if isinstance(value, Check) and value.function.__module__ == module.__name__:
                for name in (value.id, *value.aliases):
                    if found.get(name, value) is not value:
                        raise CheckError(f"two checks are called {name}: {_place(found[name])} and {_place(value)}")
                    found[name] = value
    return sorted({check.id: check for check in found.values()}.values(), key=lambda check: check.id)


def check_packages() -> list[ModuleType]:
    """The packages behind the entry points, for what lies beside their checks."""
    return [_loaded(entry.name, entry.value) for entry in sorted(entry_points(group=CHECKS_GROUP))]


def _modules(folders: tuple[Path, ...]) -> Iterator[ModuleType]:
    for package in check_packages():
        yield from _walk(package)
    for folder in folders:
        if not folder.is_dir():
            raise CheckError(f"--checks-dir {folder}: no such folder")
        for file in sorted(folder.rglob("*.py")):
            yield _from_file(file)


def _walk(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
        yield _loaded(info.name, info.name)


def _loaded(name: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except _BROKEN as error:
        raise CheckError(f"checks of {name} cannot be loaded: {type(error).__name__}: {error}") from error


def _from_file(file: Path) -> ModuleType:
    name = f"auditor_checks_dir.{file.parent.name}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CheckError(f"{file}: not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except CheckError as error:
        raise CheckError(f"{file}: {error}") from error
    except _BROKEN as error:
        raise CheckError(f"{file}: cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _place(check: Check) -> str:
    return check.function.__module__
