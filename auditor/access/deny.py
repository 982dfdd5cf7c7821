"""Deny policies: whether one takes a permission away from a principal on a resource.

A rule denies when it names the permission and the principal, excepts neither, and its condition is true *or cannot be
evaluated*. A condition that IAM itself cannot evaluate therefore denies for sure; one that only we cannot evaluate,
because the input lacks the resource's tags, leaves the answer unknown, with `Doubt.CONDITION`. Policies of all
levels above the resource count, each rule for itself.

Who the principal is and what the request looks like is handed in as two questions, so that one principal and a
million are asked with the same code: `covers` says whether a member, as deny policies spell it, covers the principal,
`condition` whether an expression is true of the request.

Sources: cloud.google.com/iam/docs/deny-overview, cloud.google.com/iam/docs/deny-permissions-support,
cloud.google.com/iam/docs/reference/rest/v2/policies
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from auditor.access.conditions.lexer import UnreadableError
from auditor.access.conditions.syntax import Call, Literal, Logic, Name, Node, Unary, parse
from auditor.access.permissions import is_deniable, matches_denied, role_name
from auditor.access.states import Doubt, Side
from auditor.access.truth import Decision, Truth, both, either, fails, holds, unknown
from auditor.resources.base import Undetermined
from auditor.resources.decode import cause_of
from auditor.resources.iam_policies import DenyPolicy, Expression, PolicyRule

Question = Callable[[str], Decision]
"""A yes-or-no question about a text: a member's spelling, or an expression."""

NOT_VOUCHED = "no deny policy is missing from the input (Cloud Asset Inventory does not export deny policies)"

_SHOWN = 200
_TAG_FUNCTIONS = {"matchTag": 2, "matchTagId": 2, "hasTagKey": 1, "hasTagKeyId": 1}
"""The functions of `resource` that denial conditions recognise, and how many texts each takes."""


def bare(container: str) -> str:
    """The name of a container without its kind: what stands for a project of which only one spelling is known."""
    return container.partition("/")[2]


class Levels:
    """Where a resource stands: its project, folders and organisation, itself included where it is one of them.

    `project_id` gives a project's id for either spelling (`Estate.project_id`), so that number and id meet.
    """

    def __init__(self, containers: Sequence[str], project_id: Callable[[str], str] = bare) -> None:
        self._project_id = project_id
        self.names = tuple(canonical(container, project_id) for container in containers)
        self.complete = bool(containers) and containers[-1].startswith("organizations/")
        """Whether they reach up to the organisation: else more may be above."""
        project = next((name for name in containers if name.startswith("projects/")), "")
        self._project = canonical(project, project_id)
        self._spelled_by_number = {bare(name).isdigit() for name in (project, self._project) if project}

    def within(self, container: str) -> Decision:
        """Whether the resource is `container` or below it."""
        wanted = canonical(container, self._project_id)
        if wanted in self.names:
            return holds()
        if wanted.startswith("projects/"):
            if self._project:
                return self._other_project(wanted)
            return fails() if self.names else unknown("where the resource stands is not known")
        if self.complete:
            return fails()
        lowest = f"above {self.names[-1]}" if self.names else "above the resource"
        return unknown(f"what is {lowest} is not known, and {container} may be")

    def may_miss(self, spelled_by_number: bool, spelled_by_id: bool) -> bool:
        """Whether containers other than `names` may turn out to be levels, given how projects are spelled there."""
        foreign = {spelling for spelling, used in ((True, spelled_by_number), (False, spelled_by_id)) if used}
        return not self.complete or (bool(self._project) and not foreign <= self._spelled_by_number)

    def _other_project(self, wanted: str) -> Decision:
        if bare(wanted).isdigit() in self._spelled_by_number:
            return fails()
        return unknown(f"whether {wanted} and {self._project} are the same project is not known")


def canonical(container: str, project_id: Callable[[str], str]) -> str:
    """One spelling for a container: projects by id where that is known."""
    return f"projects/{project_id(container)}" if container.startswith("projects/") else container


def negated(decision: Decision) -> Decision:
    """Whether it does not hold, for the same reasons."""
    opposite = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}
    return Decision(opposite[decision.truth], decision.because)


@dataclass(frozen=True, slots=True)
class Terms:
    """The elements of a list that are known, and why there may be more (`""` where there are not)."""

    known: tuple[str, ...] = ()
    doubt: str = ""

    def any(self, question: Question) -> Decision:
        """Whether the question is answered with yes for an element."""
        answers = [question(term) for term in self.known]
        return either([*answers, unknown(self.doubt)] if self.doubt else answers)


@dataclass(frozen=True, slots=True)
class Rule:
    """A deny rule as far as it is known; `place` names it in sentences."""

    place: str
    denied_principals: Terms
    exception_principals: Terms
    denied_permissions: Terms
    exception_permissions: Terms
    condition: str = ""
    condition_doubt: str = ""

    def names(self, permission: str) -> Decision:
        """Whether the permission is denied and not excepted."""

        def question(pattern: str) -> Decision:
            return _matches(pattern, permission)

        return _unless(self.denied_permissions.any(question), lambda: self.exception_permissions.any(question))

    def binds(self, covers: Question) -> Decision:
        """Whether the principal is denied and not excepted."""
        return _unless(self.denied_principals.any(covers), lambda: self.exception_principals.any(covers))

    def applies(self, condition: Question) -> Decision:
        """Whether the rule applies to the request, going by its condition."""
        if self.condition_doubt:
            return unknown(self.condition_doubt)
        if not self.condition:
            return holds()
        problem = beyond_tags(self.condition)
        if problem:
            return holds(f"its condition cannot be evaluated ({problem}); then the rule applies")
        return condition(self.condition)

    def denies(self, permission: str, covers: Question, condition: Question) -> Side:
        """Whether this rule denies the permission to the principal for the request."""
        named = self.names(permission)
        if named.fails:
            return Side(fails())  # nobody asks why a rule about other permissions does not apply
        return self.of(named, self.binds(covers), lambda: self.applies(condition), f" denies {permission}")

    def of(self, named: Decision, bound: Decision, applied: Callable[[], Decision], what: str = "") -> Side:
        """The rule's answer from those of its parts; `applied` is asked only where it matters."""
        if bound.fails:
            return Side(fails(*(f"{self.place} does not apply: {clause}" for clause in bound.because)))
        condition = applied()
        decision = both([named, bound, condition])
        if decision.fails:
            return Side(fails(*(f"{self.place} does not apply: {clause}" for clause in condition.because)))
        if decision.holds:
            return Side(holds(self.place + what, *bound.because, *condition.because))
        only_condition = named.holds and bound.holds and not self.condition_doubt
        doubt = Doubt.CONDITION if only_condition else Doubt.INFORMATION
        return Side(unknown(*(f"{self.place}: {clause}" for clause in decision.because)), doubt)


class DenyPolicies:
    """All deny policies of an estate, by the level that they are attached to.

    `complete` says that the input is known to hold every deny policy of the levels that are asked about. Where it is
    not, "not denied" rests on the assumption that none is missing, and says so (`Side.assumptions`).
    """

    def __init__(
        self, policies: Iterable[DenyPolicy], *, complete: bool, project_id: Callable[[str], str] = bare
    ) -> None:
        self._complete = complete
        self._rules: dict[str, list[Rule]] = {}
        self._adrift: list[tuple[Rule, str]] = []
        for policy in policies:
            self._add(policy, project_id)
        spelled = [bare(name).isdigit() for name in self._rules if name.startswith("projects/")]
        self._by_number, self._by_id = any(spelled), not all(spelled)

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self._rules or self._adrift)

    def _add(self, policy: DenyPolicy, project_id: Callable[[str], str]) -> None:
        try:
            where = canonical(policy.attachment, project_id)
        except Undetermined as nowhere:
            cause = cause_of(policy.asset, nowhere)
            self._adrift.extend((rule, cause) for rule in _rules(policy, "an unknown level"))
        else:
            self._rules.setdefault(where, []).extend(_rules(policy, where))

    def at(self, levels: Levels) -> Iterator[tuple[Rule, Decision]]:
        """The rules that are, or may be, above a resource, and whether they are."""
        if levels.may_miss(self._by_number, self._by_id):
            for where, rules in self._rules.items():
                above = levels.within(where)
                if not above.fails:
                    yield from ((rule, above) for rule in rules)
        else:
            for name in dict.fromkeys(levels.names):
                yield from ((rule, holds()) for rule in self._rules.get(name, ()))
        for rule, cause in self._adrift:
            yield rule, unknown(f"what its policy is attached to is not known: {cause}")

    def everywhere(self) -> Iterator[tuple[str, Rule]]:
        """All rules of which is known what they are attached to, and that."""
        return ((where, rule) for where, rules in self._rules.items() for rule in rules)

    def attached(self, levels: Levels) -> Iterator[tuple[str, Rule]] | None:
        """The rules that are surely above a resource with what they are attached to; None where others may be."""
        if self._adrift:
            return None
        return ((where, rule) for where, rule in self.everywhere() if levels.within(where).holds)

    def denied(self, levels: Levels, permission: str, covers: Question, condition: Question) -> Side:
        """Whether a deny policy above the resource denies the permission to the principal."""
        spared: list[str] = []
        doubts: list[tuple[Doubt, Sequence[str]]] = []
        for rule, above in self.at(levels):
            side = rule.denies(permission, covers, condition)
            if side.decision.fails:
                spared.extend(side.decision.because)
            elif side.decision.holds and above.holds:
                return side
            elif above.is_unknown:
                doubts.append((Doubt.INFORMATION, [f"{rule.place}: {clause}" for clause in above.because]))
            elif side.doubt is not None:
                doubts.append((side.doubt, side.decision.because))
        if doubts:
            conditional = all(doubt is Doubt.CONDITION for doubt, _ in doubts)
            clauses = [clause for _, told in doubts for clause in told]
            return Side(unknown(*clauses), Doubt.CONDITION if conditional else Doubt.INFORMATION)
        return Side(fails(*spared), assumptions=() if self._complete else (NOT_VOUCHED,))


class DenyMasks:
    """Deny rules over the permissions of a role table, for asking about all permissions at once.

    Bit i of a mask stands for `permissions[i]`. What a principal keeps for sure is
    `granted & ~denied & ~perhaps`, what it may keep `granted & ~denied`.
    """

    def __init__(self, policies: DenyPolicies, permissions: Sequence[str]) -> None:
        self._policies = policies
        self._bits = {permission: 1 << number for number, permission in enumerate(permissions)}
        self._everything = (1 << len(permissions)) - 1
        self._of_pattern: dict[str, tuple[int, int]] = {}
        self._of_rule: dict[int, tuple[int, int]] = {}

    def masks(self, levels: Levels, covers: Question, condition: Question) -> tuple[int, int]:
        """(denied, perhaps denied): the permissions that the principal surely, or perhaps, cannot use."""
        denied = perhaps = 0
        for rule, above in self._policies.at(levels):
            sure, maybe = self.of_rule(rule)
            if not (sure | maybe) & ~denied:
                continue
            side = rule.of(holds(), rule.binds(covers), partial(rule.applies, condition))
            if side.decision.holds and above.holds:
                denied |= sure
                perhaps |= maybe
            elif not side.decision.fails:
                perhaps |= sure | maybe
        return denied, perhaps & ~denied

    def of_rule(self, rule: Rule) -> tuple[int, int]:
        """(named, perhaps named): the permissions that a rule is about."""
        key = id(rule)  # rules live as long as their policies, and hashing one hashes all its members
        if key not in self._of_rule:
            named, maybe_named = self._union(rule.denied_permissions)
            excepted, maybe_excepted = self._union(rule.exception_permissions)
            sure = named & ~excepted & ~maybe_excepted
            self._of_rule[key] = (sure, (named | maybe_named) & ~excepted & ~sure)
        return self._of_rule[key]

    def _union(self, patterns: Terms) -> tuple[int, int]:
        matched = maybe = 0
        for pattern in patterns.known:
            one, other = self._pattern(pattern)
            matched |= one
            maybe |= other
        return matched, (self._everything if patterns.doubt else maybe) & ~matched

    def _pattern(self, pattern: str) -> tuple[int, int]:
        if pattern not in self._of_pattern:
            matched = maybe = 0
            exact = role_name(pattern) if "/" in pattern else None
            for permission, bit in self._bits.items() if exact is None else [(exact, self._bits.get(exact, 0))]:
                answer = _stands_for(pattern, permission)
                if answer is None:
                    maybe |= bit
                elif answer:
                    matched |= bit
            self._of_pattern[pattern] = (matched, maybe)
        return self._of_pattern[pattern]


@lru_cache(maxsize=1 << 10)
def beyond_tags(expression: str) -> str:
    """What in a denial condition is no function over tags, as a clause; `""` where there is nothing."""
    try:
        return _foreign(parse(expression))
    except UnreadableError as problem:
        return str(problem)


def _foreign(node: Node) -> str:
    match node:
        case Logic(_, terms):
            return next(filter(None, map(_foreign, terms)), "")
        case Unary("!", operand):
            return _foreign(operand)
        case Call(Name("resource"), name, arguments) if name in _TAG_FUNCTIONS:
            texts = [argument for argument in arguments if isinstance(argument, Literal) and argument.kind is str]
            fits = len(texts) == len(arguments) == _TAG_FUNCTIONS[name]
            return "" if fits else f"{name} takes another number of texts, and nothing else"
        case Literal(bool()):
            return ""
    return "it uses more than functions over tags"


def _unless(listed: Decision, excepted: Callable[[], Decision]) -> Decision:
    """Whether something is listed and not excepted. Only exceptions are told of what is not: lists can be long."""
    if listed.fails:
        return fails()
    exception = excepted()
    if exception.holds:
        return fails(*(f"{clause} is excepted" for clause in exception.because))
    return both([listed, holds() if exception.fails else exception])


def _matches(pattern: str, permission: str) -> Decision:
    answer = _stands_for(pattern, permission)
    if answer is None:
        return unknown(f"whether {pattern[:_SHOWN]} stands for {permission} is not known")
    return holds(pattern) if answer else fails()


def _stands_for(pattern: str, permission: str) -> bool | None:
    """Whether an entry means the permission: a group of permissions holds those only that deny policies support."""
    answer = matches_denied(pattern, permission)
    return answer and is_deniable(permission) is not False


def _rules(policy: DenyPolicy, where: str) -> Iterator[Rule]:
    """The rules of a policy; a last one of which nothing is known stands for those that cannot be read."""
    name = f"deny policy {policy.policy_id} on {where}"
    try:
        if policy.delete_time:
            return
        for number, entry in enumerate(policy.rules, 1):
            yield from _rule(f"rule {number} of {name}", entry, lambda gap: cause_of(policy.asset, gap))
    except Undetermined as gap:
        yield _unread(f"an unknown rule of {name}", cause_of(policy.asset, gap))


def _unread(place: str, cause: str) -> Rule:
    missing = Terms(doubt=f"what it says is not known: {cause}")
    return Rule(place, missing, Terms(), missing, Terms())


def _rule(place: str, entry: PolicyRule, cause: Callable[[Undetermined], str]) -> Iterator[Rule]:
    try:
        rule = entry.deny_rule
    except Undetermined as gap:
        yield _unread(place, cause(gap))
        return
    if rule is None:
        return
    condition, doubt = condition_of(lambda: rule.denial_condition, cause)
    yield Rule(
        place,
        terms_of(lambda: rule.denied_principals, cause),
        terms_of(lambda: rule.exception_principals, cause),
        terms_of(lambda: rule.denied_permissions, cause),
        terms_of(lambda: rule.exception_permissions, cause),
        condition,
        doubt,
    )


def terms_of(read: Callable[[], list[str]], cause: Callable[[Undetermined], str]) -> Terms:
    """The list that `read` gives, as far as it is known; `cause` says in words why a value is not."""
    known: list[str] = []
    try:
        for text in read():
            known.append(text)  # noqa: PERF402 - what was read must outlive the unknown
    except Undetermined as gap:
        return Terms(tuple(known), f"{gap.what} is not known: {cause(gap)}")
    return Terms(tuple(known))


def condition_of(read: Callable[[], Expression | None], cause: Callable[[Undetermined], str]) -> tuple[str, str]:
    """The expression, `""` for none, and why it is not known, `""` where it is."""
    try:
        condition = read()
        return (condition.expression.strip() if condition is not None else ""), ""
    except Undetermined as gap:
        return "", f"its condition is not known: {cause(gap)}"
