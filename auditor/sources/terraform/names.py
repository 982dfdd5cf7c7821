"""Full resource names and ancestors of planned resources, with stand-ins for what only apply will tell.

A stand-in is made of the Terraform address, so that everything that refers to the resource arrives at one name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from auditor.sources.terraform.plan import Plan, Planned, references_of
from auditor.sources.terraform.references import follow

UNKNOWN = "(unknown)"
"""Stands for a project, region or container that neither plan nor provider configuration tells."""
AFTER_APPLY = "(known after apply)"
"""Begins the stand-in for a name or id that only apply will tell."""
UNKNOWN_ABOVE = "organizations/(unknown)"
"""Ends ancestors that the plan does not tell up to the organisation, so that nobody takes them for complete."""
COMPUTE = "https://www.googleapis.com/compute/v1/"

Template = str | Callable[["Namer", Planned], str]
"""A full resource name with `{attribute}` (its last path segment), `{attribute:path}` (the whole relative name)
or `{attribute:quoted}`; `{location:global}` is global where nothing is said; or a function."""

_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_URL = re.compile(r"^(?:https?:)?//[^/]+/(?:compute/[^/]+/|v\d\w*/)?")
_IDENTITY = re.compile(r"((?:data\.)?google_\w+\.[\w-]+(?:\[[^\]]*\])?)\.(?:id|name|self_link|email)")
_CONTAINERS = {
    "org_id": "organizations",
    "organization": "organizations",
    "organization_id": "organizations",
    "folder": "folders",
    "folder_id": "folders",
    "project_id": "projects",
}


class Namer:
    """Names the resources of one plan. `templates` has the name of each Terraform type, `containers` where it hangs."""

    def __init__(self, plan: Plan, templates: Mapping[str, Template], containers: Mapping[str, str]) -> None:
        self._plan = plan
        self._templates = templates
        self._containers = containers
        self._names: dict[str, str] = {}
        self._claims: dict[str, str] = {}
        self._projects = {self.project(p): p for p in plan.resources if p.type == "google_project"}
        self._folders = {self.folder(p): p for p in plan.resources if p.type == "google_folder"}

    def name(self, planned: Planned) -> str:
        """The full resource name."""
        found = self._names.get(planned.address)
        if found is None:
            found = self._names[planned.address] = self.fill(planned, self._templates.get(planned.type, ""))
        return found

    def unique(self, planned: Planned) -> str:
        """The full resource name, with the address where another resource of the plan claims the same name.

        The address stands where the name is not known, so that what is known of it stays as it is.
        """
        name = self.name(planned)
        if self._claims.setdefault(name, planned.address) == planned.address:
            return name
        address = f" ({planned.address.replace('/', '%2F')})"
        return name.replace(UNKNOWN, UNKNOWN + address, 1) if UNKNOWN in name else name + address

    def relative(self, planned: Planned) -> str:
        """The name without the service: `projects/p/topics/t`."""
        return relative(self.name(planned)) or standin(planned)

    def fill(self, planned: Planned, template: Template, aliases: Mapping[str, str] | None = None) -> str:
        """A name template with the attributes of `planned`; `aliases` says which placeholders go by another name."""
        if callable(template):
            return template(self, planned)
        names = aliases or {}
        return _PLACEHOLDER.sub(lambda m: self.part(planned, names.get(m[1], m[1]), m[2] or ""), template)

    def part(self, planned: Planned, attribute: str, form: str = "") -> str:
        """One part of a name: the attribute's value, that of the resource it refers to, or a stand-in."""
        if attribute == "project":
            return self.project(planned)
        text = planned.text(attribute)
        if text:
            if form == "quoted":
                return quote(text, safe="")
            return _URL.sub("", text) if form == "path" else text.rpartition("/")[2]
        if planned.is_unknown(attribute):
            found = follow(self._plan, planned, references_of(planned.config, attribute))
            if found is not None:
                path = self.relative(found[0])
                return path if form == "path" else path.rpartition("/")[2]
            return standin(planned)
        if attribute == "region" and planned.text("zone"):
            return planned.text("zone").rpartition("/")[2].rpartition("-")[0]
        if attribute in ("region", "zone", "location"):
            return "global" if form == "global" else self._place(planned, attribute) or UNKNOWN
        return standin(planned)

    def _place(self, planned: Planned, attribute: str) -> str:
        """The zone or region that the provider is configured with; a region may be told by its zone."""
        zone = self._plan.provider_value(planned, "zone").rpartition("/")[2]
        if attribute == "zone":
            return zone
        region = self._plan.provider_value(planned, "region").rpartition("/")[2]
        return region or zone.rpartition("-")[0]

    def project(self, planned: Planned) -> str:
        """The id of the project that holds the resource (for a project: its own)."""
        own = "project_id" if planned.type == "google_project" else "project"
        text = planned.text(own)
        if text:
            return text.rpartition("/")[2]
        if planned.type == "google_project":
            return standin(planned)
        if planned.is_unknown("project"):
            found = follow(self._plan, planned, references_of(planned.config, "project"))
            return self.project(found[0]) if found else UNKNOWN
        return self._plan.provider_value(planned, "project").rpartition("/")[2] or UNKNOWN

    def folder(self, planned: Planned) -> str:
        """The id of a `google_folder`, or its stand-in."""
        return (planned.text("folder_id") or planned.text("name")).rpartition("/")[2] or standin(planned)

    def ancestors(self, planned: Planned) -> list[str]:
        """The containers above the resource, nearest first (for a container: itself first)."""
        if planned.type == "google_folder":
            return self.ancestors_of(f"folders/{self.folder(planned)}")
        return self.ancestors_of(self.container(planned, self._containers.get(planned.type, "project")))

    def container(self, planned: Planned, attribute: str) -> str:
        """`projects/ID`, `folders/ID` or `organizations/ID`, as an attribute names it."""
        if attribute == "project":
            return f"projects/{self.project(planned)}"
        if not attribute:
            return UNKNOWN_ABOVE
        path = unquote(self.part(planned, attribute, "path")).removeprefix("cloudresourcemanager.googleapis.com/")
        kind = _CONTAINERS.get(attribute)
        if kind:
            return f"{kind}/{path.rpartition('/')[2]}"
        if not path.startswith(("projects/", "folders/", "organizations/")):
            return UNKNOWN_ABOVE
        return "/".join(path.split("/")[:2])  # what holds it may be below the container

    def ancestors_of(self, container: str) -> list[str]:
        """A container and those above it, as far as the plan tells."""
        found = [container]
        while len(found) < 12:
            kind, _, identifier = found[-1].partition("/")
            if kind == "organizations":
                return found
            above = self._above(kind, identifier)
            found.append(above)
        return found

    def _above(self, kind: str, identifier: str) -> str:
        holder = self._projects.get(identifier) if kind == "projects" else self._folders.get(identifier)
        if holder is None:
            return UNKNOWN_ABOVE
        if kind == "folders":
            return self.container(holder, "parent") if self._tells(holder, "parent") else UNKNOWN_ABOVE
        for attribute in ("folder_id", "org_id"):
            if self._tells(holder, attribute):
                return self.container(holder, attribute)
        return UNKNOWN_ABOVE

    def _tells(self, planned: Planned, attribute: str) -> bool:
        return bool(planned.text(attribute)) or planned.is_unknown(attribute)

    def value(self, planned: Planned, attribute: str) -> str:
        """What a reference to a planned resource will evaluate to, `""` where that is not clear."""
        own = planned.text(attribute)
        if own:
            return own
        name = self.name(planned)
        path = relative(name)
        if not path:
            return ""
        if attribute == "self_link":
            return COMPUTE + path if name.startswith("//compute.") else path
        if planned.type == "google_service_account" and attribute in ("email", "member", "name", "id"):
            return _service_account(self, planned, attribute)
        if attribute in ("id", "name") or (attribute == "repository_id" or attribute.endswith("_id")):
            paths = attribute == "id" or planned.type in (
                "google_folder",
                "google_access_context_manager_access_policy",
            )
            return path if paths else path.rpartition("/")[2]
        return ""


def service_account_email(namer: Namer, planned: Planned) -> str:
    """The address of a planned service account."""
    known = planned.text("email")
    return known or f"{namer.part(planned, 'account_id')}@{namer.project(planned)}.iam.gserviceaccount.com"


def _service_account(namer: Namer, planned: Planned, attribute: str) -> str:
    email = service_account_email(namer, planned)
    if attribute == "email":
        return email
    return (
        f"serviceAccount:{email}"
        if attribute == "member"
        else f"projects/{namer.project(planned)}/serviceAccounts/{email}"
    )


def referred(references: list[str]) -> str:
    """A stand-in for the resource that an expression names, where the plan does not have that resource."""
    longest = max(references, key=len, default="")
    match = _IDENTITY.fullmatch(longest)
    if match is None or not all(longest.startswith(reference) for reference in references):
        return ""
    return f"{AFTER_APPLY} {match[1]}".replace("/", "%2F")


def relative(name: str) -> str:
    """A full resource name without the service."""
    return name.removeprefix("//").partition("/")[2]


def standin(planned: Planned) -> str:
    """Stands for a name or id that only apply will tell; without a slash, as one segment of a name."""
    return f"{AFTER_APPLY} {planned.address}".replace("/", "%2F")


def is_open(name: str) -> bool:
    """Whether parts of a name are stand-ins."""
    return UNKNOWN in name or AFTER_APPLY in name


def may_be(name: str, other: str) -> bool:
    """Whether two names may turn out to be one, at least one of which is not known in full."""
    ours, theirs = name.split("/"), other.split("/")
    if len(ours) != len(theirs) or not is_open(name):  # a stand-in may be for several segments, or in the wrong one
        return True
    return all(a == b or is_open(a) or is_open(b) for a, b in zip(ours, theirs, strict=True))
