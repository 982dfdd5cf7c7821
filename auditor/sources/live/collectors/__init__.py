"""One module a service: what it calls, what that needs, and the assets it makes of the answers.

A collector is a `Collector` that declares all this and one function that yields records. Modules here import no Google
client when they are imported.
"""

from __future__ import annotations

from auditor.sources.live.collectors import (
    api_key_use,
    api_keys,
    boundaries,
    budgets,
    container_policies,
    deny_policies,
    dlp,
    effective_policies,
    essential_contacts,
    groups,
    monitoring,
    org_policies,
    policy_analyzer,
    recommender,
    roles,
    secret_manager,
    security_center,
    security_center_configuration,
    security_center_services,
    service_accounts,
    service_usage,
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
    security_center_services.COLLECTOR,
    security_center_configuration.COLLECTOR,
    api_keys.COLLECTOR,
    essential_contacts.COLLECTOR,
    groups.COLLECTOR,
    dlp.COLLECTOR,
    recommender.COLLECTOR,
    policy_analyzer.COLLECTOR,
    service_usage.COLLECTOR,
    monitoring.COLLECTOR,
    api_key_use.COLLECTOR,
    budgets.COLLECTOR,
)
"""All collectors beside the bulk read."""
