"""Random condition expressions, and Google's CEL runtime to compare with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from auditor.access.conditions import Request

NOW = datetime(2026, 11, 22, 13, 45, 59, 123_000, tzinfo=UTC)
ERROR = "error"
UNREADABLE = "unreadable"

TAGS = {"123/env": "prod", "123/team": "gas", "tagKeys/1": "tagValues/2"}
ROLES = ["roles/pubsub.editor", "roles/viewer"]
OBJECT = Request(
    now=NOW,
    permission="storage.objects.get",
    resource_name="projects/_/buckets/acme/objects/orders/order_date=2019-11-03/ä",
    resource_type="storage.googleapis.com/Object",
    resource_service="storage.googleapis.com",
    tags=TAGS,
)
PROJECT = Request(
    now=NOW,
    permission="resourcemanager.projects.setIamPolicy",
    resource_type="cloudresourcemanager.googleapis.com/Project",
    resource_service="cloudresourcemanager.googleapis.com",
    tags={},
    attributes={"iam.googleapis.com/modifiedGrantsByRole": ROLES},
)
TUNNEL = Request(
    now=NOW,
    permission="iap.tunnelInstances.accessViaIAP",
    resource_type="iap.googleapis.com/TunnelInstance",
    resource_service="iap.googleapis.com",
    tags=TAGS,
    access_levels=frozenset({"accessPolicies/1/accessLevels/corp", "accessPolicies/1/accessLevels/home"}),
    destination_ip="10.0.0.1",
    destination_port=22,
)
WEB = Request(
    now=NOW,
    permission="iap.webServiceVersions.accessViaIAP",
    resource_type="iap.googleapis.com/WebServiceVersion",
    resource_service="iap.googleapis.com",
    tags=TAGS,
    access_levels=frozenset({"accessPolicies/1/accessLevels/corp"}),
    path="/admin/payroll.js",
    host="hr.example.com",
)
REQUESTS = (OBJECT, PROJECT, TUNNEL, WEB)

_TEXTS = [
    *(
        "''",
        "'a'",
        '"b"',
        "'prod'",
        "'123/env'",
        "'123/team'",
        "'tagKeys/1'",
        "'tagValues/2'",
        "r'\\d'",
        "'\\n\\x41\\u00e4\\101'",
    ),
    *(
        "'storage.googleapis.com'",
        "'storage.googleapis.com/Object'",
        "'iap.googleapis.com'",
        "'projects/_/buckets/acme'",
    ),
    *("'10.0.0.1'", "'/admin'", "'.js'", "'example.com'", "'accessPolicies/1/accessLevels/corp'", "'''a'b'''"),
    *("'roles/viewer'", "'roles/owner'", "'2026-11-22'", "'\\U0001F600'", "'~'"),
]
_TEMPLATES = [
    *("'orders/{rest}'", "'/order_date={date}/'", "'{all}'", "'{start}/objects'", "'projects/{none}/zones/'"),
    *("'s/{part}s'", "'a{1}'", "1"),
]
_TIMES = [
    *(
        "2026-11-22T13:45:59.123Z",
        "2020-01-01T00:00:00Z",
        "2030-06-30T23:59:59.999999999Z",
        "2026-11-22T14:45:59.123+01:00",
    ),
    *(
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2024-02-29T12:00:00-08:00",
        "2025-02-29T00:00:00Z",
        "2026-01-01",
    ),
    *("2026-11-22 00:00:00Z", "2016-12-31T23:59:60Z", "2026-11-22T24:00:00Z", "", "tomorrow", "2026-1-2T3:4:5z"),
    *("1900-03-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "2026-10-25T00:30:00Z", "2026-03-29T01:00:00Z"),
]
_DAYS = ["2026-11-22", "2019-11-03", "2026-02-30", "2026-1-1", "", "2026-11-22T00:00:00Z"]
_SPANS = [
    *("90s", "2592000s", "1.5h", "-1.5s", "+3m", "0", "1h30m", "100ms", "7us", "9ns", "315576000000s", "315576000001s"),
    *("", "1d", "1", "1.0000000019s", "s", ".5s", "1.s", "-0", "9223372037s", "1m-1s"),
]
_ZONES = [
    "UTC",
    "",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "+01:00",
    "-08:30",
    "+05:45",
    "nowhere",
    "x/y",
]
_INTS = ["0", "1", "2", "7", "22", "59", "2026", "-1", "0x1F", "9223372036854775807", "-9223372036854775808", "86400"]
_DOUBLES = ["0.0", "1.0", "-1.5", "2e3", ".5", "9007199254740993.0", "1e400", "-0.0"]
_FIELDS = [
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
]
_STEPS = [".k", ".m", "['k']", "[1]"]
_COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]


class Expressions:
    """Random expressions over what a request provides: mostly well typed, sometimes not."""

    def __init__(self, random: Random, request: Request, more: Sequence[str] = ()) -> None:
        self._random = random
        self._texts = ["resource.type", "resource.service"]
        self._lists = ["['a', 'b']", "[1, 2.0, true]", "[]", "[resource.type]"]
        self._ints = [*_INTS]
        if request.resource_name is not None:
            self._texts.append("resource.name")
        if request.access_levels is not None:
            self._lists.append("request.auth.access_levels")
        if request.destination_port is not None:
            self._texts.append("destination.ip")
            self._ints.append("destination.port")
        if request.path is not None:
            self._texts += ["request.path", "request.host"]
        self._texts += more
        self._statements = [text for text in more if text.endswith(")")]

    def boolean(self, depth: int) -> str:
        """An expression that is true or false, or errs."""
        if depth <= 0:
            return self._pick(["true", "false", self._statement(0), self._statement(0)])
        inner = depth - 1
        return self._one_of(
            lambda: f"{self.boolean(inner)} && {self.boolean(inner)}",
            lambda: f"{self.boolean(inner)} || {self.boolean(inner)}",
            lambda: f"({self.boolean(inner)} && {self.boolean(inner)} || {self.boolean(inner)})",
            lambda: f"!({self.boolean(inner)})",
            lambda: f"!!{self._statement(inner).join('()')}",
            lambda: f"({self.boolean(inner)} ? {self.boolean(inner)} : {self.boolean(inner)})",
            lambda: self._statement(inner),
            lambda: self._statement(inner),
            lambda: self._statement(inner),
        )

    def _statement(self, depth: int) -> str:
        return self._one_of(
            lambda: f"{self.text(depth)} {self._pick(_COMPARISONS)} {self.text(depth)}",
            lambda: f"{self.number(depth)} {self._pick(_COMPARISONS)} {self.number(depth)}",
            lambda: f"{self.time(depth)} {self._pick(_COMPARISONS)} {self.time(depth)}",
            lambda: f"{self.span(depth)} {self._pick(_COMPARISONS)} {self.span(depth)}",
            lambda: f"{self.anything(depth)} {self._pick(_COMPARISONS)} {self.anything(depth)}",
            lambda: f"{self.text(depth)}.{self._pick(['startsWith', 'endsWith', 'contains'])}({self.text(depth)})",
            lambda: f"{self.text(depth)} in {self.list(depth)}",
            lambda: f"{self.anything(depth)} in {self.list(depth)}",
            lambda: f"resource.matchTag({self.text(0)}, {self.text(0)})",
            lambda: f"resource.matchTag('123/env', {self._pick(_TEXTS)})",
            lambda: f"{self._granted()}.hasOnly({self.list(depth)})",
            lambda: f"{self.list(depth)}.hasOnly({self.list(depth)})",
            lambda: f"request.time.{self._pick(_FIELDS)}({self._zone()}) {self._pick(_COMPARISONS)} {self.number(0)}",
            lambda: self._pick(self._statements or ["true"]),
        )

    def text(self, depth: int) -> str:
        """A string, mostly."""
        if depth <= 0 or self._random.random() < 0.5:
            return self._pick(self._texts if self._random.random() < 0.4 else _TEXTS)
        return self._one_of(
            lambda: f"({self.text(depth - 1)} + {self.text(depth - 1)})",
            lambda: f"{self.text(depth - 1)}.extract({self._pick(_TEMPLATES)})",
            lambda: f"({self.boolean(depth - 1)} ? {self.text(depth - 1)} : {self.text(depth - 1)})",
            lambda: f"{self.list(depth - 1)}[{self.number(depth - 1)}]",
            lambda: f"{{'k': {self.text(depth - 1)}, 'l': 1}}{self._pick(_STEPS)}",
            lambda: self.anything(depth - 1),
        )

    def number(self, depth: int) -> str:
        """A number, mostly."""
        if depth <= 0 or self._random.random() < 0.3:
            return self._pick(self._ints if self._random.random() < 0.8 else _DOUBLES)
        return self._one_of(
            lambda: f"{self.number(depth - 1)} {self._pick('+-*/%')} {self.number(depth - 1)}",
            lambda: f"({self.number(depth - 1)} {self._pick('+-*/%')} {self.number(depth - 1)})",
            lambda: f"-({self.number(depth - 1)})",
            lambda: f"--{self.number(0).lstrip('-')}",
            lambda: f"size({self._pick([self.text(depth - 1), self.list(depth - 1)])})",
            lambda: f"{self.text(depth - 1)}.size()",
            lambda: f"{self.time(depth - 1)}.{self._pick(_FIELDS)}({self._zone()})",
            lambda: f"{self.span(depth - 1)}.{self._pick(_FIELDS[-4:])}()",
        )

    def time(self, depth: int) -> str:
        """A timestamp, mostly."""
        if depth <= 0 or self._random.random() < 0.5:
            return self._one_of(
                lambda: "request.time",
                lambda: f"timestamp('{self._pick(_TIMES)}')",
                lambda: f"date('{self._pick(_DAYS)}')",
            )
        return self._one_of(
            lambda: f"({self.time(depth - 1)} + {self.span(depth - 1)})",
            lambda: f"({self.time(depth - 1)} - {self.span(depth - 1)})",
            lambda: f"({self.span(depth - 1)} + {self.time(depth - 1)})",
            lambda: f"timestamp({self.anything(depth - 1)})",
            lambda: f"date({self._pick(self._texts)}.extract('/order_date={{date}}/'))",
        )

    def span(self, depth: int) -> str:
        """A duration, mostly."""
        if depth <= 0 or self._random.random() < 0.5:
            return f"duration('{self._pick(_SPANS)}')"
        return self._one_of(
            lambda: f"({self.time(depth - 1)} - {self.time(depth - 1)})",
            lambda: f"({self.span(depth - 1)} + {self.span(depth - 1)})",
            lambda: f"({self.span(depth - 1)} - {self.span(depth - 1)})",
            lambda: f"duration({self.anything(depth - 1)})",
        )

    def list(self, depth: int) -> str:
        """A list, mostly."""
        if depth <= 0 or self._random.random() < 0.4:
            return self._pick(self._lists)
        items = ", ".join(self.anything(depth - 1) for _ in range(self._random.randrange(4)))
        return self._one_of(
            lambda: f"[{items}]",
            lambda: f"[{items},]",
            lambda: f"({self.list(depth - 1)} + {self.list(depth - 1)})",
            lambda: f"{{{self.text(depth - 1)}: {self.number(depth - 1)}}}",
        )

    def anything(self, depth: int) -> str:
        """A value of any type."""
        return self._one_of(
            lambda: self.text(depth),
            lambda: self.number(depth),
            lambda: f"({self.boolean(min(depth, 1))})",
            lambda: self.time(depth),
            lambda: self.span(depth),
            lambda: self.list(depth),
            lambda: "null",
        )

    def _granted(self) -> str:
        return "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])"

    def _zone(self) -> str:
        return "" if self._random.random() < 0.4 else f"'{self._pick(_ZONES)}'"

    def _pick(self, choices: Any) -> str:
        return str(self._random.choice(choices))

    def _one_of(self, *makers: Callable[[], str]) -> str:
        return self._random.choice(makers)()


def mutated(random: Random, expression: str) -> str:
    """The expression with some characters lost, doubled, swapped or new."""
    characters = list(expression)
    for _ in range(random.randrange(1, 4)):
        place = random.randrange(len(characters))
        characters[place] = random.choice(
            [
                "",
                characters[place] * 2,
                random.choice("()[]{}'\"&|!<>=+-*/%?:.,\\ \n0_aeEx~;ä"),
                random.choice(["//", "&&", "||", "in"]),
            ]
        )
    return "".join(characters)


def _extract(text: str, template: str) -> str:
    """The table of the reference, by regular expression."""
    prefix, _, rest = template.partition("{")
    suffix = rest.partition("}")[2]
    if "{" not in template or "}" not in rest:
        raise ValueError(template)
    found = re.search(re.escape(prefix) + ("(.*?)" if suffix else "(.*)") + re.escape(suffix), text, re.DOTALL)
    return found[1] if found else ""


def _midnight(day: str) -> datetime:
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
        raise ValueError(day)
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")


def _has_only(found: list[Any], allowed: list[Any]) -> bool:
    return all(any(_same(item, other) for other in allowed) for item in found)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _declared(
    cel: Any, name: str, returns: Any, parameters: list[Any], run: Callable[..., Any], *, is_member: bool = False
) -> Any:
    overload = cel.Overload(f"{name}_", return_type=returns, parameters=parameters, is_member=is_member, impl=run)
    return cel.FunctionDecl(name, [overload])


class Oracle:
    """Google's runtime in the place of IAM: its variables, and the functions that only IAM has, written anew here."""

    def __init__(self, request: Request) -> None:
        # What is loaded is typed against protobuf, which the project does not need.
        self._cel: Any = pytest.importorskip("cel_expr_python.cel", reason="nothing to compare with")
        kind = self._cel.Type
        tags = {key: value for key, value in (request.tags or {}).items() if "tagKeys" not in key}
        attributes = request.attributes

        def declared(*declaration: Any, is_member: bool = False) -> Any:
            return _declared(self._cel, *declaration, is_member=is_member)

        self._data: dict[str, Any] = {**_variables(request), "request_time": request.now}
        self._environment = self._cel.NewEnv(
            variables={**dict.fromkeys(self._data, kind.DYN), "request_time": kind.TIMESTAMP},
            functions=[
                declared("date", kind.TIMESTAMP, [kind.STRING], _midnight),
                declared("extract", kind.STRING, [kind.STRING, kind.STRING], _extract, is_member=True),
                declared("hasOnly", kind.BOOL, [kind("list<dyn>"), kind("list<dyn>")], _has_only, is_member=True),
                declared(
                    "resource_matchTag",
                    kind.BOOL,
                    [kind.STRING, kind.STRING],
                    lambda key, value: tags.get(key) == value,
                ),
                declared(
                    "api_getAttribute",
                    kind.DYN,
                    [kind.STRING, kind("list<dyn>")],
                    lambda name, default: attributes.get(name, default),
                ),
            ],
        )

    def value(self, expression: str) -> Any:
        """What Google's runtime makes of it; `UNREADABLE` where it does not parse, `ERROR` where it errs."""
        try:
            compiled = self._compiled(expression)
        except RuntimeError:
            return UNREADABLE
        try:
            result = compiled.eval(data=self._data)
        except RuntimeError:  # such as of a map that has a key twice
            return ERROR
        return ERROR if result.type() == self._cel.Type.ERROR else _plain(result.plain_value())

    def _compiled(self, expression: str) -> Any:
        for name in ("resource.matchTag", "api.getAttribute", "request.time"):
            expression = expression.replace(name, name.replace(".", "_"))
        return self._environment.compile(expression, disable_check=True)


def _variables(request: Request) -> dict[str, Any]:
    given: dict[str, dict[str, Any]] = {
        "resource": {"name": request.resource_name, "type": request.resource_type, "service": request.resource_service},
        "request": {"path": request.path, "host": request.host},
        "destination": {"ip": request.destination_ip, "port": request.destination_port},
    }
    known: dict[str, dict[str, Any]] = {
        name: {field: value for field, value in fields.items() if value is not None} for name, fields in given.items()
    }
    if request.access_levels is not None:
        known["request"]["auth"] = {"access_levels": sorted(request.access_levels)}
    return known


def _plain(value: Any) -> Any:
    """A result in a form that `==` compares as strictly as types do."""
    if isinstance(value, datetime):
        return ("timestamp", value.replace(tzinfo=UTC) if value.tzinfo is None else value)
    if isinstance(value, timedelta):
        return ("duration", value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {repr(key): _plain(item) for key, item in value.items()}
    return repr(value)
