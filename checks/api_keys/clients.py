"""Which clients a key's restrictions let in: helpers of the checks in this folder."""

from __future__ import annotations

import ipaddress

from auditor import Undetermined, not_applicable
from auditor.resources.api_keys import ApiKey
from auditor.resources.unknown import some

REPLACED = (
    "Each option replaces what was set: name every API, site, address or app that is to stay, and look at the key's "
    "restrictions afterwards."
)
"""For fixes with `gcloud services api-keys update`."""

DELETED = not_applicable("the key is deleted")
NO_CLIENT_RESTRICTION = not_applicable("the restriction lets everyone in, so there is none: another check tells that")

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TWO_LABEL_SUFFIXES = frozenset(
    f"{second}.{top}"
    for top, seconds in {
        "uk": "co org gov ac me ltd plc",
        "au": "com net org gov edu id",
        "nz": "co net org govt ac",
        "za": "co org gov ac",
        "jp": "co ne or go ac",
        "kr": "co or go ac",
        "in": "co net org gov ac",
        "br": "com net org gov edu",
        "ar": "com net org gob",
        "mx": "com net org gob edu",
        "tr": "com net org gov edu",
        "cn": "com net org gov edu",
        "tw": "com net org gov edu",
        "hk": "com net org gov edu",
        "sg": "com net org gov edu",
        "my": "com net org gov edu",
        "id": "co net or go ac",
        "il": "co net org gov ac",
        "pl": "com net org gov edu",
        "ua": "com net org gov edu",
        "ng": "com net org gov edu",
        "ke": "co or go ac",
    }.items()
    for second in seconds.split()
)
"""Domains under which anyone registers names, beside the top-level ones; the common part of the public suffix list."""

_SHARED_DOMAINS = frozenset(
    {
        "appspot.com",
        "azurestaticapps.net",
        "azurewebsites.net",
        "blogspot.com",
        "cloudfront.net",
        "cloudfunctions.net",
        "firebaseapp.com",
        "fly.dev",
        "github.io",
        "gitlab.io",
        "herokuapp.com",
        "netlify.app",
        "ngrok-free.app",
        "ngrok.io",
        "onrender.com",
        "pages.dev",
        "r.appspot.com",
        "run.app",
        "s3.amazonaws.com",
        "surge.sh",
        "vercel.app",
        "web.app",
        "wixsite.com",
        "workers.dev",
    }
)
"""Hosting where anyone gets a subdomain: the domain with a wildcard lets every customer in."""

_SHARED_HOSTS = frozenset(
    {
        "codepen.io",
        "jsfiddle.net",
        "s3.amazonaws.com",
        "sites.google.com",
        "storage.cloud.google.com",
        "storage.googleapis.com",
    }
)
"""Hosts where anyone publishes below a path; browsers send other sites the host only."""

_PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
)

_MACHINE_LOCAL = (".localhost", ".local", ".test", ".internal")


def lets_everyone_in(pattern: str) -> bool:
    """Whether a referrer pattern matches every website (`*`, `https://*`, `.*`)."""
    return not [label for label in _parts(pattern)[1].split(".") if label.strip("*")]


def limits_clients(key: ApiKey) -> bool:
    """Whether only some websites, addresses or apps may use the key; entries that match everything do not limit."""
    if key.referrers:
        return not any(lets_everyone_in(pattern) for pattern in key.referrers)
    if key.addresses:
        return not some(key.addresses, is_everywhere)
    return bool(key.android_apps) or bool(key.ios_apps)


def referrer_weakness(pattern: str) -> str:
    """Why a referrer pattern lets in more than its owner's sites, as a clause; `""` where it does not."""
    scheme, host = _parts(pattern)
    labels = host.split(".")
    if lets_everyone_in(pattern):
        return "matches every website"
    wild = [position for position, label in enumerate(labels) if "*" in label]
    if wild:
        owner = ".".join(labels[wild[-1] + 1 :])
        if not owner:
            return "matches the name under every top-level domain"
        if "." not in owner or owner in _TWO_LABEL_SUFFIXES:
            return f"has a wildcard that anyone's domain under .{owner} can match"
        if owner in _SHARED_DOMAINS or owner.endswith(".run.app"):
            return f"has a wildcard that any customer of {owner} can match"
    if host in _SHARED_HOSTS:
        return f"matches everything that anyone publishes on {host}"
    if local := local_weakness(host):
        return local
    if _is_address(host):
        return "names an address, which belongs to whoever gets it next"
    if scheme == "http":
        return "lets in pages that are served without TLS"
    return ""


def _is_address(host: str) -> bool:
    """Whether a host is given by its address."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def network(text: str) -> _Network:
    """The range that an entry of allowed IPs stands for (a mapped IPv4 range as IPv4). Raises `Undetermined`."""
    try:
        parsed = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise Undetermined("allowedIps", f"{text[:100]!r} is no range of addresses") from None
    if isinstance(parsed, ipaddress.IPv6Network) and parsed.prefixlen >= 96 and parsed.network_address.ipv4_mapped:
        return ipaddress.ip_network(f"{parsed.network_address.ipv4_mapped}/{parsed.prefixlen - 96}")
    return parsed


def is_everywhere(address: str) -> bool:
    """Whether an entry of allowed IPs is all of IPv4 or IPv6."""
    return network(address).prefixlen == 0


def _parts(pattern: str) -> tuple[str, str]:
    """(scheme or `""`, host without port) of a referrer pattern, which may be written as a regular expression."""
    text = pattern.strip().lower().strip("^$")
    if "\\" in text:
        text = text.replace("\\", "").replace(".*", "*")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    authority = rest.partition("/")[0]
    if authority.startswith("["):
        return scheme, authority[1:].partition("]")[0]
    return scheme, authority.partition(":")[0].rstrip(".")


def host_of(pattern: str) -> str:
    """The host of a referrer pattern, in lower case."""
    return _parts(pattern)[1]


def local_weakness(host: str) -> str:
    """Why a host is no site of the owner's but anybody's own machine or network, as a clause; `""` where it is."""
    if host == "localhost" or host.endswith(_MACHINE_LOCAL):
        return "lets in pages served on any developer's machine"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if address.is_loopback or address.is_unspecified:
        return "lets in pages served on any developer's machine"
    if any(address in private for private in _PRIVATE_NETWORKS if private.version == address.version):
        return "lets in pages of any private network"
    return ""
