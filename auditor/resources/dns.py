"""Cloud DNS: zones and server policies.

Source: cloud.google.com/dns/docs/reference/rest/v1/managedZones, …/policies
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class KeySpec(View):
    """`dnssecConfig.defaultKeySpecs[]`."""

    algorithm: str = ""
    key_type: str = ""


class Dnssec(View):
    """`dnssecConfig`. API and export spell values in lower camel case (`on`, `rsasha1`) or in upper case."""

    state: str = "off"
    default_key_specs: list[KeySpec] = []

    @property
    def is_on(self) -> bool:
        """Whether answers are signed; `transfer` keeps the signatures of a zone that moves."""
        return self.state.lower() in ("on", "transfer")


@shows("dns.googleapis.com/ManagedZone")
class ManagedZone(Resource):
    """A DNS zone."""

    name: str = ""
    dns_name: str = ""
    visibility: str = "public"
    dnssec_config: Dnssec = field(default_factory=Dnssec)

    @property
    def is_public(self) -> bool:
        """Whether the internet can ask the zone."""
        return self.visibility.lower() != "private"


class PolicyNetwork(View):
    """`networks[]` of a server policy."""

    network_url: str = ""


@shows("dns.googleapis.com/Policy")
class DnsPolicy(Resource):
    """A DNS server policy of VPC networks."""

    enable_logging: bool = False
    networks: list[PolicyNetwork] = []
