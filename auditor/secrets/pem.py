"""Private keys in PEM form, in whatever dress: raw, with escaped line ends, in quotes, line by line in source code."""

from __future__ import annotations

import re

from auditor.secrets.detector import Detector, shape

PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\\nr\"'+,]{0,32}(?:Proc-Type|DEK-Info|Version|Comment): [^\n\\]{0,200}){0,4}"
    r"(?P<secret>[A-Za-z0-9+/=\s\\\"',]{60,16384})(?:-----END |\Z)"
)
_NOISE = re.compile(r"\\+[nrt]|[\s\"'+,\\]")
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")


def key_material(pem: str) -> str:
    """The base64 body of a PEM block; `""` where it is none.

    It starts with what all keys of a kind start with (`MIIE…`), so an example that stops there is told by its
    few different characters.
    """
    body = _NOISE.sub("", pem)
    armour = body.rfind("=")  # OpenPGP ends with a checksum line
    body = body[: armour - len(body)] if 0 < len(body) - armour == 5 else body
    return body if _BASE64_LINE.fullmatch(body) and len(set(body)) > 12 else ""


def is_private_key(match: re.Match[str]) -> bool:
    """Whether a block holds a key, not dots in the place of one."""
    return bool(key_material(match["secret"]))


PRIVATE_KEYS: tuple[Detector, ...] = (
    shape("private-key", "a private key in PEM form", PEM, anchors=("PRIVATE KEY",), valid=is_private_key),
    shape(
        "private-key",
        "a private key as PuTTY keeps it",
        r"PuTTY-User-Key-File-[123]: (?:[^\n]{0,300}\n){1,80}?Private-Lines: \d{1,3}\r?\n"
        r"(?P<secret>(?:[A-Za-z0-9+/]{4,80}={0,2}\r?\n){1,200})",
        anchors=("PuTTY-User-Key-File-",),
    ),
)
