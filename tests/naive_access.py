"""A second evaluator of IAM access, slow and obvious, to hold the fast one against.

It reads estates that are plain dicts, and follows the words of Google's documentation one after the other. It shares no
code with `auditor.access`. Answers are "yes", "no", or why it is not known: "condition" or "information".

An estate: `parents` (container → container), `numbers` (project id → number), `resources` (full name → type, project),
`policies` (full name → bindings; a name that is missing has no policy in the input), `roles` (name → permissions, or
None where it gives nothing), `groups` (address → members; one that is missing has unknown members), `denies`,
`boundaries`, `boundary_bindings`, `tags` (full name → {key: value}; None: the input has no tags), `customers`.

Sources: cloud.google.com/iam/docs/policy-types#evaluation, …/allow-policies, …/deny-overview,
…/principal-access-boundary-policies, …/conditions-attribute-reference, …/principals-overview
"""

from __future__ import annotations

import itertools
from typing import Any

Estate = dict[str, Any]

MANAGER = "//cloudresourcemanager.googleapis.com/"
BUCKET = "storage.googleapis.com/Bucket"

PREDEFINED = {
    "roles/owner": {"storage.buckets.get", "storage.buckets.delete", "resourcemanager.projects.get"},
    "roles/editor": {"storage.buckets.get", "resourcemanager.projects.get"},
    "roles/viewer": {"resourcemanager.projects.get"},
    "roles/storage.admin": {"storage.buckets.get", "storage.buckets.delete", "storage.objects.list"},
    "roles/storage.objectViewer": {"storage.objects.list"},
}

DENY_NAMES = {
    "storage.buckets.get": "storage.googleapis.com/buckets.get",
    "storage.buckets.delete": "storage.googleapis.com/buckets.delete",
    "storage.objects.list": "storage.googleapis.com/objects.list",
    "resourcemanager.projects.get": "cloudresourcemanager.googleapis.com/projects.get",
}
BLOCKED_FROM_VERSION = {
    "storage.buckets.get": 1,
    "storage.buckets.delete": 2,
    "storage.objects.list": 2,
    "resourcemanager.projects.get": 2,
}

IN_TIME = 'request.time < timestamp("2030-01-01T00:00:00Z")'
TOO_LATE = 'request.time < timestamp("2020-01-01T00:00:00Z")'
IS_BUCKET = 'resource.type == "storage.googleapis.com/Bucket"'
NAMED_B1 = 'resource.name.startsWith("projects/_/buckets/b1")'
IS_PROD = 'resource.matchTag("100/env", "prod")'
NOT_PROD = '!resource.matchTag("100/env", "prod")'
PROD_TOO_LATE = f"{IS_PROD} && {TOO_LATE}"
PROD_OR_IN_TIME = f"{IS_PROD} || {IN_TIME}"
PREFIX = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "") == "logs/"'
ALLOW_CONDITIONS = (
    IN_TIME,
    TOO_LATE,
    IS_BUCKET,
    NAMED_B1,
    IS_PROD,
    NOT_PROD,
    PROD_TOO_LATE,
    PROD_OR_IN_TIME,
    PREFIX,
)
DENY_CONDITIONS = (IS_PROD, NOT_PROD, IN_TIME)
IS_ACCOUNT = 'principal.type == "iam.googleapis.com/ServiceAccount"'
IS_COLLEAGUE = 'principal.subject.endsWith("@example.com")'
BOUNDARY_CONDITIONS = (IS_ACCOUNT, IS_COLLEAGUE)


def negation(answer: str) -> str:
    return {"yes": "no", "no": "yes"}.get(answer, answer)


def any_of(answers: list[str]) -> str:
    """One yes is enough; else what is missing: information before the mere circumstances of a request."""
    for decisive in ("yes", "information", "condition"):
        if decisive in answers:
            return decisive
    return "no"


def all_of(answers: list[str]) -> str:
    for decisive in ("no", "information", "condition"):
        if decisive in answers:
            return decisive
    return "yes"


# Hierarchy


def project_id(estate: Estate, spelled: str) -> str:
    for identifier, number in estate["numbers"].items():
        if spelled == str(number):
            return str(identifier)
    return spelled


def same_container(estate: Estate, one: str, other: str) -> bool:
    if one.startswith("projects/") and other.startswith("projects/"):
        return project_id(estate, one[9:]) == project_id(estate, other[9:])
    return one == other


def containers(estate: Estate, resource: str) -> list[str]:
    """The project of a resource (or the container that it is), its folders and its organisation."""
    is_container = resource.startswith(MANAGER)
    here = resource[len(MANAGER) :] if is_container else estate["resources"][resource]["project"]
    found = [here]
    while here in estate["parents"]:
        here = estate["parents"][here]
        found.append(here)
    return found


# Principals


def plain(member: str) -> str:
    """The spelling of allow policies for what deny policies spell otherwise."""
    for prefix, short in (
        ("principal://goog/subject/", "user:"),
        ("principalSet://goog/group/", "group:"),
        ("principal://iam.googleapis.com/projects/-/serviceAccounts/", "serviceAccount:"),
    ):
        if member.startswith(prefix):
            return short + member[len(prefix) :]
    return "allUsers" if member == "principalSet://goog/public:all" else member


def in_group(estate: Estate, group: str, who: str) -> str:
    inside = {group}
    while True:
        more = {
            member
            for name in inside
            for member in estate["groups"].get(name.removeprefix("group:"), [])
            if member.startswith("group:")
        }
        if more <= inside:
            break
        inside |= more
    if who in inside:
        return "yes"
    for name in inside:
        if who in estate["groups"].get(name.removeprefix("group:"), []):
            return "yes"
    return "information" if any(name.removeprefix("group:") not in estate["groups"] for name in inside) else "no"


def of_domain(estate: Estate, domain: str, who: str) -> str:
    """A domain stands for the users of its Workspace customer, whatever domain they are in."""
    if not who.startswith("user:"):
        return "no"
    theirs = who.rpartition("@")[2]
    if theirs == domain:
        return "yes"
    if theirs == "gmail.com":
        return "no"
    customers = estate["customers"]
    if domain not in customers or theirs not in customers:
        return "information"
    return "yes" if customers[domain] == customers[theirs] else "no"


def role_holder(estate: Estate, role: str, project: str, who: str, seen: tuple[str, ...] = ()) -> str:
    """Whoever was granted a basic role on a project. Whether inheriting it counts is not documented."""
    project = project_id(estate, project)
    if f"{role} {project}" in seen:
        return "no"
    seen = (*seen, f"{role} {project}")
    answers = []
    for container in containers(estate, f"{MANAGER}projects/{project}"):
        bindings = estate["policies"].get(MANAGER + container)
        if bindings is None:
            answers.append("information")
            continue
        for binding in bindings:
            if binding["role"].partition("_withcond_")[0] != role:
                continue
            member = any_of([covers(estate, member, who, seen) for member in binding["members"]])
            clear = container == f"projects/{project}" and binding["role"] == role and not binding.get("condition")
            if clear:
                answers.append(member)
            elif member != "no":
                answers.append("information")
    return any_of(answers)


def covers(estate: Estate, member: str, who: str, seen: tuple[str, ...] = ()) -> str:
    if member.startswith("deleted:"):
        return "no"
    member = plain(member)
    kind, _, value = member.partition(":")
    if member in ("allUsers", who):
        return "yes"
    if member == "allAuthenticatedUsers":
        return "yes"
    if kind == "group":
        return in_group(estate, member, who)
    if kind == "domain":
        return of_domain(estate, value, who)
    if kind in ("projectOwner", "projectEditor", "projectViewer"):
        return role_holder(estate, "roles/" + kind.removeprefix("project").lower(), value, who, seen)
    if member.startswith("//cloudresourcemanager"):
        return in_principal_set(estate, member[len(MANAGER) :], who)
    return "no"


def in_principal_set(estate: Estate, container: str, who: str) -> str:
    """A boundary's principal set: service accounts by the project they live in, people by their organisation."""
    if who.startswith("serviceAccount:"):
        home = "projects/" + who.partition("@")[2].partition(".")[0]
        above = containers(estate, MANAGER + home)
        return "yes" if any(same_container(estate, name, container) for name in above) else "no"
    if not who.startswith("user:") or not container.startswith("organizations/"):
        return "no"
    if who.endswith("@gmail.com"):
        return "no"
    customers = estate["customers"]
    if container not in customers or who.rpartition("@")[2] not in customers:
        return "information"
    return "yes" if customers[container] == customers[who.rpartition("@")[2]] else "no"


# Conditions


def tags_of(estate: Estate, resource: str) -> dict[str, str] | None:
    if estate["tags"] is None:
        return None
    effective: dict[str, str] = {}
    for container in reversed(containers(estate, resource)):
        effective.update(estate["tags"].get(MANAGER + container, {}))
    effective.update(estate["tags"].get(resource, {}))
    return effective


def met(estate: Estate, condition: str, permission: str, resource: str) -> str:
    tags = tags_of(estate, resource)
    is_bucket = not resource.startswith(MANAGER) and estate["resources"][resource]["type"] == BUCKET
    is_prod = "condition" if tags is None else "yes" if tags.get("100/env") == "prod" else "no"
    return {
        IN_TIME: "yes",
        TOO_LATE: "no",
        IS_BUCKET: "yes" if is_bucket else "no",
        NAMED_B1: "yes" if is_bucket and resource.rpartition("/")[2].startswith("b1") else "no",
        IS_PROD: is_prod,
        NOT_PROD: negation(is_prod),
        PROD_TOO_LATE: "no",
        PROD_OR_IN_TIME: "yes",
        PREFIX: "condition" if permission == "storage.objects.list" else "no",
    }[condition]


# Allow policies


def includes(estate: Estate, role: str, permission: str, container: str) -> str:
    if role in PREDEFINED:
        return "yes" if permission in PREDEFINED[role] else "no"
    owner = role.partition("/roles/")[0]
    if not any(same_container(estate, name, owner) for name in containers(estate, MANAGER + container)):
        return "no"  # custom roles can be granted in their own project or organisation only
    if role not in estate["roles"]:
        return "information"
    return "yes" if permission in (estate["roles"][role] or ()) else "no"


def policies_above(estate: Estate, resource: str) -> list[tuple[str, list[dict[str, Any]] | None]]:
    """(container that the policy stands in, bindings) from the resource upwards; None where it is not in the input."""
    above = containers(estate, resource)
    found: list[tuple[str, list[dict[str, Any]] | None]] = []
    if not resource.startswith(MANAGER):
        kind = estate["resources"][resource]["type"]
        bindings = estate["policies"].get(resource)
        others = any(
            name in estate["resources"] and estate["resources"][name]["type"] == kind for name in estate["policies"]
        )
        if bindings is None and others and MANAGER + above[0] in estate["policies"]:
            bindings = []  # the export holds the policies of such resources in that project, and this has none
        found.append((above[0], bindings))
    found.extend((container, estate["policies"].get(MANAGER + container)) for container in above)
    return found


def granted(estate: Estate, who: str, permission: str, resource: str) -> str:
    answers = []
    for container, bindings in policies_above(estate, resource):
        if bindings is None:
            answers.append("information")
            continue
        for binding in bindings:
            role, _, hidden = binding["role"].partition("_withcond_")
            condition = binding.get("condition", "")
            answers.append(
                all_of(
                    [
                        includes(estate, role, permission, container),
                        any_of([covers(estate, member, who) for member in binding["members"]]),
                        "information"
                        if hidden
                        else met(estate, condition, permission, resource)
                        if condition
                        else "yes",
                    ]
                )
            )
    return any_of(answers)


# Deny policies


def names(patterns: list[str], permission: str) -> str:
    name = DENY_NAMES[permission]
    host, _, rest = name.partition("/")
    forms = {name, f"{host}/{rest.partition('.')[0]}.*", f"{host}/*.*", f"{host}/*.{rest.partition('.')[2]}"}
    return "yes" if forms & set(patterns) else "no"


def denied(estate: Estate, who: str, permission: str, resource: str) -> str:
    answers = []
    for policy in estate["denies"]:
        if not any(same_container(estate, name, policy["on"]) for name in containers(estate, resource)):
            continue
        for rule in policy["rules"]:
            condition = rule.get("condition", "")
            applies = "yes"
            if condition and condition not in (IS_PROD, NOT_PROD):
                applies = "yes"  # only functions over tags are evaluated; a rule that cannot be evaluated applies
            elif condition:
                applies = met(estate, condition, permission, resource)
            answers.append(
                all_of(
                    [
                        names(rule["permissions"], permission),
                        negation(names(rule.get("except_permissions", []), permission)),
                        any_of([covers(estate, member, who) for member in rule["principals"]]),
                        negation(any_of([covers(estate, member, who) for member in rule.get("except", [])])),
                        applies,
                    ]
                )
            )
    return any_of(answers)


# Principal access boundaries


def subject(estate: Estate, binding: dict[str, str], who: str) -> str:
    condition = binding.get("condition", "")
    attribute = "yes"
    if condition and who.startswith("group:"):
        attribute = "information"
    elif condition == IS_ACCOUNT:
        attribute = "yes" if who.startswith("serviceAccount:") else "no"
    elif condition == IS_COLLEAGUE:
        attribute = "yes" if who.endswith("@example.com") else "no"
    return all_of([covers(estate, binding["principals"], who), attribute])


def outside(estate: Estate, who: str, permission: str, resource: str) -> str:
    above = containers(estate, resource)
    policies: list[tuple[str, bool]] = []
    for name, boundary in estate["boundaries"].items():
        bound = [subject(estate, binding, who) for binding in estate["boundary_bindings"] if binding["policy"] == name]
        version = 4 if boundary["version"] == "latest" else int(boundary["version"])
        blocks = "yes" if BLOCKED_FROM_VERSION[permission] <= version else "no"
        lists = any(same_container(estate, name, listed) for name in above for listed in boundary["resources"])
        policies.append((all_of([blocks, any_of(bound)]), lists))
    outcomes = set()
    for counts in itertools.product(
        *([True, False] if answer == "information" else [answer == "yes"] for answer, _ in policies)
    ):
        counting = [lists for count, (_, lists) in zip(counts, policies, strict=True) if count]
        outcomes.add(bool(counting) and not any(counting))
    return "information" if len(outcomes) > 1 else "yes" if True in outcomes else "no"


def state(estate: Estate, who: str, permission: str, resource: str) -> str:
    """The overall state, by Policy Troubleshooter's name."""
    answers = [
        granted(estate, who, permission, resource),
        negation(denied(estate, who, permission, resource)),
        negation(outside(estate, who, permission, resource)),
    ]
    if "no" in answers:
        return "NOT_GRANTED"
    if "information" in answers:
        return "UNKNOWN_INFO_DENIED"
    return "UNKNOWN_CONDITIONAL" if "condition" in answers else "GRANTED"
