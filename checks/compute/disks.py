"""Disks, what they were made from, and the copies of them."""

from __future__ import annotations

from auditor import PASS, Clock, Estate, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.base import OpenList
from auditor.resources.data import Disk, Image, ResourcePolicy, Snapshot
from auditor.resources.unknown import some, told
from checks.setting import Setting, asked
from checks.units import Days

_DOCUMENTATION = "https://cloud.google.com/compute/docs/"
_DISK = "//compute.googleapis.com/projects/p/zones/z/disks/data"
_IMAGE = "//compute.googleapis.com/projects/p/global/images/base-1"


def _image_name(image: Image) -> str:
    return image.asset.short_name


@check(
    "disk-of-deprecated-image",
    severity=Severity.LOW,
    evidence=["sourceImage"],
    same_as=["cloudsploit:compute/deprecatedImages"],
    reads=[Image],
    fix=Fix(
        terraform="a newer image in initialize_params of boot_disk, best a family",
        manual="Make the machine anew from the image that took the place of this one.",
        patch={"data": {"sourceImage": "https://c/projects/p/global/images/base-2"}},
    ),
    passes=lambda: [
        [asset(Disk, {"sourceImage": "https://c/projects/p/global/images/base-1"}), asset(Image, {}, name=_IMAGE)],
        asset(Disk, {"sourceImage": "https://c/projects/debian-cloud/global/images/debian-12-v20260101"}),
        asset(Disk, {"name": "data"}),
    ],
    fails=lambda: [
        [
            asset(Disk, {"sourceImage": "https://c/projects/p/global/images/base-1"}),
            asset(Image, {"deprecated": {"state": state}}, name=_IMAGE),
        ]
        for state in ("DEPRECATED", "OBSOLETE", "DELETED")
    ],
    unknown=lambda: [
        [
            asset(Disk, {"sourceImage": "https://c/projects/p/global/images/base-1"}),
            asset(Image, {}, name=_IMAGE, unknown=["resource.data.deprecated"]),
        ],
    ],
)
def deprecated_image(disk: Disk, estate: Estate) -> Verdict:
    """A disk was made from an image that its makers have withdrawn.

    Why: somebody marked the image as one that should no longer be used, mostly for a fault in it, and machines still
    boot it. Only images that are in the input are asked; Google's public ones are in no export.

    What a fix may break: whatever was installed on the machine by hand.

    Source: https://cloud.google.com/compute/docs/images/deprecate-custom
    """
    if not disk.source_image:
        return not_applicable("the disk was made from no image")
    image = f"projects/{disk.source_image.partition('/projects/')[2]}"
    sources = estate.related(Image, _image_name, image, within=disk.project)
    own = disk.asset.short_name.partition("projects/")[2].partition("/")[0]
    if isinstance(sources, OpenList) and image.split("/")[1] not in (own, estate.project_id(disk.project)):
        sources = sources.known()  # images of others, Google's among them, are seldom in the input
    for source in sources:
        if source.deprecated.state not in ("", "ACTIVE"):
            return fail(f"image {image} is {source.deprecated.state}")
        return PASS
    return not_applicable("the image is not in the input")


def _copied_disk(snapshot: Snapshot) -> str:
    return f"projects/{snapshot.source_disk.partition('projects/')[2]}"


_COPY = "https://www.googleapis.com/compute/v1/projects/p/zones/z/disks/data"


@check(
    "disk-without-snapshots",
    severity=Severity.LOW,
    evidence=["name", "resourcePolicies"],
    same_as=[
        "scoutsuite:computeengine-instance-disk-with-no-snapshot",
        "cloudsploit:compute/diskAutomaticBackupEnabled",
        "policy_library:gcp_compute_disk_resource_policies_v1",
    ],
    default=False,
    reads=[Snapshot],
    fix=Fix(
        gcloud="gcloud compute disks add-resource-policies {disk.id} --zone={disk.location} "
        "--resource-policies=SCHEDULE",
        terraform="google_compute_disk_resource_policy_attachment with a google_compute_resource_policy",
        patch={"data": {"resourcePolicies": ["https://c/projects/p/regions/r/resourcePolicies/daily"]}},
    ),
    passes=lambda: [
        asset(Disk, {"name": "data", "resourcePolicies": ["c/resourcePolicies/daily"]}, name=_DISK),
        [
            asset(Disk, {"name": "data"}, name=_DISK),
            asset(Snapshot, {"sourceDisk": _COPY, "creationTimestamp": "2026-11-20T00:00:00Z"}),
        ],
        asset(Disk, {"name": "pvc", "labels": {"goog-gke-node": ""}}, name=_DISK),
    ],
    fails=lambda: [
        asset(Disk, {"name": "data"}, name=_DISK),
        [asset(Disk, {"name": "data"}, name=_DISK), asset(Snapshot, {"sourceDisk": _COPY + "-2"})],
    ],
    unknown=lambda: [asset(Disk, {"name": "data"}, name=_DISK, unknown=["resource.data.resourcePolicies"])],
)
def without_snapshots(disk: Disk, estate: Estate) -> Verdict:
    """A disk has no snapshot schedule, and nobody made a snapshot of it.

    Why: what is deleted or encrypted on it is gone. Machines that keep nothing need none, and backups of the Backup
    and DR Service are not seen here, so this is asked of those who select it.

    What a fix may break: nothing; snapshots are billed by what changed.

    Source: https://cloud.google.com/compute/docs/disks/scheduled-snapshots
    """
    if disk.is_of_gke_node:
        return not_applicable("GKE makes the disks of its nodes, and makes them again")
    if disk.resource_policies:
        return PASS
    copied = estate.related(Snapshot, _copied_disk, disk.asset.short_name, within=disk.project)
    return PASS if some(copied, lambda _copy: True) else fail("no schedule and no snapshot")


class SnapshotSettings(Settings, frozen=True):
    """How long snapshots are kept."""

    max_age_days: Days = 365


@check(
    "snapshot-old",
    severity=Severity.INFO,
    evidence=["name", "creationTimestamp"],
    same_as=[
        "prowler:compute_snapshot_not_outdated",
        "scoutsuite:computeengine-old-disk-snapshot",
        "cloudsploit:compute/diskOldSnapshots",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud compute snapshots delete {snapshot.id}",
        terraform="retention_policy { max_retention_days = … } in the schedule of google_compute_resource_policy",
        patch={"data": {"creationTimestamp": "2026-11-01T00:00:00Z"}},
    ),
    passes=lambda: [asset(Snapshot, {"creationTimestamp": "2026-01-01T00:00:00.000-08:00"})],
    fails=lambda: [asset(Snapshot, {"creationTimestamp": "2025-11-01T00:00:00.000-08:00"})],
    unknown=lambda: [asset(Snapshot, {"name": "s"}, unknown=["resource.data.creationTimestamp"])],
)
def old_snapshot(snapshot: Snapshot, settings: SnapshotSettings, clock: Clock) -> Verdict:
    """A disk snapshot is older than snapshots are kept.

    Why: it holds data that was deleted everywhere else, customers' data among it, and whoever may use snapshots can
    make a disk of it. It is paid for as well.

    What a fix may break: nothing that is newer; ask whether the law wants it kept.

    Source: https://cloud.google.com/compute/docs/disks/snapshots
    """
    age = clock.days_since(told(snapshot.creation_timestamp, "creationTimestamp"))
    limit = settings.max_age_days
    return PASS if age <= limit else fail(f"made {age} days ago, the limit is {limit}")


def _torn(policy: ResourcePolicy) -> Verdict | None:
    schedule = policy.snapshot_schedule_policy
    if schedule is None:
        return not_applicable("the policy makes no snapshots")
    return None if schedule.snapshot_properties.guest_flush else fail("guestFlush is off")


torn_snapshots = asked(
    __name__,
    Setting(
        id="snapshot-schedule-not-consistent",
        view=ResourcePolicy,
        severity=Severity.INFO,
        problem=_torn,
        title="Snapshots of a schedule are taken while applications write.",
        why="a database that is copied in the middle of a write has to be repaired after a restore, and may not be. "
        "With guest flush the machine brings its disks to rest first, if it is prepared for it.",
        breaks="machines that are not prepared for it get no snapshot.",
        source=_DOCUMENTATION + "disks/creating-linux-application-consistent-pd-snapshots",
        good=[
            {"snapshotSchedulePolicy": {"snapshotProperties": {"guestFlush": True}}},
            {"groupPlacementPolicy": {"collocation": "COLLOCATED"}},
        ],
        bad=[{"snapshotSchedulePolicy": {"schedule": {"dailySchedule": {"daysInCycle": 1}}}}],
        path="snapshotSchedulePolicy",
        evidence=["name"],
        same_as=["cloudsploit:compute/applicationConsistentSnapshots"],
        terraform="snapshot_properties { guest_flush = true } in snapshot_schedule_policy on "
        "google_compute_resource_policy",
        manual="Make a new schedule with --guest-flush, and attach it in the place of this one.",
        default=False,
    ),
)
