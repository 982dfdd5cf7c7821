"""What a check is: one decorated function with everything about it in one place.

    @check("bucket-public", severity=Severity.CRITICAL, passes=lambda: […], fails=lambda: […])
    def public_bucket(bucket: Bucket, policy: Policy[Bucket]) -> Verdict: …

The signature decides the phase, and arguments are handed in by annotation:

| annotation | what is handed in |
|---|---|
| a resource view, or a union of views | the resource that the check is asked of |
| `Policy[View]`, `Policy[Any]` | the IAM policy set on that resource; alone: each policy in the input |
| a `Settings` subclass | the check's settings, from `[checks.ID]` in auditor.toml |
| `Clock` | the scan's clock |
| `Estate`, `PolicyChain` | what other assets say; such a check is asked after all input was read |
| `EffectiveAccess` | who can do what, over all policies, groups and denials of the input; asked at the end too |
| `WaysToControl` | who, or what outside, can come to control what, over all of that and all that runs; likewise |
"""

from __future__ import annotations

import inspect
import re
import shlex
import string
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from auditor.access.control.ways import WaysToControl
from auditor.access.effective import EffectiveAccess
from auditor.clock import Clock
from auditor.estate import Estate, PolicyChain
from auditor.model.verdict import Severity, Verdict
from auditor.resources.base import VIEWS, Resource, Undetermined, asset_types_of
from auditor.resources.policy import Policy

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SCOPE = re.compile(r"\s--(project|folder|organization|billing-account)\b")
"""The flags that say where a command acts; gcloud takes one of them."""


class CheckError(Exception):
    """A check is declared wrongly; the message says which and how."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a check's settings: a field per option, each with its default."""


class Deletion(Enum):
    """The fix is to delete the asset."""

    DELETE = "delete"


DELETE = Deletion.DELETE


@dataclass(frozen=True, kw_only=True)
class Fix:
    """How to mend a finding.

    `gcloud` is a command; `{key.id}` stands for an attribute of the check's argument, `{found[member]}`
    for a value of the finding's evidence; both are quoted for a shell, and the project is added.
    `terraform` says which argument to set, `guardrail` names the organisation policy constraint that
    prevents the problem, `manual` says what to do where no command can.
    `patch` proves the fix: a JSON merge patch on the failing example's `data` and `policy`, `DELETE`,
    or a list of example assets to add or to put in the place of their namesakes, after which the check passes or
    is not asked any more.
    """

    gcloud: str = ""
    terraform: str = ""
    guardrail: str = ""
    manual: str = ""
    patch: dict[str, Any] | Deletion | Callable[[], Sequence[Example]]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One asset of an example: its data and policy in the API's JSON form."""

    view: type[Resource]
    data: dict[str, Any] | None
    policy: dict[str, Any] | None
    name: str
    ancestors: tuple[str, ...]
    unknown: dict[str, str]
    settings: Settings | None = None
    """What the check is asked with, where the example shows a setting; it stands on the asset that is asked."""

    def document(self) -> dict[str, Any]:
        """The asset as a line of a Cloud Asset Inventory export."""
        document: dict[str, Any] = {
            "name": self.name,
            "asset_type": asset_types_of(self.view)[0],
            "ancestors": list(self.ancestors),
        }
        if self.data is not None:
            document["resource"] = {"data": self.data}
        if self.policy is not None:
            document["iam_policy"] = self.policy
        if self.unknown:
            document["unknown"] = self.unknown
        return document


EXAMPLE_ANCESTORS = ("projects/1001", "folders/2001", "organizations/3001")


def asset(
    view: type[Resource],
    data: dict[str, Any] | None = None,
    *,
    policy: dict[str, Any] | None = None,
    name: str = "",
    ancestors: Sequence[str] = EXAMPLE_ANCESTORS,
    unknown: Sequence[str] = (),
    settings: Settings | None = None,
) -> Example:
    """An asset for a check's examples.

    `unknown` lists JSON paths (`resource.data.settings`, `iam_policy.bindings.*`) that are unknown.
    `settings`, on the asset that is asked, are those of an owner who changed the defaults.
    """
    service, _, kind = asset_types_of(view)[0].partition("/")
    if not name:
        name = f"//{service}/projects/p/locations/europe-west1/{kind[0].lower()}{kind[1:]}s/example"
        if service == "cloudresourcemanager.googleapis.com":
            name = f"//{service}/{ancestors[0]}"
    return Example(
        view=view,
        data={} if data is None and policy is None else data,
        policy=policy,
        name=name,
        ancestors=tuple(ancestors),
        unknown=dict.fromkeys(unknown, "known only after apply"),
        settings=settings,
    )


Examples = Callable[[], Sequence[Example | Sequence[Example]]]
"""Builds a check's examples: each is the asset that is asked, or a list of it and its surroundings."""


Need = Callable[[Any], bool]
"""Says of a resource, by what it alone says, whether a check can learn anything from it."""

_OWN = frozenset({"resource", "policy", "chain", "access", "ways"})


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a check's function asks for, read off its annotations."""

    subjects: tuple[type[Resource], ...]
    wants_resource: bool
    wants_policy: bool
    wants_estate: bool
    wants_access: bool
    wants_ways: bool
    settings: type[Settings] | None
    arguments: tuple[str, ...]
    subject_name: str
    """What the function calls its first argument, as `Fix.gcloud` does."""

    @property
    def wants_own(self) -> bool:
        """Whether something that follows the first argument is known only when it is asked, and not the estate."""
        return not _OWN.isdisjoint(self.arguments[1:])

    @property
    def streams(self) -> bool:
        """Whether one line of the input is all that the check needs."""
        return not self.wants_estate and not (self.wants_resource and self.wants_policy)


@dataclass(frozen=True, kw_only=True, eq=False)
class Check:
    """One question asked of every resource of a type, or of every policy."""

    id: str
    area: str
    severity: Severity
    function: Callable[..., Verdict]
    signature: Signature
    evidence: tuple[str, ...]
    same_as: tuple[str, ...]
    aliases: tuple[str, ...]
    fix: Fix | None
    passes: Examples
    fails: Examples
    unknown: Examples
    reads: tuple[type[Resource], ...]
    reads_policies: tuple[type[Resource], ...]
    needs: Mapping[type[Resource], Need]
    default: bool

    @property
    def title(self) -> str:
        """The problem in one sentence: the first line of the docstring."""
        return self.page.partition("\n")[0]

    @property
    def page(self) -> str:
        """The whole docstring: the problem, why it matters, what a fix may break, the source."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def asset_types(self) -> tuple[str, ...]:
        """The asset types that the check is asked of; `*` stands for every type with an IAM policy."""
        if not self.signature.subjects:
            return ("*",)
        return tuple(name for view in self.signature.subjects for name in asset_types_of(view))


def check(
    identifier: str,
    *,
    severity: Severity,
    passes: Examples,
    fails: Examples,
    unknown: Examples = list,
    evidence: Sequence[str] = (),
    same_as: Sequence[str] = (),
    aliases: Sequence[str] = (),
    fix: Fix | None = None,
    reads: Sequence[type[Resource]] = (),
    reads_policies: Sequence[type[Resource]] = (),
    needs: Mapping[type[Resource], Need] = MappingProxyType({}),
    area: str = "",
    default: bool = True,
) -> Callable[[Callable[..., Verdict]], Check]:
    """Make a function a check. Its docstring is its page.

    `evidence` lists JSON paths of the resource shown with a finding, `same_as` the ids of the same
    detection elsewhere, `reads` the views that it reads from the estate, `reads_policies` those of them
    whose IAM policies it reads too, and `default=False` takes it out of the default selection.
    `needs` says of views in `reads` which of their resources the check can learn from: of a million machines the
    estate then keeps a few, and may hand in only those, so that their number tells nothing.
    `area` is the name of the package that holds the module, if not given.
    Raises `CheckError` where the declaration is wrong.
    """
    if not _ID.fullmatch(identifier):
        raise CheckError(f"check id {identifier!r}: use lower-case words joined by hyphens")

    def declare(function: Callable[..., Verdict]) -> Check:
        if not (function.__doc__ or "").strip():
            raise CheckError(f"check {identifier}: the function needs a docstring; it is the check's page")
        signature = _signature(identifier, function)
        if not {*reads_policies, *needs} <= set(reads):
            raise CheckError(f"check {identifier}: `reads_policies` or `needs` names views that are not in `reads`")
        if reads and "estate" not in signature.arguments:
            raise CheckError(f"check {identifier}: `reads` goes with an `estate: Estate` argument")
        return Check(
            id=identifier,
            area=area or _area_of(function.__module__),
            severity=severity,
            function=function,
            signature=signature,
            evidence=tuple(evidence),
            same_as=tuple(same_as),
            aliases=tuple(aliases),
            fix=fix,
            passes=passes,
            fails=fails,
            unknown=unknown,
            reads=tuple(reads),
            reads_policies=tuple(reads_policies),
            needs=needs,
            default=default,
        )

    return declare


def _area_of(module: str) -> str:
    packages = module.split(".")
    return packages[-2] if len(packages) > 1 else "custom"


def _signature(identifier: str, function: Callable[..., Verdict]) -> Signature:
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise CheckError(f"check {identifier}: cannot resolve an annotation, {error}") from None
    arguments: list[str] = []
    views: tuple[type[Resource], ...] = ()
    policies: tuple[type[Resource], ...] | None = None
    settings: type[Settings] | None = None
    for name in inspect.signature(function).parameters:
        if name not in hints:
            raise CheckError(f"check {identifier}: argument {name!r} needs an annotation")
        hint = hints[name]
        members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        if all(isinstance(member, type) and issubclass(member, Resource) for member in members):
            views = tuple(members)
            arguments.append("resource")
        elif (typing.get_origin(hint) or hint) is Policy:
            policies = _policy_subjects(hint)
            arguments.append("policy")
        elif isinstance(hint, type) and issubclass(hint, Settings):
            settings = hint
            arguments.append("settings")
        elif hint in _HANDED_IN:
            arguments.append(_HANDED_IN[hint])
        else:
            raise CheckError(f"check {identifier}: nothing can be handed in for {name}: {hint}")
    if not views and policies is None:
        raise CheckError(f"check {identifier}: ask for a resource view or a Policy")
    if arguments[0] not in ("resource", "policy"):
        raise CheckError(f"check {identifier}: the resource or policy comes first")
    if any(view not in VIEWS.values() for view in views + (policies or ())):
        raise CheckError(f"check {identifier}: a view without asset types; declare them with @shows")
    if policies == () and {"estate", "chain", "access"} & set(arguments):
        raise CheckError(
            f"check {identifier}: a check of every policy is asked while the input is read, so it cannot ask "
            "the estate; name the views whose policies it is about, as in Policy[Project]"
        )
    return Signature(
        subjects=views or policies or (),
        wants_resource=bool(views),
        wants_policy=policies is not None or "chain" in arguments,
        wants_estate=bool({"estate", "chain", "access", "ways"} & set(arguments)),
        wants_access=bool({"access", "ways"} & set(arguments)),
        wants_ways="ways" in arguments,
        settings=settings,
        arguments=tuple(arguments),
        subject_name=next(iter(inspect.signature(function).parameters)),
    )


_HANDED_IN: dict[Any, str] = {
    Clock: "clock",
    Estate: "estate",
    PolicyChain: "chain",
    EffectiveAccess: "access",
    WaysToControl: "ways",
}


def _policy_subjects(hint: Any) -> tuple[type[Resource], ...]:
    arguments = typing.get_args(hint)
    if not arguments or arguments[0] is Any:
        return ()
    subject = arguments[0]
    return typing.get_args(subject) if isinstance(subject, types.UnionType) else (subject,)


_STEP = re.compile(r"\.?(\w+)|\[([^\]]+)\]")
"""A step of a field: an attribute, or a key in brackets."""
_Field = tuple[str, tuple[tuple[bool, str], ...]]
"""The subject that a field starts from, and its steps: (whether it is an attribute, name)."""


@cache
def _parsed(template: str) -> list[tuple[str, _Field | None]]:
    """(literal text, field that follows it) of a format string."""
    found: list[tuple[str, _Field | None]] = []
    for literal, text, _, _ in string.Formatter().parse(template):
        steps = [(bool(attribute), attribute or key) for attribute, key in _STEP.findall(text or "")]
        found.append((literal, (steps[0][1], tuple(steps[1:])) if steps else None))
    return found


def _value(field: _Field, subjects: dict[str, Any]) -> str:
    """A field's value, quoted for a POSIX shell (a tuple word by word): resource names are hostile input."""
    first, steps = field
    try:
        value = subjects[first]
        for is_attribute, name in steps:
            value = getattr(value, name) if is_attribute else value[name]
    except (Undetermined, KeyError):
        return "UNKNOWN"
    words = value if isinstance(value, tuple) else (value,)
    return " ".join(shlex.quote(_printable(str(word))) for word in words)


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def render_command(template: str, subjects: dict[str, Any]) -> str:
    """The fix command for one finding. What is unknown is left as `UNKNOWN` for the reader to fill in."""
    words: list[str] = []
    for literal, field in _parsed(template):
        words.append(literal)
        if field:
            words.append(_value(field, subjects))
    return "".join(words)


def in_project(command: str, project: str) -> str:
    """A gcloud command with its project, so that it cannot hit whichever one the shell is set to."""
    if not project or not command.startswith("gcloud ") or _SCOPE.search(command):
        return command
    return f"{command} --project={shlex.quote(project)}"
