"""IAM policies: bindings and audit configurations as the API returns them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import field

from auditor.resources.base import Asset, OpenList, Undetermined, View, nowhere

S = TypeVar("S")

HIDDEN_CONDITION = "_withcond_"
"""In a role's name: the policy was read in a version that does not show the binding's condition."""

PUBLIC = ("allUsers", "allAuthenticatedUsers")
"""Everyone on the internet, and everyone with any Google account."""

LOG_TYPES = ("LOG_TYPE_UNSPECIFIED", "ADMIN_READ", "DATA_WRITE", "DATA_READ")
"""AuditLogConfig.LogType by number, as some exports write it."""

_EXPIRY = re.compile(r"""^\s*request\.time\s*<=?\s*timestamp\(\s*["']([^"']+)["']\s*\)\s*$""")


class PolicyView(View):
    """Part of an IAM policy."""

    PART: ClassVar[str] = "iam_policy"


class Condition(PolicyView):
    """An IAM condition (google.type.Expr)."""

    expression: str = ""
    title: str = ""

    def expired(self, now: datetime) -> bool:
        """Whether one of the top-level `&&` terms is a `request.time` limit that lies in the past.

        False means "not known to have expired": every other expression is left alone.
        """
        if "||" in self.expression or "?" in self.expression:
            return False
        for term in self.expression.split("&&"):
            limit = _EXPIRY.match(term)
            if limit:
                try:
                    until = datetime.fromisoformat(limit[1])
                except ValueError:
                    continue
                if until.tzinfo is not None and until <= now:
                    return True
        return False


class Binding(PolicyView):
    """One role granted to members, perhaps under a condition."""

    role: str = ""
    members: list[str] = []
    condition: Condition | None = None

    def in_force(self, now: datetime) -> bool:
        """False where the condition's time limit has passed; True where it grants or may grant."""
        return self.condition is None or not self.condition.expired(now)

    @property
    def limited_to(self) -> str:
        """The condition as a clause for messages, `""` where the binding is unconditional."""
        if self.condition is None:
            return ""
        return f" (only if {self.condition.expression})"


class AuditConfig(PolicyView):
    """Which data access logs are on for a service: log type → members that are exempted from it."""

    service: str = ""
    log_types: dict[str, list[str]] = {}


class Facts(PolicyView):
    """What a policy grants, and to what types of members, without who they are: many policies agree in that."""

    types: list[str] = []
    """What stands before the colon in its members, or all of a member without one, sorted."""
    roles: list[str] = []
    """As they are written, sorted."""

    @property
    def bare_roles(self) -> list[str]:
        """The roles without the mark of a condition that is not shown."""
        if any(HIDDEN_CONDITION in role for role in self.roles):
            return [role.partition(HIDDEN_CONDITION)[0] for role in self.roles]
        return self.roles


class Policy(PolicyView, Generic[S]):
    """The IAM policy set on one asset. `Policy[Bucket]` in a check asks for the policies of buckets only."""

    bindings: list[Binding] = []
    audit_configs_raw: msgspec.Raw = field(default=msgspec.Raw(b"[]"), name="audit_configs")
    audit_configs_camel: msgspec.Raw = field(default=msgspec.Raw(b"[]"), name="auditConfigs")
    asset: Asset = field(default_factory=nowhere, name="#asset")
    audit_doubt: str = field(default="", name="#audit")
    """Why there may be more audit configurations than these, `""` where there are none."""
    facts: Facts | None = field(default=None, name="#facts")
    """Set where everything of the policy is known, see `settle`."""
    digest: Any = field(default=None, name="#digest")
    """The bindings as `auditor.access.grants` reads them, kept for the next check of the same policy."""

    def surely_lacks(self, *, types: tuple[str, ...] = (), roles: Callable[[str], bool] | None = None) -> bool:
        """Whether it surely has no member of these types (`user`, `allUsers`), or no role that is meant."""
        if self.facts is None:
            with contextlib.suppress(Undetermined):
                self.settle()
        facts = self.facts
        if facts is None:
            return False
        if types and not any(map(facts.types.__contains__, types)):
            return True
        return roles is not None and not any(map(roles, facts.bare_roles))

    def settle(self) -> None:
        """Work out `facts`, for all checks that ask. Raises `Undetermined` where something is not known."""
        self.facts = Facts(
            types=sorted({text.partition(":")[0] for binding in self.bindings for text in binding.members}),
            roles=sorted({binding.role for binding in self.bindings}),
        )

    def grants(self, now: datetime, *, types: tuple[str, ...] = ()) -> Iterator[tuple[Binding, str]]:
        """Each member of each binding that has not expired; nothing where it has no member of `types`."""
        if types and self.surely_lacks(types=types):
            return
        for binding in self.bindings:
            if binding.in_force(now):
                for member in binding.members:
                    yield binding, member

    @property
    def audit_configs(self) -> list[AuditConfig]:
        """The audit configurations, in either spelling that exports use; open where one of them is unreadable."""
        found: list[AuditConfig] = []
        doubt = self.audit_doubt
        for raw in (self.audit_configs_raw, self.audit_configs_camel):
            for entry in _entries(raw):
                try:
                    found.append(_audit_config(msgspec.convert(entry, _WrittenConfig)))
                except msgspec.ValidationError as error:
                    doubt = doubt or f"unreadable, {str(error).partition(' - at ')[0].replace('`', '').lower()}"
        return OpenList(found, "auditConfigs", doubt) if doubt else found


class _WrittenLog(msgspec.Struct):
    """`auditLogConfigs[]` in both spellings."""

    log_type: int | str | None = None
    log_type_camel: int | str | None = field(default=None, name="logType")
    exempted_members: list[str] | None = None
    exempted_members_camel: list[str] | None = field(default=None, name="exemptedMembers")


class _WrittenConfig(msgspec.Struct):
    """`auditConfigs[]` in both spellings."""

    service: str = ""
    audit_log_configs: list[_WrittenLog] | None = None
    audit_log_configs_camel: list[_WrittenLog] | None = field(default=None, name="auditLogConfigs")


def _entries(raw: msgspec.Raw) -> list[Any]:
    """The elements of a list; in place of what is no list one element that cannot be read."""
    value = msgspec.json.decode(raw)
    return value if isinstance(value, list) else [] if value is None else [None]


def _audit_config(written: _WrittenConfig) -> AuditConfig:
    """The configuration in one spelling. Raises `msgspec.ValidationError` for a log type that does not exist."""
    log_types: dict[str, list[str]] = {}
    for log in written.audit_log_configs or written.audit_log_configs_camel or []:
        kind = log.log_type if log.log_type is not None else log.log_type_camel or 0
        if isinstance(kind, int) and 0 <= kind < len(LOG_TYPES):
            kind = LOG_TYPES[kind]
        if kind not in LOG_TYPES:
            raise msgspec.ValidationError(f"no log type is called {kind}")
        log_types.setdefault(kind, []).extend(log.exempted_members or log.exempted_members_camel or [])
    return AuditConfig(service=written.service, log_types=log_types)
