"""The table of detectors that know a credential by its shape.

Every pattern is linear: bounded repetitions of character classes, no nested quantifiers. A detector is
tried only on texts that hold one of its anchors, and its match counts only if the validator agrees.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from auditor.secrets.values import WEAK_PASSWORDS, entropy, is_made_up, is_placeholder

Validator = Callable[[re.Match[str]], bool]


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of credential.

    `anchors` are strings of which a text that holds the credential holds at least one. The secret is the
    pattern's last named group (but for a JWT's `header`), or the whole match. `valid` weeds out what only
    looks like one.
    """

    id: str
    description: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str] = field(repr=False)
    valid: Validator = field(repr=False)


def _genuine(match: re.Match[str]) -> bool:
    """Neither typed with few keys nor copied from a manual."""
    return not is_made_up(secret_of(match))


def secret_of(match: re.Match[str]) -> str:
    """The secret within a match."""
    group = match.lastgroup
    return match[group] if group and group != "header" else match[0]


def _mixed(match: re.Match[str]) -> bool:
    """Generated: digits and letters in no order."""
    secret = secret_of(match)
    return (
        any(c.isdigit() for c in secret)
        and any(c.isalpha() for c in secret)
        and entropy(secret) > 3
        and _genuine(match)
    )


def _literal(match: re.Match[str]) -> bool:
    """A literal password, not the place of one."""
    return len(match["secret"]) > 2 and not is_placeholder(match["secret"])


_MANUAL_HOST = re.compile(r"[^/\s]{0,64}(?:\bhost(?:name)?\b|example\.|\bserver\b|\bdomain\b)", re.IGNORECASE)


def _literal_in_url(match: re.Match[str]) -> bool:
    """The same for `user:pass@host`, which manuals write as `user:pass@host`."""
    manual = match["secret"].lower() in WEAK_PASSWORDS and _MANUAL_HOST.match(match.string, match.end() - 1)
    return _literal(match) and not manual


_PEM_NOISE = re.compile(r"\\+[nrt]|[\s\"'+,\\]")
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")


def key_material(pem: str) -> str:
    """The base64 body of a PEM block in any dress: raw, escaped, quoted; `""` where it is none."""
    body = _PEM_NOISE.sub("", pem)
    armour = body.rfind("=")  # OpenPGP ends with a checksum line
    body = body[: armour - len(body)] if 0 < len(body) - armour == 5 else body
    return body if _BASE64_LINE.fullmatch(body) and len(set(body)) > 12 else ""


def _is_private_key(match: re.Match[str]) -> bool:
    return bool(key_material(match["secret"]))


def _is_service_account(match: re.Match[str]) -> bool:
    around = match.string[max(0, match.start() - 4096) : match.end() + 4096]
    return "client_email" in around and _is_private_key(match)


def _is_jwt(match: re.Match[str]) -> bool:
    try:
        header = json.loads(decoded(match["header"]))
    except ValueError:
        return False
    return isinstance(header, dict) and "alg" in header and str(header["alg"]).lower() != "none" and _genuine(match)


def _is_basic(match: re.Match[str]) -> bool:
    try:
        user, colon, password = decoded(match["secret"]).partition(":")
    except ValueError:
        return False
    return bool(colon and user and password.isprintable() and not is_placeholder(password))


def decoded(text: str) -> str:
    """Base64 text, with either alphabet and with or without padding. Raises `ValueError` where it is not UTF-8 text."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}$")
_WEB = ("http", "https", "ws", "wss", "git", "git+https", "git+http")


def _scheme(match: re.Match[str]) -> str:
    scheme = _SCHEME.search(match.string[max(0, match.start() - 32) : match.start()])
    return scheme[0].lower() if scheme else ""


def _is_connection_url(match: re.Match[str]) -> bool:
    return _scheme(match) not in ("", *_WEB) and _literal_in_url(match)


def _is_web_url(match: re.Match[str]) -> bool:
    return _scheme(match) in _WEB and _literal_in_url(match)


def _is_connection_option(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 512) : match.start()].lower()
    return any(hint in before for hint in ("jdbc:", "://", "server=", "data source=", "host=", "uid=")) and _literal(
        match
    )


def _detector(
    identifier: str, description: str, anchors: str | Sequence[str], pattern: str, valid: Validator = _genuine
) -> Detector:
    anchors = (anchors,) if isinstance(anchors, str) else tuple(anchors)
    return Detector(identifier, description, anchors, re.compile(pattern), valid)


def _token(identifier: str, description: str, anchors: str | Sequence[str], pattern: str) -> Detector:
    """A token that stands for itself: nothing of its alphabet before or after it."""
    return _detector(identifier, description, anchors, rf"(?<![A-Za-z0-9_-])(?:{pattern})(?![A-Za-z0-9_-])")


_PEM = (
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\\nr\"'+,]{0,32}(?:Proc-Type|DEK-Info|Version|Comment): [^\n\\]{0,200}){0,4}"
    r"(?P<secret>[A-Za-z0-9+/=\s\\\"',]{60,16384})(?:-----END |\Z)"
)
_USERINFO = (
    r"://[^\s:/@\"'<>?#]{0,128}:(?P<secret>[^\s/\"'<>@]{1,256}(?:@[^\s/\"'<>@:]{1,64}){0,2}?)@[A-Za-z0-9\[/%$({_.-]"
)

DETECTORS: tuple[Detector, ...] = (
    _detector(
        "service-account-key",
        "the private key of a Google service account, with the account's e-mail beside it",
        "PRIVATE KEY",
        _PEM,
        _is_service_account,
    ),
    _detector("private-key", "a private key in PEM form", "PRIVATE KEY", _PEM, _is_private_key),
    _detector(
        "google-chat-webhook",
        "a Google Chat webhook: whoever has the URL posts into the space",
        "chat.googleapis.com",
        r"https://chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]{1,64}/messages\?(?P<secret>[A-Za-z0-9_=&%.-]{30,400})",
        lambda match: "key=" in match[0] and "token=" in match[0] and _genuine(match),
    ),
    _token("google-api-key", "a Google Cloud API key", "AIza", r"AIza[0-9A-Za-z_-]{35}"),
    _token(
        "google-api-key", "a Google Cloud API key bound to a service account", "AQ.Ab", r"AQ\.Ab[0-9A-Za-z_-]{40,80}"
    ),
    _token(
        "google-oauth-client-secret", "the secret of a Google OAuth client", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,40}"
    ),
    _token(
        "google-oauth-refresh-token",
        "a Google OAuth refresh token: access without end",
        "1//0",
        r"1//0[A-Za-z0-9_-]{35,200}",
    ),
    _token(
        "google-oauth-access-token",
        "a Google OAuth access token",
        "ya29.",
        r"ya29\.[A-Za-z0-9_-]{20,2048}(?:\.[A-Za-z0-9_-]{1,512})?",
    ),
    _detector(
        "google-hmac-secret",
        "a Cloud Storage HMAC key: access id and secret side by side",
        "GOOG",
        r"(?<![A-Z0-9])GOOG[A-Z0-9]{16,60}(?![A-Z0-9])[^A-Za-z0-9+/]{1,8}(?:[A-Za-z_. -]{0,40}[^A-Za-z0-9+/]{1,8})?"
        r"(?P<secret>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/])",
        _mixed,
    ),
    _token(
        "firebase-server-key",
        "a Firebase Cloud Messaging server key",
        ":APA91b",
        r"AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{100,180}",
    ),
    _detector(
        "signed-url",
        "a signed URL: whoever has it may do what it was signed for",
        ("X-Goog-Signature=", "X-Amz-Signature=", "GoogleAccessId=", "x-goog-signature="),
        r"(?i:X-Goog-Signature|X-Amz-Signature)=(?P<secret>[0-9a-fA-F]{64,1024})"
        r"|GoogleAccessId=[^\s\"'<>&]{3,200}&(?:Expires=\d{1,12}&)?Signature=[A-Za-z0-9%+/=_-]{40,1024}",
        _genuine,
    ),
    _token(
        "github-token", "a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{36,251}"
    ),
    _token(
        "github-token",
        "a fine-grained GitHub token",
        "github_pat_",
        r"github_pat_[A-Za-z0-9]{20,24}_[A-Za-z0-9]{50,70}",
    ),
    _token(
        "gitlab-token",
        "a GitLab token",
        ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-"),
        r"gl(?:pat|dt|rt|ptt|cbt|soat)-[A-Za-z0-9_.-]{20,300}",
    ),
    _token("slack-token", "a Slack token", ("xox", "xapp-"), r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{20,250}"),
    _detector(
        "slack-webhook",
        "a Slack webhook: whoever has the URL posts into the channel",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Z0-9]{6,14}/[A-Z0-9]{6,20}/[A-Za-z0-9/]{16,64})",
    ),
    _detector(
        "discord-webhook",
        "a Discord webhook",
        "/api/webhooks/",
        r"discord(?:app)?\.com/api/webhooks/\d{16,20}/(?P<secret>[A-Za-z0-9_-]{60,80})",
    ),
    _token(
        "stripe-key",
        "a live Stripe key",
        ("sk_live_", "rk_live_", "whsec_"),
        r"(?:[sr]k_live_|whsec_)[A-Za-z0-9+/]{24,247}",
    ),
    _token("sendgrid-key", "a SendGrid API key", "SG.", r"SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}"),
    _detector(
        "twilio-token",
        "a Twilio account or API key id with its secret beside it",
        ("AC", "SK"),
        r"(?<![A-Za-z0-9])(?:AC|SK)[0-9a-f]{32}(?![A-Za-z0-9])[^A-Za-z0-9]{1,8}(?:[A-Za-z_. -]{0,40}[^A-Za-z0-9]{1,8})?"
        r"(?P<secret>[0-9a-f]{32}|[A-Za-z0-9]{32})(?![A-Za-z0-9])",
        _mixed,
    ),
    _token("npm-token", "an npm access token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _token("pypi-token", "a PyPI upload token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,1000}"),
    _token(
        "aws-access-key",
        "an AWS access key id; its secret is seldom far",
        ("AKIA", "ASIA"),
        r"(?:AKIA|ASIA)[A-Z2-7]{16}",
    ),
    _token(
        "openai-key",
        "an OpenAI API key",
        ("T3BlbkFJ", "sk-proj-", "sk-svcacct-"),
        r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,180}T3BlbkFJ[A-Za-z0-9_-]{20,180}|sk-(?:proj|svcacct)-[A-Za-z0-9_-]{40,200}",
    ),
    _token("anthropic-key", "an Anthropic API key", "sk-ant-", r"sk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{60,200}"),
    _token("hugging-face-token", "a Hugging Face token", "hf_", r"hf_[A-Za-z]{34,40}"),
    _token("docker-token", "a Docker Hub token", ("dckr_pat_", "dckr_oat_"), r"dckr_[po]at_[A-Za-z0-9_-]{24,60}"),
    _token("vault-token", "a HashiCorp Vault token", ("hvs.", "hvb."), r"hv[sb]\.[A-Za-z0-9_-]{24,300}"),
    _token(
        "terraform-cloud-token",
        "a Terraform Cloud token",
        ".atlasv1.",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,80}",
    ),
    _token("telegram-bot-token", "a Telegram bot token", ":AA", r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    _detector(
        "azure-storage-key",
        "an Azure storage account key",
        "AccountKey=",
        r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)",
    ),
    _token("age-secret-key", "an age encryption key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _detector(
        "jwt",
        "a signed JSON web token",
        "eyJ",
        r"(?<![A-Za-z0-9_-])(?P<header>eyJ[A-Za-z0-9_-]{10,1024})\.eyJ[A-Za-z0-9_-]{5,8192}\.[A-Za-z0-9_-]{20,2048}",
        _is_jwt,
    ),
    _detector("connection-string", "a connection URL with the password in it", "://", _USERINFO, _is_connection_url),
    _detector("basic-auth-url", "a URL with user name and password in it", "://", _USERINFO, _is_web_url),
    _detector(
        "connection-string",
        "a driver's connection string with the password in it",
        ("assword=", "ASSWORD=", "wd=", "WD="),
        r"[;?&] ?(?i:password|pwd)=(?P<secret>[^;&\s\"'<>]{1,256})",
        _is_connection_option,
    ),
    _detector(
        "authorization-header",
        "an Authorization header with its credential",
        ("earer ", "EARER "),
        r"(?i:bearer) {1,4}(?P<secret>[A-Za-z0-9._~+/-]{20,4096}={0,2})",
        _mixed,
    ),
    _detector(
        "authorization-header",
        "an Authorization header with user name and password",
        ("asic ", "ASIC "),
        r"(?i:basic) {1,4}(?P<secret>[A-Za-z0-9+/]{8,512}={0,2})(?![A-Za-z0-9+/])",
        _is_basic,
    ),
    _detector(
        "command-line-password",
        "a password on a command line: of curl, chpasswd, net user",
        ("curl ", "chpasswd", "net user ", "NET USER ", "ConvertTo-SecureString"),
        r"\bcurl [^\n|;]{0,400}?(?:-u|--user)[ =][\"']?[A-Za-z0-9._@-]{1,64}:(?P<curl>[^\s\"'$]{4,128})"
        r"|[\"'](?:[a-z_][a-z0-9_-]{0,31}):(?P<chpasswd>[^\"'\s:$]{4,128})[\"'] {0,4}\| {0,4}(?:sudo )?chpasswd"
        r"|(?i:net user) [\"']?[A-Za-z0-9._-]{1,32}[\"']? [\"']?(?P<windows>[^\s\"'/$%*][^\s\"'$%]{3,127})"
        r"|ConvertTo-SecureString (?:-String )?[\"'](?P<powershell>[^\"'\n$]{4,128})[\"']",
        lambda match: not is_placeholder(secret_of(match)),
    ),
)
"""Most specific first: what one detector has claimed, a later one does not report again."""
