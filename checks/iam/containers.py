"""What the checks of this area share: policies as examples, and the usual fix."""

from __future__ import annotations

from typing import Any

from auditor import Example, Fix, asset
from auditor.resources.cloudidentity import Group, Membership
from auditor.resources.iam import Role
from auditor.resources.resourcemanager import Folder, Organization, Project

Container = Project | Folder | Organization


def grant(role: str, *members: str, condition: str = "") -> dict[str, Any]:
    """A binding in the API's form."""
    binding: dict[str, Any] = {"role": role, "members": list(members)}
    if condition:
        binding["condition"] = {"title": "limited", "expression": condition}
    return binding


def on_project(*bindings: dict[str, Any], more: bool = False) -> Example:
    """A project's policy; with `more`, one that has further bindings which are unknown."""
    return asset(
        Project, policy={"bindings": list(bindings), "version": 3}, unknown=["iam_policy.bindings.*"] if more else []
    )


def on_folder(*bindings: dict[str, Any], more: bool = False) -> Example:
    """A folder's policy; with `more`, as above."""
    return asset(
        Folder,
        policy={"bindings": list(bindings)},
        ancestors=("folders/2001", "organizations/3001"),
        unknown=["iam_policy.bindings.*"] if more else [],
    )


def on_organization(*bindings: dict[str, Any]) -> Example:
    """An organization's policy."""
    return asset(Organization, policy={"bindings": list(bindings)}, ancestors=("organizations/3001",))


UNKNOWN_MEMBERS = asset(
    Project,
    policy={"bindings": [grant("roles/editor"), grant("roles/owner"), grant("roles/iam.serviceAccountUser")]},
    unknown=[f"iam_policy.bindings.{number}.members" for number in range(3)],
)
"""A project of which a plan tells the roles, and not yet who gets them."""


def above_project(*bindings: dict[str, Any]) -> list[Example]:
    """What stands above the project of the examples: its folder, with some bindings, and the organization."""
    return [on_folder(*bindings), on_organization()]


def member_of(group: str, *members: str) -> list[Example]:
    """A group (`ops@example.com`) and those who are in it, by address."""
    number = group.partition("@")[0]
    name = f"//cloudidentity.googleapis.com/groups/{number}"
    return [
        asset(
            Group,
            {"name": f"groups/{number}", "groupKey": {"id": group}},
            name=name,
            ancestors=("organizations/3001",),
        ),
        *(
            asset(
                Membership,
                {
                    "name": f"groups/{number}/memberships/{place}",
                    "preferredMemberKey": {"id": member},
                    "type": "SERVICE_ACCOUNT" if member.endswith(".gserviceaccount.com") else "USER",
                    "roles": [{"name": "MEMBER"}],
                },
                name=f"{name}/memberships/{place}",
                ancestors=("organizations/3001",),
            )
            for place, member in enumerate(members)
        ),
    ]


def custom_role(name: str, *permissions: str) -> Example:
    """A custom role (`projects/p/roles/ops`) with some permissions."""
    data = {"includedPermissions": list(permissions), "stage": "GA"}
    of_organization = name.startswith("organizations/")
    ancestors = ("organizations/3001",) if of_organization else ("projects/1001", "folders/2001", "organizations/3001")
    return asset(Role, data, name=f"//iam.googleapis.com/{name}", ancestors=ancestors)


def until(moment: str) -> str:
    """A condition that ends a grant."""
    return f'request.time < timestamp("{moment}T00:00:00Z")'


_TAKE_BACK = " remove-iam-policy-binding {policy.asset.id} --member={found[member]} --role={found[role]} --all"
TAKE_BACK = "gcloud {found[_collection]}" + _TAKE_BACK
"""Takes the first grant that `tell` names from a project, folder or organization, under any condition."""
TAKE_BACK_FROM_FOLDER = "gcloud resource-manager folders" + _TAKE_BACK
"""The same for checks of folders alone."""
TERRAFORM = "google_project_iam_member, google_folder_iam_member, google_organization_iam_member"


def narrower(manual: str, *, gcloud: str = TAKE_BACK, terraform: str = "", guardrail: str = "") -> Fix:
    """The fix of a grant: take it back, and give what is needed where it is needed.

    Say `gcloud=""` where policies of every type are asked: each type has a command of its own.
    """
    return Fix(
        gcloud=gcloud,
        terraform=terraform or f"`role` and `member` of {TERRAFORM} (or the `_binding` form)",
        guardrail=guardrail,
        manual=f"{manual} Then take back the grants that the evidence names"
        + ("; the command takes back the first." if gcloud else " (`gcloud … remove-iam-policy-binding`)."),
        patch={"policy": {"bindings": [grant("roles/run.viewer", "group:developers@example.com")]}},
    )
