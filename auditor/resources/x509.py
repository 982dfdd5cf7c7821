"""The few facts of an X.509 certificate that checks ask for, read from its DER or PEM form.

It follows the structure of RFC 5280 and verifies nothing: no signature, no chain. What is no certificate, or holds
something unexpected on the way to these facts, raises `Undetermined`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from auditor.resources.base import Undetermined

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----")
_LONGEST = 1 << 16
"""No certificate in use is longer, in bytes of its text."""
_LONGEST_OID = 32
_LEAST_RSA, _LEAST_CURVE = 2048, 224
"""Bits that NIST SP 800-57 asks for."""

_INTEGER, _BIT_STRING, _OID, _SEQUENCE = 0x02, 0x03, 0x06, 0x30
_UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x17, 0x18, 0xA0

_RSA = "1.2.840.113549.1.1.1"
_EC = "1.2.840.10045.2.1"
_CURVES = {
    "1.2.840.10045.3.1.1": 192,
    "1.3.132.0.33": 224,
    "1.2.840.10045.3.1.7": 256,
    "1.3.132.0.10": 256,
    "1.3.132.0.34": 384,
    "1.3.132.0.35": 521,
}
"""Bits of the named curves."""
_BROKEN_SIGNATURES = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
}
"""Signature algorithms whose hash is broken."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself."""

    not_after: datetime
    broken_hash: str
    """The hash that it is signed with where that is broken, else `""`."""
    rsa_bits: int
    """The length of its RSA key, 0 where the key is of another kind."""
    curve_bits: int
    """The size of its elliptic curve, 0 where the key is of another kind or the curve is not known."""

    @property
    def weakness(self) -> str:
        """What of it has been broken or soon will be, as a clause; `""` where nothing has."""
        if self.broken_hash:
            return f"it is signed with {self.broken_hash}"
        if 0 < self.rsa_bits < _LEAST_RSA:
            return f"its RSA key has {self.rsa_bits} bits"
        return f"its curve has {self.curve_bits} bits" if 0 < self.curve_bits < _LEAST_CURVE else ""


def first_certificate(pem: str) -> Certificate:
    """The first certificate of a PEM text: in a chain, the server's own. Raises `Undetermined` where there is none."""
    found = _PEM.search(pem[:_LONGEST])
    if found is None:
        raise Undetermined("certificate", "the text holds no PEM certificate")
    return certificate(found[1])


@lru_cache(maxsize=1 << 10)
def certificate(text: str) -> Certificate:
    """The certificate in base64. Raises `Undetermined` where it cannot be read."""
    if len(text) > _LONGEST:
        raise Undetermined("certificate", "the text is longer than any certificate")
    try:
        return _read(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError, IndexError, StopIteration, OverflowError):
        raise Undetermined("certificate", "the text is no X.509 certificate that can be read") from None


def _read(der: bytes) -> Certificate:
    fields = _elements(_within(_within(der, _SEQUENCE), _SEQUENCE))
    tag, _ = next(fields)
    if tag == _VERSION:
        next(fields)  # the serial number, which is first where no version is given
    algorithm = _oid(next(_elements(_expect(next(fields), _SEQUENCE)))[1])
    _expect(next(fields), _SEQUENCE)  # the issuer
    validity = _elements(_expect(next(fields), _SEQUENCE))
    next(validity)
    not_after = _time(*next(validity))
    _expect(next(fields), _SEQUENCE)  # the subject
    rsa_bits, curve_bits = _key_size(_expect(next(fields), _SEQUENCE))
    return Certificate(not_after, _BROKEN_SIGNATURES.get(algorithm, ""), rsa_bits, curve_bits)


def _key_size(info: bytes) -> tuple[int, int]:
    """(bits of an RSA modulus, bits of a named curve) of a SubjectPublicKeyInfo."""
    parts = _elements(info)
    identifier = list(_elements(_expect(next(parts), _SEQUENCE)))
    kind = _oid(identifier[0][1])
    key = _expect(next(parts), _BIT_STRING)[1:]
    if kind == _RSA:
        modulus = _expect(next(_elements(_within(key, _SEQUENCE))), _INTEGER)
        return int.from_bytes(modulus, "big").bit_length(), 0
    if kind == _EC and len(identifier) > 1 and identifier[1][0] == _OID:
        return 0, _CURVES.get(_oid(identifier[1][1]), 0)
    return 0, 0


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of the elements that follow one another in DER."""
    position = 0
    while position < len(data):
        tag, length, position = data[position], data[position + 1], position + 2
        if length & 0x80:
            octets = length & 0x7F
            if not 1 <= octets <= 4:
                raise ValueError("a length that DER does not have")
            length = int.from_bytes(data[position : position + octets], "big")
            position += octets
        if position + length > len(data):
            raise ValueError("an element is longer than what holds it")
        yield tag, data[position : position + length]
        position += length


def _expect(element: tuple[int, bytes], tag: int) -> bytes:
    if element[0] != tag:
        raise ValueError(f"tag {element[0]:#x} where {tag:#x} belongs")
    return element[1]


def _within(data: bytes, tag: int) -> bytes:
    """The content of the first element, which has to have a tag."""
    return _expect(next(_elements(data)), tag)


def _oid(data: bytes) -> str:
    """An object identifier in dots."""
    if len(data) > _LONGEST_OID:
        raise ValueError("no identifier in use is that long")
    arcs = [min(data[0] // 40, 2)]
    arcs.append(data[0] - 40 * arcs[0])
    value = 0
    for octet in data[1:]:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    return ".".join(map(str, arcs))


def _time(tag: int, data: bytes) -> datetime:
    """A moment in either of the two forms; two digits of a year mean 1950 to 2049."""
    text = data.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no moment")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
