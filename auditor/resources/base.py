"""The base of every typed view: what an asset is, and how the unknown behaves when it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, SupportsIndex, TypeVar, overload

import msgspec
from msgspec import Struct, field

T = TypeVar("T")
R = TypeVar("R", bound="Resource")


class Undetermined(Exception):  # noqa: N818 - it is an answer, not an error
    """A value was read that is unknown: after apply, refused, or not collected.

    Checks let it pass through; the engine turns it into *not assessed* with the cause.
    """

    def __init__(self, what: str, cause: str = "", part: str = "resource.data") -> None:
        super().__init__(what, cause)
        self.what = what
        self.cause = cause
        self.part = part

    def __str__(self) -> str:
        return f"{self.what}: {self.cause}" if self.cause else self.what


class Asset(Struct, gc=False, kw_only=True):
    """One resource in Cloud Asset Inventory form, without its data.

    `unknown` maps the JSON path of a value that the source does not know to the cause, `unread` that of
    a value that could not be read. `address` is the
    Terraform address where the asset comes from Terraform, `source` the place it was read from.
    """

    name: str
    asset_type: str
    ancestors: list[str] = []
    ancestry_path: str = ""
    address: str = ""
    unknown: dict[str, str] = {}
    unread: dict[str, str] = field(default_factory=dict, name="#unread")
    source: str = ""

    @property
    def project(self) -> str:
        """`projects/NUMBER` (or the id, where the source knows no number), or `""` above projects."""
        if self.ancestors and self.ancestors[0].startswith("projects/"):
            return self.ancestors[0]
        return ""

    @property
    def short_name(self) -> str:
        """The name without the service, as people write it: `projects/p/secrets/s`."""
        return self.name.removeprefix("//").partition("/")[2] or self.name

    @property
    def id(self) -> str:
        """The last segment of the full resource name."""
        return self.name.rpartition("/")[2]

    @property
    def location(self) -> str:
        """The location in the name (`europe-west1`, `global`), or `""`."""
        parts = self.name.split("/")
        for marker in ("locations", "regions", "zones"):
            if marker in parts[:-1]:
                return parts[parts.index(marker) + 1]
        return "global" if "global" in parts else ""

    @property
    def gcloud_name(self) -> tuple[str, ...]:
        """What names it to commands that take no full name of a regional resource: id and location, else its name."""
        if self.location in ("", "global"):
            return (self.short_name,)
        return (self.id, f"--location={self.location}")

    @property
    def key(self) -> str:
        """For a project, folder or organisation: its entry in `ancestors`; else the short name."""
        if self.ancestors and self.asset_type.startswith("cloudresourcemanager.googleapis.com/"):
            return self.ancestors[0]
        return self.short_name


_NOWHERE = Asset(name="", asset_type="")


def nowhere() -> Asset:
    """The asset of a view that belongs to none (yet)."""
    return _NOWHERE


class View(Struct, rename="camel", gc=False, kw_only=True):
    """Part of a resource's data. A field that was deleted is unknown: reading it raises `Undetermined`.

    Deleting is how the unknown is marked because no test for `None`, truth or equality can slip
    past it, and because a known field costs nothing more to read.
    """

    PART: ClassVar[str] = "resource.data"

    if not TYPE_CHECKING:  # a visible __getattr__ would hide misspelt fields from mypy

        def __getattr__(self, name):
            fields = type(self).__struct_fields__
            if name in fields:
                raise Undetermined(type(self).__struct_encode_fields__[fields.index(name)], part=self.PART)
            raise AttributeError(f"{type(self).__name__} has no field {name!r}")


class Resource(View):
    """The typed view of an asset's `resource.data`. Subclasses say which asset types they show."""

    HAS_POLICY: ClassVar[bool] = True
    """False for types on which no IAM policy can be set, so that none is missed."""

    asset: Asset = field(default_factory=nowhere, name="#asset")

    @property
    def project(self) -> str:
        """The project that holds the resource, as in `Asset.project`."""
        return self.asset.project

    @property
    def id(self) -> str:
        """The last segment of the full resource name."""
        return self.asset.id

    @property
    def location(self) -> str:
        """The location in the resource's name, or `""`."""
        return self.asset.location


VIEWS: dict[str, type[Resource]] = {}


def shows(*asset_types: str) -> Callable[[type[R]], type[R]]:
    """Declare which asset types a view shows. A type has one view."""

    def declare(view: type[R]) -> type[R]:
        for asset_type in asset_types:
            if asset_type in VIEWS:
                raise ValueError(f"{asset_type} is shown by {VIEWS[asset_type].__name__} already")
            VIEWS[asset_type] = view
        return view

    return declare


@cache
def asset_types_of(view: type[Resource]) -> tuple[str, ...]:
    """The asset types that `view` shows, in order of declaration."""
    return tuple(name for name, shown in VIEWS.items() if shown is view)


class OpenList(list[T], Generic[T]):
    """A list of which only some elements are known: what rests on the others is undetermined.

    One known element can decide (`any`, `in`); emptiness, length and "none of them" cannot.
    """

    __slots__ = ("cause", "what")

    def __init__(self, known: list[T], what: str, cause: str) -> None:
        super().__init__(known)
        self.what = what
        self.cause = cause

    def _undetermined(self) -> NoReturn:
        raise Undetermined(self.what, self.cause)

    def __iter__(self) -> Iterator[T]:
        yield from super().__iter__()
        self._undetermined()

    def __contains__(self, item: object) -> bool:
        return super().__contains__(item) or self._undetermined()

    def __bool__(self) -> bool:
        return super().__len__() > 0 or self._undetermined()

    def __len__(self) -> int:
        self._undetermined()

    def __eq__(self, other: object) -> bool:
        self._undetermined()

    def __ne__(self, other: object) -> bool:
        self._undetermined()

    __hash__ = None

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        self._undetermined()

    def known(self) -> list[T]:
        """The elements that are known."""
        return list(super().__iter__())


_UNKNOWN = object()


def withhold(view: View, path: list[str], what: str, cause: str) -> None:
    """Mark the value at `path` below `view` unknown.

    A step is a JSON name, a list index, or `*` for "the list may have more elements".
    """
    _withheld(view, path, what, cause)


def withhold_all(view: View) -> None:
    """Mark every field of `view` unknown."""
    for name, encoded in zip(type(view).__struct_fields__, type(view).__struct_encode_fields__, strict=True):
        if not encoded.startswith("#") and _is_known(view, name):  # else it is no data
            delattr(view, name)


def _withheld(value: Any, path: list[str], what: str, cause: str) -> Any:
    """`value` with the part at `path` marked; `_UNKNOWN` where the whole value became unknown."""
    if not path:
        return _UNKNOWN
    step, rest = path[0], path[1:]
    if isinstance(value, View):
        encoded = type(value).__struct_encode_fields__
        if step in encoded:  # else no check reads it
            name = type(value).__struct_fields__[encoded.index(step)]
            if _is_known(value, name):
                part = _withheld(getattr(value, name), rest, what, cause)
                delattr(value, name) if part is _UNKNOWN else setattr(value, name, part)
        return value
    if isinstance(value, list):
        known = list(list.__iter__(value))
        if step == "*":
            return OpenList(known, what, cause)
        if step.isdigit() and int(step) < len(known):
            part = _withheld(known[int(step)], rest, what, cause)
            if part is not _UNKNOWN:
                known[int(step)] = part
                return value
            del known[int(step)]
        return OpenList(known, what, cause)
    return _UNKNOWN  # a map or a scalar is known as a whole or not at all


def _is_known(view: View, name: str) -> bool:
    try:
        getattr(view, name)
    except Undetermined:
        return False
    return True


def read_path(view: Any, path: str) -> Any:
    """The value at a dotted JSON path of a view, in plain types; over a list, the list of values.

    Unknown values read as `"(unknown)"`: evidence is shown, not judged.
    """
    target: Any = view
    steps = path.split(".")
    for position, step in enumerate(steps):
        if isinstance(target, list):
            rest = ".".join(steps[position:])
            return [read_path(element, rest) for element in list.__iter__(target)]
        if isinstance(target, dict):
            target = target.get(step)
            continue
        if target is None:
            return None
        encoded = type(target).__struct_encode_fields__
        if step not in encoded:
            raise AttributeError(f"{type(target).__name__} has no field {step!r} (evidence {path!r})")
        try:
            target = getattr(target, type(target).__struct_fields__[encoded.index(step)])
        except Undetermined:
            return "(unknown)"
    return plain(target)


def plain(value: Any) -> Any:
    """`value` in JSON types, without fields that are empty; what is unknown inside it reads as `"(unknown)"`."""
    if isinstance(value, View):
        names = type(value).__struct_encode_fields__
        shown = {name: read_path(value, name) for name in names if not name.startswith("#")}
        return {name: entry for name, entry in shown.items() if entry not in (None, "", [], {})}
    if isinstance(value, OpenList):
        return [*(plain(element) for element in value.known()), "(more, unknown)"]
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        named = {str(key): element for key, element in value.items()}
        return {key: plain(named[key]) for key in sorted(named)}  # maps have no order that all sources keep
    return msgspec.to_builtins(value, str_keys=True)
