"""Guardrails about machines: how people log in to them, what they may do on the network, what they boot."""

from __future__ import annotations

from auditor import Severity
from checks.organization.constraints import (
    GUEST_ATTRIBUTES,
    NESTED_VIRTUALIZATION,
    OS_LOGIN,
    RUN_IMAGES,
    SERIAL_PORT,
    SHIELDED_VM,
    TRUSTED_IMAGES,
    VM_EXTERNAL_ADDRESS,
    VM_FORWARDING,
)
from checks.organization.guardrails import Expectation, expected

_CATALOGUE = "https://cloud.google.com/organization-policy/reference/org-policy-constraints"

METADATA_KEYS = expected(
    __name__,
    Expectation(
        id="organization-allows-ssh-keys-in-metadata",
        title="The organisation does not require OS Login for virtual machines.",
        why="Without it, SSH keys live in metadata: they belong to no account, need no second factor, and stay when "
        "their owner leaves.",
        breaks="New projects get OS Login, and tools that write SSH keys to metadata stop working there. Images "
        "without OS Login support cannot be logged in to.",
        source="https://cloud.google.com/compute/docs/oslogin/manage-oslogin-in-an-org",
        guardrail=OS_LOGIN,
        same_as=["cloudsploit:cloudresourcemanager/requireOsLogin"],
    ),
)

EXTERNAL_ADDRESSES = expected(
    __name__,
    Expectation(
        id="organization-allows-external-vm-addresses",
        title="The organisation lets every virtual machine have an external address.",
        why="A machine with an external address is scanned within minutes, and only firewall rules stand before it. "
        "Load balancers, Cloud NAT and IAP give what most of these addresses are for.",
        breaks="Creating machines with external addresses, GKE nodes of public clusters among them. Addresses in use "
        "stay. List the machines that need one.",
        source="https://cloud.google.com/compute/docs/ip-addresses/configure-static-external-ip-address#disableexternalip",
        guardrail=VM_EXTERNAL_ADDRESS,
        rule='deny_all = "TRUE"',
        same_as=["cloudsploit:cloudresourcemanager/computeAllowedExternalIPs"],
    ),
)

FORWARDING = expected(
    __name__,
    Expectation(
        id="organization-allows-ip-forwarding",
        title="The organisation lets every virtual machine forward packets of others.",
        why="A machine that forwards can join networks that were kept apart, and send under addresses that are not its "
        "own. Only appliances and some gateways need it.",
        breaks="Creating machines that forward, GKE nodes of clusters with routes among them. Machines that exist "
        "stay.",
        source="https://cloud.google.com/vpc/docs/using-routes#canipforward",
        guardrail=VM_FORWARDING,
        rule='deny_all = "TRUE"',
        severity=Severity.LOW,
        same_as=["cloudsploit:cloudresourcemanager/disableVMIPForwarding"],
    ),
)

CONSOLES = expected(
    __name__,
    Expectation(
        id="organization-allows-serial-ports",
        title="The organisation lets the serial console of machines be opened to the network.",
        why="The interactive serial port takes connections from every address of the internet, past all firewall "
        "rules.",
        breaks="Repairs over the serial console; exempt the machine by a tag for as long as they take.",
        source="https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-using-serial-console",
        guardrail=SERIAL_PORT,
        severity=Severity.LOW,
        same_as=["cloudsploit:cloudresourcemanager/disableSerialPortAccess"],
    ),
)

SHIELDED = expected(
    __name__,
    Expectation(
        id="organization-allows-unshielded-machines",
        title="The organisation lets machines be made whose boot is not verified.",
        why="Without Shielded VM, what an intruder put under the operating system survives every repair and is seen by "
        "nothing that runs above it.",
        breaks="Creating machines from images that cannot boot from UEFI. Machines that exist stay.",
        source="https://cloud.google.com/compute/shielded-vm/docs/shielded-vm",
        guardrail=SHIELDED_VM,
        severity=Severity.LOW,
    ),
)

IMAGES = expected(
    __name__,
    Expectation(
        id="organization-allows-any-image",
        title="The organisation lets machines boot from images of any project.",
        why="Anybody can publish an image. One that looks like a vendor's runs with the rights of the machine that "
        "boots it. The list has to name Google's image projects as well, so this check is not selected by default.",
        breaks="Creating machines and templates from images of projects that are not listed.",
        source="https://cloud.google.com/compute/docs/images/restricting-image-access",
        guardrail=TRUSTED_IMAGES,
        rule='values { allowed_values = ["projects/debian-cloud"] }',
        severity=Severity.LOW,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/trustedImageProjects"],
    ),
)

RUN_SIGNATURES = expected(
    __name__,
    Expectation(
        id="organization-allows-unsigned-run-images",
        title="The organisation lets Cloud Run services be deployed without Binary Authorization.",
        why="Whoever may deploy may then run any image, past every check of the build. It takes a policy and "
        "attestors to begin with, so this check is not selected by default.",
        breaks="Deploying services that do not name the policy.",
        source="https://cloud.google.com/binary-authorization/docs/run/requiring-binauthz-cloud-run",
        guardrail=RUN_IMAGES,
        rule='values { allowed_values = ["default"] }',
        severity=Severity.LOW,
        default=False,
    ),
)

GUESTS = expected(
    __name__,
    Expectation(
        id="organization-allows-guest-attributes",
        title="The organisation lets guest attributes of machines be read through the API.",
        why="Programs write host keys and states there, and everyone who may view machines reads them. What is "
        "written is rarely secret, so this check is not selected by default.",
        breaks="OS inventory and tools that read guest attributes.",
        source="https://cloud.google.com/compute/docs/metadata/manage-guest-attributes",
        guardrail=GUEST_ATTRIBUTES,
        severity=Severity.INFO,
        default=False,
        same_as=["cloudsploit:cloudresourcemanager/disableGuestAttributes"],
    ),
)

NESTED = expected(
    __name__,
    Expectation(
        id="organization-allows-nested-virtualization",
        title="The organisation lets machines run virtual machines of their own.",
        why="What runs inside is seen by no inventory and no agent. Few intruders need it, so this check is not "
        "selected by default.",
        breaks="Emulators and appliances that run on nested virtualisation.",
        source=_CATALOGUE,
        guardrail=NESTED_VIRTUALIZATION,
        severity=Severity.INFO,
        default=False,
    ),
)
