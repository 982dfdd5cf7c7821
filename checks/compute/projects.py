"""What a project's Compute Engine metadata gives to all its machines."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.compute import ComputeProject


def _metadata(**items: str) -> dict[str, Any]:
    pairs = [{"key": key.replace("_", "-"), "value": value} for key, value in items.items()]
    return {"commonInstanceMetadata": {"items": pairs}}


@check(
    "project-ssh-keys",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud="gcloud compute project-info add-metadata --metadata=enable-oslogin=TRUE",
        terraform='google_compute_project_metadata_item with key = "enable-oslogin", value = "TRUE"; remove ssh-keys',
        guardrail="compute.requireOsLogin",
        patch={"data": _metadata(enable_oslogin="TRUE")},
    ),
    passes=lambda: [
        asset(ComputeProject, _metadata(enable_oslogin="TRUE")),
        asset(ComputeProject, _metadata(enable_oslogin="TRUE", ssh_keys="a:ssh-ed25519 AAAA a")),
        asset(ComputeProject, _metadata(ssh_keys="\n")),
    ],
    fails=lambda: [
        asset(ComputeProject, _metadata(ssh_keys="a:ssh-ed25519 AAAA a\nb:ssh-rsa BBBB b\n")),
        asset(ComputeProject, _metadata(enable_oslogin="FALSE", sshKeys="a:ssh-rsa AAAA a")),
    ],
    unknown=lambda: [asset(ComputeProject, {}, unknown=["resource.data.commonInstanceMetadata"])],
)
def ssh_keys(project: ComputeProject) -> Verdict:
    """SSH keys in a project's metadata open all its machines.

    Why: each such key is a login with administrator rights on every machine that does not refuse it; keys have no
    owner and no expiry, and stay when people leave.

    What a fix may break: logins with these keys; with OS Login on people need roles/compute.osLogin.

    Source: https://cloud.google.com/compute/docs/connect/restrict-ssh-keys
    """
    metadata = project.common_instance_metadata
    keys = f"{metadata.get('ssh-keys') or ''}\n{metadata.get('sshKeys') or ''}".split("\n")
    count = sum(bool(key.strip()) for key in keys)
    if not count:
        return PASS
    if metadata.is_on("enable-oslogin"):
        return not_applicable("OS Login is on, so keys in metadata are ignored")
    return fail(f"{count} project-wide SSH key{'s' if count > 1 else ''}, and OS Login is off")


@check(
    "project-os-login-off",
    severity=Severity.LOW,
    same_as=[
        "sha:OS_LOGIN_DISABLED",
        "prowler:compute_project_os_login_enabled",
        "steampipe:project_oslogin_enabled",
        "steampipe:compute_instance_oslogin_enabled",
        "checkov:CKV_GCP_33",
        "trivy:AVD-GCP-0042",
        "cloudsploit:compute/osLoginEnabled",
        "policy_library:gcp_compute_enable_oslogin_project_v1",
        "inspec:cis-gcp-4.4",
    ],
    fix=Fix(
        gcloud="gcloud compute project-info add-metadata --metadata=enable-oslogin=TRUE",
        terraform='google_compute_project_metadata_item with key = "enable-oslogin", value = "TRUE"',
        guardrail="compute.requireOsLogin",
        patch={"data": _metadata(enable_oslogin="TRUE")},
    ),
    passes=lambda: [
        asset(ComputeProject, _metadata(enable_oslogin="TRUE")),
        asset(ComputeProject, _metadata(foo="bar", enable_oslogin="true")),
    ],
    fails=lambda: [
        asset(ComputeProject, {"commonInstanceMetadata": {}}),
        asset(ComputeProject, _metadata(enable_oslogin="FALSE")),
    ],
    unknown=lambda: [asset(ComputeProject, {}, unknown=["resource.data.commonInstanceMetadata"])],
)
def os_login_off(project: ComputeProject) -> Verdict:
    """OS Login is not on for a project's machines.

    Why: with OS Login, IAM decides who may log in, access ends with the account, and the audit log says who came.
    Without it SSH keys in metadata do, which nobody owns.

    What a fix may break: logins with keys from metadata; people need roles/compute.osLogin. GKE nodes are not touched.

    Source: https://cloud.google.com/compute/docs/oslogin/set-up-oslogin
    """
    return PASS if project.common_instance_metadata.is_on("enable-oslogin") else fail("enable-oslogin is not TRUE")


@check(
    "project-os-login-without-second-factor",
    severity=Severity.LOW,
    same_as=["prowler:compute_project_os_login_2fa_enabled", "cloudsploit:compute/osLogin2FAEnabled"],
    default=False,
    fix=Fix(
        gcloud="gcloud compute project-info add-metadata --metadata=enable-oslogin-2fa=TRUE",
        terraform='google_compute_project_metadata_item with key = "enable-oslogin-2fa", value = "TRUE"',
        patch={"data": _metadata(enable_oslogin="TRUE", enable_oslogin_2fa="TRUE")},
    ),
    passes=lambda: [
        asset(ComputeProject, _metadata(enable_oslogin="TRUE", enable_oslogin_2fa="TRUE")),
        asset(ComputeProject, _metadata(enable_oslogin="TRUE", enable_oslogin_sk="TRUE")),
        asset(ComputeProject, _metadata(foo="bar")),
    ],
    fails=lambda: [asset(ComputeProject, _metadata(enable_oslogin="TRUE"))],
    unknown=lambda: [asset(ComputeProject, {}, unknown=["resource.data.commonInstanceMetadata"])],
)
def os_login_without_second_factor(project: ComputeProject) -> Verdict:
    """OS Login asks for no second factor.

    Why: a stolen password or a copied SSH key is enough to log in.

    What a fix may break: people without 2-step verification, and software that logs in as a person.

    Source: https://cloud.google.com/compute/docs/oslogin/set-up-oslogin
    """
    metadata = project.common_instance_metadata
    if not metadata.is_on("enable-oslogin"):
        return not_applicable("OS Login is not on")
    if metadata.is_on("enable-oslogin-2fa") or metadata.is_on("enable-oslogin-sk"):
        return PASS
    return fail("enable-oslogin-2fa is not TRUE")


@check(
    "project-serial-port-on",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud="gcloud compute project-info remove-metadata --keys=serial-port-enable",
        terraform="remove serial-port-enable from google_compute_project_metadata",
        guardrail="compute.disableSerialPortAccess",
        patch={"data": {"commonInstanceMetadata": {"items": []}}},
    ),
    passes=lambda: [
        asset(ComputeProject, _metadata(serial_port_enable="FALSE")),
        asset(ComputeProject, _metadata(serial_port_logging_enable="TRUE")),
    ],
    fails=lambda: [
        asset(ComputeProject, _metadata(serial_port_enable="TRUE")),
        asset(ComputeProject, _metadata(serial_port_enable="1")),
    ],
    unknown=lambda: [asset(ComputeProject, {}, unknown=["resource.data.commonInstanceMetadata"])],
)
def serial_port_on(project: ComputeProject) -> Verdict:
    """The serial consoles of all a project's machines can be reached over the network.

    Why: the console takes connections from every address, past firewall rules and Identity-Aware Proxy; an SSH key in
    the metadata is all it asks for. Set on the project, it holds for machines that nobody thinks of.

    What a fix may break: rescue of a machine that does not boot; turn the console on for that machine then.

    Source: https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-using-serial-console
    """
    return fail("serial-port-enable is on") if project.common_instance_metadata.is_on("serial-port-enable") else PASS
