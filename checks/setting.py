"""Checks of one setting of one kind of resource, written as a table: what is good, what is bad, and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from auditor import PASS, Check, Example, Fix, Resource, Severity, Verdict, asset, check
from auditor.check import DELETE

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, kw_only=True)
class Setting(Generic[R]):
    """One setting, and the page of the check that asks for it."""

    id: str
    view: type[R]
    severity: Severity
    problem: Callable[[R], Verdict | None]
    """What is wrong, or why it is not asked; None where nothing is wrong."""
    title: str
    why: str
    breaks: str
    source: str
    good: Sequence[Mapping[str, Any]]
    """Data of resources that pass; the first, laid over a bad one, mends it."""
    bad: Sequence[Mapping[str, Any]]
    path: str
    """The JSON path of the field that decides."""
    name: str = ""
    """The full resource name of the examples, where it matters."""
    same_as: Sequence[str] = ()
    evidence: Sequence[str] = ()
    gcloud: str = ""
    terraform: str = ""
    manual: str = ""
    guardrail: str = ""
    mend: Mapping[str, Any] | None = None
    """The merge patch that mends it, where that is not the first good data."""
    removed: bool = False
    """Whether the fix is to delete the resource."""
    default: bool = True
    area: str = ""

    @property
    def page(self) -> str:
        """The check's page."""
        return f"""{self.title}

        Why: {self.why}

        What a fix may break: {self.breaks}

        Source: {self.source}
        """


def asked(module: str, setting: Setting[R]) -> Check:
    """The check of a setting; `module` is the module that it belongs to."""

    def judge(resource: R) -> Verdict:
        return setting.problem(resource) or PASS

    judge.__doc__ = setting.page
    judge.__module__ = module
    judge.__annotations__["resource"] = setting.view
    return check(
        setting.id,
        severity=setting.severity,
        same_as=setting.same_as,
        evidence=setting.evidence or [setting.path],
        default=setting.default,
        area=setting.area,
        fix=Fix(
            gcloud=setting.gcloud,
            terraform=setting.terraform,
            manual=setting.manual,
            guardrail=setting.guardrail,
            patch=DELETE if setting.removed else {"data": dict(setting.mend or setting.good[0])},
        ),
        passes=lambda: [_example(setting, data) for data in setting.good],
        fails=lambda: [_example(setting, data) for data in setting.bad],
        unknown=lambda: [_example(setting, setting.bad[0], f"resource.data.{setting.path}")],
    )(judge)


def _example(setting: Setting[R], data: Mapping[str, Any], *unknown: str) -> Example:
    return asset(setting.view, dict(data), name=setting.name, unknown=unknown)
