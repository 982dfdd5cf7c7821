"""The resources of the synthetic export, as Cloud Asset Inventory shows them; one builder a type."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
WORDS = [
    "billing",
    "orders",
    "depot",
    "driver",
    "route",
    "invoice",
    "customer",
    "ledger",
    "cylinder",
    "refill",
    "meter",
    "fleet",
    "stock",
    "pricing",
]
_VALUES = ("production", "europe-west1", "8080", "info", "true", "https://api.example.com", "30s", "blue", "5432")


def _script(number: int) -> str:
    """One of the fifty start-up scripts of the organisation: machines come from templates."""
    dice = random.Random(number % 50)
    return "#!/bin/sh\nset -eu\n" + "\n".join(f"install -m 0644 {_text(dice, 2)} /etc/" for _ in range(12))


class Project:
    """One project of the synthetic organisation."""

    def __init__(self, number: int, dice: random.Random) -> None:
        self.number = 100_000_000_000 + number
        self.id = f"{dice.choice(WORDS)}-{dice.choice(('prod', 'test', 'dev'))}-{number:05d}"
        self.ancestors = [
            f"projects/{self.number}",
            f"folders/{700_000_000_000 + number % 200}",
            "organizations/424242424242",
        ]


def labels(dice: random.Random) -> Data:
    """Labels as an owner sets them."""
    return {
        "team": dice.choice(WORDS),
        "cost-center": f"cc-{dice.randrange(1000):04d}",
        "environment": dice.choice(("prod", "test", "dev")),
        "managed-by": "terraform",
        "data-classification": dice.choice(("internal", "confidential", "public")),
    }


def _text(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words))


def _table(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    dataset, table = f"{dice.choice(WORDS)}_{number % 40}", f"events_{number}"
    fields = [
        {"name": f"{dice.choice(WORDS)}_{i}", "type": "STRING", "mode": "NULLABLE", "description": _text(dice, 4)}
        for i in range(20)
    ]
    data = {
        "kind": "bigquery#table",
        "id": f"{project.id}:{dataset}.{table}",
        "tableReference": {"projectId": project.id, "datasetId": dataset, "tableId": table},
        "schema": {"fields": fields},
        "numBytes": str(dice.randrange(10**9)),
        "creationTime": "1717401600000",
        "lastModifiedTime": "1727401600000",
        "type": "TABLE",
        "location": "EU",
        "labels": labels(dice),
        "encryptionConfiguration": {"kmsKeyName": f"projects/{project.id}/locations/eu/keyRings/r/cryptoKeys/k"},
    }
    return f"projects/{project.id}/datasets/{dataset}/tables/{table}", data


def _disk(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    zone = f"europe-west1-{dice.choice('bcd')}"
    name = f"projects/{project.id}/zones/{zone}/disks/disk-{number}"
    base = f"https://www.googleapis.com/compute/v1/projects/{project.id}"
    return name, {
        "id": str(10**18 + number),
        "name": f"disk-{number}",
        "selfLink": f"https://www.googleapis.com/compute/v1/{name}",
        "zone": f"{base}/zones/{zone}",
        "type": f"{base}/zones/{zone}/diskTypes/pd-balanced",
        "sizeGb": str(dice.randrange(10, 500)),
        "status": "READY",
        "sourceImage": "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/debian-12-bookworm-v20260101",
        "licenses": ["https://www.googleapis.com/compute/v1/projects/debian-cloud/global/licenses/debian-12-bookworm"],
        "guestOsFeatures": [
            {"type": kind} for kind in ("UEFI_COMPATIBLE", "VIRTIO_SCSI_MULTIQUEUE", "GVNIC", "SEV_CAPABLE")
        ],
        "creationTimestamp": "2025-03-04T05:06:07.008-08:00",
        "labels": labels(dice),
        "users": [f"{base}/zones/{zone}/instances/vm-{number}"],
        "physicalBlockSizeBytes": "4096",
        "diskEncryptionKey": {"kmsKeyName": f"projects/{project.id}/locations/eu/keyRings/r/cryptoKeys/k"},
    }


def _instance(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    zone = f"europe-west1-{dice.choice('bcd')}"
    base = f"https://www.googleapis.com/compute/v1/projects/{project.id}"
    interface: Data = {
        "name": "nic0",
        "network": f"{base}/global/networks/main",
        "subnetwork": f"{base}/regions/europe-west1/subnetworks/apps",
        "networkIP": f"10.{number % 250}.{number // 250 % 250}.7",
        "stackType": "IPV4_ONLY",
        "fingerprint": "p7hZq2o1L9A=",
    }
    if dice.random() < 0.03:
        interface["accessConfigs"] = [{"type": "ONE_TO_ONE_NAT", "name": "External NAT", "natIP": "203.0.113.9"}]
    metadata = [
        {"key": "enable-oslogin", "value": "TRUE"},
        {"key": "startup-script", "value": _script(number)},
    ]
    return f"projects/{project.id}/zones/{zone}/instances/vm-{number}", {
        "id": str(2 * 10**18 + number),
        "name": f"vm-{number}",
        "zone": f"{base}/zones/{zone}",
        "machineType": f"{base}/zones/{zone}/machineTypes/e2-standard-4",
        "status": "RUNNING",
        "canIpForward": False,
        "networkInterfaces": [interface],
        "disks": [
            {
                "type": "PERSISTENT",
                "mode": "READ_WRITE",
                "boot": True,
                "autoDelete": True,
                "source": f"{base}/zones/{zone}/disks/disk-{number}",
                "deviceName": "boot",
                "interface": "SCSI",
                "diskEncryptionKey": {"kmsKeyName": f"projects/{project.id}/locations/eu/keyRings/r/cryptoKeys/k"},
            }
        ],
        "serviceAccounts": [
            {
                "email": f"app@{project.id}.iam.gserviceaccount.com",
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            }
        ],
        "shieldedInstanceConfig": {"enableSecureBoot": True, "enableVtpm": True, "enableIntegrityMonitoring": True},
        "metadata": {"fingerprint": "x", "items": metadata},
        "labels": labels(dice),
        "scheduling": {"onHostMaintenance": "MIGRATE", "automaticRestart": True, "preemptible": False},
        "creationTimestamp": "2025-03-04T05:06:07.008-08:00",
        "deletionProtection": False,
        "confidentialInstanceConfig": {"enableConfidentialCompute": True},
    }


def _service(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    service = f"{dice.choice(WORDS)}{number}.googleapis.com"
    name = f"projects/{project.number}/services/{service}"
    return name, {
        "name": name,
        "config": {
            "name": service,
            "title": f"{_text(dice, 3)} API",
            "documentation": {"summary": _text(dice, 220)},
            "quota": {},
            "authentication": {},
            "usage": {"requirements": ["serviceusage.googleapis.com/tos/cloud"]},
            "monitoredResources": [
                {"type": f"{service}/Thing", "labels": [{"key": "resource_container"}, {"key": "location"}]}
            ],
        },
        "state": "ENABLED",
        "parent": f"projects/{project.number}",
    }


def _revision(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    name = f"projects/{project.id}/locations/europe-west1/services/api/revisions/api-{number:06d}"
    return name, {"apiVersion": "serving.knative.dev/v1", "kind": "Revision", **_workload(project, number, dice)}


def _run_service(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    name = f"projects/{project.id}/locations/europe-west1/services/svc-{number}"
    container = _workload(project, number, dice)["spec"]
    return name, {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": f"svc-{number}",
            "namespace": str(project.number),
            "annotations": {"run.googleapis.com/ingress": "internal-and-cloud-load-balancing"},
            "labels": labels(dice),
        },
        "spec": {
            "template": {"metadata": {"annotations": {"autoscaling.knative.dev/maxScale": "20"}}, "spec": container}
        },
    }


def _workload(project: Project, number: int, dice: random.Random) -> Data:
    env = [{"name": f"{word.upper()}_MODE", "value": dice.choice(_VALUES)} for word in dice.sample(WORDS, 8)]
    if dice.random() < 0.02:
        env.append({"name": "DB_PASSWORD", "value": f"Tr0ub4dor-{dice.randrange(10**9)}"})
    image = f"europe-docker.pkg.dev/{project.id}/apps/api@sha256:{number:064x}"
    return {
        "metadata": {"name": f"api-{number:06d}", "labels": labels(dice)},
        "spec": {
            "serviceAccountName": f"api@{project.id}.iam.gserviceaccount.com",
            "containers": [{"image": image, "env": env, "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}}}],
        },
    }


def _subnetwork(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    base = f"https://www.googleapis.com/compute/v1/projects/{project.id}"
    good = dice.random() > 0.05
    return f"projects/{project.id}/regions/europe-west1/subnetworks/net-{number}", {
        "name": f"net-{number}",
        "network": f"{base}/global/networks/main",
        "region": f"{base}/regions/europe-west1",
        "ipCidrRange": f"10.{number % 250}.0.0/20",
        "gatewayAddress": f"10.{number % 250}.0.1",
        "privateIpGoogleAccess": good,
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "logConfig": {
            "enable": good,
            "aggregationInterval": "INTERVAL_5_SEC",
            "flowSampling": 1.0,
            "metadata": "INCLUDE_ALL_METADATA",
        },
        "secondaryIpRanges": [{"rangeName": f"r{i}", "ipCidrRange": f"10.{i}.64.0/20"} for i in range(6)],
        "description": _text(dice, 20),
        "selfLink": f"{base}/regions/europe-west1/subnetworks/net-{number}",
    }


def _firewall(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    world = dice.random() < 0.03
    return f"projects/{project.id}/global/firewalls/fw-{number}", {
        "name": f"fw-{number}",
        "network": f"https://www.googleapis.com/compute/v1/projects/{project.id}/global/networks/main",
        "direction": "INGRESS",
        "priority": 1000,
        "disabled": False,
        "sourceRanges": ["0.0.0.0/0"] if world else ["10.0.0.0/8", "172.16.0.0/12"],
        "allowed": [{"IPProtocol": "tcp", "ports": ["22", "443", "8080-8090"]}],
        "targetTags": dice.sample(WORDS, 4),
        "logConfig": {"enable": True, "metadata": "INCLUDE_ALL_METADATA"},
        "description": _text(dice, 40),
        "selfLink": f"https://www.googleapis.com/compute/v1/projects/{project.id}/global/firewalls/fw-{number}",
    }


def _bucket(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    name = f"{project.id}-{number}"
    good = dice.random() > 0.03
    return name, {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "projectNumber": str(project.number),
        "location": "EU",
        "storageClass": "STANDARD",
        "iamConfiguration": {
            "publicAccessPrevention": "enforced" if good else "inherited",
            "uniformBucketLevelAccess": {"enabled": good, "lockedTime": "2027-01-01T00:00:00Z"},
        },
        "versioning": {"enabled": True},
        "retentionPolicy": {
            "retentionPeriod": "31536000",
            "isLocked": True,
            "effectiveTime": "2025-01-02T03:04:05.678Z",
        },
        "logging": {"logBucket": "logs", "logObjectPrefix": name},
        "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        "encryption": {"defaultKmsKeyName": f"projects/{project.id}/locations/eu/keyRings/r/cryptoKeys/k"},
        "lifecycle": {
            "rule": [
                {"action": {"type": "Delete"}, "condition": {"age": 365 + i, "matchesPrefix": [_text(dice, 3)]}}
                for i in range(4)
            ]
        },
        "labels": labels(dice),
        "timeCreated": "2025-01-02T03:04:05.678Z",
    }


def _account(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    email = f"app-{number}@{project.id}.iam.gserviceaccount.com"
    name = f"projects/{project.id}/serviceAccounts/{10**20 + number}"
    return name, {
        "name": f"projects/{project.id}/serviceAccounts/{email}",
        "projectId": project.id,
        "uniqueId": str(10**20 + number),
        "email": email,
        "displayName": _text(dice, 4),
        "description": _text(dice, 30),
        "oauth2ClientId": str(10**20 + number),
    }


def _account_key(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    managed = dice.random() > 0.1
    name = f"projects/{project.id}/serviceAccounts/app-{number}@{project.id}.iam.gserviceaccount.com/keys/{number:040x}"
    return name, {
        "name": name,
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": "SYSTEM_MANAGED" if managed else "USER_MANAGED",
        "validAfterTime": "2026-11-01T00:00:00Z",
        "validBeforeTime": "2026-12-15T00:00:00Z",
        "publicKeyData": "MIIC" * 200,
    }


def _crypto_key(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    name = f"projects/{project.id}/locations/europe-west1/keyRings/main/cryptoKeys/key-{number}"
    rotation = (
        {"rotationPeriod": "7776000s", "nextRotationTime": "2026-12-24T00:00:00Z"} if dice.random() > 0.03 else {}
    )
    return name, {
        "name": name,
        "purpose": "ENCRYPT_DECRYPT",
        "createTime": "2026-09-25T00:00:00Z",
        "versionTemplate": {"protectionLevel": "HSM", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"},
        "primary": {
            "name": f"{name}/cryptoKeyVersions/9",
            "state": "ENABLED",
            "createTime": "2026-09-25T00:00:00Z",
            "protectionLevel": "HSM",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        },
        "destroyScheduledDuration": "2592000s",
        "labels": labels(dice),
        **rotation,
    }


def _secret(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    name = f"projects/{project.number}/secrets/secret-{number}"
    rotation = (
        {"rotation": {"nextRotationTime": "2026-12-24T00:00:00Z", "rotationPeriod": "7776000s"}}
        if dice.random() > 0.03
        else {}
    )
    return name, {
        "name": name,
        "createTime": "2026-09-25T00:00:00Z",
        "etag": '"161d0a1b2c3d4e"',
        "labels": labels(dice),
        "annotations": {word: _text(dice, 6) for word in dice.sample(WORDS, 6)},
        "replication": {
            "userManaged": {
                "replicas": [{"location": "europe-west1", "customerManagedEncryption": {"kmsKeyName": "k"}}]
            }
        },
        "topics": [{"name": f"projects/{project.id}/topics/rotate"}],
        "versionDestroyTtl": "604800s",
        "expireTime": "2027-11-22T00:00:00Z",
        **rotation,
    }


def _topic(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    name = f"projects/{project.id}/topics/topic-{number}"
    return name, {
        "name": name,
        "labels": labels(dice),
        "messageStoragePolicy": {"allowedPersistenceRegions": ["europe-west1", "europe-west4"]},
        "kmsKeyName": f"projects/{project.id}/locations/europe-west1/keyRings/r/cryptoKeys/k",
        "messageRetentionDuration": "604800s",
        "schemaSettings": {"schema": f"projects/{project.id}/schemas/{_text(dice, 30)}", "encoding": "JSON"},
    }


def _route(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    base = f"https://www.googleapis.com/compute/v1/projects/{project.id}"
    return f"projects/{project.id}/global/routes/route-{number}", {
        "name": f"route-{number}",
        "network": f"{base}/global/networks/main",
        "destRange": f"10.{number % 250}.0.0/16",
        "priority": 1000,
        "nextHopNetwork": f"{base}/global/networks/main",
        "description": _text(dice, 50),
        "selfLink": f"{base}/global/routes/route-{number}",
        "creationTimestamp": "2025-03-04T05:06:07.008-08:00",
    }


def _record_set(project: Project, number: int, dice: random.Random) -> tuple[str, Data]:
    return f"projects/{project.id}/managedZones/zone/rrsets/{number}.example.com./A", {
        "kind": "dns#resourceRecordSet",
        "name": f"{number}.example.com.",
        "type": "TXT",
        "ttl": 300,
        "rrdatas": [_text(dice, 20) for _ in range(4)],
    }


Builder = Callable[[Project, int, random.Random], tuple[str, Data]]
MIX: tuple[tuple[tuple[str, Builder], int], ...] = (
    (("bigquery.googleapis.com/Table", _table), 18),
    (("compute.googleapis.com/Disk", _disk), 11),
    (("compute.googleapis.com/Instance", _instance), 9),
    (("serviceusage.googleapis.com/Service", _service), 12),
    (("run.googleapis.com/Revision", _revision), 10),
    (("compute.googleapis.com/Subnetwork", _subnetwork), 6),
    (("compute.googleapis.com/Route", _route), 7),
    (("compute.googleapis.com/Firewall", _firewall), 4),
    (("dns.googleapis.com/ResourceRecordSet", _record_set), 5),
    (("iam.googleapis.com/ServiceAccount", _account), 4),
    (("iam.googleapis.com/ServiceAccountKey", _account_key), 4),
    (("storage.googleapis.com/Bucket", _bucket), 4),
    (("run.googleapis.com/Service", _run_service), 2),
    (("secretmanager.googleapis.com/Secret", _secret), 2),
    (("cloudkms.googleapis.com/CryptoKey", _crypto_key), 1),
    (("pubsub.googleapis.com/Topic", _topic), 1),
)
"""What exports of real organisations hold: ((type, builder), weight)."""
