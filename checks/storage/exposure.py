"""Buckets that the internet can reach, and what keeps it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor import (
    PASS,
    Clock,
    Estate,
    Example,
    Fix,
    Policy,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.resources.orgpolicy import OrgPolicy
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Project
from auditor.resources.storage import Bucket
from auditor.resources.unknown import known_first

_PREVENTED = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
_UNIFORM = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
_PROJECT = asset(Project, {"projectId": "p"}, policy={"bindings": []})

_LISTING_ROLES = frozenset(
    {
        "roles/storage.admin",
        "roles/storage.folderAdmin",
        "roles/storage.legacyBucketOwner",
        "roles/storage.legacyBucketReader",
        "roles/storage.legacyBucketWriter",
        "roles/storage.objectAdmin",
        "roles/storage.objectUser",
        "roles/storage.objectViewer",
    }
)
"""Predefined roles that hold storage.objects.list."""


_CONSTRAINT = "storage.publicAccessPrevention"
_OPEN_BUCKET = asset(
    Bucket,
    {"name": "b", "iamConfiguration": {"publicAccessPrevention": "inherited"}},
    policy={"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]},
)
_NO_WEBSITE = not_applicable("the bucket serves no web site")


def _grants(role: str, *members: str) -> dict[str, list[dict[str, object]]]:
    return {"bindings": [{"role": role, "members": list(members)}]}


def _prevention(enforce: bool, *, on: str, **rule: Any) -> Example:
    """The organisation policy that enforces public access prevention, or lifts it."""
    name = f"{on}/policies/{_CONSTRAINT}"
    data = {"name": name, "spec": {"rules": [{"enforce": enforce, **rule}]}}
    return asset(OrgPolicy, data, name=f"//orgpolicy.googleapis.com/{name}", ancestors=[on])


def _constraint(policy: OrgPolicy) -> str:
    return policy.constraint


def _prevented_above(bucket: Bucket, estate: Estate) -> bool:
    """Whether the organisation policy in force for a bucket, which is the nearest, prevents public access.

    Raises `Undetermined` where the policies above it are not all known, or tags decide.
    """
    policies = list(estate.related(OrgPolicy, _constraint, _CONSTRAINT))
    for container in bucket.asset.ancestors:
        for policy in policies:
            kinds = {container.partition("/")[0], policy.container.partition("/")[0]}
            if len(kinds) > 1 or not estate.same_project(policy.container, container) or policy.spec is None:
                continue
            if any(rule.condition for rule in policy.spec.rules):
                raise Undetermined(_CONSTRAINT, "the organisation policy has conditions on tags")
            return policy.restricts
    if not bucket.asset.ancestors[-1].startswith("organizations/"):
        raise Undetermined(_CONSTRAINT, "the input does not say which organisation the bucket belongs to")
    return False


@check(
    "bucket-public",
    severity=Severity.CRITICAL,
    reads=[OrgPolicy],
    evidence=["iamConfiguration.publicAccessPrevention", "iamConfiguration.uniformBucketLevelAccess.enabled"],
    same_as=[
        "sha:PUBLIC_BUCKET_ACL",
        "prowler:cloudstorage_bucket_public_access",
        "steampipe:storage_bucket_not_publicly_accessible",
        "scoutsuite:cloudstorage-bucket-member",
        "checkov:CKV_GCP_28",
        "trivy:AVD-GCP-0001",
        "cloudsploit:storage/bucketAllUsersPolicy",
        "policy_library:gcp_storage_bucket_world_readable_v1",
        "forseti:buckets",
        "inspec:cis-gcp-5.1",
    ],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --public-access-prevention",
        terraform='public_access_prevention = "enforced" on google_storage_bucket; remove allUsers and '
        "allAuthenticatedUsers from google_storage_bucket_iam_* and google_storage_bucket_acl",
        guardrail="storage.publicAccessPrevention",
        patch={"data": _PREVENTED, "policy": {"bindings": []}},
    ),
    passes=lambda: [
        asset(Bucket, {"name": "b"}, policy=_grants("roles/storage.objectViewer", "user:a@example.com")),
        asset(Bucket, {"name": "b", **_PREVENTED}, policy=_grants("roles/storage.objectViewer", "allUsers")),
        asset(
            Bucket,
            {"name": "b", **_UNIFORM, "acl": [{"entity": "allUsers", "role": "READER"}]},
            policy=_grants("roles/storage.admin", "group:ops@example.com"),
        ),
        asset(
            Bucket,
            {"name": "b"},
            policy={
                "bindings": [
                    {
                        "role": "roles/storage.objectViewer",
                        "members": ["allUsers"],
                        "condition": {"expression": 'request.time < timestamp("2026-01-01T00:00:00Z")'},
                    }
                ]
            },
        ),
        asset(Bucket, {"name": "b"}, policy={"bindings": []}),
        [_OPEN_BUCKET, _prevention(True, on="organizations/3001")],
        [_OPEN_BUCKET, _prevention(True, on="projects/1001"), _prevention(False, on="organizations/3001")],
        [
            asset(Bucket, {"name": "b", "acl": [{"entity": "allUsers", "role": "READER"}]}),
            _PROJECT,
            _prevention(True, on="folders/2001"),
        ],
    ],
    fails=lambda: [
        asset(Bucket, {"name": "b"}, policy=_grants("roles/storage.objectViewer", "user:a@example.com", "allUsers")),
        [_OPEN_BUCKET, _prevention(False, on="projects/1001"), _prevention(True, on="organizations/3001")],
        [_OPEN_BUCKET, _prevention(True, on="projects/7007"), _prevention(True, on="folders/1001")],
        [
            _OPEN_BUCKET,
            _prevention(True, on="projects/1001", condition={"expression": "resource.matchTag('3001/site', 'no')"}),
        ],
        asset(Bucket, {"name": "b", **_UNIFORM}, policy=_grants("roles/storage.admin", "allAuthenticatedUsers")),
        [asset(Bucket, {"name": "b", "acl": [{"entity": "allUsers", "role": "READER"}]}), _PROJECT],
        [asset(Bucket, {"name": "b", "defaultObjectAcl": [{"entity": "allUsers", "role": "READER"}]}), _PROJECT],
        asset(
            Bucket,
            {"name": "b"},
            policy=_grants("roles/storage.legacyObjectReader", "allUsers"),
            unknown=["resource.data.iamConfiguration"],
        ),
    ],
    unknown=lambda: [
        asset(Bucket, {"name": "b"}),
        asset(Bucket, {"name": "b"}, policy={"bindings": []}, unknown=["iam_policy.bindings.*"]),
        asset(Bucket, {"name": "b"}, policy={"bindings": []}, unknown=["resource.data.acl"]),
    ],
)
def public_bucket(bucket: Bucket, policy: Policy[Bucket], clock: Clock, estate: Estate) -> Verdict:
    """Anyone on the internet can reach a bucket or its objects.

    Why: a grant to allUsers needs no account at all, and one to allAuthenticatedUsers only a free Google account.
    Scanners find such buckets within hours, by name and by certificate logs; roles that write let strangers plant or
    delete content in your name. Access control lists open a bucket as IAM does where uniform access is off. Public
    access prevention overrides both, so a bucket passes whatever older grants remain where it enforces that itself, or
    the organisation policy storage.publicAccessPrevention does for existing buckets as well as new ones.

    What a fix may break: a public web site, an image host or a download link. Serve those from a bucket that holds
    nothing else, behind Cloud CDN, and record the exception.

    Source: https://cloud.google.com/storage/docs/access-control/making-data-public,
    https://cloud.google.com/storage/docs/org-policy-constraints
    """
    found = _public_grant(bucket, policy, clock)
    if not found:
        return PASS
    found += _reservation(bucket)
    try:
        return PASS if _prevented_above(bucket, estate) else fail(found)
    except Undetermined:
        return fail(f"{found}, unless an organisation policy enforces public access prevention")


def _reservation(bucket: Bucket) -> str:
    """What a finding leaves open where the bucket's own setting is not known, as a clause."""
    try:
        _ = bucket.prevents_public_access
    except Undetermined:
        return ", unless the bucket itself enforces public access prevention"
    return ""


def _public_grant(bucket: Bucket, policy: Policy[Bucket], clock: Clock) -> str:
    """What lets the public in as far as the bucket itself is concerned, `""` where nothing does."""

    def granted() -> Iterator[str]:
        if not bucket.surely_prevents_public_access:
            for binding, member in policy.grants(clock.now, types=PUBLIC):
                if member in PUBLIC:
                    yield f"{member} holds {binding.role}{binding.limited_to}"

    def listed() -> Iterator[str]:
        entry = bucket.public_access_control
        if entry is not None:
            yield f"the access control list gives {entry.entity} the role {entry.role}"

    return next(known_first((granted, listed), lambda read: read()), "")


@check(
    "bucket-public-access-not-prevented",
    severity=Severity.MEDIUM,
    evidence=["iamConfiguration.publicAccessPrevention"],
    same_as=["scoutsuite:cloudstorage-bucket-no-public-access-prevention", "checkov:CKV_GCP_114"],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --public-access-prevention",
        terraform='public_access_prevention = "enforced" on google_storage_bucket',
        guardrail="storage.publicAccessPrevention",
        patch={"data": _PREVENTED},
    ),
    passes=lambda: [
        asset(Bucket, _PREVENTED),
        asset(Bucket, {**_PREVENTED, "website": {"mainPageSuffix": "index.html"}}),
    ],
    fails=lambda: [
        asset(Bucket, {"iamConfiguration": {"publicAccessPrevention": "inherited"}}),
        asset(Bucket, {"name": "made-before-2021", "iamConfiguration": {}}),
    ],
    unknown=lambda: [asset(Bucket, {}, unknown=["resource.data.iamConfiguration.publicAccessPrevention"])],
)
def public_access_not_prevented(bucket: Bucket) -> Verdict:
    """A bucket does not enforce public access prevention.

    Why: one mistaken grant to allUsers, in IAM or in an object's access control list, publishes data at once. With
    prevention enforced the grant is refused. The setting `inherited` leaves the decision to the organisation policy
    constraint storage.publicAccessPrevention; setting it on the bucket as well keeps it closed when a policy is
    lifted above it.

    What a fix may break: content that is meant to be public stops being served, signed URLs keep working.

    Source: https://cloud.google.com/storage/docs/public-access-prevention
    """
    if bucket.prevents_public_access:
        return PASS
    return fail(f"publicAccessPrevention is {bucket.iam_configuration.public_access_prevention}")


@check(
    "bucket-uniform-access-off",
    severity=Severity.MEDIUM,
    evidence=["iamConfiguration.uniformBucketLevelAccess.enabled"],
    same_as=[
        "sha:BUCKET_POLICY_ONLY_DISABLED",
        "prowler:cloudstorage_bucket_uniform_bucket_level_access",
        "steampipe:storage_bucket_uniform_access_enabled",
        "steampipe:require_bucket_policy_only",
        "scoutsuite:cloudstorage-uniform-bucket-level-access-disabled",
        "checkov:CKV_GCP_29",
        "trivy:AVD-GCP-0002",
        "cloudsploit:storage/bucketUniformAccess",
        "policy_library:gcp_storage_bucket_policy_only_v1",
        "inspec:cis-gcp-5.2",
    ],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --uniform-bucket-level-access",
        terraform="uniform_bucket_level_access = true on google_storage_bucket",
        guardrail="storage.uniformBucketLevelAccess",
        patch={"data": _UNIFORM},
    ),
    passes=lambda: [
        asset(Bucket, _UNIFORM),
        asset(Bucket, {"iamConfiguration": {"bucketPolicyOnly": {"enabled": True}}}),
    ],
    fails=lambda: [
        asset(Bucket, {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}}),
        asset(Bucket, {"iamConfiguration": {"bucketPolicyOnly": {}}}),
        asset(Bucket, {"name": "b"}),
    ],
    unknown=lambda: [asset(Bucket, {}, unknown=["resource.data.iamConfiguration.uniformBucketLevelAccess"])],
)
def uniform_access_off(bucket: Bucket) -> Verdict:
    """A bucket still honours access control lists beside IAM.

    Why: an object's own list can publish it although the bucket's IAM policy looks closed, it is in no policy export,
    and IAM conditions, workforce identities and domain restricted sharing do not reach it. Uniform bucket-level access
    makes IAM the only answer.

    What a fix may break: clients that rely on object lists or on predefinedAcl lose access; the change can be
    taken back for 90 days. Look first at which grants only exist in lists.

    Source: https://cloud.google.com/storage/docs/uniform-bucket-level-access
    """
    return PASS if bucket.has_uniform_access else fail("access control lists are in force")


@check(
    "bucket-website-lists-objects",
    severity=Severity.MEDIUM,
    same_as=[],
    fix=Fix(
        gcloud="gcloud storage buckets add-iam-policy-binding gs://{bucket.id} --member=allUsers "
        "--role=roles/storage.legacyObjectReader",
        terraform='role = "roles/storage.legacyObjectReader" on google_storage_bucket_iam_member',
        manual="After the narrower role is granted, remove the wider one from allUsers.",
        patch={"policy": _grants("roles/storage.legacyObjectReader", "allUsers")},
    ),
    passes=lambda: [
        asset(
            Bucket,
            {"website": {"mainPageSuffix": "index.html"}},
            policy=_grants("roles/storage.legacyObjectReader", "allUsers"),
        ),
        asset(Bucket, {"name": "no-site"}, policy=_grants("roles/storage.objectViewer", "allUsers")),
        asset(
            Bucket,
            {"website": {"mainPageSuffix": "index.html"}, **_PREVENTED},
            policy=_grants("roles/storage.objectViewer", "allUsers"),
        ),
    ],
    fails=lambda: [
        asset(
            Bucket,
            {"website": {"mainPageSuffix": "index.html"}},
            policy=_grants("roles/storage.objectViewer", "allUsers"),
        ),
        asset(
            Bucket,
            {"website": {"notFoundPage": "404.html"}},
            policy=_grants("roles/storage.objectAdmin", "allAuthenticatedUsers"),
        ),
    ],
    unknown=lambda: [
        asset(Bucket, {"website": {"mainPageSuffix": "index.html"}}),
        asset(
            Bucket,
            {"website": {"mainPageSuffix": "index.html"}},
            policy=_grants("projects/p/roles/siteReader", "allUsers"),
        ),
    ],
)
def website_lists_objects(bucket: Bucket, policy: Policy[Bucket], clock: Clock) -> Verdict:
    """A public web site's bucket also shows visitors the names of all its objects.

    Why: a site needs its pages to be readable, not to be listed. A listing gives away drafts, backups, source maps and
    uploads whose names nobody was meant to guess, and it is the first thing that crawlers ask for.

    What a fix may break: pages or scripts that list the bucket through the public API.

    Source: https://cloud.google.com/storage/docs/hosting-static-website
    """
    if bucket.surely_prevents_public_access:
        return PASS
    if bucket.website is None:
        return _NO_WEBSITE
    if bucket.prevents_public_access:
        return PASS
    custom = ""
    for binding, member in policy.grants(clock.now, types=PUBLIC):
        if member in PUBLIC and binding.role in _LISTING_ROLES:
            return fail(f"{member} holds {binding.role}, which lists objects{binding.limited_to}")
        if member in PUBLIC and not binding.role.startswith("roles/"):
            custom = binding.role
    if custom:
        raise Undetermined("permissions", f"{custom} is a custom role, whose permissions are not read here")
    return PASS
