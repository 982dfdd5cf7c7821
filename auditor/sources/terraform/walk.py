"""One pass over the attributes of a planned resource, following its table."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.sources.terraform.names import COMPUTE, Namer, referred
from auditor.sources.terraform.plan import Config, Planned, as_list, inside, inside_each, references_of, sets
from auditor.sources.terraform.references import follow

if TYPE_CHECKING:
    from auditor.sources.terraform.mapping import Context, Draft, Mapping, Slot

AFTER_APPLY = "known only after apply"
DECIDED_AT_APPLY = "the plan does not set it; it is decided at apply"
NOTHING: Any = object()
"""The default of a row that has none."""

_REFERENCES = frozenset(
    [
        "bucket",
        "crypto_key",
        "crypto_key_name",
        "default_kms_key_name",
        "email",
        "encryption_key_name",
        "instance",
        "kms_key",
        "kms_key_id",
        "kms_key_name",
        "kms_key_self_link",
        "log_bucket",
        "master_instance_name",
        "network",
        "parent",
        "private_network",
        "project",
        "secret",
        "security_policy",
        "service_account",
        "service_account_email",
        "service_account_name",
        "ssl_policy",
        "subnetwork",
        "topic",
        "cluster",
        "database_encryption",
        "boot_disk_kms_key",
        "key_name",
        "target",
        "url_map",
        "backend_service",
        "bucket_name",
        "disk_encryption_key",
        "secret_name",
    ]
)
"""Attributes whose value is the name, id or address of one other resource: a reference is followed to it."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Where the walk is: a block of attributes and the API object that it goes into."""

    path: str
    """The attribute path, with a dot at its end (`""` for the resource itself)."""
    config: Config
    out: dict[str, Any]
    container: str
    """The API path of `out`, without list indices."""
    place: str
    """The same with list indices, and with a dot at its end."""

    def short(self, api_path: str) -> str:
        """An API path as seen from `out`."""
        return api_path[len(self.container) + 1 :] if self.container else api_path


class Walk:
    """Converts one planned resource; what is unknown is noted in the draft."""

    def __init__(self, mapping: Mapping, planned: Planned, context: Context, draft: Draft) -> None:
        self._mapping = mapping
        self._planned = planned
        self._context = context
        self._draft = draft

    def into(self, data: dict[str, Any]) -> None:
        """Fill the API's data."""
        given = self._planned.values
        first = [path for path in self._mapping.rows if path in given]
        values = {key: given[key] for key in [*first, *given]}  # in the order of the rows
        for kind in ("labels", "annotations"):
            if isinstance(values.get(f"effective_{kind}"), dict):  # with those of the provider's configuration
                values[kind] = values[f"effective_{kind}"]
        unset = [key for key in (self._planned.config or [{}])[0] if self._planned.is_unknown(key)]
        unknown = {**self._planned.unknown, **dict.fromkeys(unset, True)}
        self._block(_Block("", self._planned.config, data, "", ""), values, unknown)

    def _block(self, block: _Block, values: dict[str, Any], unknown: dict[str, Any]) -> None:
        slots = self._mapping.slots(block.path)
        for key, value in values.items():
            slot = slots.get(key) or self._mapping.slot(block.path, key)
            mark = unknown.get(key)
            if slot.api is None:
                continue
            if value is None and not mark:  # most of a plan
                if slot.has_default:
                    self._default(block, slot)
                continue
            self._attribute(block, key, slot, value, mark)
        for key, mark in unknown.items():
            if key not in values:
                self._attribute(block, key, slots.get(key) or self._mapping.slot(block.path, key), None, mark)
        for key in self._mapping.defaults_in(block.path):
            if key not in values and key not in unknown:
                self._default(block, slots.get(key) or self._mapping.slot(block.path, key))

    def _attribute(self, block: _Block, key: str, slot: Slot, value: Any, mark: Any) -> None:
        """Convert one attribute or kind of block; `mark` tells what is unknown of it."""
        api = slot.api
        if api is None:
            return
        if mark is True and value is None:
            self._unknown(block, key, slot, block.short(api))
        elif value in (None, "", []) and _any(mark):  # something is there, and the plan does not tell what
            self._draft.note(block.place + block.short(api), AFTER_APPLY)
        elif isinstance(value, list) and any(isinstance(element, dict) for element in value):
            if self._mapping.plain:
                return
            if slot.is_list or len(value) > 1:
                self._list(block, key, slot, value, mark, api)
            else:
                self._object(block, key, slot, value[0], mark, api)
        elif isinstance(value, dict) and slot.is_block:
            self._object(block, key, slot, value, mark, api)
        elif value is None or value in ("", []) or (value == [None] and not _any(mark)):
            self._default(block, slot)
        else:
            self._plain(block, slot, value, mark, block.short(api))

    def _unknown(self, block: _Block, key: str, slot: Slot, short: str) -> None:
        """An attribute without a value in the plan: set to something not known yet, or left to the API."""
        if not sets(block.config, key):
            if not self._default(block, slot):
                self._draft.note(block.place + short, DECIDED_AT_APPLY)
            return
        row = slot.row
        if key in _REFERENCES or (row is not None and row.link and not key.endswith("s")):  # plurals are lists
            references = references_of(block.config, key)
            found = follow(self._context.plan, self._planned, references)
            value = (self._context.namer.value(*found) if found else "") or referred(references)
            if value:
                self._plain(block, slot, value, None, short)
                return
        self._draft.note(block.place + short, AFTER_APPLY)

    def _object(self, block: _Block, key: str, slot: Slot, value: dict[str, Any], mark: Any, api: str) -> None:
        """A nested block that is one object in the API."""
        row = slot.row
        target = descend(block.out, block.short(api))
        target.update(row.always if row is not None else {})
        first = mark[0] if isinstance(mark, list) and mark else mark
        if first is True:
            self._draft.note(block.place + block.short(api), AFTER_APPLY)
        inner = _Block(f"{block.path}{key}.", inside(block.config, key), block.out, block.container, block.place)
        self._block(inner, value, first if isinstance(first, dict) else {})

    def _list(self, block: _Block, key: str, slot: Slot, value: list[Any], mark: Any, api: str) -> None:
        """Nested blocks that are a list in the API."""
        row = slot.row
        short = block.short(api)
        above, _, last = short.rpartition(".")
        made = descend(block.out, above).setdefault(last, [])
        marks = mark if isinstance(mark, list) else [mark] * len(value)
        if _any(marks[len(value) :]):
            self._draft.note(f"{block.place}{short}.*", AFTER_APPLY)
        nested = inside_each(block.config, key, value)
        for element, part, config in zip(value, [*marks, *[None] * len(value)], nested, strict=False):
            if part is True or not isinstance(element, dict):
                self._draft.note(f"{block.place}{short}.*", AFTER_APPLY)
                continue
            out = dict(row.always) if row is not None else {}
            made.append(out)
            inner = _Block(f"{block.path}{key}.", config, out, api, f"{block.place}{short}.{len(made) - 1}.")
            self._block(inner, element, part if isinstance(part, dict) else {})

    def _plain(self, block: _Block, slot: Slot, value: Any, mark: Any, short: str) -> None:
        """A scalar, a list of scalars or a map."""
        if isinstance(value, list) and isinstance(mark, list) and any(part is True for part in mark):
            value = [v for v, part in zip(value, [*mark, *[False] * len(value)], strict=False) if part is not True]
            self._draft.note(f"{block.place}{short}.*", AFTER_APPLY)
        if isinstance(value, dict):
            value = {name: entry for name, entry in value.items() if entry is not None}
        row = slot.row
        if row is not None and row.convert is not None:
            value = row.convert(value)
        if isinstance(mark, dict) and any(part is True for part in mark.values()):
            self._draft.note(block.place + short + (".*" if isinstance(value, list) else ""), AFTER_APPLY)
        if row is not None and row.link:
            named = [link(str(v), row.link, self._planned, self._context.namer) for v in as_list(value) or [value]]
            value = named if isinstance(value, list) else named[0]
        above, _, last = short.rpartition(".")
        target = descend(block.out, above)
        if isinstance(value, dict) and isinstance(target.get(last), dict):
            target[last].update(value)
        elif value is not None:
            target[last] = value

    def _default(self, block: _Block, slot: Slot) -> bool:
        """Put the API's default where the plan says nothing; whether there is one."""
        row = slot.row
        if row is None or row.default is NOTHING or row.path is None:
            return False
        short = block.short(row.path)
        if isinstance(row.default, dict):
            for name, value in row.default.items():
                descend(block.out, short).setdefault(name, copy.deepcopy(value))
        else:
            above, _, last = short.rpartition(".")
            descend(block.out, above).setdefault(last, copy.deepcopy(row.default))
        return True


def _any(mark: Any) -> bool:
    """Whether anything is unknown in what a mark is about."""
    if isinstance(mark, dict | list):
        return any(_any(part) for part in (mark.values() if isinstance(mark, dict) else mark))
    return mark is True


def link(value: str, collection: str, planned: Planned, namer: Namer) -> str:
    """A Compute Engine link in full, whichever of the shorter spellings the configuration uses."""
    if value.startswith(("https://", "//", "(known after apply)")):
        return value
    if value.startswith("projects/"):
        return COMPUTE + value
    project = f"projects/{namer.project(planned)}/"
    if value.startswith(("global/", "regions/", "zones/")):
        return COMPUTE + project + value
    return COMPUTE + project + namer.fill(planned, collection) + "/" + value.rpartition("/")[2]


def descend(target: dict[str, Any], path: str) -> dict[str, Any]:
    """The object at a dotted path, made where it is missing."""
    for step in path.split(".") if path else ():
        below = target.get(step)
        if not isinstance(below, dict):
            below = target[step] = {}
        target = below
    return target
