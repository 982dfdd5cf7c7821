"""Credentials of no one vendor: web tokens, passwords in URLs, headers and command lines."""

from __future__ import annotations

import json
import re

from auditor.secrets.detector import Detector, decoded, genuine, literal, mixed, secret_of, shape
from auditor.secrets.values import WEAK_PASSWORDS, is_placeholder

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}$")
_WEB = ("http", "https", "ws", "wss", "git", "git+https", "git+http")
_MANUAL_HOST = re.compile(r"[^/\s]{0,64}(?:\bhost(?:name)?\b|example\.|\bserver\b|\bdomain\b)", re.IGNORECASE)
_MANUAL_USERS = ("", "user", "username", "usr", "login", "name", "u", "foo", "my-user", "myuser", "db_user", "dbuser")
_MANUAL_PASSWORDS = ("pass", "password", "passwd", "pwd", "p", "bar", "my-password", "mypassword", "db_password", "pw")
_USERINFO = re.compile(
    r"://[^\s:/@\"'<>?#]{0,128}:(?P<secret>[^\s/\"'<>@]{1,256}(?:@[^\s/\"'<>@:]{1,64}){0,2}?)@[A-Za-z0-9\[/%$({_.-]"
)


def _scheme(match: re.Match[str]) -> str:
    scheme = _SCHEME.search(match.string[max(0, match.start() - 32) : match.start()])
    return scheme[0].lower() if scheme else ""


def _literal_in_url(match: re.Match[str]) -> bool:
    """A literal password; manuals write `user:pass@host`."""
    user, password = match[0][3:].partition(":")[0].lower(), match["secret"].lower()
    if user in _MANUAL_USERS and password in _MANUAL_PASSWORDS:
        return False
    is_weak = password in WEAK_PASSWORDS or (len(password) < 6 and password.isalnum())
    manual = is_weak and _MANUAL_HOST.match(match.string, match.end() - 1)
    return literal(match) and not manual


def _is_connection_url(match: re.Match[str]) -> bool:
    return _scheme(match) not in ("", *_WEB) and _literal_in_url(match)


def _is_web_url(match: re.Match[str]) -> bool:
    return _scheme(match) in _WEB and _literal_in_url(match)


def _is_jwt(match: re.Match[str]) -> bool:
    try:
        header = json.loads(decoded(match["header"]))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header and str(header["alg"]).lower() != "none" and genuine(match)


def _is_basic(match: re.Match[str]) -> bool:
    try:
        user, colon, password = decoded(match["secret"]).partition(":")
    except ValueError:
        return False
    text = "".join(password.split())  # a key file is a password as well: user _json_key of a registry
    return bool(
        colon
        and user
        and genuine(match)
        and text.isprintable()
        and (text.startswith("{") or not is_placeholder(password))
    )


def _is_given(match: re.Match[str]) -> bool:
    return not is_placeholder(secret_of(match))


GENERIC: tuple[Detector, ...] = (
    shape(
        "jwt",
        "a signed JSON web token",
        r"(?<![A-Za-z0-9_-])(?P<header>eyJ[A-Za-z0-9_-]{10,1024})\.eyJ[A-Za-z0-9_-]{5,8192}\.[A-Za-z0-9_-]{20,2048}",
        marks=("eyJ",),
        valid=_is_jwt,
    ),
    shape(
        "connection-string",
        "a connection URL with the password in it",
        _USERINFO,
        anchors=("://",),
        valid=_is_connection_url,
    ),
    shape("basic-auth-url", "a URL with user name and password in it", _USERINFO, anchors=("://",), valid=_is_web_url),
    shape(
        "authorization-header",
        "an Authorization header with its credential",
        r"(?:earer|EARER) {1,4}(?P<secret>[A-Za-z0-9._~+/-]{20,4096}={0,2})",
        marks=("earer ", "EARER "),
        valid=mixed,
    ),
    shape(
        "authorization-header",
        "an Authorization header with user name and password",
        r"asic {1,4}(?P<secret>[A-Za-z0-9+/]{8,512}={0,2})(?![A-Za-z0-9+/])",
        anchors=("asic",),
        valid=_is_basic,
    ),
    shape(
        "docker-config-auth",
        "a registry's user name and password in a Docker configuration",
        r"\\?\"auth\\?\"\s{0,8}:\s{0,8}\\?\"(?P<secret>[A-Za-z0-9+/]{8,4096}={0,2})\\?\"",
        anchors=('"auth',),
        valid=_is_basic,
    ),
    shape(
        "npm-registry-auth",
        "a registry's user name and password in an .npmrc",
        r"(?<![A-Za-z0-9])_auth\s{0,4}=\s{0,4}[\"']?(?P<secret>[A-Za-z0-9+/]{8,4096}={0,2})(?![A-Za-z0-9+/])",
        anchors=("_auth",),
        valid=_is_basic,
    ),
    shape(
        "json-web-key",
        "a private key as a JSON web key",
        r"\"kty\"\s{0,4}:\s{0,4}\"(?:RSA|EC|OKP)\"[^{}]{0,4096}?\"d\"\s{0,4}:\s{0,4}\"(?P<secret>[A-Za-z0-9_-]{40,700})\""
        r"|\"d\"\s{0,4}:\s{0,4}\"(?P<before>[A-Za-z0-9_-]{40,700})\"[^{}]{0,4096}?\"kty\"\s{0,4}:\s{0,4}\"(?:RSA|EC|OKP)\"",
        anchors=('"kty"',),
        valid=mixed,
    ),
    shape(
        "command-line-password",
        "a password on the command line of curl",
        r"\bcurl [^\n|;]{0,400}?(?:-u|--user)[ =][\"']?[A-Za-z0-9._@-]{1,64}:(?P<secret>[^\s\"'$]{4,128})",
        anchors=("curl",),
        valid=_is_given,
    ),
    shape(
        "command-line-password",
        "a password on the command line of net user",
        r"\bnet user [\"']?[A-Za-z0-9._-]{1,32}[\"']? [\"']?(?P<secret>[^\s\"'/$%*][^\s\"'$%]{3,127})",
        anchors=("net user",),
        valid=_is_given,
    ),
    shape(
        "command-line-password",
        "a password in a PowerShell script",
        r"ConvertTo-SecureString (?:-String )?[\"'](?P<secret>[^\"'\n$]{4,128})[\"']",
        marks=("ConvertTo-SecureString",),
        valid=_is_given,
    ),
)
