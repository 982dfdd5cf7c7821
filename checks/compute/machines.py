"""Who a machine acts as and who gets in, asked of instances and of the templates that make them."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.compute import AccessConfig, Instance, InstanceTemplate
from checks.compute.shared import GKE_NODE, made_by_service, managing_service, mend, metadata, template

_DEFAULT = "1001-compute@developer.gserviceaccount.com"
_OWN = "shop@p.iam.gserviceaccount.com"
_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


def _account(email: str, *scopes: str) -> dict[str, Any]:
    return {"serviceAccounts": [{"email": email, "scopes": list(scopes)}]}


@check(
    "instance-default-account-full-access",
    severity=Severity.HIGH,
    same_as=[
        "sha:FULL_API_ACCESS",
        "prowler:compute_instance_default_service_account_in_use_with_full_api_access",
        "steampipe:compute_instance_with_no_default_service_account_with_full_access",
        "scoutsuite:computeengine-instance-full-api-access",
        "checkov:CKV_GCP_31",
        "inspec:cis-gcp-4.2",
    ],
    fix=Fix(
        terraform="service_account { email = … } naming an account made for the machine",
        guardrail="iam.automaticIamGrantsForDefaultServiceAccounts",
        manual=mend("set-service-account MACHINE --service-account=ACCOUNT --scopes=cloud-platform")
        + " The machine must be stopped while its account changes; its scopes are replaced.",
        patch={"data": {**_account(_OWN, _PLATFORM), "properties": _account(_OWN, _PLATFORM)}},
    ),
    passes=lambda: [
        asset(Instance, _account(_OWN, _PLATFORM)),
        asset(Instance, _account(_DEFAULT, "https://www.googleapis.com/auth/logging.write")),
        asset(Instance, {"name": "no-account"}),
        asset(Instance, {**_account(_DEFAULT, _PLATFORM), **GKE_NODE, "name": "gke-c-pool-1"}),
    ],
    fails=lambda: [
        asset(Instance, _account(_DEFAULT, _PLATFORM)),
        asset(Instance, _account(_DEFAULT, "compute-ro", "cloud-platform")),
        asset(InstanceTemplate, template(**_account("default", _PLATFORM))),
    ],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.serviceAccounts"])],
)
def default_account_full_access(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine runs as the default service account with access to all APIs.

    Why: the default account is an Editor of the project unless someone took that away, and the cloud-platform scope
    lets it use all of it. Whoever runs code on the machine, or makes it fetch a URL, holds the project.

    What a fix may break: software on the machine that uses rights which nobody wrote down; give the machine's own
    account those roles first.

    Source: https://cloud.google.com/compute/docs/access/service-accounts#default_service_account
    """
    for account in machine.properties.service_accounts:
        if not account.is_default:
            continue
        for scope in account.scopes:
            if scope in (_PLATFORM, "cloud-platform"):
                if managing_service(machine.properties) == "GKE":
                    return not_applicable("GKE makes the machine; the node pool has a check of its own")
                return fail(f"runs as {account.email or 'the default account'} with scope cloud-platform")
    return PASS


@check(
    "instance-default-account",
    severity=Severity.MEDIUM,
    same_as=[
        "sha:DEFAULT_SERVICE_ACCOUNT_USED",
        "prowler:compute_instance_default_service_account_in_use",
        "steampipe:compute_instance_with_no_default_service_account",
        "scoutsuite:computeengine-instance-default-service-account",
        "checkov:CKV_GCP_30",
        "trivy:AVD-GCP-0044",
        "cloudsploit:compute/instanceDefaultServiceAccount",
        "inspec:cis-gcp-4.1",
    ],
    fix=Fix(
        terraform="service_account { email = … } naming an account made for the machine",
        guardrail="iam.automaticIamGrantsForDefaultServiceAccounts",
        manual=mend("set-service-account MACHINE --service-account=ACCOUNT --scopes=cloud-platform")
        + " The machine must be stopped while its account changes; its scopes are replaced.",
        patch={"data": {**_account(_OWN, _PLATFORM), "properties": _account(_OWN, _PLATFORM)}},
    ),
    passes=lambda: [
        asset(Instance, _account(_OWN, _PLATFORM)),
        asset(Instance, {"serviceAccounts": []}),
        asset(Instance, {**_account(_DEFAULT), **GKE_NODE}),
    ],
    fails=lambda: [
        asset(Instance, _account(_DEFAULT, "https://www.googleapis.com/auth/devstorage.read_only")),
        asset(InstanceTemplate, template(**_account("default", "https://www.googleapis.com/auth/logging.write"))),
    ],
    unknown=lambda: [asset(Instance, _account("x"), unknown=["resource.data.serviceAccounts.0.email"])],
)
def default_account(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine runs as the default service account.

    Why: every machine that was made without a thought shares this identity, so a role that one of them needs is given
    to all, and the audit log cannot tell them apart.

    What a fix may break: software on the machine that uses rights which nobody wrote down.

    Source: https://cloud.google.com/compute/docs/access/create-enable-service-accounts-for-instances
    """
    for account in machine.properties.service_accounts:
        if account.is_default:
            if managing_service(machine.properties) == "GKE":
                return not_applicable("GKE makes the machine; the node pool has a check of its own")
            return fail(f"runs as {account.email or 'the default account'}")
    return PASS


@check(
    "instance-public-ip",
    severity=Severity.MEDIUM,
    same_as=[
        "sha:PUBLIC_IP_ADDRESS",
        "prowler:compute_instance_public_ip",
        "steampipe:compute_instance_with_no_public_ip_addresses",
        "scoutsuite:computeengine-instance-public-ip-adresses",
        "checkov:CKV_GCP_40",
        "trivy:AVD-GCP-0031",
        "cloudsploit:compute/instancePublicAccess",
        "policy_library:gcp_compute_external_ip_address",
        "inspec:cis-gcp-4.9",
    ],
    fix=Fix(
        terraform="remove access_config and ipv6_access_config from network_interface",
        guardrail="compute.vmExternalIpAccess",
        manual=mend("delete-access-config MACHINE"),
        patch={"data": {"networkInterfaces": [], "properties": {"networkInterfaces": []}}},
    ),
    passes=lambda: [
        asset(Instance, {"networkInterfaces": [{"networkIP": "10.0.0.2"}]}),
        asset(Instance, {"networkInterfaces": [{"ipv6AccessType": "INTERNAL", "stackType": "IPV4_IPV6"}]}),
        asset(Instance, {"networkInterfaces": [{"accessConfigs": [{}]}], **GKE_NODE}),
        asset(InstanceTemplate, template(networkInterfaces=[{"network": "n"}])),
    ],
    fails=lambda: [
        asset(Instance, {"networkInterfaces": [{"accessConfigs": [{"natIP": "34.1.2.3"}]}]}),
        asset(Instance, {"status": "TERMINATED", "networkInterfaces": [{"accessConfigs": [{"name": "ephemeral"}]}]}),
        asset(
            Instance,
            {
                "networkInterfaces": [
                    {"networkIP": "10.0.0.2"},
                    {"ipv6AccessConfigs": [{"externalIpv6": "2600:1900::1"}]},
                ]
            },
        ),
        asset(InstanceTemplate, template(networkInterfaces=[{"accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}])),
    ],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.networkInterfaces"])],
)
def public_ip(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine has an address on the internet.

    Why: only the firewall stands between the internet and all that listens on the machine, and it can send data
    anywhere. Machines behind a load balancer, Cloud NAT and Identity-Aware Proxy need no address.

    What a fix may break: connections that people and systems make to the address, and downloads until Cloud NAT or
    Private Google Access is there.

    Source: https://cloud.google.com/compute/docs/ip-addresses
    """
    for interface in machine.properties.network_interfaces:
        for access in interface.access_configs:
            return made_by_service(machine.properties) or fail(f"external address {_address(access)}")
        for access in interface.ipv6_access_configs:
            return made_by_service(machine.properties) or fail(f"external address {_address(access)}")
    return PASS


def _address(access: AccessConfig) -> str:
    """The address for people; a machine that is not made yet, or does not run, may have none."""
    try:
        return access.nat_ip or access.external_ipv6 or "given at start"
    except Undetermined:
        return "given at start"


@check(
    "instance-os-login-off",
    severity=Severity.MEDIUM,
    same_as=[
        "sha:INSTANCE_OS_LOGIN_DISABLED",
        "scoutsuite:computeengine-instance-os-login-disabled",
        "checkov:CKV_GCP_34",
        "trivy:AVD-GCP-0036",
    ],
    fix=Fix(
        terraform='metadata = { enable-oslogin = "TRUE" }, or leave the key out',
        guardrail="compute.requireOsLogin",
        manual=mend("remove-metadata MACHINE --keys=enable-oslogin"),
        patch={"data": {**metadata(enable_oslogin="TRUE"), "properties": metadata(enable_oslogin="TRUE")}},
    ),
    passes=lambda: [
        asset(Instance, metadata(enable_oslogin="TRUE")),
        asset(Instance, metadata(foo="bar")),
        asset(Instance, {**metadata(enable_oslogin="false"), **GKE_NODE}),
    ],
    fails=lambda: [
        asset(Instance, metadata(enable_oslogin="FALSE")),
        asset(Instance, metadata(enable_oslogin="0"), unknown=["resource.data.labels"]),
        asset(InstanceTemplate, template(**metadata(enable_oslogin="false"))),
    ],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.metadata"])],
)
def os_login_off(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine turns OS Login off for itself.

    Why: with OS Login, IAM decides who may log in and the audit log says who did. Without it SSH keys in metadata do:
    nobody owns them, and they outlive the people who put them there.

    What a fix may break: logins with keys from metadata; people need roles/compute.osLogin instead.

    Source: https://cloud.google.com/compute/docs/oslogin/set-up-oslogin
    """
    if machine.properties.metadata.is_on("enable-oslogin") is not False:
        return PASS
    return made_by_service(machine.properties) or fail("metadata sets enable-oslogin to false")


@check(
    "instance-serial-port-on",
    severity=Severity.MEDIUM,
    same_as=[
        "sha:COMPUTE_SERIAL_PORTS_ENABLED",
        "prowler:compute_instance_serial_ports_in_use",
        "steampipe:compute_instance_serial_port_connection_disabled",
        "scoutsuite:computeengine-instance-connecting-serial-ports-enabled",
        "checkov:CKV_GCP_35",
        "trivy:AVD-GCP-0032",
        "cloudsploit:compute/connectSerialPortsDisabled",
        "inspec:cis-gcp-4.5",
    ],
    fix=Fix(
        terraform="leave serial-port-enable out of metadata",
        guardrail="compute.disableSerialPortAccess",
        manual=mend("remove-metadata MACHINE --keys=serial-port-enable"),
        patch={"data": {"metadata": {"items": []}, "properties": {"metadata": {"items": []}}}},
    ),
    passes=lambda: [
        asset(Instance, metadata(serial_port_enable="FALSE")),
        asset(Instance, metadata(serial_port_logging_enable="true")),
        asset(InstanceTemplate, template(name="t")),
    ],
    fails=lambda: [
        asset(Instance, metadata(serial_port_enable="TRUE")),
        asset(Instance, metadata(serial_port_enable="1")),
        asset(InstanceTemplate, template(**metadata(serial_port_enable="true"))),
    ],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.metadata"])],
)
def serial_port_on(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine's serial console can be reached over the network.

    Why: the console takes connections from every address, past firewall rules and Identity-Aware Proxy; an SSH key in
    the metadata is all it asks for.

    What a fix may break: rescue of a machine that does not boot; turn the console on for as long as that takes.

    Source: https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-using-serial-console
    """
    if not machine.properties.metadata.is_on("serial-port-enable"):
        return PASS
    return made_by_service(machine.properties) or fail("metadata sets serial-port-enable to true")


@check(
    "instance-ip-forwarding-on",
    severity=Severity.MEDIUM,
    same_as=[
        "sha:IP_FORWARDING_ENABLED",
        "prowler:compute_instance_ip_forwarding_is_enabled",
        "steampipe:compute_instance_ip_forwarding_disabled",
        "steampipe:compute_instance_template_ip_forwarding_disabled",
        "scoutsuite:computeengine-instance-ip-forwarding-enabled",
        "checkov:CKV_GCP_36",
        "trivy:AVD-GCP-0043",
        "cloudsploit:compute/ipForwardingDisabled",
        "policy_library:gcp_compute_ip_forward",
        "inspec:cis-gcp-4.6",
    ],
    fix=Fix(
        terraform="can_ip_forward = false on google_compute_instance",
        guardrail="compute.vmCanIpForward",
        manual="IP forwarding is chosen when a machine is made: make it anew without --can-ip-forward.",
        patch={"data": {"canIpForward": False, "properties": {"canIpForward": False}}},
    ),
    passes=lambda: [
        asset(Instance, {"canIpForward": False}),
        asset(Instance, {"canIpForward": True, **GKE_NODE, "name": "gke-c-pool-1"}),
        asset(InstanceTemplate, template(name="t")),
    ],
    fails=lambda: [
        asset(Instance, {"canIpForward": True, "name": "nat"}),
        asset(InstanceTemplate, template(canIpForward=True)),
    ],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.canIpForward"])],
)
def ip_forwarding_on(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine may send and receive packets with addresses that are not its own.

    Why: such a machine can pose as others and carry traffic between networks that were meant to be apart. Routers,
    VPN gateways and firewall appliances need it; nothing else does.

    What a fix may break: routes whose next hop is the machine.

    Source: https://cloud.google.com/vpc/docs/using-routes#canipforward
    """
    if not machine.properties.can_ip_forward:
        return PASS
    return made_by_service(machine.properties) or fail("canIpForward is on")


@check(
    "instance-project-ssh-keys-accepted",
    severity=Severity.LOW,
    same_as=[
        "sha:COMPUTE_PROJECT_WIDE_SSH_KEYS_ALLOWED",
        "prowler:compute_instance_block_project_wide_ssh_keys_disabled",
        "steampipe:compute_instance_block_project_wide_ssh_enabled",
        "scoutsuite:computeengine-instance-block-project-ssh-keys-disabled",
        "checkov:CKV_GCP_32",
        "trivy:AVD-GCP-0030",
        "cloudsploit:compute/instanceLevelSSHOnly",
        "policy_library:gcp_compute_block_ssh_keys_v1",
        "inspec:cis-gcp-4.3",
    ],
    default=False,
    fix=Fix(
        terraform='metadata = { block-project-ssh-keys = "TRUE" }',
        manual=mend("add-metadata MACHINE --metadata=block-project-ssh-keys=TRUE"),
        guardrail="compute.managed.blockProjectSshKeys",
        patch={
            "data": {
                **metadata(block_project_ssh_keys="TRUE"),
                "properties": metadata(block_project_ssh_keys="TRUE"),
            }
        },
    ),
    passes=lambda: [
        asset(Instance, metadata(block_project_ssh_keys="true")),
        asset(Instance, metadata(enable_oslogin="TRUE")),
        asset(Instance, GKE_NODE),
    ],
    fails=lambda: [
        asset(Instance, {"name": "m"}),
        asset(Instance, metadata(block_project_ssh_keys="FALSE")),
        asset(InstanceTemplate, template(**metadata(foo="bar"))),
    ],
    unknown=lambda: [asset(Instance, {}, unknown=["resource.data.metadata"])],
)
def project_ssh_keys_accepted(machine: Instance | InstanceTemplate) -> Verdict:
    """A machine accepts the SSH keys that are set for its whole project.

    Why: one key in the project's metadata opens every machine. Whether there are such keys, and whether OS Login makes
    them useless, is asked of the project itself, so this check is off unless asked for.

    What a fix may break: logins with project keys; give people OS Login or a key on the machine.

    Source: https://cloud.google.com/compute/docs/connect/restrict-ssh-keys
    """
    given = machine.properties.metadata
    if given.is_on("block-project-ssh-keys"):
        return PASS
    if given.is_on("enable-oslogin"):
        return not_applicable("OS Login is on, so keys in metadata are ignored")
    return made_by_service(machine.properties) or fail("metadata does not set block-project-ssh-keys")
