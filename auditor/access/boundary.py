"""Principal access boundaries: whether one keeps a principal away from a resource.

A binding makes the principals of a set subject to a policy, or some of them where it has a condition; a condition that
IAM cannot evaluate makes it apply. A policy counts for a permission only if its enforcement version can block that. Who
is subject to policies that count is kept away from what none of them lists; who is subject to none may go anywhere.

A policy whose version cannot block the permission neither blocks nor, where it lists the resource, unblocks: Google's
account of the evaluation leaves such policies out, and says that they have no effect on the permission.

Sources: cloud.google.com/iam/docs/policy-types#evaluation, cloud.google.com/iam/docs/pab-blocked-permissions,
cloud.google.com/iam/docs/principal-access-boundary-policies (and -use-cases),
cloud.google.com/iam/docs/conditions-attribute-reference#principals,
cloud.google.com/policy-intelligence/docs/reference/policytroubleshooter/rest/v3beta/iam/troubleshoot#PABAccessState
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from auditor.access.conditions.lexer import UnreadableError
from auditor.access.conditions.syntax import Binary, Call, Items, Literal, Logic, Node, Select, Unary, parse, path
from auditor.access.deny import Levels, Question, Terms, condition_of, negated, terms_of
from auditor.access.members import Kind, Member
from auditor.access.permissions import boundary_blocks, boundary_version, is_deniable
from auditor.access.states import Doubt, Side
from auditor.access.truth import Decision, Truth, both, either, fails, holds, unknown
from auditor.resources.base import Undetermined
from auditor.resources.decode import cause_of
from auditor.resources.iam_policies import (
    LATEST_VERSION,
    BoundaryRule,
    PolicyBinding,
    PrincipalAccessBoundaryPolicy,
    container_of,
)

NOT_VOUCHED = "no principal access boundary is missing from the input (Cloud Asset Inventory does not export them)"

_SERVICE = "//iam.googleapis.com/"
_SHOWN = 250
_TYPE, _SUBJECT = "principal.type", "principal.subject"
_TYPES = {
    Kind.USER: "iam.googleapis.com/WorkspaceIdentity",
    Kind.SERVICE_ACCOUNT: "iam.googleapis.com/ServiceAccount",
    Kind.WORKFORCE_IDENTITY: "iam.googleapis.com/WorkforcePoolIdentity",
    Kind.WORKLOAD_IDENTITY: "iam.googleapis.com/WorkloadPoolIdentity",
    Kind.KUBERNETES: "iam.googleapis.com/WorkloadPoolIdentity",
    Kind.AGENT_IDENTITY: "iam.googleapis.com/AgentPoolIdentity",
}


@dataclass(frozen=True, slots=True)
class Attributes:
    """What conditions of bindings ask about a principal: `principal.type` and `principal.subject`; None if unknown."""

    type: str | None = None
    subject: str | None = None


def attributes_of(member: Member) -> Attributes:
    """The attributes of one principal. Of groups and other sets they are unknown where they differ by principal."""
    if member.kind in (Kind.USER, Kind.SERVICE_ACCOUNT):
        return Attributes(_TYPES[member.kind], member.value)
    selector = member.selection.selector if member.selection is not None else ""
    is_one = selector.startswith(("subject/", "resources/"))
    return Attributes(_TYPES.get(member.kind), selector.removeprefix("subject/") if is_one else None)


@dataclass(frozen=True, slots=True)
class Listing:
    """A rule: the resources that it lists. `doubt` says why a rule that lists a resource may not be about a request."""

    allows: bool
    resources: Terms
    excluded: Terms
    doubt: str = ""

    def lists(self, levels: Levels) -> Decision:
        """Whether it lists the resource, or something above it, and does not exclude it."""

        def question(resource: str) -> Decision:
            container = container_of(resource)
            if not container:
                return unknown(f"{resource[:_SHOWN]} is no project, folder or organisation")
            return levels.within(container)

        listed = self.resources.any(question)
        if listed.fails:
            return listed
        decision = both([listed, negated(self.excluded.any(question))])
        return unknown(self.doubt) if self.doubt and not decision.fails else decision


@dataclass(frozen=True, slots=True)
class Boundary:
    """A policy as far as it is known; `place` names it in sentences, `missing` says why there may be more rules."""

    place: str
    version: str = ""
    listings: tuple[Listing, ...] = ()
    missing: str = ""

    def blocks(self, permission: str) -> Decision:
        """Whether its version can block a permission."""
        if self.version:
            return boundary_blocks(permission, self.version)
        if boundary_blocks(permission).fails:
            return fails()
        return unknown(f"the enforcement version of {self.place} is not known")

    def has_rules(self) -> Decision:
        """Whether there is a rule at all: without one the policy is not enforced."""
        if self.listings:
            return holds()
        return unknown(self.missing) if self.missing else fails()

    def lists(self, levels: Levels) -> Decision:
        """Whether it makes the principals that are subject to it eligible for the resource."""
        allowing = [listing.lists(levels) for listing in self.listings if listing.allows]
        others = either(listing.lists(levels) for listing in self.listings if not listing.allows)
        eligible = either([*allowing, unknown(self.missing)] if self.missing else allowing)
        only_others = bool(self.listings) and not allowing
        if (others.fails and not only_others) or (eligible.fails and not only_others):
            return eligible
        return unknown(f"{self.place} has rules with another effect than ALLOW, and how they combine is not documented")


class Boundaries:
    """All principal access boundaries of an estate, and what binds them.

    `complete` says that the input is known to hold all of both that matter to the principals that are asked about.
    Where it is not, every answer rests on the assumption that none is missing, and says so (`Side.assumptions`): one
    more boundary can keep a principal out, and can let in one that others keep out.
    """

    def __init__(
        self, policies: Iterable[PrincipalAccessBoundaryPolicy], bindings: Iterable[PolicyBinding], *, complete: bool
    ) -> None:
        self._complete = complete
        boundaries = {name: boundary for policy in policies for name, boundary in _named(policy)}
        self._bindings: list[tuple[Boundary, _Binding]] = []
        for resource in bindings:
            binding = _binding(resource)
            if binding is None:
                continue
            boundary = boundaries.get(binding.policy)
            if boundary is None and complete and not binding.policy_doubt:
                continue  # it was deleted, and binds nobody
            if boundary is None:
                name = binding.policy.rpartition("/")[2] or "of an unknown name"
                cause = binding.policy_doubt or f"boundary {name} is bound to the principal, but is not in the input"
                boundary = boundaries[binding.policy] = Boundary(f"boundary {name}", missing=cause)
            self._bindings.append((boundary, binding))

    def subject_to(self, covers: Question, attributes: Attributes) -> list[tuple[Boundary, Decision]]:
        """The policies that the principal is, or may be, subject to, and whether it is. Does not depend on resources.

        `covers` says whether a principal set, as bindings spell it, covers the principal.
        """
        found: dict[int, tuple[Boundary, list[Decision]]] = {}
        for boundary, binding in self._bindings:
            applies = binding.applies(covers, attributes)
            if not applies.fails:
                found.setdefault(id(boundary), (boundary, []))[1].append(applies)
        return [(boundary, either(decisions)) for boundary, decisions in found.values()]

    def outside(self, subject_to: Sequence[tuple[Boundary, Decision]], levels: Levels, permission: str) -> Side:
        """Whether a principal with these policies is kept from using the permission on the resource."""
        counting: list[tuple[Decision, Decision]] = []
        powerless: list[str] = []
        for boundary, subject in subject_to:
            enforced = both([boundary.has_rules(), boundary.blocks(permission), subject])
            if enforced.fails:
                powerless.append(f"{boundary.place} has no rules, or a version that cannot block {permission}")
                continue
            lists = boundary.lists(levels)
            says = "lists the resource" if lists.holds else "does not list the resource"
            clause = f"{boundary.place} {says}"
            counting.append((enforced, Decision(lists.truth, lists.because if lists.is_unknown else (clause,))))
        assumptions = () if self._complete else (NOT_VOUCHED,)
        if not counting:
            return Side(fails(*powerless), assumptions=assumptions, enforced=False)
        truth = _kept_away(counting)
        if truth is Truth.UNKNOWN:
            return Side(unknown(*(clause for pair in counting for clause in _doubts(pair))), Doubt.INFORMATION)
        if truth is Truth.TRUE:
            clauses = [clause for _, lists in counting if lists.fails for clause in lists.because]
            return Side(Decision(truth, (*clauses, *powerless)), assumptions=assumptions)
        clauses = [clause for _, lists in counting if lists.holds for clause in lists.because]
        return Side(Decision(truth, tuple(clauses)), assumptions=assumptions)

    def masks(
        self, subject_to: Sequence[tuple[Boundary, Decision]], levels: Levels, groups: Mapping[str, int]
    ) -> tuple[int, int]:
        """(blocked, perhaps blocked) of the permissions of a role table; `groups` is made by `alike`."""
        blocked = perhaps = 0
        if subject_to:
            for permission, mask in groups.items():
                decision = self.outside(subject_to, levels, permission).decision
                blocked |= mask if decision.holds else 0
                perhaps |= mask if decision.is_unknown else 0
        return blocked, perhaps


def alike(permissions: Sequence[str]) -> dict[str, int]:
    """The permissions of a role table that all boundaries treat alike, as masks, each by one permission of it."""
    masks: dict[tuple[int | None, bool], int] = {}
    examples: dict[tuple[int | None, bool], str] = {}
    for number, permission in enumerate(permissions):
        key = (boundary_version(permission), is_deniable(permission) is None)  # None: the permission is not known
        examples.setdefault(key, permission)
        masks[key] = masks.get(key, 0) | 1 << number
    return {examples[key]: mask for key, mask in masks.items()}


def _kept_away(counting: Sequence[tuple[Decision, Decision]]) -> Truth:
    """Whether a policy counts, and none that counts lists the resource; `counting` holds (counts, lists) of each.

    What is unknown may turn out either way, each for itself: both outcomes are looked for. That sees more than joining
    the parts would: a policy that lists the resource never keeps anybody away, whether it counts or not.
    """
    surely = [lists for counts, lists in counting if counts.holds]
    can_be = any(not lists.holds for _, lists in counting) and not any(lists.holds for lists in surely)
    can_fail = not surely or any(not lists.fails for _, lists in counting)
    if can_be and can_fail:
        return Truth.UNKNOWN
    return Truth.of(can_be)


def _doubts(pair: tuple[Decision, Decision]) -> Iterable[str]:
    return (clause for part in pair if part.is_unknown for clause in part.because)


@dataclass(frozen=True, slots=True)
class _Binding:
    """A binding of a boundary as far as it is known."""

    place: str
    policy: str
    policy_doubt: str
    principal_set: Terms
    condition: str
    condition_doubt: str

    def applies(self, covers: Question, attributes: Attributes) -> Decision:
        """Whether it makes the principal subject to its policy."""
        covered = self.principal_set.any(covers)
        return covered if covered.fails else both([covered, self._condition(attributes)])

    def _condition(self, attributes: Attributes) -> Decision:
        if self.condition_doubt:
            return unknown(f"{self.place}: {self.condition_doubt}")
        return holds_for(self.condition, attributes) if self.condition else holds()


def _binding(resource: PolicyBinding) -> _Binding | None:
    """The binding; None where it binds another kind of policy."""

    def cause(gap: Undetermined) -> str:
        return cause_of(resource.asset, gap)

    policy, policy_doubt = "", ""
    try:
        if resource.policy_kind not in ("PRINCIPAL_ACCESS_BOUNDARY", "POLICY_KIND_UNSPECIFIED", ""):
            return None
        policy = _relative(resource.policy)
    except Undetermined as gap:
        policy_doubt = f"what policy binding {resource.id} binds is not known: {cause(gap)}"
    condition, condition_doubt = condition_of(lambda: resource.condition, cause)
    return _Binding(
        f"policy binding {resource.id}",
        policy,
        policy_doubt,
        terms_of(lambda: [resource.target.principal_set] if resource.target.principal_set else [], cause),
        condition,
        condition_doubt,
    )


def _named(policy: PrincipalAccessBoundaryPolicy) -> list[tuple[str, Boundary]]:
    """The boundary by the name of its asset, and by the one that its data tells."""
    boundary = _boundary(policy)
    names = [policy.asset.name]
    with suppress(Undetermined):
        names.append(policy.name)
    return [(_relative(name), boundary) for name in names if name]


def _boundary(policy: PrincipalAccessBoundaryPolicy) -> Boundary:
    place = f"boundary {policy.id}"
    version, listings, missing = "", [], ""

    def cause(gap: Undetermined) -> str:
        return cause_of(policy.asset, gap)

    try:
        version = policy.details.enforcement_version or LATEST_VERSION
    except Undetermined:
        version = ""
    try:
        for rule in policy.details.rules:
            listings.append(_listing(rule, cause))  # noqa: PERF401 - what was read must outlive the unknown
    except Undetermined as gap:
        missing = f"not all rules of {place} are known: {cause(gap)}"
    return Boundary(place, version, tuple(listings), missing)


def _listing(rule: BoundaryRule, cause: Callable[[Undetermined], str]) -> Listing:
    doubt, allows = "", False
    try:
        operation = rule.operation
        if operation is not None and (operation.permissions != ["*"] or operation.excluded_permissions):
            doubt = "the rule that lists the resource is limited to some permissions"
        allows = rule.effect == "ALLOW"
    except Undetermined as gap:
        doubt, allows = f"{gap.what} of the rule that lists the resource is not known: {cause(gap)}", True
    return Listing(
        allows, terms_of(lambda: rule.resources, cause), terms_of(lambda: rule.excluded_resources, cause), doubt
    )


def _relative(name: str) -> str:
    """A policy's name without its service."""
    return name.removeprefix(_SERVICE)


def holds_for(expression: str, attributes: Attributes) -> Decision:
    """Whether a binding with this condition applies to a principal: it does where the condition cannot be evaluated."""
    try:
        answer = _value(parse(expression), attributes)
    except UnreadableError as problem:
        return holds(f"its condition cannot be evaluated ({problem}); then the binding applies")
    shown = " ".join(expression[:_SHOWN].split())
    return Decision(answer.truth, (f"condition {shown}", *answer.because))


def _value(node: Node, attributes: Attributes) -> Decision:
    """The value of an expression over principals. Raises `UnreadableError` where it uses what bindings do not know."""
    match node:
        case Logic(mark, terms):
            join = both if mark == "&&" else either
            return join([_value(term, attributes) for term in terms])
        case Unary("!", operand):
            return negated(_value(operand, attributes))
        case Binary("==", left, Literal(str(text))):
            return _compare(left, attributes, lambda value: value == text)
        case Binary("!=", left, Literal(str(text))):
            return _compare(left, attributes, lambda value: value != text)
        case Binary("in", left, Items(items)):
            texts = {_text(item) for item in items}
            return _compare(left, attributes, lambda value: value in texts)
        case Call(Select() as left, "startsWith" | "endsWith" as name, (Literal(str(text)),)) if path(left) == _SUBJECT:
            return _compare(
                left, attributes, lambda value: value.startswith(text) if name == "startsWith" else value.endswith(text)
            )
    raise UnreadableError("it is more than comparisons of principal.type and principal.subject")


def _compare(left: Node, attributes: Attributes, test: Callable[[str], bool]) -> Decision:
    known = {_TYPE: attributes.type, _SUBJECT: attributes.subject}
    name = path(left) or ""
    if name not in known:
        raise UnreadableError("it compares something else than principal.type and principal.subject")
    value = known[name]
    return unknown(f"{name} is not known") if value is None else Decision(Truth.of(test(value)))


def _text(node: Node) -> str:
    if isinstance(node, Literal) and isinstance(node.value, str):
        return node.value
    raise UnreadableError("it looks for something else than a text in a list")
