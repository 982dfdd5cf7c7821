"""A check's page in Markdown, made from the check: docstring, settings, fix, examples, controls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from auditor.check import Check, Example
from auditor.frameworks import Catalogue, controls_of


def page_of(check: Check, frameworks: Iterable[Catalogue]) -> str:
    """The page of one check."""
    title, _, rest = check.page.partition("\n")
    facts = [
        f"- id: {check.id}",
        f"- severity: {check.severity.value}",
        f"- area: {check.area}",
        f"- asked of: {_asked_of(check)}",
        f"- controls: {', '.join(controls_of(check, frameworks)) or 'none'}",
        f"- same as: {', '.join(check.same_as) or 'none'}",
        f"- default selection: {'yes' if check.default else 'no, name it with --check'}",
    ]
    if check.aliases:
        facts.append(f"- former ids: {', '.join(check.aliases)}")
    sections = [f"# {title}", "\n".join(facts), _paragraphs(rest)]
    if check.signature.settings:
        options = msgspec.to_builtins(check.signature.settings())
        lines = [f"    {name} = {json.dumps(value)}" for name, value in options.items()]
        sections.append("\n".join(["## Settings (auditor.toml)", "", f"    [checks.{check.id}]", *lines]))
    sections.append(_fix(check))
    sections.append(_examples("Fails", check.fails()))
    sections.append(_examples("Passes", check.passes()))
    return "\n\n".join(section for section in sections if section) + "\n"


def write_pages(folder: Path, checks: Sequence[Check], frameworks: Sequence[Catalogue]) -> None:
    """Write a page for each check and an index into `folder`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["# Checks", "", "| check | area | severity | problem |", "|---|---|---|---|"]
    for check in sorted(checks, key=lambda check: (check.area, check.severity.rank, check.id)):
        rows.append(f"| [{check.id}]({check.id}.md) | {check.area} | {check.severity.value} | {check.title} |")
        (folder / f"{check.id}.md").write_text(page_of(check, frameworks), encoding="utf-8")
    (folder / "index.md").write_text("\n".join(rows) + "\n", encoding="utf-8")


_FIELD = re.compile(r"\{([^}]*)\}")


def _asked_of(check: Check) -> str:
    if check.asset_types == ("*",):
        return "every IAM policy"
    kinds = ", ".join(check.asset_types)
    if check.signature.wants_resource:
        return kinds + (", with IAM policy" if check.signature.wants_policy else "")
    return f"the IAM policies of {kinds}"


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def _fix(check: Check) -> str:
    if not check.fix:
        return ""
    ways = {
        "gcloud": _FIELD.sub(lambda field: re.sub(r"\W+", "_", field[1]).strip("_").upper(), check.fix.gcloud),
        "Terraform": check.fix.terraform,
        "guardrail (organisation policy)": check.fix.guardrail,
        "by hand": check.fix.manual,
    }
    lines = [f"    {text}\n" if name == "gcloud" else f"- {name}: {text}" for name, text in ways.items() if text]
    return "\n".join(["## Fix", "", *lines])


def _examples(word: str, examples: Sequence[Example | Sequence[Example]]) -> str:
    blocks = [f"## {word}"]
    for example in examples:
        shown = [example] if isinstance(example, Example) else list(example)
        for asset in shown:
            document = asset.document()
            document.pop("ancestors")
            text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
            blocks.append("\n".join(f"    {line}" for line in text.splitlines()))
    return "\n\n".join(blocks)
