"""Functions over IP networks.

Source: developer.hashicorp.com/terraform/language/functions, section IP Network Functions
"""

from __future__ import annotations

import ipaddress

from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.values import Problem, Value, to_integer, to_string

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: Value) -> _Network:
    try:
        return ipaddress.ip_network(to_string(text), strict=False)
    except ValueError:
        raise Problem("no network in CIDR notation") from None


@function("cidrhost")
def host(prefix: Value, number: Value) -> Value:
    """The address of a host by its number; a negative one counts from the end."""
    network, position = _network(prefix), to_integer(number)
    if not -network.num_addresses <= position < network.num_addresses:
        raise Problem("the network has no such host")
    return str(network[position])


@function("cidrnetmask")
def netmask(prefix: Value) -> Value:
    """The mask of an IPv4 network."""
    network = _network(prefix)
    if network.version != 4:
        raise Problem("only IPv4 networks have a mask")
    return str(network.netmask)


@function("cidrsubnet")
def subnet(prefix: Value, bits: Value, number: Value) -> Value:
    """The subnet with a number, its prefix longer by some bits."""
    return str(_subnet(_network(prefix), to_integer(bits), to_integer(number)))


def _subnet(network: _Network, bits: int, number: int) -> _Network:
    length = network.prefixlen + bits
    if bits < 0 or length > network.max_prefixlen:
        raise Problem("the prefix cannot be longer by so many bits")
    if not 0 <= number < 1 << bits:
        raise Problem("there is no subnet of this number")
    size = 1 << (network.max_prefixlen - length)
    return type(network)((int(network.network_address) + number * size, length))


@function("cidrsubnets")
def subnets(prefix: Value, *bits: Value) -> Value:
    """Subnets one after the other, each with a prefix longer by some bits."""
    network = _network(prefix)
    start, end = int(network.network_address), int(network.broadcast_address)
    made: list[str] = []
    for more in bits:
        length = network.prefixlen + to_integer(more)
        if to_integer(more) < 1 or length > network.max_prefixlen:
            raise Problem("the prefix cannot be longer by so many bits")
        size = 1 << (network.max_prefixlen - length)
        start = -(-start // size) * size
        if start + size - 1 > end:
            raise Problem("the network has not enough addresses")
        made.append(str(type(network)((start, length))))
        start += size
    return made
