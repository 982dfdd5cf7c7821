"""Compute Engine: instances, templates, disks.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_instance (and its
neighbours), cloud.google.com/compute/docs/reference/rest/v1
"""

from __future__ import annotations

import copy
import re
from typing import Any

from auditor.sources.terraform.mapping import (
    ABSENT,
    Context,
    Draft,
    Made,
    Mapping,
    Row,
    Rows,
    dropped,
    key_values,
    without_defaults,
    words,
)
from auditor.sources.terraform.plan import Planned, as_dict, as_list, references_of
from auditor.sources.terraform.references import follow
from auditor.sources.terraform.walk import DECIDED_AT_APPLY

_PROJECT = "//compute.googleapis.com/projects/{project}"
_IMAGE_DECIDES = "depends on the boot image"
_NO_TEMPLATE = "the plan does not show the instance template that it is made from"
_ADDRESS = re.compile(
    r"(?P<base>properties\.)?networkInterfaces\.(?P<interface>\d+)\.(?P<list>accessConfigs|ipv6AccessConfigs)"
    r"\.(?P<access>\d+)\.(?P<field>natIP|externalIpv6)"
)
_ASSIGNED = "(known after apply)"
_SCHEDULING = {
    "automaticRestart": True,
    "onHostMaintenance": "MIGRATE",
    "preemptible": False,
    "provisioningModel": "STANDARD",
}
_INSTANCE_FIELDS = words(
    "canIpForward confidentialInstanceConfig description disks guestAccelerators machineType metadata "
    "networkInterfaces scheduling serviceAccounts shieldedInstanceConfig tags advancedMachineFeatures"
)


def _encryption(prefix: str, target: str) -> Rows:
    """A customer-managed or customer-supplied key, as the API tells of it."""
    return {
        f"{prefix}kms_key_self_link": Row(f"{target}.kmsKeyName", default=ABSENT),
        **{
            f"{prefix}{name}": Row(f"{target}.sha256", lambda _: "(sensitive)")
            for name in ("raw_key", "raw_key_wo_version", "rsa_encrypted_key", "rsa_encrypted_key_wo_version")
        },
        f"{prefix}sha256": None,
    }


def _machine(base: str, *, zonal: bool) -> Rows:
    """What instances and templates have in common; `base` is where it stands in the API's data."""
    nic = f"{base}networkInterfaces"
    rows: Rows = {
        "can_ip_forward": Row(f"{base}canIpForward", default=False),
        "confidential_instance_config": Row(f"{base}confidentialInstanceConfig", default=ABSENT),
        "guest_accelerator": Row(f"{base}guestAccelerators", default=ABSENT),
        "guest_accelerator.count": f"{base}guestAccelerators.acceleratorCount",
        "guest_accelerator.type": f"{base}guestAccelerators.acceleratorType",
        "labels": f"{base}labels",
        "metadata": Row(f"{base}metadata.items", key_values),
        "metadata_fingerprint": None,
        "metadata_startup_script": None,
        "min_cpu_platform": Row(f"{base}minCpuPlatform", default=ABSENT),
        "network_interface": nic,
        "network_interface.network": Row(f"{nic}.network", default=ABSENT, link="global/networks"),
        "network_interface.subnetwork": Row(f"{nic}.subnetwork", link="regions/{region}/subnetworks"),
        "network_interface.subnetwork_project": None,
        "network_interface.network_ip": f"{nic}.networkIP",
        "network_interface.access_config": Row(f"{nic}.accessConfigs", always={"type": "ONE_TO_ONE_NAT"}),
        "network_interface.access_config.nat_ip": f"{nic}.accessConfigs.natIP",
        "network_interface.access_config.network_tier": Row(f"{nic}.accessConfigs.networkTier", default="PREMIUM"),
        "network_interface.alias_ip_range": f"{nic}.aliasIpRanges",
        "network_interface.ipv6_access_config": Row(f"{nic}.ipv6AccessConfigs", always={"type": "DIRECT_IPV6"}),
        "network_interface.security_policy": None,
        "network_interface.stack_type": Row(f"{nic}.stackType", default="IPV4_ONLY"),
        "reservation_affinity": Row(f"{base}reservationAffinity", default=ABSENT),
        "reservation_affinity.type": f"{base}reservationAffinity.consumeReservationType",
        "reservation_affinity.specific_reservation": f"{base}reservationAffinity",
        "resource_manager_tags": None,
        "scheduling": Row(f"{base}scheduling", default=_SCHEDULING),
        "service_account": f"{base}serviceAccounts",
        "service_account.email": Row(f"{base}serviceAccounts.email", default="default"),
        "shielded_instance_config": f"{base}shieldedInstanceConfig",
        "shielded_instance_config.enable_integrity_monitoring": Row(
            f"{base}shieldedInstanceConfig.enableIntegrityMonitoring", default=True
        ),
        "shielded_instance_config.enable_secure_boot": Row(
            f"{base}shieldedInstanceConfig.enableSecureBoot", default=False
        ),
        "shielded_instance_config.enable_vtpm": Row(f"{base}shieldedInstanceConfig.enableVtpm", default=True),
        "tags": f"{base}tags.items",
        "tags_fingerprint": None,
    }
    if zonal:
        rows["machine_type"] = Row("machineType", link="zones/{zone}/machineTypes")
    return rows


def _disk(kind: str, always: dict[str, Any]) -> Rows:
    """A disk attached to an instance."""
    source = "disks.initializeParams"
    return {
        kind: Row("disks", always=always),
        f"{kind}.auto_delete": Row("disks.autoDelete", default=True),
        f"{kind}.disk_encryption_key_raw": Row("disks.diskEncryptionKey.sha256", lambda _: "(sensitive)"),
        f"{kind}.disk_encryption_key_rsa": Row("disks.diskEncryptionKey.sha256", lambda _: "(sensitive)"),
        f"{kind}.disk_encryption_key_sha256": None,
        f"{kind}.disk_encryption_service_account": None,
        f"{kind}.initialize_params": Row("disks.initializeParams", default=ABSENT),
        f"{kind}.initialize_params.enable_confidential_compute": None,
        f"{kind}.initialize_params.image": Row("disks.initializeParams.sourceImage", default=ABSENT),
        f"{kind}.initialize_params.size": "disks.initializeParams.diskSizeGb",
        **_encryption(f"{kind}.initialize_params.source_image_encryption_key.", f"{source}.sourceImageEncryptionKey"),
        **_encryption(
            f"{kind}.initialize_params.source_snapshot_encryption_key.", f"{source}.sourceSnapshotEncryptionKey"
        ),
        f"{kind}.initialize_params.snapshot": Row("disks.initializeParams.sourceSnapshot", default=ABSENT),
        f"{kind}.initialize_params.type": "disks.initializeParams.diskType",
        f"{kind}.kms_key_self_link": Row("disks.diskEncryptionKey.kmsKeyName", default=ABSENT),
        f"{kind}.size": "disks.diskSizeGb",
    }


def _kept(draft: Draft, planned: Planned, base: str) -> None:
    """The startup script is an item of the metadata; what is shielded by default depends on the image."""
    properties = (draft.data or {}).get(base, {}) if base else draft.data or {}
    prefix = f"{base}." if base else ""
    script = planned.known("metadata_startup_script")
    if script:
        items = properties.setdefault("metadata", {}).setdefault("items", [])
        items.append({"key": "startup-script", "value": script})
    elif planned.is_unknown("metadata_startup_script"):
        draft.note(f"{prefix}metadata.items.*", DECIDED_AT_APPLY)
    shielded = f"{prefix}shieldedInstanceConfig"
    if "shieldedInstanceConfig" not in properties and draft.unknown.get(shielded) in (None, DECIDED_AT_APPLY):
        draft.unknown.pop(shielded, None)
        properties["shieldedInstanceConfig"] = {"enableSecureBoot": False}
        draft.note(f"{shielded}.enableVtpm", _IMAGE_DECIDES)
        draft.note(f"{shielded}.enableIntegrityMonitoring", _IMAGE_DECIDES)


def _addressed(made: Made) -> None:
    """Where there is a configuration of access, there is an address, though only apply will tell which."""
    for path in list(made.draft.unknown):
        if match := _ADDRESS.fullmatch(path):
            data = as_dict(made.data.get("properties")) if match["base"] else made.data
            access = data["networkInterfaces"][int(match["interface"])][match["list"]][int(match["access"])]
            access[match["field"]] = _ASSIGNED
            made.forget(path)


def _instance(made: Made) -> None:
    stopped = made.planned.known("desired_status") == "TERMINATED"
    made.data.setdefault("status", "TERMINATED" if stopped else "RUNNING")
    _kept(made.draft, made.planned, "")
    _addressed(made)


def _template(made: Made) -> None:
    properties = made.data.setdefault("properties", {})
    for position, disk in enumerate(as_list(properties.get("disks"))):
        if isinstance(disk, dict):
            disk.setdefault("boot", position == 0)
            made.forget(f"properties.disks.{position}.boot")
    _kept(made.draft, made.planned, "properties")
    _addressed(made)


def _from_template(made: Made) -> None:
    """What the resource does not override comes from its instance template."""
    data = made.data
    _addressed(made)
    made.draft.unknown = {path: cause for path, cause in made.draft.unknown.items() if cause != DECIDED_AT_APPLY}
    data.setdefault("status", "RUNNING")
    given = {path.partition(".")[0] for path in made.draft.unknown} | set(data)
    template = _planned_template(made.planned, made.context)
    if template is None:
        for name in _INSTANCE_FIELDS:
            if name not in given:
                made.note(name, _NO_TEMPLATE)
        return
    source = MAPPINGS[template.type].draft(template, made.context)
    for name, value in as_dict((source.data or {}).get("properties")).items():
        if name not in given:
            data[name] = copy.deepcopy(value)
    for path, cause in source.unknown.items():
        base, _, below = path.partition(".")
        if base == "properties" and below.partition(".")[0] not in given:
            made.note(below, cause)


def _planned_template(planned: Planned, context: Context) -> Planned | None:
    found = follow(context.plan, planned, references_of(planned.config, "source_instance_template"))
    templates = ("google_compute_instance_template", "google_compute_region_instance_template")
    if found is not None:
        return found[0] if found[0].type in templates else None
    written = planned.text("source_instance_template").rpartition("/")[2]
    named = (p for p in context.plan.resources if p.type in templates and written and p.text("name") == written)
    return next(named, None)


def _metadata_item(made: Made) -> None:
    """One item of the project's metadata; there may be more."""
    item = {"key": made.planned.text("key"), "value": made.planned.text("value")}
    made.draft.data = {"name": made.project, "commonInstanceMetadata": {"items": [item]}}
    made.draft.unknown = {"commonInstanceMetadata.items.*": "the plan shows only the metadata items that it adds"}
    if made.planned.is_unknown("value"):
        made.note("commonInstanceMetadata.items.0.value", DECIDED_AT_APPLY)


_INSTANCE: Rows = {
    **_disk("boot_disk", {"boot": True, "type": "PERSISTENT"}),
    **_disk("attached_disk", {"type": "PERSISTENT"}),
    **_disk("scratch_disk", {"type": "SCRATCH"}),
    **_machine("", zonal=True),
    "attached_disk.auto_delete": None,
    "cpu_platform": None,
    "current_status": None,
    "deletion_protection": Row("deletionProtection", default=False),
    "desired_status": None,
    "enable_display": "displayDevice.enableDisplay",
    "instance_encryption_key.kms_key_self_link": "instanceEncryptionKey.kmsKeyName",
    "instance_id": "id",
    "label_fingerprint": None,
    "network_performance_config": Row("networkPerformanceConfig", default=ABSENT),
    "project": None,
    "resource_policies": Row("resourcePolicies", default=ABSENT),
    "source_instance_template": None,
    "partner_metadata": None,
}
_INSTANCE_LISTS = (
    "attached_disk boot_disk scratch_disk guest_accelerator network_interface network_interface.access_config "
    "network_interface.alias_ip_range network_interface.alias_ipv6_ranges network_interface.ipv6_access_config "
    "scheduling.node_affinities service_account"
)
_TEMPLATE: Rows = {
    **_machine("properties.", zonal=False),
    "creation_timestamp": "creationTimestamp",
    "description": "description",
    "disk": "properties.disks",
    "disk.auto_delete": Row("properties.disks.autoDelete", default=True),
    "disk.architecture": None,
    "disk.disk_encryption_key": "properties.disks.diskEncryptionKey",
    "disk.disk_encryption_key.kms_key_self_link": "properties.disks.diskEncryptionKey.kmsKeyName",
    "disk.disk_name": "properties.disks.initializeParams.diskName",
    "disk.disk_size_gb": "properties.disks.initializeParams.diskSizeGb",
    "disk.disk_type": "properties.disks.initializeParams.diskType",
    "disk.labels": "properties.disks.initializeParams.labels",
    "disk.provisioned_iops": "properties.disks.initializeParams.provisionedIops",
    "disk.provisioned_throughput": "properties.disks.initializeParams.provisionedThroughput",
    "disk.resource_manager_tags": None,
    "disk.resource_policies": "properties.disks.initializeParams.resourcePolicies",
    "disk.source": Row("properties.disks.source", default=ABSENT),
    "disk.source_image": Row("properties.disks.initializeParams.sourceImage", default=ABSENT),
    "disk.source_image_encryption_key": None,
    "disk.source_snapshot": Row("properties.disks.initializeParams.sourceSnapshot", default=ABSENT),
    "disk.source_snapshot_encryption_key": None,
    "enable_display": None,
    "instance_description": "properties.description",
    "key_revocation_action_type": "properties.keyRevocationActionType",
    "name": "name",
    "name_prefix": None,
    "numeric_id": None,
    "partner_metadata": None,
    "project": None,
    "region": None,
    "resource_policies": Row("properties.resourcePolicies", default=ABSENT),
    "self_link_unique": None,
}
_TEMPLATE_LISTS = (
    "disk guest_accelerator network_interface network_interface.access_config network_interface.alias_ip_range "
    "network_interface.alias_ipv6_ranges network_interface.ipv6_access_config scheduling.node_affinities "
    "service_account"
)
_MANAGER: Rows = {
    **dropped(
        "instance_group_manager_id operation project stateful_disk stateful_external_ip stateful_internal_ip "
        "wait_for_instances wait_for_instances_status"
    ),
    "all_instances_config": "allInstancesConfig.properties",
    "named_port": "namedPorts",
    "update_policy.max_surge_fixed": "updatePolicy.maxSurge.fixed",
    "update_policy.max_surge_percent": "updatePolicy.maxSurge.percent",
    "update_policy.max_unavailable_fixed": "updatePolicy.maxUnavailable.fixed",
    "update_policy.max_unavailable_percent": "updatePolicy.maxUnavailable.percent",
    "version": "versions",
}
_MANAGER_LISTS = "auto_healing_policies named_port version"
_DISK: Rows = {
    **_encryption("disk_encryption_key.", "diskEncryptionKey"),
    **_encryption("source_image_encryption_key.", "sourceImageEncryptionKey"),
    **_encryption("source_snapshot_encryption_key.", "sourceSnapshotEncryptionKey"),
    "create_snapshot_before_destroy": None,
    "create_snapshot_before_destroy_prefix": None,
    "disk_id": "id",
    "image": "sourceImage",
    "params": None,
    "project": None,
    "size": "sizeGb",
    "snapshot": "sourceSnapshot",
}

MAPPINGS: dict[str, Mapping] = {
    "google_compute_instance": Mapping(
        "compute.googleapis.com/Instance",
        _PROJECT + "/zones/{zone}/instances/{name}",
        _INSTANCE,
        _INSTANCE_LISTS,
        finish=_instance,
    ),
    "google_compute_instance_from_template": Mapping(
        "compute.googleapis.com/Instance",
        _PROJECT + "/zones/{zone}/instances/{name}",
        without_defaults(_INSTANCE),
        _INSTANCE_LISTS,
        finish=_from_template,
    ),
    "google_compute_instance_template": Mapping(
        "compute.googleapis.com/InstanceTemplate",
        _PROJECT + "/global/instanceTemplates/{name}",
        _TEMPLATE,
        _TEMPLATE_LISTS,
        base="properties",
        finish=_template,
    ),
    "google_compute_region_instance_template": Mapping(
        "compute.googleapis.com/InstanceTemplate",
        _PROJECT + "/regions/{region}/instanceTemplates/{name}",
        _TEMPLATE,
        _TEMPLATE_LISTS,
        base="properties",
        finish=_template,
    ),
    "google_compute_instance_group_manager": Mapping(
        "compute.googleapis.com/InstanceGroupManager",
        _PROJECT + "/zones/{zone}/instanceGroupManagers/{name}",
        _MANAGER,
        _MANAGER_LISTS,
    ),
    "google_compute_region_instance_group_manager": Mapping(
        "compute.googleapis.com/InstanceGroupManager",
        _PROJECT + "/regions/{region}/instanceGroupManagers/{name}",
        {**_MANAGER, "distribution_policy_target_shape": "distributionPolicy.targetShape",
         **dropped("distribution_policy_zones instance_flexibility_policy")},
        _MANAGER_LISTS,
    ),
    "google_compute_disk": Mapping(
        "compute.googleapis.com/Disk", _PROJECT + "/zones/{zone}/disks/{name}", _DISK, "guest_os_features"
    ),
    "google_compute_region_disk": Mapping(
        "compute.googleapis.com/RegionDisk", _PROJECT + "/regions/{region}/disks/{name}", _DISK, "guest_os_features"
    ),
    "google_compute_image": Mapping(
        "compute.googleapis.com/Image",
        _PROJECT + "/global/images/{name}",
        {
            **_encryption("image_encryption_key.", "imageEncryptionKey"),
            **_encryption("source_image_encryption_key.", "sourceImageEncryptionKey"),
            **_encryption("source_snapshot_encryption_key.", "sourceSnapshotEncryptionKey"),
            **_encryption("source_disk_encryption_key.", "sourceDiskEncryptionKey"),
            "raw_disk.sha1": "rawDisk.sha1Checksum",
            "project": None,
        },
        "guest_os_features shielded_instance_initial_state.dbs shielded_instance_initial_state.dbxs "
        "shielded_instance_initial_state.keks",
    ),
    "google_compute_snapshot": Mapping(
        "compute.googleapis.com/Snapshot",
        _PROJECT + "/global/snapshots/{name}",
        {
            **_encryption("snapshot_encryption_key.", "snapshotEncryptionKey"),
            **_encryption("source_disk_encryption_key.", "sourceDiskEncryptionKey"),
            "project": None,
            "snapshot_id": "id",
            "zone": None,
        },
    ),
    "google_compute_project_metadata": Mapping(
        "compute.googleapis.com/Project",
        _PROJECT,
        {"metadata": Row("commonInstanceMetadata.items", key_values), "project": Row("name")},
        shared=True,
    ),
    "google_compute_project_metadata_item": Mapping(
        "compute.googleapis.com/Project", _PROJECT, {"key": None, "value": None}, shared=True, finish=_metadata_item
    ),
}  # fmt: skip
