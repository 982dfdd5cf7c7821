"""Buckets whose content is as good as a credential: Terraform states, and scripts that machines run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor import (
    PASS,
    Clock,
    EffectiveAccess,
    Estate,
    Example,
    Fix,
    Policy,
    Resource,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.members import Kind, Member, parse
from auditor.access.standing_index import Power
from auditor.access.truth import both
from auditor.resources.compute import Instance, InstanceTemplate
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.storage import Bucket
from checks.iam.containers import custom_role
from checks.iam.holders import held_on
from checks.secrets.machines import with_items

_STATE = re.compile(r"tf-?state|terraform[-_.]?(state|backend)|(^|[-_.])tf[-_.](state|backend)([-_.]|$)")
_READS = frozenset({"storage.objects.get"})
_REPLACES = ("storage.objects.create", "storage.objects.delete")
"""What it takes to replace an object: the right to create one and to delete the old one."""
_CUSTOM = "projects/p/roles/ops"
_PIPELINE = "serviceAccount:terraform@p.iam.gserviceaccount.com"


def _bucket(name: str, *bindings: tuple[str, str], unknown: bool = False) -> Example:
    return asset(
        Bucket,
        {"name": name},
        policy={"bindings": [{"role": role, "members": [member]} for role, member in bindings]},
        name=f"//storage.googleapis.com/{name}",
        unknown=["iam_policy.bindings.*"] if unknown else [],
    )


_VIEWER = "roles/storage.objectViewer"


@check(
    "terraform-state-bucket-exposed",
    severity=Severity.HIGH,
    fix=Fix(
        gcloud="gcloud storage buckets remove-iam-policy-binding gs://{policy.asset.id} --member={found[member]} "
        "--role={found[role]}",
        terraform="only the pipeline's service account in google_storage_bucket_iam_*",
        guardrail="storage.publicAccessPrevention",
        manual="If the bucket was public, change every credential that the state holds.",
        patch={"policy": {"bindings": [{"role": "roles/storage.objectUser", "members": [_PIPELINE]}]}},
    ),
    passes=lambda: [
        _bucket("shop-tfstate", ("roles/storage.objectUser", _PIPELINE), (_VIEWER, "user:ana@example.com")),
        _bucket("shop-tfstate", ("roles/storage.legacyBucketReader", "projectViewer:p")),
        _bucket("shop-assets", (_VIEWER, "allUsers")),
        _bucket("real-estate-photos", (_VIEWER, "allUsers")),
        [_bucket("shop-tfstate", (_CUSTOM, "allUsers")), custom_role(_CUSTOM, "storage.buckets.get")],
    ],
    fails=lambda: [
        _bucket("shop-tfstate-prod", (_VIEWER, "allUsers")),
        _bucket("shop-terraform-state", ("roles/storage.objectAdmin", "allAuthenticatedUsers")),
        _bucket("shop-terraform-state", ("roles/storage.folderAdmin", "domain:example.com")),
        _bucket("shop-tf-state", (_VIEWER, "domain:example.com")),
        _bucket("terraform_state_shop", ("roles/storage.legacyObjectReader", "projectViewer:p")),
        [_bucket("shop-tfstate", (_CUSTOM, "allUsers")), custom_role(_CUSTOM, "storage.objects.get")],
    ],
    unknown=lambda: [
        _bucket("shop-tfstate", (_CUSTOM, "allUsers")),
        _bucket("shop-tfstate", ("roles/storage.objectUser", _PIPELINE), unknown=True),
    ],
)
def state_bucket_exposed(policy: Policy[Bucket], access: EffectiveAccess) -> Verdict:
    """A bucket of Terraform states can be read by everyone, a whole domain, or all viewers.

    Why: The bucket's name says that it keeps states. A state holds what Terraform manages in the clear: passwords of
    databases, keys of service accounts, contents of secrets. Whoever reads it needs no other way in. New buckets let
    everyone who may view the project read them.

    What a fix may break: People and pipelines that plan with their own identity need the bucket by name.

    Source: https://cloud.google.com/docs/terraform/resource-management/store-state
    """
    if not _STATE.search(policy.asset.id.lower()):
        return not_applicable("the name does not say that the bucket keeps Terraform states")
    return held_on(policy, access, _READS, members=_is_crowd, severity=_severity)


def _is_crowd(member: Member) -> bool:
    return member.is_public or member.kind is Kind.DOMAIN or member.text.startswith("projectViewer:")


def _severity(power: Power) -> Severity:
    if power.member.is_public:
        return Severity.CRITICAL
    return Severity.HIGH if power.member.kind is Kind.DOMAIN else Severity.MEDIUM


_SCRIPT_KEYS = ("startup-script-url", "shutdown-script-url", "windows-startup-script-url")
_PLACE = re.compile(r"(?:gs://|https://storage\.(?:googleapis|cloud\.google)\.com/)([^/\s]+)/.+")


def _machine(url: str, key: str = "startup-script-url") -> Example:
    return asset(Instance, {"metadata": with_items({key: url})})


def _above() -> list[Example]:
    """What lies above the bucket, without any grant."""
    names = ["projects/1001", "folders/2001", "organizations/3001"]
    views: tuple[type[Resource], ...] = (Project, Folder, Organization)
    return [asset(view, policy={"bindings": []}, ancestors=names[number:]) for number, view in enumerate(views)]


@check(
    "startup-script-writable",
    severity=Severity.CRITICAL,
    reads=[Bucket],
    reads_policies=[Bucket],
    fix=Fix(
        gcloud="gcloud storage buckets remove-iam-policy-binding gs://{found[bucket]} --member={found[member]} "
        "--role={found[role]}",
        terraform="no allUsers or allAuthenticatedUsers in google_storage_bucket_iam_* of the bucket",
        guardrail="storage.publicAccessPrevention",
        manual="See whether the script was changed, and what machines have run since; rebuild them if in doubt.",
        patch=lambda: [_bucket("boot", (_VIEWER, "allUsers"))],
    ),
    passes=lambda: [
        [_machine("gs://boot/start.sh"), _bucket("boot", (_VIEWER, "allUsers")), *_above()],
        [_machine("gs://boot/start.sh"), _bucket("boot", ("roles/storage.objectAdmin", _PIPELINE)), *_above()],
        _machine("#!/bin/sh\n", "startup-script"),
        _machine("https://example.com/start.sh"),
    ],
    fails=lambda: [
        [_machine("gs://boot/start.sh"), _bucket("boot", ("roles/storage.objectAdmin", "allUsers")), *_above()],
        [
            _machine("https://storage.googleapis.com/boot/win/start.ps1", "windows-startup-script-url"),
            _bucket("boot", ("roles/storage.legacyBucketWriter", "allAuthenticatedUsers")),
            *_above(),
        ],
        [
            _machine("gs://boot/start.sh"),
            _bucket("boot", (_CUSTOM, "allUsers")),
            custom_role(_CUSTOM, "storage.objects.create", "storage.objects.delete"),
            *_above(),
        ],
        [
            asset(
                InstanceTemplate,
                {"properties": {"metadata": with_items({"startup-script-url": "gs://boot/start.sh"})}},
            ),
            _bucket("boot", ("roles/storage.admin", "user:someone@gmail.com")),
            *_above(),
        ],
    ],
    unknown=lambda: [
        [_machine("gs://elsewhere/start.sh"), _bucket("boot"), *_above()],
        [_machine("gs://boot/start.sh"), _bucket("boot", unknown=True), *_above()],
        [_machine("gs://boot/start.sh"), _bucket("boot", (_CUSTOM, "allUsers")), *_above()],
        asset(Instance, {}, unknown=["resource.data.metadata.items.*"]),
    ],
)
def script_writable(
    machine: Instance | InstanceTemplate, estate: Estate, clock: Clock, access: EffectiveAccess
) -> Verdict:
    """A machine runs a script from a bucket that anyone on the internet can write.

    Why: Whoever replaces the script runs what they like as root at the machine's next start, and as the machine's
    service account from there.

    What a fix may break: Whoever wrote the script without an account of the organisation.

    Source: https://cloud.google.com/compute/docs/instances/startup-scripts/linux
    """
    missing = doubt = ""
    for url in _script_urls(machine):
        place = _PLACE.fullmatch(url)
        if place is None:
            continue
        found = False
        for bucket in estate.related(Bucket, _name, place[1]):
            found = True
            for level, binding in estate.chain_of(bucket).bindings():
                stranger = next((text for text in binding.members if _is_stranger(text)), "")
                if not stranger or not binding.in_force(clock.now):
                    continue
                replaces = both(access.world.roles.grants(binding.role, permission) for permission in _REPLACES)
                if replaces.holds:
                    return fail(
                        f"{stranger} holds {binding.role} on {level or bucket.id}, from where it runs {url}",
                        evidence={"bucket": bucket.id, "member": stranger, "role": binding.role},
                    )
                if replaces.is_unknown:
                    doubt = doubt or replaces.because[0]
        missing = missing or ("" if found else place[1])
    if missing:
        raise Undetermined("bucket", f"the bucket {missing} is not in the input")
    if doubt:
        raise Undetermined("who can write the script", doubt)
    return PASS


def _is_stranger(text: str) -> bool:
    return text in PUBLIC or parse(text).is_consumer


def _script_urls(machine: Instance | InstanceTemplate) -> Iterator[str]:
    """Where the machine fetches scripts from."""
    for item in machine.properties.metadata.items:
        if item.key in _SCRIPT_KEYS:
            yield item.value.strip()


def _name(bucket: Bucket) -> str:
    return bucket.asset.id
