"""The scan's clock: checks ask it for ages, so that an audit can be repeated to the byte."""

from __future__ import annotations

from datetime import datetime, timedelta


class Clock:
    """The moment that a scan judges at."""

    __slots__ = ("now",)

    def __init__(self, now: datetime) -> None:
        self.now = now

    def days_since(self, moment: datetime) -> int:
        """Whole days from `moment` to the scan; negative where it lies ahead."""
        return (self.now - moment) // timedelta(days=1)

    def days_until(self, moment: datetime) -> int:
        """Whole days from the scan to `moment`; negative where it has passed."""
        return -self.days_since(moment)
