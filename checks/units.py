"""The numbers that settings take, each with the range in which it makes sense."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Days = Annotated[int, Meta(ge=1, le=36_500)]
"""A period of at least a day."""
Grace = Annotated[int, Meta(ge=0, le=36_500)]
"""Days on top of a period, or none."""
Count = Annotated[int, Meta(ge=0)]
"""How many of something are fine."""
PrefixIpv4 = Annotated[int, Meta(ge=0, le=32)]
"""The length of an IPv4 prefix."""
PrefixIpv6 = Annotated[int, Meta(ge=0, le=128)]
"""The length of an IPv6 prefix."""
Share = Annotated[float, Meta(ge=0, le=1)]
"""A part of a whole."""
Hours = Annotated[float, Meta(gt=0, le=8_784)]
"""A period within a year, in hours."""
