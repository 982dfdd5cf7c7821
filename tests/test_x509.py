"""Certificates are read as far as checks ask, and what is none is unknown, however it is broken."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.resources.base import Undetermined
from auditor.resources.x509 import certificate, first_certificate
from checks.keys.example_certificates import P256_PEM, SHA1_PEM

RSA_1024 = """-----BEGIN CERTIFICATE-----
MIICETCCAXqgAwIBAgITdYfj5PmPm3FzTHiivDPMKQ/H1zANBgkqhkiG9w0BAQsF
ADAbMRkwFwYDVQQDDBBzaG9wLmV4YW1wbGUuY29tMB4XDTI2MTEyMjIxMjAzN1oX
DTI2MTIyMjIxMjAzN1owGzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTCBnzAN
BgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAvY3GjnzvPge8g35LLjK07wTxLgciqB+x
Me825c/o6zmxWsrpw1ikAvujlN+wvjsOMiqVhWrirE4MmenWwq6ZqNrJvcTBclRX
9r+/iOuWB9CJzjhs+eL2Hzg3veAt72f/Z3uAoIxVFWAuD7kJLoSHb3337u0iDp1P
x5b6aYkcWxkCAwEAAaNTMFEwHQYDVR0OBBYEFF58Bz2z7gu1PVjZ0pmPvzXzZnLI
MB8GA1UdIwQYMBaAFF58Bz2z7gu1PVjZ0pmPvzXzZnLIMA8GA1UdEwEB/wQFMAMB
Af8wDQYJKoZIhvcNAQELBQADgYEAN+FntWcsBp542mKZh7wYLAqs9EPdxSuWplw4
10kps8mo+QcPnFwygq7MbwejeodwMaCf8xNEHrV51vLjbFbJx6KHkY5/FemuEEuU
WPZ6cakBWblepJR3+mGUX/Kz9YQA86wmj7skPMpijsnVhP+Eq+8+xJFO+5JvLiYo
dNBwtIw=
-----END CERTIFICATE-----
"""
"""Self-signed, made by openssl for this test; its private key was thrown away."""


def der_of(pem: str) -> bytes:
    return base64.b64decode("".join(pem.split("-----")[2].split()))


def test_the_facts_of_a_certificate_are_read() -> None:
    found = first_certificate(P256_PEM)
    assert (found.curve_bits, found.rsa_bits, found.broken_hash, found.weakness) == (256, 0, "", "")
    assert found.not_after == datetime(2051, 7, 14, 21, 20, 37, tzinfo=UTC)


def test_a_short_key_and_a_broken_hash_are_told() -> None:
    assert first_certificate(RSA_1024).weakness == "its RSA key has 1024 bits"
    assert first_certificate(SHA1_PEM).weakness == "it is signed with SHA-1"


def test_of_a_chain_the_first_certificate_counts() -> None:
    assert first_certificate(P256_PEM + SHA1_PEM).weakness == ""
    assert first_certificate("subject=CN=shop\n" + SHA1_PEM + P256_PEM).weakness != ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----" * 10_000,
        "A" * 10_000_000,
    ],
)
def test_what_is_no_certificate_is_unknown(text: str) -> None:
    with pytest.raises(Undetermined):
        first_certificate(text)


def test_a_length_that_promises_gigabytes_is_refused() -> None:
    with pytest.raises(Undetermined):
        certificate(base64.b64encode(b"\x30\x84\xff\xff\xff\xff\x00").decode())


def test_an_endless_identifier_is_refused() -> None:
    identifier = b"\x06\x82\xf0\x00" + b"\xff" * 0xF000
    with pytest.raises(Undetermined):
        certificate(base64.b64encode(b"\x30\x82\xf0\x04" + identifier).decode())


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6), st.integers(1, 500))
def test_a_damaged_certificate_is_read_or_unknown(changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(der_of(P256_PEM)[:length])
    for position, value in changes:
        damaged[position % len(damaged)] = value
    with contextlib.suppress(Undetermined):
        certificate(base64.b64encode(damaged).decode())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_unknown(data: bytes) -> None:
    with pytest.raises(Undetermined):
        certificate(base64.b64encode(data).decode())
