"""Whether what the input lacks is missing from the organisation, too."""

from __future__ import annotations

from auditor import Estate, Undetermined
from auditor.resources.base import Asset
from auditor.resources.resourcemanager import Organization


def require_whole_organization(estate: Estate, asset: Asset, what: str = "destination") -> None:
    """Raise `Undetermined` about `what` unless the input covers the whole organisation that `asset` is in."""
    top = asset.ancestors[-1] if asset.ancestors else ""
    if not any(organization.asset.key == top for organization in estate.of(Organization)):
        raise Undetermined(what, "not in the input, which does not cover the whole organisation")
