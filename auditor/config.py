"""`auditor.toml`: what a scan is told once for all its runs.

[scan]
exported = ["resource", "iam-policy"]   # what the input holds in full; or ["all"]
checks_dir = ["our-checks"]             # folders of further check modules
skip = ["groups"]                       # services that a live scan does not ask; what rests on them is not assessed

[select]
area = ["iam", "keys"]                  # only these; likewise check, framework
exclude = ["bucket-versioning-off"]     # not these
severity = "low"                        # this severity or worse

[gate]
fail_on = "critical"
require_coverage = 80                   # per cent of applicable verdicts

[checks.service-account-key-stale]      # a check's own settings
max_age_days = 60
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from auditor.check import Check, Settings
from auditor.completeness import CONTENT_TYPES, EVERYTHING_EXPORTED, NOT_INVENTORIED, vouched
from auditor.model.verdict import Severity
from auditor.names import UnknownName


def _vouched(name: str) -> str:
    known = (*CONTENT_TYPES, EVERYTHING_EXPORTED, *NOT_INVENTORIED)
    if name not in known:
        raise ValueError(str(UnknownName("content", name, known)))
    return name


def _service(name: str) -> str:
    from auditor.sources.live.collectors import COLLECTORS

    known = {collector.name for collector in COLLECTORS}
    if name not in known:
        raise ValueError(str(UnknownName("service", name, known)))
    return name


Vouched = Annotated[str, AfterValidator(_vouched)]
"""One of `CONTENT_TYPES` and `NOT_INVENTORIED`, or `all`."""


_SHAPES = {
    "model_type": "should be a table: a line [NAME], and options below it",
    "dict_type": "should be a table: a line [checks.ID], and the check's options below it",
    "tuple_type": 'should be a list, as ["one", "other"]',
}
"""What is wrong with a value of a wrong shape, by pydantic's type of error."""


class ConfigError(Exception):
    """The configuration is wrong; the message says where and how."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScanSection(_Section):
    """`[scan]`."""

    exported: Annotated[tuple[Vouched, ...], AfterValidator(vouched)] = ()
    checks_dir: tuple[Path, ...] = ()
    skip: tuple[Annotated[str, AfterValidator(_service)], ...] = ()
    """Collectors by name."""


class SelectSection(_Section):
    """`[select]`: empty means all."""

    check: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    framework: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    all: bool = False
    severity: Severity = Severity.INFO


class GateSection(_Section):
    """`[gate]`."""

    fail_on: Severity = Severity.CRITICAL
    require_coverage: Annotated[float, Field(ge=0, le=100)] | None = None


class Config(_Section):
    """The whole file."""

    scan: ScanSection = ScanSection()
    select: SelectSection = SelectSection()
    gate: GateSection = GateSection()
    checks: dict[str, dict[str, Any]] = {}


def load_config(path: Path | None) -> Config:
    """Read `path`; without one, `auditor.toml` of the working directory where there is one.

    Raises `ConfigError` and `UnknownName`.
    """
    if path is None:
        path = Path("auditor.toml")
        if not path.exists():
            return Config()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read, {(error.strerror or str(error)).lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML ({error})") from None
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise _explained(path, error) from None
    folders = tuple(path.parent / folder for folder in config.scan.checks_dir)
    return config.model_copy(update={"scan": config.scan.model_copy(update={"checks_dir": folders})})


def settings_of(
    checks: list[Check], given: dict[str, dict[str, Any]], where: str = "auditor.toml"
) -> dict[str, Settings]:
    """Each check's settings: its defaults, and what the configuration says.

    Raises `UnknownName` for a check or option that does not exist, `ConfigError` for a wrong value.
    """
    by_name = {name: check for check in checks for name in (check.id, *check.aliases)}
    settings: dict[str, Settings] = {c.id: c.signature.settings() for c in checks if c.signature.settings}
    for name, options in given.items():
        if name not in by_name:
            raise UnknownName("check", name, by_name, f"{where} [checks]")
        check = by_name[name]
        kind = check.signature.settings
        if kind is None:
            raise ConfigError(f"{where} [checks.{name}]: this check has no settings")
        for option in options:
            if option not in kind.__struct_fields__:
                raise UnknownName("option", option, kind.__struct_fields__, f"{where} [checks.{name}]")
        try:
            settings[check.id] = msgspec.convert(options, kind)
        except msgspec.ValidationError as error:
            problem, _, option = str(error).replace("`", "").partition(" - at $")
            place = f"{where} [checks.{name}] {option.lstrip('.')}".rstrip()
            raise ConfigError(f"{place}: {problem[0].lower()}{problem[1:]}") from None
    return settings


def _explained(path: Path, error: ValidationError) -> Exception:
    first = error.errors()[0]
    section = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        model: Any = Config
        for part in section[:-1]:
            model = model.model_fields[part].annotation
        place = f"[{section[0]}]" if len(section) > 1 else ""
        return UnknownName("option" if place else "section", section[-1], model.model_fields, f"{path} {place}".strip())
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return ConfigError(f"{path} {'.'.join(section)}: {_SHAPES.get(first['type'], said)}")
