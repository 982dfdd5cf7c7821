"""Reports for tests: rendered, and parsed."""

from __future__ import annotations

import importlib
import io
from html.parser import HTMLParser

from auditor.model.run import Run

FORMATS = {"html": "reports.html", "md": "reports.markdown", "json": "reports.json", "sarif": "reports.sarif"}


def rendered(suffix: str, run: Run) -> str:
    out = io.BytesIO()
    importlib.import_module(FORMATS[suffix]).render(run, out)
    return out.getvalue().decode("utf-8")


class Page(HTMLParser):
    """Elements, attributes and text of an HTML page."""

    VOID = frozenset({"meta", "rect", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes what it did not open"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
