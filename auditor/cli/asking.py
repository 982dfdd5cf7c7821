"""What a scan asks: the checks that configuration and options select, with their settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.cli import catalogue_errors, fail_usage
from auditor.cli.second_opinion import second_opinion_of
from auditor.completeness import vouched

if TYPE_CHECKING:
    from auditor.check import Check, Settings
    from auditor.config import Config
    from auditor.frameworks import Catalogue
    from auditor.sources.live.needs import Needs
    from auditor.sources.second_opinion import SecondOpinion


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked: the selected checks with their settings, and the rest of the configuration."""

    config: Config
    catalogue: list[Check]
    checks: list[Check]
    settings: dict[str, Settings]
    frameworks: list[Catalogue]
    needs: Needs
    opinion: SecondOpinion | None
    """Who else is asked what is a secret."""


def asked_for(options: dict[str, Any]) -> Asking:
    """What the configuration and the options select; ends the command where they are wrong."""
    from auditor.config import load_config, settings_of
    from auditor.engine.select import in_words, select
    from auditor.frameworks import load_frameworks
    from auditor.loading import check_packages, load_checks
    from auditor.sources.live.needs import needs_of

    try:
        config = _with_options(load_config(options["config"]), options)
        catalogue = load_checks(config.scan.checks_dir)
        frameworks = load_frameworks(check_packages(), catalogue)
        checks = select(catalogue, config.select, frameworks)
        if options["paths"] is False:
            checks = [check for check in checks if not check.signature.wants_ways]
        settings = settings_of(catalogue, config.checks, str(options["config"] or "auditor.toml"))
    except catalogue_errors() as error:
        raise fail_usage(error) from None
    if not checks:
        raise fail_usage(f"no check is left to ask: {in_words(config.select)}")
    return Asking(
        config=config,
        catalogue=catalogue,
        checks=checks,
        settings=settings,
        frameworks=frameworks,
        needs=needs_of(checks),
        opinion=second_opinion_of(options),
    )


def _with_options(config: Config, options: dict[str, Any]) -> Config:
    """The configuration, with what the command line says instead of or beside it."""
    from auditor.model.verdict import Severity

    exported = vouched(options["exported"])
    scan = config.scan.model_copy(
        update={
            "exported": tuple(dict.fromkeys((*config.scan.exported, *exported))),
            "checks_dir": (*config.scan.checks_dir, *options["checks_dir"]),
            "skip": tuple(dict.fromkeys((*config.scan.skip, *options["skip"]))),
        }
    )
    select = {name: options[name] or getattr(config.select, name) for name in ("check", "area", "framework")}
    select["exclude"] = (*config.select.exclude, *options["exclude"])
    select["severity"] = Severity(options["severity"] or config.select.severity)
    select["all"] = options["everything"] or config.select.all
    gate = {"fail_on": Severity(options["fail_on"] or config.gate.fail_on)}
    if options["require_coverage"] is not None:
        gate["require_coverage"] = options["require_coverage"]
    return config.model_copy(
        update={
            "scan": scan,
            "select": config.select.model_copy(update=select),
            "gate": config.gate.model_copy(update=gate),
        }
    )
