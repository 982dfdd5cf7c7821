"""Machines and groups of them that are lost or stopped without need. Off unless asked for."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.compute import Instance, InstanceGroupManager
from auditor.resources.unknown import told
from checks.setting import Setting, asked

_DOCUMENTATION = "https://cloud.google.com/compute/docs/"
_MACHINE = {"name": "vm", "status": "RUNNING"}
_GROUP = "//compute.googleapis.com/projects/p/zones/europe-west1-b/instanceGroupManagers/web"
_UPDATE = "gcloud compute instances set-scheduling {resource.id} --zone={resource.location} "


def _made_by_others(instance: Instance) -> Verdict | None:
    """Why a machine is not asked: something makes it, and makes it again."""
    if instance.managed_by:
        return not_applicable(f"{instance.managed_by} makes the machine")
    if instance.metadata.get("created-by") is not None:
        return not_applicable("a managed instance group makes the machine, and makes it again")
    return None


def _restart(instance: Instance) -> Verdict | None:
    scheduling = told(instance.scheduling, "scheduling")
    if scheduling.may_be_reclaimed:
        return not_applicable("a Spot machine cannot be restarted by Google")
    off = scheduling.automatic_restart is False
    return fail("automaticRestart is off") if off and not _made_by_others(instance) else None


def _maintenance(instance: Instance) -> Verdict | None:
    scheduling = told(instance.scheduling, "scheduling")
    if scheduling.may_be_reclaimed:
        return not_applicable("a Spot machine cannot be moved")
    if scheduling.on_host_maintenance != "TERMINATE":
        return None
    return _made_by_others(instance) or fail("onHostMaintenance is TERMINATE")


def _spot(instance: Instance) -> Verdict | None:
    if not told(instance.scheduling, "scheduling").may_be_reclaimed:
        return None
    return _made_by_others(instance) or fail("Google may stop it at any time")


def _deletable(instance: Instance) -> Verdict | None:
    return None if instance.deletion_protection else _made_by_others(instance) or fail("deletionProtection is off")


def _data_goes_too(instance: Instance) -> Verdict | None:
    for disk in instance.disks:
        if disk.auto_delete and not disk.boot and disk.type == "PERSISTENT":
            return _made_by_others(instance) or fail(f"disk {disk.device_name or disk.source} is deleted with it")
    return None


restart_off = asked(
    __name__,
    Setting(
        id="instance-automatic-restart-off",
        view=Instance,
        severity=Severity.LOW,
        problem=_restart,
        title="A machine stays off when its host fails.",
        why="Compute Engine would start it again on another host by itself.",
        breaks="nothing.",
        source=_DOCUMENTATION + "instances/host-maintenance-overview",
        good=[
            {**_MACHINE, "scheduling": {"automaticRestart": True}},
            {**_MACHINE, "scheduling": {"automaticRestart": False, "provisioningModel": "SPOT"}},
            {**_MACHINE, "scheduling": {"automaticRestart": False}, "labels": {"goog-gke-node": ""}},
        ],
        bad=[{**_MACHINE, "scheduling": {"automaticRestart": False, "onHostMaintenance": "MIGRATE"}}],
        path="scheduling",
        same_as=["prowler:compute_instance_automatic_restart_enabled", "cloudsploit:compute/automaticRestartEnabled"],
        gcloud=_UPDATE + "--restart-on-failure",
        terraform="scheduling { automatic_restart = true }",
        default=False,
    ),
)

maintenance_stops = asked(
    __name__,
    Setting(
        id="instance-stopped-by-maintenance",
        view=Instance,
        severity=Severity.LOW,
        problem=_maintenance,
        title="Maintenance of its host stops a machine.",
        why="Compute Engine moves running machines to another host unless told to stop them. Machines with graphics "
        "cards cannot be moved.",
        breaks="nothing.",
        source=_DOCUMENTATION + "instances/host-maintenance-overview",
        good=[
            {**_MACHINE, "scheduling": {"onHostMaintenance": "MIGRATE"}},
            {**_MACHINE, "scheduling": {"onHostMaintenance": "TERMINATE", "preemptible": True}},
        ],
        bad=[{**_MACHINE, "scheduling": {"onHostMaintenance": "TERMINATE"}}],
        path="scheduling",
        same_as=[
            "prowler:compute_instance_on_host_maintenance_migrate",
            "cloudsploit:compute/instanceMaintenanceBehavior",
        ],
        gcloud=_UPDATE + "--maintenance-policy=MIGRATE",
        terraform='scheduling { on_host_maintenance = "MIGRATE" }',
        default=False,
    ),
)

spot = asked(
    __name__,
    Setting(
        id="instance-spot",
        view=Instance,
        severity=Severity.LOW,
        problem=_spot,
        title="A single machine is one that Google may stop at any time.",
        why="a Spot or preemptible machine goes with half a minute's notice, and nothing makes it again where no "
        "group does. Ask it where production runs.",
        breaks="nothing but the bill; the machine has to be made anew.",
        source=_DOCUMENTATION + "instances/spot",
        good=[
            {**_MACHINE, "scheduling": {"provisioningModel": "STANDARD"}},
            {
                **_MACHINE,
                "scheduling": {"preemptible": True},
                "metadata": {"items": [{"key": "created-by", "value": "projects/1/zones/z/instanceGroupManagers/g"}]},
            },
        ],
        bad=[
            {**_MACHINE, "scheduling": {"provisioningModel": "SPOT"}},
            {**_MACHINE, "scheduling": {"preemptible": True}},
        ],
        path="scheduling",
        same_as=[
            "prowler:compute_instance_preemptible_vm_disabled",
            "steampipe:compute_instance_preemptible_termination_disabled",
            "cloudsploit:compute/instancePreemptibility",
        ],
        terraform='scheduling { provisioning_model = "STANDARD", preemptible = false }',
        manual="Make the machine anew with --provisioning-model=STANDARD.",
        mend={"scheduling": {"provisioningModel": "STANDARD", "preemptible": False}},
        default=False,
    ),
)

deletable = asked(
    __name__,
    Setting(
        id="instance-deletion-protection-off",
        view=Instance,
        severity=Severity.LOW,
        problem=_deletable,
        title="One command deletes a machine.",
        why="deletion protection makes it two decisions. Not for machines that a group or GKE makes again.",
        breaks="scripts and Terraform that replace the machine.",
        source=_DOCUMENTATION + "instances/preventing-accidental-vm-deletion",
        good=[{**_MACHINE, "deletionProtection": True}, {**_MACHINE, "labels": {"goog-gke-node": ""}}],
        bad=[_MACHINE],
        path="deletionProtection",
        same_as=[
            "prowler:compute_instance_deletion_protection_enabled",
            "scoutsuite:computeengine-instance-with-deletion-protection-disabled",
            "cloudsploit:compute/instanceDeletionProtection",
        ],
        gcloud="gcloud compute instances update {resource.id} --zone={resource.location} --deletion-protection",
        terraform="deletion_protection = true on google_compute_instance",
        default=False,
    ),
)

data_disk_deleted = asked(
    __name__,
    Setting(
        id="instance-data-disk-auto-deleted",
        view=Instance,
        severity=Severity.LOW,
        problem=_data_goes_too,
        title="A disk with data is deleted together with its machine.",
        why="whoever deletes the machine, to make it anew for one, loses what was on the disk. Boot disks are not "
        "asked.",
        breaks="nothing; disks that are kept are paid for.",
        source=_DOCUMENTATION + "disks/modify-persistent-disk#updateautodelete",
        good=[
            {**_MACHINE, "disks": [{"boot": True, "autoDelete": True}, {"deviceName": "data", "autoDelete": False}]},
            {**_MACHINE, "disks": [{"deviceName": "local", "autoDelete": True, "type": "SCRATCH"}]},
        ],
        bad=[{**_MACHINE, "disks": [{"boot": True, "autoDelete": True}, {"deviceName": "data", "autoDelete": True}]}],
        path="disks",
        evidence=["name"],
        same_as=["prowler:compute_instance_disk_auto_delete_disabled", "cloudsploit:compute/persistentDisksAutoDelete"],
        terraform="auto_delete = false in disk { … } of the instance template; attached_disk of an instance is kept",
        gcloud="gcloud compute instances set-disk-auto-delete {resource.id} --zone={resource.location} "
        "--no-auto-delete --device-name=DEVICE",
        default=False,
    ),
)


def _unhealed(group: InstanceGroupManager) -> Verdict | None:
    if group.is_of_gke:
        return not_applicable("GKE repairs its nodes itself")
    for policy in group.auto_healing_policies:
        if policy.health_check:
            return None
    return fail("no health check decides which machines are made anew")


unhealed = asked(
    __name__,
    Setting(
        id="instance-group-without-autohealing",
        view=InstanceGroupManager,
        severity=Severity.LOW,
        problem=_unhealed,
        title="A managed instance group keeps machines whose application no longer answers.",
        why="without a health check of its own the group makes anew only machines that are gone.",
        breaks="a health check that is too strict restarts machines that were only slow.",
        source=_DOCUMENTATION + "instance-groups/autohealing-instances-in-migs",
        name=_GROUP,
        good=[
            {"name": "web", "autoHealingPolicies": [{"healthCheck": "c/healthChecks/web", "initialDelaySec": 300}]},
            {"name": "gke-c-pool-1-grp"},
        ],
        bad=[{"name": "web"}, {"name": "web", "autoHealingPolicies": [{"initialDelaySec": 300}]}],
        path="autoHealingPolicies",
        same_as=["prowler:compute_instance_group_autohealing_enabled", "cloudsploit:compute/instanceGroupAutoHealing"],
        gcloud="gcloud compute instance-groups managed update {resource.id} --zone={resource.location} "
        "--health-check=HEALTH_CHECK --initial-delay=300",
        terraform="auto_healing_policies { health_check = …, initial_delay_sec = 300 }",
        default=False,
    ),
)


@check(
    "instance-group-in-one-zone",
    severity=Severity.LOW,
    evidence=["name"],
    same_as=["prowler:compute_instance_group_multiple_zones", "cloudsploit:compute/instancesMultiAz"],
    default=False,
    fix=Fix(
        terraform="google_compute_region_instance_group_manager in the place of google_compute_instance_group_manager",
        manual="Make a regional group of the same template, and delete the old one.",
        patch=lambda: [asset(InstanceGroupManager, {"name": "gke-web"}, name=_GROUP)],
    ),
    passes=lambda: [
        asset(InstanceGroupManager, {"name": "web"}, name=_GROUP.replace("zones/europe-west1-b", "regions/eu1")),
        asset(InstanceGroupManager, {"name": "g", "instanceTemplate": "global/instanceTemplates/gke-c-p"}, name=_GROUP),
    ],
    fails=lambda: [asset(InstanceGroupManager, {"name": "web"}, name=_GROUP)],
)
def one_zone(group: InstanceGroupManager) -> Verdict:
    """A managed instance group has all its machines in one zone.

    Why: a zone fails as a whole, and with it the service. Groups that GKE made are spread by their node pool.

    What a fix may break: disks and addresses that belong to one zone.

    Source: https://cloud.google.com/compute/docs/instance-groups/regional-migs
    """
    if group.is_regional:
        return PASS
    return not_applicable("GKE made it for a node pool") if group.is_of_gke else fail("it is a group of one zone")
