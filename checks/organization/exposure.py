"""Guardrails about exposure: public data, public addresses, logins and default networks."""

from __future__ import annotations

from auditor import Estate, Verdict
from auditor.resources.resourcemanager import Organization
from checks.organization.guardrails import (
    DEFAULT_NETWORK,
    OS_LOGIN,
    PUBLIC_ACCESS_PREVENTION,
    SQL_PUBLIC_ADDRESS,
    UNIFORM_BUCKET_ACCESS,
    VM_EXTERNAL_ADDRESS,
    guardrail_check,
    judge,
)


@guardrail_check("organization-allows-public-buckets", PUBLIC_ACCESS_PREVENTION, rule='enforce = "TRUE"')
def allows_public_buckets(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets buckets be made public.

    Why: Leaked buckets are mostly private ones that somebody opened for a moment. Enforced prevention
    takes effect on existing buckets, too, whatever their policies say.

    What a fix may break: Websites and downloads that are served from public buckets. Exempt their
    projects first; the change is immediate.

    Source: https://cloud.google.com/storage/docs/public-access-prevention
    """
    return judge(PUBLIC_ACCESS_PREVENTION, organization, estate)


@guardrail_check(
    "organization-allows-bucket-acls",
    UNIFORM_BUCKET_ACCESS,
    rule='enforce = "TRUE"',
    same_as=["cloudsploit:cloudresourcemanager/uniformBucketLevelAccess"],
)
def allows_bucket_acls(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets buckets be created whose objects have access lists of their own.

    Why: An object's access list grants access that no IAM policy shows, that no IAM condition limits and
    that nobody finds again in a review.

    What a fix may break: Tools that create buckets with object access lists. Buckets that exist stay as
    they are.

    Source: https://cloud.google.com/storage/docs/org-policy-constraints
    """
    return judge(UNIFORM_BUCKET_ACCESS, organization, estate)


@guardrail_check(
    "organization-allows-ssh-keys-in-metadata",
    OS_LOGIN,
    rule='enforce = "TRUE"',
    same_as=["cloudsploit:cloudresourcemanager/requireOsLogin"],
)
def allows_metadata_keys(organization: Organization, estate: Estate) -> Verdict:
    """The organisation does not require OS Login for virtual machines.

    Why: Without it, SSH keys live in metadata: they belong to no account, need no second factor, and
    stay when their owner leaves.

    What a fix may break: New projects get OS Login, and tools that write SSH keys to metadata stop
    working there. Images without OS Login support cannot be logged in to.

    Source: https://cloud.google.com/compute/docs/oslogin/manage-oslogin-in-an-org
    """
    return judge(OS_LOGIN, organization, estate)


@guardrail_check("organization-allows-public-sql-addresses", SQL_PUBLIC_ADDRESS, rule='enforce = "TRUE"')
def allows_public_sql(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets Cloud SQL instances have public addresses.

    Why: A database with a public address is one authorised network or one stolen password away from the
    internet. Private addresses and the connectors reach it as well.

    What a fix may break: Creating instances with a public address, and giving one to an instance that
    has none. Instances that have one keep it.

    Source: https://cloud.google.com/sql/docs/mysql/connection-org-policy
    """
    return judge(SQL_PUBLIC_ADDRESS, organization, estate)


@guardrail_check(
    "organization-allows-external-vm-addresses",
    VM_EXTERNAL_ADDRESS,
    rule='deny_all = "TRUE"',
    same_as=["cloudsploit:cloudresourcemanager/computeAllowedExternalIPs"],
)
def allows_external_addresses(organization: Organization, estate: Estate) -> Verdict:
    """The organisation lets every virtual machine have an external address.

    Why: A machine with an external address is scanned within minutes, and only firewall rules stand
    before it. Load balancers, Cloud NAT and IAP give what most of these addresses are for.

    What a fix may break: Creating machines with external addresses, GKE nodes of public clusters among
    them. Addresses in use stay. List the machines that need one.

    Source: https://cloud.google.com/compute/docs/ip-addresses/configure-static-external-ip-address#disableexternalip
    """
    return judge(VM_EXTERNAL_ADDRESS, organization, estate)


@guardrail_check(
    "organization-creates-default-networks",
    DEFAULT_NETWORK,
    rule='enforce = "TRUE"',
    same_as=["cloudsploit:cloudresourcemanager/skipDefaultNetworkCreation"],
)
def creates_default_networks(organization: Organization, estate: Estate) -> Verdict:
    """The organisation gives new projects the default network.

    Why: The default network has a subnet in every region and lets SSH and RDP in from the whole
    internet: each new project starts with open doors.

    What a fix may break: Tutorials and scripts that count on a network called default. Networks that
    exist stay.

    Source: https://cloud.google.com/vpc/docs/vpc#default-network
    """
    return judge(DEFAULT_NETWORK, organization, estate)
