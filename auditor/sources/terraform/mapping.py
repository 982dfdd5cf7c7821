"""The engine behind the tables: from the attributes of a planned resource to the data that the API would return.

The provider names its attributes as the API does, in snake_case, and nests them alike. A table holds what
deviates: rows for attributes that are named or placed differently, need another value, or have a default that
the API sets when nothing is said; and which blocks are lists in the API.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.sources.terraform.names import Namer, Template, relative
from auditor.sources.terraform.plan import Plan, Planned
from auditor.sources.terraform.walk import AFTER_APPLY, NOTHING, Walk

_CREATED = ("createTime", "creationTimestamp", "timeCreated")
ABSENT: dict[str, Any] = {}
"""The default of what is simply not there in the API where the plan does not set it."""

_PROVIDER_ONLY = frozenset(
    [
        "allow_stopping_for_update",
        "deletion_policy",
        "deletion_protection",
        "desired_status",
        "effective_annotations",
        "effective_labels",
        "force_delete",
        "force_destroy",
        "id",
        "self_link",
        "terraform_labels",
        "timeouts",
        "url",
    ]
)


_WRITE_ONLY = ("_wo", "_wo_version")
"""End the names of attributes whose values Terraform keeps nowhere, and of their versions."""


@dataclass(frozen=True, slots=True)
class Row:
    """How one attribute deviates.

    `path` is the API's path from the data's root (None: the API has no such field), `convert` makes the API's
    value of Terraform's, `default` is what the API sets where the plan says nothing, `always` is what every
    block of the kind has in the API, `link` is the collection of a Compute Engine link (`global/networks`).
    """

    path: str | None
    convert: Callable[[Any], Any] | None = None
    default: Any = NOTHING
    always: dict[str, Any] = field(default_factory=dict)
    link: str = ""


Rows = dict[str, Row | str | None]
"""Attribute path → how it deviates; a string is an API path, None says that the API has no such field."""


@dataclass(slots=True)
class Draft:
    """An asset in the making."""

    name: str
    asset_type: str
    ancestors: list[str]
    address: str
    data: dict[str, Any] | None
    """None where only the IAM policy is known."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Path in the data → cause."""
    iam_policy: dict[str, Any] | None = None
    policy_unknown: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    """The addresses of further resources that make it up: grants on it, rules of it."""
    granted: dict[tuple[str, str], str] = field(default_factory=dict)
    """(role, member) of its policy → the address of the first resource, or data source, that says so."""

    def line(self) -> dict[str, Any]:
        """The asset as a line of an export."""
        unknown = {f"resource.data.{path}" if path else "resource.data": cause for path, cause in self.unknown.items()}
        line: dict[str, Any] = {
            "name": self.name,
            "asset_type": self.asset_type,
            "ancestors": self.ancestors,
            "unknown": {**unknown, **self.policy_unknown},
            "address": self.address,
        }
        if self.data is not None:
            line["resource"] = {"data": self.data}
        if self.iam_policy is not None:
            line["iam_policy"] = self.iam_policy
        return line

    def note(self, path: str, cause: str) -> None:
        """Mark a path of the data unknown."""
        self.unknown.setdefault(path, cause)


@dataclass(frozen=True, slots=True)
class Context:
    """What a conversion may ask."""

    plan: Plan
    namer: Namer


@dataclass(frozen=True, slots=True)
class Made:
    """A draft that a table made, for what no row can say."""

    draft: Draft
    planned: Planned
    context: Context
    data: dict[str, Any]

    @property
    def project(self) -> str:
        """The id of the resource's project."""
        return self.context.namer.project(self.planned)

    def note(self, path: str, cause: str) -> None:
        """Mark a path of the data unknown."""
        self.draft.note(path, cause)

    def forget(self, path: str) -> None:
        """Take back that a path is unknown."""
        self.draft.unknown.pop(path, None)


Finish = Callable[[Made], None]
Extra = Callable[[Made], Iterator[Draft]]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one attribute goes, as its table says."""

    path: str
    api: str | None
    """Where its value goes in the API's data; None where it goes nowhere."""
    row: Row | None
    """None where it follows the convention."""
    has_default: bool
    is_list: bool
    """Whether it stands for blocks that are a list in the API."""
    is_block: bool
    """Whether the table has rows below it."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one Terraform type becomes an asset."""

    asset_type: str
    name: Template
    rows: Rows = field(default_factory=dict)
    lists: str = ""
    """Attribute paths of the blocks that are lists in the API, separated by blanks."""
    base: str = ""
    """Where in the API's data the attributes without a row go."""
    container: str = "project"
    """The attribute that names the project, folder or organisation it hangs in."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """What the API's data always has."""
    shared: bool = False
    """Whether several resources make up one asset."""
    full_name: bool = False
    """Whether the API returns the relative resource name as `name`."""
    plain: bool = False
    """Whether what is nested is left out, as no check asks for it."""
    finish: Finish | None = None
    """What no row can say."""
    beside: Extra | None = None
    """Further assets that the API shows for the resource."""

    known: dict[str, dict[str, Slot]] = field(default_factory=dict, repr=False, compare=False)
    """Block (its path, with a dot at its end) → its attributes, once looked up."""
    defaults: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)
    """Block → its attributes with a default, once looked up."""

    def slots(self, block: str) -> dict[str, Slot]:
        """The attributes of a block that were looked up, by name; `slot` adds to it."""
        return self.known.setdefault(block, {})

    def slot(self, block: str, name: str) -> Slot:
        """Where an attribute of a block goes."""
        path = block + name
        row, api = self._row(path), self._api_path(path)
        slot = Slot(
            path,
            api,
            row,
            has_default=row is not None and row.default is not NOTHING and row.path is not None,
            is_list=path in self.lists.split(),
            is_block=any(below.startswith(path + ".") for below in self.rows),
        )
        self.slots(block)[name] = slot
        return slot

    def defaults_in(self, block: str) -> list[str]:
        """The attributes with a default directly in a block (its path, with a dot at its end)."""
        if not self.defaults:
            self.defaults[""] = []
            for path, row in self.rows.items():
                if isinstance(row, Row) and row.default is not NOTHING:
                    above, dot, last = path.rpartition(".")
                    self.defaults.setdefault(above + dot, []).append(last)
        return self.defaults.get(block, [])

    def _row(self, path: str) -> Row | None:
        if path not in self.rows:
            return Row(None) if path in _PROVIDER_ONLY or path.endswith(_WRITE_ONLY) else None
        row = self.rows[path]
        return row if isinstance(row, Row) else Row(row)

    def _api_path(self, path: str) -> str | None:
        row = self._row(path)
        if row is not None:
            return row.path
        above, _, last = path.rpartition(".")
        parent = self._api_path(above) if above else self.base
        if parent is None:
            return None
        return f"{parent}.{camel(last)}" if parent else camel(last)

    def draft(self, planned: Planned, context: Context) -> Draft:
        """The asset of a planned resource."""
        data = copy.deepcopy(self.fixed)
        name = context.namer.name(planned) if self.shared else context.namer.unique(planned)
        draft = Draft(name, self.asset_type, context.namer.ancestors(planned), planned.address, data)
        Walk(self, planned, context, draft).into(data)
        if self.full_name:
            data["name"] = relative(name)
            draft.unknown.pop("name", None)
        if self.finish is not None:
            self.finish(Made(draft, planned, context, data))
        if planned.is_new:
            for moment in _CREATED:
                if moment not in data:
                    draft.note(moment, AFTER_APPLY)
        return draft


def words(text: str) -> list[str]:
    """The words of a text; for long lists of names."""
    return text.split()


def dropped(names: str) -> Rows:
    """Rows for attributes that the API does not have."""
    return dict.fromkeys(names.split())


def without_defaults(rows: Rows) -> Rows:
    """The same rows for a resource whose own attributes may come from elsewhere when the plan does not set them."""
    return {
        path: replace(row, default=NOTHING) if isinstance(row, Row) and "." not in path else row
        for path, row in rows.items()
    }


def camel(name: str) -> str:
    """`snake_case` as the API spells it."""
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def key_values(entries: dict[str, Any]) -> list[dict[str, Any]]:
    """A map as Compute Engine's list of key and value."""
    return [{"key": key, "value": text(value)} for key, value in sorted(entries.items())]


def text(value: Any) -> str:
    """A scalar as Terraform spells it where the API wants text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
