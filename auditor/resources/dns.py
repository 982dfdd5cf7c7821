"""Cloud DNS: zones, their records, server policies and response policies.

Source: cloud.google.com/dns/docs/reference/rest/v1/managedZones, …/resourceRecordSets, …/policies, …/responsePolicies
"""

from __future__ import annotations

from typing import ClassVar

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


class DnsNetwork(View):
    """`networks[]` of a zone, server policy or response policy: a VPC network."""

    network_url: str = ""

    @property
    def path(self) -> str:
        """The network as in its asset's name: `projects/p/global/networks/n`."""
        return "projects/" + self.network_url.partition("/projects/")[2]


class PrivateVisibility(View):
    """`privateVisibilityConfig`: who can ask a private zone."""

    networks: list[DnsNetwork] = []


@shows("dns.googleapis.com/ManagedZone")
class ManagedZone(Resource):
    """A DNS zone."""

    name: str = ""
    dns_name: str = ""
    visibility: str = "public"
    labels: dict[str, str] = {}
    dnssec_config: Dnssec = field(default_factory=Dnssec)
    number: int = field(default=0, name="id")
    private_visibility_config: PrivateVisibility = field(default_factory=PrivateVisibility)
    peering_config: dict[str, object] | None = None
    forwarding_config: dict[str, object] | None = None

    @property
    def is_public(self) -> bool:
        """Whether the internet can ask the zone."""
        return self.visibility.lower() != "private"

    @property
    def asks_elsewhere(self) -> bool:
        """Whether another network or server answers for the zone."""
        return self.peering_config is not None or self.forwarding_config is not None

    @property
    def names(self) -> tuple[str, ...]:
        """What the names of its record sets call the zone: its name or its number."""
        return tuple(dict.fromkeys((self.id, self.name, str(self.number))))


@shows("dns.googleapis.com/Policy")
class DnsPolicy(Resource):
    """A DNS server policy of VPC networks."""

    enable_logging: bool = False
    networks: list[DnsNetwork] = []


@shows("dns.googleapis.com/ResponsePolicy")
class ResponsePolicy(Resource):
    """A response policy: answers of its own for some names, given to VPC networks before any zone is asked."""

    HAS_POLICY: ClassVar[bool] = False

    networks: list[DnsNetwork] = []


@shows("dns.googleapis.com/ResourceRecordSet")
class RecordSet(Resource):
    """The records of one name and type in a zone."""

    HAS_POLICY: ClassVar[bool] = False

    name: str = ""
    type: str = ""
    rrdatas: list[str] = []

    @property
    def zone(self) -> str:
        """The name or number of the zone, as in the asset's name."""
        return self.asset.name.partition("/managedZones/")[2].partition("/")[0]
