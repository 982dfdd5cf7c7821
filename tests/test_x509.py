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
SHA1 = """-----BEGIN CERTIFICATE-----
MIIDFzCCAf+gAwIBAgIUBrHcIQ1Ul/7YoKzWKgoRh59urAIwDQYJKoZIhvcNAQEF
BQAwGzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTAeFw0yNjExMjIyMTIwMzda
Fw0yNjEyMjIyMTIwMzdaMBsxGTAXBgNVBAMMEHNob3AuZXhhbXBsZS5jb20wggEi
MA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC7+x+WbFSn1h1x02wpef/+k5QJ
x05biB1yKQGvu2pEdA/aiLe9AgQAtyHoT9bG+QqD1tXUg//961wdU5+QC0iS9nO4
DDHepaXKphWUUpOLF2Euz9kFKLXUmMUIhHscciMIivlEyN7x+DF8DqaMRm7JKq7m
otKOi6SGHyzS9Zml21/zJ8RSggdFbS8DR9jiZzvGyi6vUVtQ4t3sjJZnA0jTpRYY
EqaPyXKar0PAEqhrnkWY3UC5/lqX3387DtQELf9ppwsYXsDkC2US7N8hpEcIZXLx
2QYxB/x20xKXAgP1hLPL18v4eEvL7rKMmU5O1Khl4A4YLi1p/RBPfwnX3LFFAgMB
AAGjUzBRMB0GA1UdDgQWBBSZO1kg5LHI7SYcqaIrm9Vow9AX/zAfBgNVHSMEGDAW
gBSZO1kg5LHI7SYcqaIrm9Vow9AX/zAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3
DQEBBQUAA4IBAQBVLALc2GqeJVi1xpLAEe3Vw01Np6Luj+/VA3B4IOuu9g3hJyuz
W+w1rBkSptiCaVeGir6JFqSaRF9SOgwc7KYTI1AYZPEcwoVcxPI0rOBx3Ah2e9ES
zhZUpuI35VYhlrpy1KM9+S5S3XPcohD9SNqVRDigKSe5NmeW0OLOl1qA9toIAAB+
n9ggpTloy6xGy5xojxluNpDa8r/h0VyXA42QBq47by2DaqIYbH5ZXvpb8bODrEEX
Oz9FYWEStH3x91MRwO2m8QNghwAllfI6gJKvJUgHz16dww2iWxedeiFCuxxacglM
b9wfADhw47AfMzcIx0WzfoGcU99d/dj7kn0W
-----END CERTIFICATE-----
"""
P256 = """-----BEGIN CERTIFICATE-----
MIIBjjCCATOgAwIBAgIUNDPN6JQsDC6+CDvaJnQ5AJGQKaEwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTAgFw0yNjExMjIyMTIwMzdaGA8y
MDUxMDcxNDIxMjAzN1owGzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABANUm60OaigmgWBCJMD0DSMGT7nuf7DwASEo
1WcEuIbpNQDerPJLX64ElsJl+NFq69wEitf7gcucP3ax0oAmupyjUzBRMB0GA1Ud
DgQWBBQmL8ARk2o90rqK/F0sZzn4PP8XJDAfBgNVHSMEGDAWgBQmL8ARk2o90rqK
/F0sZzn4PP8XJDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCB
LLr72a1mgVHZLDT3peW3ysK/VUwBXRmPjzRndPpMOAIhAOBIBq5/OcXjoE/KCmZG
QDiN34RfJ2MbJKr7/ejP+FHi
-----END CERTIFICATE-----
"""
"""Self-signed certificates that openssl made for this test; their private keys were thrown away."""


def der_of(pem: str) -> bytes:
    return base64.b64decode("".join(pem.split("-----")[2].split()))


def test_the_facts_of_a_certificate_are_read() -> None:
    found = first_certificate(P256)
    assert (found.curve_bits, found.rsa_bits, found.broken_hash, found.weakness) == (256, 0, "", "")
    assert found.not_after == datetime(2051, 7, 14, 21, 20, 37, tzinfo=UTC)


def test_a_short_key_and_a_broken_hash_are_told() -> None:
    assert first_certificate(RSA_1024).weakness == "its RSA key has 1024 bits"
    assert first_certificate(SHA1).weakness == "it is signed with SHA-1"


def test_of_a_chain_the_first_certificate_counts() -> None:
    assert first_certificate(P256 + SHA1).weakness == ""
    assert first_certificate("subject=CN=shop\n" + SHA1 + P256).weakness != ""


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
    damaged = bytearray(der_of(P256)[:length])
    for position, value in changes:
        damaged[position % len(damaged)] = value
    with contextlib.suppress(Undetermined):
        certificate(base64.b64encode(damaged).decode())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_unknown(data: bytes) -> None:
    with pytest.raises(Undetermined):
        certificate(base64.b64encode(data).decode())
