"""Fix commands and settings: what is printed can be pasted, and nonsense is refused."""

from __future__ import annotations

import msgspec
import pytest

from auditor.check import in_project, render_command
from auditor.loading import load_checks
from auditor.resources.base import Asset
from auditor.resources.network import FirewallPolicy

CHECKS = load_checks()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (
            "projects/p/global/firewallPolicies/edge",
            "network-firewall-policies rules update PRIORITY --firewall-policy=edge --global-firewall-policy",
        ),
        (
            "projects/p/regions/us-east1/firewallPolicies/edge",
            "network-firewall-policies rules update PRIORITY --firewall-policy=edge --firewall-policy-region=us-east1",
        ),
        ("locations/global/firewallPolicies/123", "firewall-policies rules update PRIORITY --firewall-policy=123"),
    ],
)
def test_a_firewall_policy_is_changed_by_the_commands_of_its_kind(name: str, command: str) -> None:
    policy = FirewallPolicy(asset=Asset(name=f"//compute.googleapis.com/{name}", asset_type=""))
    for check in CHECKS:
        if check.signature.subjects == (FirewallPolicy,) and check.fix:
            assert render_command(check.fix.gcloud, {"policy": policy}).startswith(f"gcloud compute {command} --")


def test_a_fix_is_one_command_that_can_be_undone() -> None:
    for check in CHECKS:
        command = check.fix.gcloud if check.fix else ""
        assert "&&" not in command, check.id
        assert "--lock" not in command, check.id


def test_numbers_that_make_no_sense_are_refused() -> None:
    tried = 0
    for check in CHECKS:
        kind = check.signature.settings
        for name, value in msgspec.to_builtins(kind()).items() if kind else ():
            if isinstance(value, int | float) and not isinstance(value, bool):
                tried += 1
                with pytest.raises(msgspec.ValidationError):
                    msgspec.convert({name: -5}, kind)
    assert tried > 15


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("gcloud secrets update a", "gcloud secrets update a --project=shop"),
        ("gcloud logging sinks update a --organization=3", "gcloud logging sinks update a --organization=3"),
        ("gcloud logging sinks update a --folder=2", "gcloud logging sinks update a --folder=2"),
        ("gcloud kms keys update a --project=other", "gcloud kms keys update a --project=other"),
        ("bq update a", "bq update a"),
    ],
)
def test_a_command_gets_its_project_unless_it_says_where_it_acts(command: str, printed: str) -> None:
    assert in_project(command, "shop") == printed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("projects/1/secrets/s", ("projects/1/secrets/s",)),
        ("projects/1/secrets/global", ("projects/1/secrets/global",)),
        ("projects/1/locations/europe-west1/secrets/s", ("s", "--location=europe-west1")),
    ],
)
def test_a_regional_resource_is_named_with_its_location(name: str, words: tuple[str, ...]) -> None:
    assert Asset(name=f"//secretmanager.googleapis.com/{name}", asset_type="").gcloud_name == words
