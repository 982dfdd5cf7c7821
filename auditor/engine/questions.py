"""A check with its arguments, as the engine asks it now or once all input was read."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from auditor.access.control.ways import WaysToControl
from auditor.access.effective import EffectiveAccess
from auditor.check import Check
from auditor.estate import PolicyChain
from auditor.model.verdict import Verdict
from auditor.resources.base import Resource
from auditor.resources.policy import Policy


class Own(Enum):
    """Stands in a deferred check's arguments for what is each asset's own, or known only at the end."""

    RESOURCE = "resource"
    POLICY = "policy"
    CHAIN = "chain"
    ACCESS = "access"
    WAYS = "ways"


OWN = frozenset(part.value for part in Own)


class TooEarly(Exception):  # noqa: N818 - it says when, not what went wrong
    """A deferred check touched what is known only when all input was read."""


class NotYet:
    """Stands in a deferred check's arguments while the input is read: whatever is done with it is too early."""

    def _too_early(self, *_: Any) -> Any:
        raise TooEarly

    __getattr__ = __iter__ = __contains__ = __bool__ = __len__ = __getitem__ = __call__ = _too_early


class Ask(NamedTuple):
    """A check with the arguments that follow its subject."""

    check: Check
    function: Callable[..., Verdict]
    rest: tuple[Any, ...]

    def with_own(
        self,
        resource: Resource,
        policy: Policy[Any] | None,
        chain: PolicyChain | None = None,
        access: EffectiveAccess | None = None,
        ways: WaysToControl | None = None,
    ) -> Ask:
        """The question with what is the asset's own put in."""
        own = {Own.RESOURCE: resource, Own.POLICY: policy, Own.CHAIN: chain, Own.ACCESS: access, Own.WAYS: ways}
        rest = tuple([own[part] if isinstance(part, Own) else part for part in self.rest])
        return Ask(self.check, self.function, rest)
