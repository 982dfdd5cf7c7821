"""Settings of all tests: what hypothesis tries is the same in every run, so that a change alone decides,
and a busy machine does not."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.fake_google import Estate, Fake

settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


@pytest.fixture(scope="module")
def estate() -> Estate:
    """The example estate, with what only other APIs tell."""
    from tests.live_support import full_estate

    return full_estate()


@pytest.fixture(scope="module")
def server(estate: Estate) -> Iterator[Fake]:
    """Google, serving it."""
    from tests.fake_google import Fake

    with Fake(estate) as running:
        yield running


@pytest.fixture
def fake(server: Fake) -> Fake:
    """The server, as good as new."""
    server.reset()
    return server


@pytest.fixture
def reaching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Fake], None]:
    """Let the commands reach a fake, in a folder of their own."""
    from auditor.sources.live.run import Access
    from tests.live_support import connection_to

    monkeypatch.chdir(tmp_path)
    return lambda fake: monkeypatch.setattr(Access, "connect", lambda _: connection_to(fake))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, as in a terminal: what a shell runs in the background does not heed it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
