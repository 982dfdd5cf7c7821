"""Guardrails about exposure: public data, public addresses, and what answers the internet."""

from __future__ import annotations

from auditor import Severity
from checks.organization.constraints import (
    DEFAULT_NETWORK,
    FUNCTION_INGRESS,
    INTERNET_ENDPOINTS,
    LOAD_BALANCER_TYPES,
    PEERING,
    PROTOCOL_FORWARDING,
    PUBLIC_ACCESS_PREVENTION,
    RUN_EGRESS,
    RUN_INGRESS,
    SHARED_SUBNETS,
    SQL_AUTHORIZED_NETWORKS,
    SQL_PUBLIC_ADDRESS,
    TLS_CIPHERS,
    TLS_VERSIONS,
    UNIFORM_BUCKET_ACCESS,
    VPN_PEERS,
)
from checks.organization.guardrails import Expectation, expected

_CATALOGUE = "https://cloud.google.com/organization-policy/reference/org-policy-constraints"

PUBLIC_BUCKETS = expected(
    __name__,
    Expectation(
        id="organization-allows-public-buckets",
        title="The organisation lets buckets be made public.",
        why="Leaked buckets are mostly private ones that somebody opened for a moment. Enforced prevention takes "
        "effect on existing buckets, too, whatever their policies say.",
        breaks="Websites and downloads that are served from public buckets. Exempt their projects first; the change is "
        "immediate.",
        source="https://cloud.google.com/storage/docs/public-access-prevention",
        guardrail=PUBLIC_ACCESS_PREVENTION,
    ),
)

BUCKET_ACLS = expected(
    __name__,
    Expectation(
        id="organization-allows-bucket-acls",
        title="The organisation lets buckets be created whose objects have access lists of their own.",
        why="An object's access list grants access that no IAM policy shows, that no IAM condition limits and that "
        "nobody finds again in a review.",
        breaks="Tools that create buckets with object access lists. Buckets that exist stay as they are.",
        source="https://cloud.google.com/storage/docs/org-policy-constraints",
        guardrail=UNIFORM_BUCKET_ACCESS,
        same_as=["cloudsploit:cloudresourcemanager/uniformBucketLevelAccess"],
    ),
)

PUBLIC_SQL = expected(
    __name__,
    Expectation(
        id="organization-allows-public-sql-addresses",
        title="The organisation lets Cloud SQL instances have public addresses.",
        why="A database with a public address is one authorised network or one stolen password away from the internet. "
        "Private addresses and the connectors reach it as well.",
        breaks="Creating instances with a public address, and giving one to an instance that has none. Instances that "
        "have one keep it.",
        source="https://cloud.google.com/sql/docs/mysql/connection-org-policy",
        guardrail=SQL_PUBLIC_ADDRESS,
    ),
)

SQL_NETWORKS = expected(
    __name__,
    Expectation(
        id="organization-allows-sql-authorized-networks",
        title="The organisation lets Cloud SQL instances admit networks of the internet.",
        why="An authorised network is how a database is opened to the world, and 0.0.0.0/0 is how it is done in a "
        "hurry. The connectors and the Auth Proxy need no such list.",
        breaks="Adding networks to an instance. Networks that an instance admits already stay.",
        source="https://cloud.google.com/sql/docs/mysql/connection-org-policy",
        guardrail=SQL_AUTHORIZED_NETWORKS,
        severity=Severity.LOW,
        same_as=["cloudsploit:cloudresourcemanager/restrictAuthorizedNetworks"],
    ),
)

DEFAULT_NETWORKS = expected(
    __name__,
    Expectation(
        id="organization-creates-default-networks",
        title="The organisation gives new projects the default network.",
        why="The default network has a subnet in every region and lets SSH and RDP in from the whole internet: each "
        "new project starts with open doors.",
        breaks="Tutorials and scripts that count on a network called default. Networks that exist stay.",
        source="https://cloud.google.com/vpc/docs/vpc#default-network",
        guardrail=DEFAULT_NETWORK,
        same_as=["cloudsploit:cloudresourcemanager/skipDefaultNetworkCreation"],
    ),
)

TLS = expected(
    __name__,
    Expectation(
        id="organization-allows-old-tls",
        title="The organisation lets Google's APIs be called with TLS 1.0 and 1.1.",
        why="Both versions are withdrawn (RFC 8996). A client that still speaks them is one that nobody has updated "
        "for years, and its tokens travel under ciphers with known weaknesses.",
        breaks="Calls of such clients are refused. A dry run shows them in the audit log first.",
        source="https://cloud.google.com/assured-workloads/docs/restrict-tls-versions",
        guardrail=TLS_VERSIONS,
        rule='values { denied_values = ["TLS_VERSION_1", "TLS_VERSION_1_1"] }',
        severity=Severity.LOW,
    ),
)

CIPHERS = expected(
    __name__,
    Expectation(
        id="organization-allows-any-tls-cipher",
        title="The organisation does not limit the TLS ciphers for Google's APIs.",
        why="Some regulations name the cipher suites that may be used. Without such a duty Google's choice is sound, "
        "so this check is not selected by default.",
        breaks="Calls of clients that speak none of the listed suites.",
        source="https://cloud.google.com/assured-workloads/docs/restrict-tls-cipher-suites",
        guardrail=TLS_CIPHERS,
        rule='values { allowed_values = ["in:NIST-800-52-recommended-ciphers"] }',
        severity=Severity.INFO,
        default=False,
    ),
)

RUN_OPEN = expected(
    __name__,
    Expectation(
        id="organization-allows-open-run-ingress",
        title="The organisation lets Cloud Run services answer the internet directly.",
        why="A service that answers on its own address is reached past the load balancer, and with it past Cloud "
        "Armor, IAP and the logs that stand there.",
        breaks="Deploying services with ingress `all`. Services that run stay as they are until they are deployed "
        "again.",
        source="https://cloud.google.com/run/docs/securing/ingress",
        guardrail=RUN_INGRESS,
        rule='values { allowed_values = ["is:internal", "is:internal-and-cloud-load-balancing"] }',
        severity=Severity.LOW,
    ),
)

FUNCTIONS_OPEN = expected(
    __name__,
    Expectation(
        id="organization-allows-open-function-ingress",
        title="The organisation lets functions answer the internet directly.",
        why="A function that answers on its own address is reached past the load balancer, and with it past Cloud "
        "Armor, IAP and the logs that stand there.",
        breaks="Deploying functions with ingress ALLOW_ALL. Functions that run stay as they are until they are "
        "deployed again.",
        source="https://cloud.google.com/functions/docs/networking/network-settings",
        guardrail=FUNCTION_INGRESS,
        rule='values { allowed_values = ["is:ALLOW_INTERNAL_ONLY", "is:ALLOW_INTERNAL_AND_GCLB"] }',
        severity=Severity.LOW,
    ),
)

RUN_WAY_OUT = expected(
    __name__,
    Expectation(
        id="organization-allows-run-egress-past-network",
        title="The organisation lets Cloud Run send traffic to the internet past its own network.",
        why="Traffic that does not pass the network passes no firewall rule, no NAT log and no perimeter. Few teams "
        "route all of it, so this check is not selected by default.",
        breaks="Deploying services that reach the internet by themselves.",
        source="https://cloud.google.com/run/docs/configuring/vpc-direct-vpc",
        guardrail=RUN_EGRESS,
        rule='values { allowed_values = ["is:all-traffic"] }',
        severity=Severity.LOW,
        default=False,
    ),
)

PEERINGS = expected(
    __name__,
    Expectation(
        id="organization-allows-any-peering",
        title="The organisation lets networks be peered with networks of anybody.",
        why="Peering joins two networks as if they were one. An intruder with network rights joins theirs, and has a "
        "way in and out that no firewall of the edge sees.",
        breaks="New peerings with networks outside the list, those of managed services among them. Peerings that "
        "exist stay.",
        source=_CATALOGUE,
        guardrail=PEERING,
        rule='values { allowed_values = ["under:organizations/ORGANIZATION_ID"] }',
        severity=Severity.LOW,
        same_as=["cloudsploit:cloudresourcemanager/restrictVPCPeering"],
    ),
)

VPN = expected(
    __name__,
    Expectation(
        id="organization-allows-any-vpn-peer",
        title="The organisation lets VPN tunnels lead to any address.",
        why="A tunnel to an address of the intruder's carries data out unseen. Where there are a few known sites, "
        "their addresses can be listed; it is no default check, since many organisations have no VPN at all.",
        breaks="New tunnels to addresses that are not listed.",
        source=_CATALOGUE,
        guardrail=VPN_PEERS,
        rule='values { allowed_values = ["ADDRESS"] }',
        severity=Severity.LOW,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/restrictVPNPeerIPs"],
    ),
)

LOAD_BALANCERS = expected(
    __name__,
    Expectation(
        id="organization-allows-any-load-balancer",
        title="The organisation lets every type of load balancer be created.",
        why="An organisation that serves the internet from one place can forbid external load balancers elsewhere. It "
        "is a matter of architecture, so this check is not selected by default.",
        breaks="Creating load balancers of other types.",
        source="https://cloud.google.com/load-balancing/docs/org-policy-constraints",
        guardrail=LOAD_BALANCER_TYPES,
        rule='values { allowed_values = ["in:INTERNAL"] }',
        severity=Severity.INFO,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/restrictLoadBalancerCreation"],
    ),
)

SUBNETS = expected(
    __name__,
    Expectation(
        id="organization-allows-any-shared-subnet",
        title="The organisation lets service projects use every shared subnet.",
        why="A workload that is put into another team's subnet inherits its firewall rules and routes. Grants on "
        "subnets say the same more finely, so this check is not selected by default.",
        breaks="New resources in subnets that are not listed.",
        source="https://cloud.google.com/vpc/docs/provisioning-shared-vpc",
        guardrail=SHARED_SUBNETS,
        rule='values { allowed_values = ["under:projects/HOST_PROJECT"] }',
        severity=Severity.INFO,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/restrictSharedVPCSubnetworks"],
    ),
)

ENDPOINT_GROUPS = expected(
    __name__,
    Expectation(
        id="organization-allows-internet-endpoint-groups",
        title="The organisation lets load balancers send requests to servers outside of Google Cloud.",
        why="An internet endpoint group makes a load balancer a way out to any server. Teams with an origin elsewhere "
        "need it, so this check is not selected by default.",
        breaks="Creating internet network endpoint groups.",
        source=_CATALOGUE,
        guardrail=INTERNET_ENDPOINTS,
        severity=Severity.INFO,
        default=False,
    ),
)

FORWARDING_RULES = expected(
    __name__,
    Expectation(
        id="organization-allows-protocol-forwarding",
        title="The organisation lets packets of the internet be forwarded to single machines.",
        why="Protocol forwarding hands all packets of an address to one machine, which then has an external address in "
        "all but name: the guardrail against external addresses does not see it.",
        breaks="Creating forwarding rules that lead to a target instance. Rules that exist stay.",
        source=_CATALOGUE,
        guardrail=PROTOCOL_FORWARDING,
        rule='values { allowed_values = ["INTERNAL"] }',
        severity=Severity.LOW,
    ),
)
