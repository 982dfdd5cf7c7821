"""Wrong names are errors with the nearest right name, never ignored."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnknownName(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A name in a command, a configuration or a framework that means nothing."""

    def __init__(self, kind: str, given: str, known: Iterable[str], where: str = "") -> None:
        candidates = sorted(known)
        near = difflib.get_close_matches(given.lower(), candidates, n=3, cutoff=0.5)
        if not near:
            near = [name for name in candidates if given.lower() in name][:3]
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        if not near and len(candidates) <= 20:
            hint = f"; known: {', '.join(candidates)}"
        super().__init__(f"{where}{': ' if where else ''}no {kind} is called {given!r}{hint}")
