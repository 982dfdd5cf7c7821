"""The auditor: what a check author imports, and nothing else.

    from auditor import PASS, Bucket…   # views come from auditor.resources.<service>
    from auditor import Check, Fix, Severity, Settings, Verdict, asset, check, fail, not_applicable

`auditor` holds the engine and knows nothing of any single check (`checks`) or report format
(`reports`); it reaches both through entry points. Names are loaded when they are first used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from auditor.access.control.ways import WaysToControl
    from auditor.access.effective import EffectiveAccess
    from auditor.check import DELETE, Check, CheckError, Example, Fix, Settings, asset, check
    from auditor.clock import Clock
    from auditor.estate import Estate, PolicyChain
    from auditor.model.verdict import PASS, Severity, Verdict, fail, not_applicable, not_assessed
    from auditor.resources.base import Resource, Undetermined, View, shows
    from auditor.resources.policy import Binding, Policy

_HOMES = {
    "auditor.access.effective": ("EffectiveAccess",),
    "auditor.access.control.ways": ("WaysToControl",),
    "auditor.check": ("DELETE", "Check", "CheckError", "Example", "Fix", "Settings", "asset", "check"),
    "auditor.clock": ("Clock",),
    "auditor.estate": ("Estate", "PolicyChain"),
    "auditor.model.verdict": ("PASS", "Severity", "Verdict", "fail", "not_applicable", "not_assessed"),
    "auditor.resources.base": ("Resource", "Undetermined", "View", "shows"),
    "auditor.resources.policy": ("Binding", "Policy"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "DELETE",
    "PASS",
    "Binding",
    "Check",
    "CheckError",
    "Clock",
    "EffectiveAccess",
    "Estate",
    "Example",
    "Fix",
    "Policy",
    "PolicyChain",
    "Resource",
    "Settings",
    "Severity",
    "Undetermined",
    "Verdict",
    "View",
    "WaysToControl",
    "asset",
    "check",
    "fail",
    "not_applicable",
    "not_assessed",
    "shows",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module 'auditor' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value


class _Package(ModuleType):
    """The package, in which `check` is the decorator, whoever imports the module `auditor.check` and when."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
