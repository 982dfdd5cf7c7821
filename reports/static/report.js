// Filters, search and expansion. The report is complete without it; it only hides and shows.
(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  const form = find("filters");
  const severities = ["critical", "high", "medium", "low", "info"];

  const items = [...document.querySelectorAll("[data-severity]")].map((element) => ({
    element,
    severity: element.dataset.severity,
    areas: element.dataset.area.split(" "),
    verdicts: element.dataset.verdict.split(" "),
    places: [...element.querySelectorAll("tr.place")].map((row) => ({ row, project: row.cells[1].textContent.trim() })),
    isEntry: element.classList.contains("entry"),
  }));
  const entries = items.filter((item) => item.isEntry);
  const groups = [...document.querySelectorAll(".group")].reverse();

  const textOf = (thing, element) => (thing.text ??= element.textContent.toLowerCase());
  const ownText = (item) => {
    if (item.own === undefined) {
      const parts = item.isEntry ? item.element.querySelectorAll(":scope > summary, :scope > .about, :scope > .foot") : [item.element];
      item.own = [...parts].map((part) => part.textContent).join(" ").toLowerCase();
    }
    return item.own;
  };

  const offer = (id, values) => find(id).append(...values.map((value) => new Option(value.replaceAll("_", " "), value)));
  const distinct = (values) => [...new Set(values)].sort();
  offer("filter-severity", severities.filter((level) => items.some((item) => item.severity === level)));
  offer("filter-area", distinct(items.flatMap((item) => item.areas)));
  find("filter-project").append(
    ...distinct(entries.flatMap((item) => item.places.map((place) => place.project)).filter(Boolean)).map((name) => new Option(name, name)),
  );

  const wanted = () => ({
    text: find("filter-text").value.trim().toLowerCase(),
    severity: find("filter-severity").value,
    area: find("filter-area").value,
    project: find("filter-project").value,
    verdict: find("filter-verdict").value,
  });

  const showPlaces = (item, want) => {
    const everywhere = !want.text || ownText(item).includes(want.text);
    let shown = 0;
    for (const place of item.places) {
      const fits = (!want.project || place.project === want.project) && (everywhere || textOf(place, place.row).includes(want.text));
      place.row.hidden = !fits;
      shown += fits;
    }
    return shown;
  };

  const apply = () => {
    const want = wanted();
    const active = Object.values(want).some(Boolean);
    let shownEntries = 0;
    let shownPlaces = 0;
    for (const item of items) {
      let fits =
        (!want.severity || item.severity === want.severity) &&
        (!want.area || item.areas.includes(want.area)) &&
        (!want.verdict || item.verdicts.includes(want.verdict));
      if (item.isEntry) {
        const places = showPlaces(item, want);
        fits &&= places > 0;
        shownPlaces += fits ? places : 0;
        shownEntries += fits;
      } else {
        fits &&= !want.text || ownText(item).includes(want.text);
      }
      item.element.hidden = !fits;
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-severity]:not([hidden])");
    document.querySelector(".nothing-shown").hidden = !active || shownEntries > 0;
    const places = entries.reduce((sum, item) => sum + item.places.length, 0);
    find("filter-result").textContent = active
      ? `Findings: ${shownEntries} of ${entries.length} entries, ${shownPlaces} of ${places} listed places`
      : "";
  };

  let waiting;
  const applySoon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  };
  const openAll = (open) => entries.forEach((item) => { if (!item.element.hidden) item.element.open = open; });
  const openTarget = () => {
    let target;
    try {
      target = find(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return;
    }
    if (!target) return;
    const details = target.closest("details");
    if (details) details.open = true;
    if (details) details.scrollIntoView();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", applySoon);
  form.addEventListener("change", applySoon);
  form.addEventListener("reset", () => setTimeout(apply));
  find("expand").addEventListener("click", () => openAll(true));
  find("collapse").addEventListener("click", () => openAll(false));
  addEventListener("hashchange", openTarget);
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.dataset.closed = "";
      details.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-closed]")) {
      details.open = false;
      delete details.dataset.closed;
    }
  });
  form.hidden = false;
  document.documentElement.classList.add("filtered"); // the bar stands over the top of the page
  openTarget();
})();
