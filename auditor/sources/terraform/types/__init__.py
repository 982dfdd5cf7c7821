"""The tables: which asset each Terraform type of the Google provider becomes, and how. One module a service area."""

from __future__ import annotations

from auditor.sources.terraform.mapping import Mapping
from auditor.sources.terraform.types import (
    access,
    analytics,
    compute,
    container,
    databases,
    developer,
    governance,
    inventory,
    load_balancing,
    machine_learning,
    messaging,
    network,
    observability,
    organization,
    security,
    serverless,
    storage,
)

MAPPINGS: dict[str, Mapping] = {
    **access.MAPPINGS,
    **analytics.MAPPINGS,
    **compute.MAPPINGS,
    **container.MAPPINGS,
    **databases.MAPPINGS,
    **developer.MAPPINGS,
    **governance.MAPPINGS,
    **inventory.MAPPINGS,
    **load_balancing.MAPPINGS,
    **machine_learning.MAPPINGS,
    **messaging.MAPPINGS,
    **network.MAPPINGS,
    **observability.MAPPINGS,
    **organization.MAPPINGS,
    **security.MAPPINGS,
    **serverless.MAPPINGS,
    **storage.MAPPINGS,
}
"""Terraform type → mapping."""
