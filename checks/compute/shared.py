"""What the examples and checks of machines share."""

from __future__ import annotations

from typing import Any

from auditor import Undetermined, Verdict, not_applicable
from auditor.resources.compute import InstanceProperties

GKE_NODE = {"labels": {"goog-gke-node": ""}}
KEY = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"


def metadata(**items: str) -> dict[str, Any]:
    """Instance data with metadata; underscores in keys stand for hyphens."""
    pairs = [{"key": key.replace("_", "-"), "value": value} for key, value in items.items()]
    return {"metadata": {"items": pairs}}


def template(**properties: Any) -> dict[str, Any]:
    """Data of an instance template."""
    return {"properties": properties}


def mend(command: str) -> str:
    """The fix of a machine or of a template of machines: a command cannot be right for both."""
    return (
        f"For an instance: `gcloud compute instances {command} --zone=ZONE`. A template cannot be changed: make a new "
        "one, and let the instance group replace its machines."
    )


def managing_service(properties: InstanceProperties) -> str:
    """The Google service that makes the machine, `""` where none does.

    A machine whose labels are unknown is one that somebody declares: services make theirs with known labels.
    """
    try:
        return properties.managed_by
    except Undetermined:
        return ""


def made_by_service(properties: InstanceProperties) -> Verdict | None:
    """Where a Google service makes the machine, its owner sets the service's configuration, not the machine's."""
    service = managing_service(properties)
    return not_applicable(f"{service} makes and configures the machine") if service else None
