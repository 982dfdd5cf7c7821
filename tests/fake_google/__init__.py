"""Google's services on loopback, as far as the auditor calls them: they serve an estate file over gRPC and REST.

`estate` holds the assets and what they say of places; `services` answers each method from it, with the clients' own
messages; `faults` are what can go wrong, as Google words it; `server` listens, pages, fails as it was told, and records
every call. Knows nothing of the auditor.
"""

from tests.fake_google.estate import Estate
from tests.fake_google.faults import (
    Fault,
    deadline,
    denied,
    disabled,
    garbage,
    internal,
    invalid,
    perimeter,
    throttled,
    unavailable,
    used_up,
)
from tests.fake_google.server import Fake

__all__ = [
    "Estate",
    "Fake",
    "Fault",
    "deadline",
    "denied",
    "disabled",
    "garbage",
    "internal",
    "invalid",
    "perimeter",
    "throttled",
    "unavailable",
    "used_up",
]
