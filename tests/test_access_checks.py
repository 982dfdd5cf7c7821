"""Checks that ask for effective access get one that was built from all that was read."""

from __future__ import annotations

from typing import Any

from auditor.access.effective import EffectiveAccess
from auditor.check import Check, asset, check
from auditor.clock import Clock
from auditor.engine.scan import Outcome, Scan
from auditor.model.verdict import PASS, Severity, Verdict, fail, not_assessed
from auditor.resources.resourcemanager import Project
from auditor.testing import NOW, ExampleSource
from tests.support import ANCESTORS, policy, project

_GROUP = "cloudidentity.googleapis.com"


@check("project-eve", severity=Severity.LOW, passes=list, fails=lambda: [asset(Project)], area="test")
def eve(project: Project, access: EffectiveAccess) -> Verdict:
    """Eve can change who has access."""
    answer = access.can("user:eve@example.com", "resourcemanager.projects.setIamPolicy", project.asset.key)
    if answer.state == "GRANTED":
        return fail("; ".join(answer.because))
    return not_assessed(answer.state) if answer.state.startswith("UNKNOWN") else PASS


def _folder(bindings: list[dict[str, Any]], container: str) -> dict[str, Any]:
    kind = "Folder" if container.startswith("folders") else "Organization"
    return {
        "name": f"//cloudresourcemanager.googleapis.com/{container}",
        "asset_type": f"cloudresourcemanager.googleapis.com/{kind}",
        "iam_policy": {"bindings": bindings},
        "ancestors": ANCESTORS[ANCESTORS.index(container) :],
    }


def _scanned(checks: list[Check], *lines: dict[str, Any]) -> Outcome:
    return Scan(checks, clock=Clock(NOW), settings={}).run([ExampleSource(lines, trusted=False)])


def test_an_inherited_grant_through_a_group_is_found() -> None:
    outcome = _scanned(
        [eve],
        project(),
        policy(project(), {"bindings": []}),
        _folder([{"role": "roles/resourcemanager.folderAdmin", "members": ["group:ops@example.com"]}], "folders/2001"),
        _folder([], "organizations/3001"),
        {
            "name": f"//{_GROUP}/groups/g1",
            "asset_type": f"{_GROUP}/Group",
            "ancestors": ["organizations/3001"],
            "resource": {"data": {"name": "groups/g1", "groupKey": {"id": "ops@example.com"}}},
        },
        {
            "name": f"//{_GROUP}/groups/g1/memberships/m1",
            "asset_type": f"{_GROUP}/Membership",
            "ancestors": ["organizations/3001"],
            "resource": {
                "data": {
                    "name": "groups/g1/memberships/m1",
                    "preferredMemberKey": {"id": "eve@example.com"},
                    "type": "USER",
                    "roles": [{"name": "MEMBER"}],
                }
            },
        },
    )
    assert [finding.asset for finding in outcome.recorder.findings] == [project()["name"]]
    assert "ops@example.com" in outcome.recorder.findings[0].message


def test_what_is_missing_is_not_assessed() -> None:
    outcome = _scanned([eve], project(), policy(project(), {"bindings": []}))
    assert outcome.recorder.tallies["project-eve"].not_assessed.total() == 1


def test_without_such_a_check_nothing_is_gathered() -> None:
    scan = Scan([], clock=Clock(NOW), settings={})
    assert scan.collector is None
    scan.estate.close()
