"""The HTML report in a real browser: filters, search, no script of a stranger, no overflow, paper."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from auditor.model.run import Run
from reports import html
from tests.sample_run import clean_run, large_run, sample_run
from tests.support import NOW, run

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
    "--window-size=1400,1100",
)

pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()),
    reason="Chromium and its driver are not installed: apt-get install chromium chromium-driver",
)


class Browser:
    """A report in a browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def show(self, page: Path, *, width: int = 1280, scripts: bool = True, media: str = "") -> None:
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(page.as_uri())
        self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # what pages before it said

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def shown(self, css: str) -> list[str]:
        return [element.text for element in self.driver.find_elements(By.CSS_SELECTOR, css) if element.is_displayed()]

    def entries(self) -> list[str]:
        return self.shown(".entry > summary code")

    def choose(self, what: str, value: str) -> None:
        Select(self.driver.find_element(By.ID, f"filter-{what}")).select_by_value(value)
        self.settle()

    def search(self, text: str) -> None:
        field = self.driver.find_element(By.ID, "filter-text")
        field.clear()
        field.send_keys(text)
        self.settle()

    def press(self, button: str) -> None:
        self.driver.find_element(By.ID, button).click()
        self.settle()

    def settle(self) -> None:
        """Wait until the filter, which waits for the typist, was applied."""
        self.driver.execute_async_script("setTimeout(arguments[0], 250)")

    def until(self, holds: Callable[[], bool]) -> None:
        WebDriverWait(self.driver, 10).until(lambda _: holds())

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@contextmanager
def _chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with _chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield Browser(driver)


def _written(folder: Path, run: Run) -> Path:
    path = folder / "report.html"
    with path.open("wb") as out:
        html.render(run, out)
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory.mktemp("sample"), sample_run())


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example estate, with pictures of paths and all pages of its checks."""
    path = tmp_path_factory.mktemp("example") / "report.html"
    estate = Path(__file__).parents[1] / "examples" / "lucky_gas" / "export"
    assert run("scan", estate, "--exported", "all", "--now", NOW, "-o", path).exit_code == 1
    return path


ALL = [
    "sql-open-to-internet",
    "bucket-public",
    "service-account-editor",
    "service-account-key-stale",
    "label-owner-missing",
    "run-public-without-armor",
]


def test_no_complaint_and_no_strange_script(browser: Browser, page: Path) -> None:
    browser.show(page)
    browser.driver.refresh()
    assert browser.complaints() == []
    assert browser.run("return window.harmed") is None
    assert browser.run("return performance.getEntriesByType('resource').length") == 0


def test_everything_is_there_before_a_filter(browser: Browser, page: Path) -> None:
    browser.show(page)
    assert sorted(browser.entries()) == sorted(ALL)
    assert browser.shown("#filter-result") == []


@pytest.mark.parametrize(
    ("what", "value", "entries"),
    [
        ("severity", "critical", ["sql-open-to-internet", "bucket-public"]),
        ("area", "keys", ["service-account-key-stale"]),
        ("project", "gasline-shared", ["service-account-key-stale", "label-owner-missing"]),
        ("verdict", "fail", ALL),
        ("verdict", "not_assessed", []),
    ],
)
def test_a_filter_leaves_what_it_names(browser: Browser, page: Path, what: str, value: str, entries: list[str]) -> None:
    browser.show(page)
    browser.choose(what, value)
    assert sorted(browser.entries()) == sorted(entries)
    assert f"{len(entries)} of 6 entries" in browser.shown("#filter-result")[0]
    assert browser.shown(".nothing-shown") == ([] if entries else ["Nothing matches the filter."])
    browser.press("reset")
    assert sorted(browser.entries()) == sorted(ALL)


def test_a_filter_holds_for_places_checks_and_causes(browser: Browser, page: Path) -> None:
    browser.show(page)
    browser.press("expand")
    browser.choose("project", "gasline-staging")
    projects = browser.shown("tr.place td:nth-child(2)")
    assert len(projects) == 10 + 1 + 5
    assert set(projects) == {"gasline-staging"}
    browser.press("reset")
    browser.choose("verdict", "not_assessed")
    assert len(browser.shown(".causes tbody tr")) == 3
    assert len(browser.shown(".checks tr[data-severity]")) == 3


@pytest.mark.parametrize(
    ("words", "entries"),
    [
        ("ALLUSERS", ["bucket-public"]),
        ("driver-api", ["run-public-without-armor"]),
        ("<script>", ["label-owner-missing"]),
        ("nothing has this", []),
    ],
)
def test_search_finds_text(browser: Browser, page: Path, words: str, entries: list[str]) -> None:
    browser.show(page)
    browser.search(words)
    assert browser.entries() == entries


def test_a_chapter_that_is_gone_to_stands_below_the_bar(browser: Browser, page: Path) -> None:
    browser.show(page)
    for chapter in ("not-assessed", "coverage", "provenance"):
        browser.run(f"document.getElementById('{chapter}').scrollIntoView({{behavior: 'instant'}})")
        top = browser.run(f"return document.querySelector('#{chapter} h2').getBoundingClientRect().top")
        assert top >= browser.run("return document.querySelector('.filters').getBoundingClientRect().bottom"), chapter


def test_entries_open_and_close_together(browser: Browser, page: Path) -> None:
    browser.show(page)
    browser.press("expand")
    assert browser.run("return document.querySelectorAll('.entry:not([open])').length") == 0
    browser.press("collapse")
    assert browser.run("return document.querySelectorAll('.entry[open]').length") == 0
    browser.driver.find_element(By.CSS_SELECTOR, ".worst a").click()
    browser.until(lambda: browser.run("return document.querySelectorAll('.entry[open]').length") == 1)


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_nothing_overflows(browser: Browser, page: Path, width: int, scripts: bool) -> None:
    browser.show(page, width=width, scripts=scripts)
    metrics = browser.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
    assert metrics["cssContentSize"]["width"] <= width


def test_it_reads_without_scripts(browser: Browser, page: Path) -> None:
    browser.show(page, scripts=False)
    assert sorted(browser.entries()) == sorted(ALL)
    assert browser.shown("#filters") == []
    assert browser.shown(".verdict h1") == ["Stop"]
    browser.show(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_paper_shows_what_is_folded_on_screen(browser: Browser, page: Path, scripts: bool) -> None:
    browser.show(page, scripts=scripts)
    pdf = browser.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pages = len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(pdf["data"])))
    assert 6 <= pages <= 14
    browser.show(page, media="print")
    assert browser.shown("#filters, nav") == []
    assert "A resource names no owner." in " ".join(browser.shown(".entry .title"))
    assert len(browser.shown("#service-account-key-stale-high tr.place")) == 25
    assert browser.shown("#service-account-key-stale-high .on-paper") == ["On paper: the first 25 of 30 places."]


CONTRAST = """
const light = (c) => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
const rgba = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const luminance = ([r, g, b]) => .2126 * light(r) + .7152 * light(g) + .0722 * light(b);
const painted = (e) => rgba(getComputedStyle(e).backgroundColor);
const ground = (e) => { while (!painted(e)[3]) e = e.parentElement; return painted(e); };
const poor = new Set();
for (const e of document.querySelectorAll("main *, nav *")) {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
  const style = getComputedStyle(e);
  const drawn = e.localName === "text" ? e.parentElement.querySelector("rect") : null;
  const under = drawn ? rgba(getComputedStyle(drawn).fill) : ground(e);
  const [a, b] = [luminance(rgba(e.localName === "text" ? style.fill : style.color)), luminance(under)];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) poor.add(`${e.tagName} ${e.className} ${ratio.toFixed(2)}`);
}
return [...poor];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, page: Path, scheme: str) -> None:
    browser.show(page)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.press("expand")
    assert browser.run(CONTRAST) == []
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_paths_stand_out_from_their_ground(browser: Browser, example: Path, scheme: str) -> None:
    browser.show(example)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    assert browser.run("return document.querySelectorAll('#paths svg text').length") > 5
    assert browser.run(CONTRAST) == []
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("width", [390, 768])
def test_nothing_of_the_example_overflows(browser: Browser, example: Path, width: int) -> None:
    browser.show(example, width=width)
    browser.press("expand")
    metrics = browser.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
    assert metrics["cssContentSize"]["width"] <= width


def test_headings_are_in_order(browser: Browser, example: Path) -> None:
    browser.show(example)
    levels = browser.run("return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => +h.localName[1])")
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_clean_run_says_launch(browser: Browser, tmp_path: Path) -> None:
    browser.show(_written(tmp_path, clean_run()))
    assert browser.shown(".verdict h1") == ["Launch"]
    assert browser.entries() == []


def test_a_hundred_thousand_findings_can_be_searched(browser: Browser, tmp_path: Path) -> None:
    browser.show(_written(tmp_path, large_run(100_000)))
    everything = browser.run("return document.querySelectorAll('.entry').length")
    browser.search("team-0007-prod")
    browser.until(
        lambda: 0 < browser.run("return document.querySelectorAll('.entry:not([hidden])').length") < everything
    )
