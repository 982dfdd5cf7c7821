"""Write a deterministic synthetic Cloud Asset Inventory export.

    python -m benchmarks.generate --assets 1000000 --to bench-data/estate.ndjson

Types, proportions and line sizes (0.8 to 3 KB) follow exports of real organisations: many tables,
disks, revisions and services, fewer buckets and keys, a policy line for every eighth asset or so.
About one resource in thirty has a problem.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.resources import MIX, WORDS, Data, Project, labels

ASSETS_PER_PROJECT = 100
_ENCODE = msgspec.json.Encoder().encode


def documents(assets: int, seed: int = 1) -> Iterator[Data]:
    """The lines of an export of `assets` assets, as objects; IAM policy lines come in addition."""
    dice = random.Random(seed)
    kinds, weights = zip(*MIX, strict=True)
    project = Project(0, dice)
    for number in range(assets):
        if number % ASSETS_PER_PROJECT == 0:
            project = Project(number // ASSETS_PER_PROJECT, dice)
            yield from _project(project, dice)
            continue
        asset_type, build = dice.choices(kinds, weights)[0]
        name, data = build(project, number, dice)
        yield _line(project, asset_type, name, data)
        if asset_type in _WITH_POLICY:
            yield _policy_line(project, asset_type, name, dice)


def _line(project: Project, asset_type: str, name: str, data: Data) -> Data:
    service, _, kind = asset_type.partition("/")
    return {
        "name": f"//{service}/{name}",
        "asset_type": asset_type,
        "resource": {
            "version": "v1",
            "discovery_document_uri": f"https://{service}/$discovery/rest?version=v1",
            "discovery_name": kind,
            "parent": f"//cloudresourcemanager.googleapis.com/projects/{project.number}",
            "data": data,
            "location": data.get("location", "europe-west1"),
        },
        "ancestors": project.ancestors,
        "update_time": "2026-10-31T08:15:30.123456Z",
    }


def _policy_line(project: Project, asset_type: str, name: str, dice: random.Random) -> Data:
    service = asset_type.partition("/")[0]
    members = [f"serviceAccount:{word}@{project.id}.iam.gserviceaccount.com" for word in dice.sample(WORDS, 3)]
    public = ["allUsers"] if dice.random() < 0.01 else []
    return {
        "name": f"//{service}/{name}",
        "asset_type": asset_type,
        "iam_policy": {
            "bindings": [
                {"role": _ROLES[asset_type], "members": [*members, *public]},
                {"role": "roles/viewer", "members": [f"group:{dice.choice(WORDS)}-readers@example.com"] * 4},
            ],
            "etag": "BwXhqDVKMm8=",
            "version": 1,
        },
        "ancestors": project.ancestors,
        "update_time": "2026-10-31T08:15:30.123456Z",
    }


def _project(project: Project, dice: random.Random) -> Iterator[Data]:
    name = f"projects/{project.number}"
    data = {
        "projectNumber": str(project.number),
        "projectId": project.id,
        "lifecycleState": "ACTIVE",
        "name": project.id,
        "createTime": "2024-02-03T04:05:06.789Z",
        "labels": labels(dice),
        "parent": {"type": "folder", "id": project.ancestors[1].partition("/")[2]},
    }
    yield _line(project, "cloudresourcemanager.googleapis.com/Project", name, data)
    roles = ("roles/run.developer", "roles/logging.viewer", "roles/cloudsql.client", "roles/secretmanager.viewer")
    bindings = [
        {
            "role": role,
            "members": [
                f"serviceAccount:{word}@{project.id}.iam.gserviceaccount.com" for word in dice.sample(WORDS, 5)
            ],
        }
        for role in roles
    ]
    if dice.random() < 0.1:
        bindings.append({"role": "roles/editor", "members": [f"user:{dice.choice(WORDS)}@example.com"]})
    audit = [{"service": "allServices", "audit_log_configs": [{"log_type": 1}, {"log_type": 2}, {"log_type": 3}]}]
    yield {
        "name": f"//cloudresourcemanager.googleapis.com/{name}",
        "asset_type": "cloudresourcemanager.googleapis.com/Project",
        "iam_policy": {"bindings": bindings, "audit_configs": audit, "etag": "BwXhqDVKMm8=", "version": 1},
        "ancestors": project.ancestors,
    }


_ROLES = {
    "storage.googleapis.com/Bucket": "roles/storage.objectViewer",
    "run.googleapis.com/Service": "roles/run.invoker",
    "secretmanager.googleapis.com/Secret": "roles/secretmanager.secretAccessor",
    "cloudkms.googleapis.com/CryptoKey": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
    "pubsub.googleapis.com/Topic": "roles/pubsub.publisher",
    "iam.googleapis.com/ServiceAccount": "roles/iam.workloadIdentityUser",
}
_WITH_POLICY = frozenset(_ROLES)


def write(path: Path, assets: int, seed: int = 1) -> int:
    """Write an export of `assets` assets; the number of lines."""
    lines = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb", buffering=1 << 20) as file:
        for document in documents(assets, seed):
            file.write(_ENCODE(document) + b"\n")
            lines += 1
    return lines


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--assets", type=int, required=True)
    parser.add_argument("--to", type=Path, default=Path("bench-data/estate.ndjson"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    lines = write(given.to, given.assets, given.seed)
    size = given.to.stat().st_size
    print(f"{given.to}: {given.assets:,} assets on {lines:,} lines, {size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
