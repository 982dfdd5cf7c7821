"""One module a service: what it calls, what that needs, and the assets it makes of the answers.

A collector is a `Collector` that declares all this and one function that yields records. Modules here import no Google
client when they are imported.
"""

from __future__ import annotations

from auditor.sources.live.collectors import (
    api_keys,
    boundaries,
    container_policies,
    deny_policies,
    dlp,
    effective_policies,
    essential_contacts,
    groups,
    org_policies,
    recommender,
    roles,
    secret_manager,
    security_center,
    service_accounts,
)
from auditor.sources.live.declaration import Collector

COLLECTORS: tuple[Collector, ...] = (
    container_policies.COLLECTOR,
    roles.COLLECTOR,
    service_accounts.COLLECTOR,
    deny_policies.COLLECTOR,
    boundaries.COLLECTOR,
    secret_manager.COLLECTOR,
    org_policies.COLLECTOR,
    effective_policies.COLLECTOR,
    security_center.COLLECTOR,
    api_keys.COLLECTOR,
    essential_contacts.COLLECTOR,
    groups.COLLECTOR,
    dlp.COLLECTOR,
    recommender.COLLECTOR,
)
"""All collectors beside the bulk read."""
