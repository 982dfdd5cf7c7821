"""What the examples of the perimeter checks do not show: other spellings of the input, many assets, messages."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor import Check, Severity
from auditor.clock import Clock
from auditor.engine.scan import Outcome, Scan
from auditor.model.run import Finding
from auditor.testing import ExampleSource
from checks.organization import identity, policies
from checks.vpc_sc import access_levels, dry_run, egress_rules, enforcement, ingress_rules, membership
from checks.vpc_sc.examples import ENFORCED, perimeter
from checks.vpc_sc.rules import FROM_ANYWHERE, FROM_OFFICE, inside

MODULES = (access_levels, dry_run, egress_rules, enforcement, identity, ingress_rules, membership, policies)
CHECKS = [value for module in MODULES for value in vars(module).values() if isinstance(value, Check)]
POLICY = "accessPolicies/987654"
ORGANIZATION = {
    "name": "//cloudresourcemanager.googleapis.com/organizations/3001",
    "asset_type": "cloudresourcemanager.googleapis.com/Organization",
    "ancestors": ["organizations/3001"],
}


def scan(
    *documents: dict[str, Any], exported: tuple[str, ...] = ("resource", "access-policy", "org-policy")
) -> Outcome:
    settings = {check.id: check.signature.settings() for check in CHECKS if check.signature.settings}
    audit = Scan(
        CHECKS, clock=Clock(datetime(2026, 11, 22, tzinfo=UTC)), settings=settings, exported=frozenset(exported)
    )
    outcome = audit.run([ExampleSource(documents)])
    assert outcome.recorder.crashes == []
    assert outcome.unreadable == 0
    return outcome


def findings(outcome: Outcome, check: str) -> list[Finding]:
    return [finding for finding in outcome.recorder.findings if finding.check == check]


def project(number: int) -> dict[str, Any]:
    return {
        "name": f"//cloudresourcemanager.googleapis.com/projects/{number}",
        "asset_type": "cloudresourcemanager.googleapis.com/Project",
        "resource": {"data": {"projectId": f"shop-{number}", "projectNumber": str(number), "lifecycleState": "ACTIVE"}},
        "ancestors": [f"projects/{number}", "organizations/3001"],
    }


ORGANIZATION_RESOURCE = {**ORGANIZATION, "resource": {"data": {"displayName": "example.com"}}}

ACCESS_POLICY_CONTENT = {
    **ORGANIZATION,
    "service_perimeter": {
        "name": f"{POLICY}/servicePerimeters/customers",
        "title": "customers",
        "use_explicit_dry_run_spec": True,
        "status": {},
        "spec": {"resources": ["projects/1001"], "restricted_services": ["storage.googleapis.com"]},
    },
}
RESOURCE_CONTENT = {
    "name": f"//accesscontextmanager.googleapis.com/{POLICY}/servicePerimeters/customers",
    "asset_type": "identity.accesscontextmanager.googleapis.com/ServicePerimeter",
    "resource": {
        "data": {
            "name": f"{POLICY}/servicePerimeters/customers",
            "useExplicitDryRunSpec": True,
            "spec": {"resources": ["projects/1001"], "restrictedServices": ["storage.googleapis.com"]},
        }
    },
    "ancestors": ["organizations/3001"],
}


@pytest.mark.parametrize("line", [ACCESS_POLICY_CONTENT, RESOURCE_CONTENT], ids=["access-policy", "resource"])
def test_a_dry_run_is_no_protection_in_either_content_type(line: dict[str, Any]) -> None:
    outcome = scan(line, project(1001))
    found = findings(outcome, "perimeter-dry-run-only")
    assert [finding.asset for finding in found] == [RESOURCE_CONTENT["name"]]
    assert "perimeters dry-run enforce customers --policy=987654" in found[0].fix
    assert findings(outcome, "perimeter-restricts-no-service") == []


def test_an_organisation_without_perimeter_is_one_finding_however_many_projects_it_has() -> None:
    outcome = scan(ORGANIZATION_RESOURCE, *(project(number) for number in range(2000, 2500)))
    assert len(findings(outcome, "organization-without-perimeter")) == 1
    assert findings(outcome, "project-outside-perimeter") == []


def test_without_access_policies_in_the_input_nobody_is_accused() -> None:
    outcome = scan(ORGANIZATION_RESOURCE, project(2001), exported=())
    tally = outcome.recorder.tallies["project-outside-perimeter"]
    assert (tally.failed, tally.not_assessed.total()) == (0, 1)
    assert "--exported access-policy" in next(iter(tally.not_assessed))
    assert outcome.recorder.tallies["organization-without-perimeter"].not_assessed.total() == 1


def test_membership_of_many_projects_is_looked_up_and_not_searched() -> None:
    members = [f"projects/{number}" for number in range(10_000)]
    wide = perimeter({**ENFORCED, "resources": members}).document()
    started = time.monotonic()
    outcome = scan(wide, *(project(number) for number in range(9_000, 11_000)))
    assert len(findings(outcome, "project-outside-perimeter")) == 1_000
    assert time.monotonic() - started < 60


def test_messages_name_each_open_rule_by_title_or_place() -> None:
    open_rule = inside(FROM_ANYWHERE, identityType="ANY_IDENTITY")
    narrow = inside(FROM_OFFICE)
    assert open_rule.data is not None
    assert narrow.data is not None
    rules = narrow.data["status"]["ingressPolicies"] + open_rule.data["status"]["ingressPolicies"]
    titled = {**rules[1], "title": "support desk"}
    outcome = scan(perimeter({**ENFORCED, "ingressPolicies": [*rules, titled]}).document())
    (found,) = findings(outcome, "perimeter-ingress-any-identity")
    assert found.message == "identities without a name may come in: ingress rule 2, ingress rule support desk"
    assert found.severity is Severity.HIGH


def test_a_rule_that_is_known_to_be_open_decides_whatever_else_is_unknown() -> None:
    rules = [{"ingressFrom": {}}, *(inside(FROM_ANYWHERE).data or {})["status"]["ingressPolicies"]]
    unknown = ("resource.data.status.ingressPolicies.0.ingressFrom.sources",)
    outcome = scan(perimeter({**ENFORCED, "ingressPolicies": rules}, unknown=unknown).document())
    assert len(findings(outcome, "perimeter-ingress-any-source")) == 1


@pytest.mark.parametrize(
    ("spec", "message", "severity"),
    [
        ({"accessLevels": []}, "the dry run is stricter than what is enforced: access levels -1", Severity.MEDIUM),
        ({"resources": []}, "the dry run is looser than what is enforced: resources -2", Severity.LOW),
    ],
)
def test_drift_says_in_which_direction(spec: dict[str, Any], message: str, severity: Severity) -> None:
    outcome = scan(perimeter(ENFORCED, useExplicitDryRunSpec=True, spec={**ENFORCED, **spec}).document())
    (found,) = findings(outcome, "perimeter-dry-run-drift")
    assert (found.message, found.severity) == (message, severity)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"booleanPolicy": {}}, "iam.disableServiceAccountKeyCreation is set and does not restrict"),
        ({"restoreDefault": {}}, "iam.disableServiceAccountKeyCreation is reset to Google's default"),
        ({"boolean_policy": {"enforced": True}}, None),
    ],
)
def test_policies_of_the_first_api_version_count(policy: dict[str, Any], message: str | None) -> None:
    constraint = "constraints/iam.disableServiceAccountKeyCreation"
    outcome = scan(ORGANIZATION_RESOURCE, {**ORGANIZATION, "org_policy": [{"constraint": constraint, **policy}]})
    found = findings(outcome, "organization-allows-service-account-keys")
    assert [finding.message for finding in found] == ([message] if message else [])


def test_an_exception_on_a_folder_is_one_finding_of_that_folder() -> None:
    folder = {
        "name": "//cloudresourcemanager.googleapis.com/folders/2001",
        "asset_type": "cloudresourcemanager.googleapis.com/Folder",
        "ancestors": ["folders/2001", "organizations/3001"],
        "org_policy": [{"constraint": "constraints/compute.vmExternalIpAccess", "list_policy": {"all_values": 1}}],
    }
    outcome = scan(folder, project(2001), project(2002))
    found = Counter(f.asset for f in findings(outcome, "org-policy-guardrail-turned-off"))
    assert found == {"//orgpolicy.googleapis.com/folders/2001/policies/compute.vmExternalIpAccess": 1}
