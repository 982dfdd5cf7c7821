"""How a machine boots and is encrypted, asked of instances and of the templates that make them."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable, not_assessed
from auditor.resources.compute import Instance, InstanceTemplate
from checks.compute.shared import GKE_NODE, KEY, made_by_service, mend, template


@check(
    "instance-shielded-vm-off",
    severity=Severity.MEDIUM,
    same_as=[
        "trivy:AVD-GCP-0041",
        "trivy:AVD-GCP-0045",
        "sha:SHIELDED_VM_DISABLED",
        "prowler:compute_instance_shielded_vm_enabled",
        "steampipe:compute_instance_shielded_vm_enabled",
        "scoutsuite:computeengine-instance-shielded-vm-disabled",
        "checkov:CKV_GCP_39",
        "cloudsploit:compute/shieldedVmEnabled",
        "inspec:cis-gcp-4.8",
    ],
    fix=Fix(
        manual=mend("update MACHINE --shielded-vtpm --shielded-integrity-monitoring") + " The machine must be stopped.",
        terraform="shielded_instance_config { enable_vtpm = true, enable_integrity_monitoring = true }",
        guardrail="compute.requireShieldedVm",
        patch={
            "data": {
                "shieldedInstanceConfig": {"enableVtpm": True, "enableIntegrityMonitoring": True},
                "properties": {"shieldedInstanceConfig": {"enableVtpm": True, "enableIntegrityMonitoring": True}},
            }
        },
    ),
    passes=lambda: [
        asset(Instance, {"shieldedInstanceConfig": {"enableVtpm": True, "enableIntegrityMonitoring": True}}),
        asset(Instance, {"shieldedInstanceConfig": {"enableIntegrityMonitoring": True}, **GKE_NODE}),
    ],
    fails=lambda: [
        asset(Instance, {"name": "image-without-uefi"}),
        asset(Instance, {"shieldedInstanceConfig": {"enableVtpm": True, "enableIntegrityMonitoring": False}}),
        asset(InstanceTemplate, template(shieldedInstanceConfig={"enableVtpm": False})),
    ],
    unknown=lambda: [
        asset(Instance, {}, unknown=["resource.data.shieldedInstanceConfig.enableVtpm"]),
        asset(InstanceTemplate, template()),
        asset(InstanceTemplate, template(shieldedInstanceConfig={"enableSecureBoot": True})),
    ],
)
def shielded_vm_off(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine boots without a virtual TPM or without integrity monitoring.

    Why: the two measure what boots and tell when it changed; a root kit below the operating system hides from
    everything else.

    What a fix may break: the machine is stopped for the change; images that cannot boot from UEFI need replacing.

    Source: https://cloud.google.com/compute/shielded-vm/docs/shielded-vm
    """
    config = machine.properties.shielded_instance_config
    if config.enable_vtpm and config.enable_integrity_monitoring:
        return PASS
    if isinstance(machine, InstanceTemplate) and False not in (config.enable_vtpm, config.enable_integrity_monitoring):
        return made_by_service(machine.properties) or not_assessed(
            "the template leaves it to the image of the machines"
        )
    missing = "integrity monitoring" if config.enable_vtpm else "the vTPM, on which integrity monitoring rests,"
    return made_by_service(machine.properties) or fail(f"{missing} is off")


@check(
    "instance-secure-boot-off",
    severity=Severity.LOW,
    same_as=["sha:COMPUTE_SECURE_BOOT_DISABLED", "trivy:AVD-GCP-0067"],
    default=False,
    fix=Fix(
        manual=mend("update MACHINE --shielded-secure-boot") + " The machine must be stopped.",
        terraform="shielded_instance_config { enable_secure_boot = true }",
        guardrail="compute.requireShieldedVm",
        patch={
            "data": {
                "shieldedInstanceConfig": {"enableSecureBoot": True},
                "properties": {"shieldedInstanceConfig": {"enableSecureBoot": True}},
            }
        },
    ),
    passes=lambda: [asset(Instance, {"shieldedInstanceConfig": {"enableSecureBoot": True}}), asset(Instance, GKE_NODE)],
    fails=lambda: [
        asset(Instance, {"shieldedInstanceConfig": {"enableVtpm": True, "enableIntegrityMonitoring": True}}),
        asset(InstanceTemplate, template(name="t")),
    ],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.shieldedInstanceConfig"])],
)
def secure_boot_off(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine boots software that nobody signed.

    Why: Secure Boot refuses boot loaders, kernels and drivers whose signature is not known.

    What a fix may break: unsigned drivers, among them some for graphics cards; try a copy of the machine first.

    Source: https://cloud.google.com/compute/shielded-vm/docs/shielded-vm#secure-boot
    """
    if machine.properties.shielded_instance_config.enable_secure_boot:
        return PASS
    return made_by_service(machine.properties) or fail("Secure Boot is off")


@check(
    "instance-confidential-computing-off",
    severity=Severity.INFO,
    same_as=[
        "sha:CONFIDENTIAL_COMPUTING_DISABLED",
        "prowler:compute_instance_confidential_computing_enabled",
        "steampipe:compute_instance_confidential_computing_enabled",
        "cloudsploit:compute/confidentialComputingEnabled",
        "inspec:cis-gcp-4.11",
    ],
    default=False,
    fix=Fix(
        terraform="confidential_instance_config { enable_confidential_compute = true }",
        manual="Make the machine anew with --confidential-compute-type on a machine type that supports it.",
        guardrail="compute.restrictNonConfidentialComputing",
        patch={
            "data": {
                "confidentialInstanceConfig": {"enableConfidentialCompute": True},
                "properties": {"confidentialInstanceConfig": {"enableConfidentialCompute": True}},
            }
        },
    ),
    passes=lambda: [
        asset(Instance, {"confidentialInstanceConfig": {"enableConfidentialCompute": True}}),
        asset(Instance, {"confidentialInstanceConfig": {"confidentialInstanceType": "TDX"}}),
        asset(Instance, {"confidentialInstanceConfig": {"confidentialInstanceType": "CCA"}}),
    ],
    fails=lambda: [asset(Instance, {"name": "m"}), asset(InstanceTemplate, template(name="t"))],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.confidentialInstanceConfig"])],
)
def confidential_computing_off(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine's memory is not encrypted against its host.

    Why: Confidential Computing keeps what a machine works on from the hypervisor and the people who run it. Ask for
    it where a contract or a regulator does.

    What a fix may break: it needs certain machine types, and the machine must be made anew.

    Source: https://cloud.google.com/confidential-computing/confidential-vm/docs/confidential-vm-overview
    """
    if machine.properties.confidential_instance_config.is_on:
        return PASS
    return made_by_service(machine.properties) or fail("Confidential Computing is off")


@check(
    "instance-boot-disk-without-customer-key",
    severity=Severity.LOW,
    same_as=["checkov:CKV_GCP_38", "trivy:AVD-GCP-0033"],
    default=False,
    fix=Fix(
        terraform="boot_disk { kms_key_self_link = … }",
        manual="Make the boot disk anew with --boot-disk-kms-key.",
        guardrail="gcp.restrictNonCmekServices",
        patch={
            "data": {
                "disks": [{"boot": True, "diskEncryptionKey": {"kmsKeyName": KEY}}],
                "properties": {"disks": [{"boot": True, "diskEncryptionKey": {"kmsKeyName": KEY}}]},
            }
        },
    ),
    passes=lambda: [
        asset(Instance, {"disks": [{"boot": True, "diskEncryptionKey": {"kmsKeyName": KEY}}, {"type": "SCRATCH"}]}),
        asset(Instance, {"disks": [{"boot": True, "diskEncryptionKey": {"sha256": "x"}}]}),
        asset(Instance, {"disks": [{"boot": True}], **GKE_NODE}),
    ],
    fails=lambda: [
        asset(Instance, {"disks": [{"boot": True}]}),
        asset(InstanceTemplate, template(disks=[{"boot": True, "diskEncryptionKey": {}}])),
    ],
    unknown=lambda: [asset(Instance, {"disks": [{"boot": True}]}, unknown=["resource.data.disks.0.diskEncryptionKey"])],
)
def boot_disk_without_customer_key(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine's boot disk is not encrypted with a key of your own.

    Why: Google encrypts every disk; a key that you manage or supply adds that you can revoke it.

    What a fix may break: the disk must be made anew; without the key the machine does not start.

    Source: https://cloud.google.com/compute/docs/disks/customer-managed-encryption
    """
    for disk in machine.properties.disks:
        if disk.boot:
            key = disk.disk_encryption_key
            if key and (key.kms_key_name or key.sha256 or key.raw_key or key.rsa_encrypted_key):
                return PASS
            return made_by_service(machine.properties) or fail("the boot disk has no customer key")
    return not_applicable("the machine has no boot disk")
