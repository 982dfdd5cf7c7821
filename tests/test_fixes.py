"""Fix commands and settings: what is printed can be pasted, and nonsense is refused."""

from __future__ import annotations

import msgspec
import pytest

from auditor.check import render_command
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
