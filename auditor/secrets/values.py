"""Is a value a secret, or does it only stand where one would? Placeholders, references, paths, weak passwords."""

from __future__ import annotations

import math
import re
from collections import Counter


def words(text: str) -> frozenset[str]:
    """The words of a text, for lists that are easier to read as one."""
    return frozenset(text.split())


WEAK_PASSWORDS = words(
    """
    000000 111111 12345 123456 1234567 12345678 123456789 1234567890 123123 654321 abc123 abcd1234 admin admin123
    administrator adminpassword change-me change_me changeit changeme changethis default default123 dragon foobar guest
    hunter2 iloveyou letmein login master mongodb monkey mysecretpassword mysql nopassword p@ssw0rd p@ssword
    pass pass123 pass1234 passw0rd password password! password1 password12 password123 postgres qwerty qwerty123
    rabbitmq redis root root123 rootpassword s3cr3t sa secret secret123 secretpassword supersecret test test123
    test1234 testing toor user welcome welcome1
    """
)
"""Passwords that guessing tools try first: a literal one is a finding, not a placeholder."""

_REFERENCE = re.compile(
    r"""
      \$\{ | \$\( | ^\$[A-Za-z_] | \{\{ | ^\{[A-Za-z_][\w.]*(?:[}(\[]|$) | ^%[A-Za-z_]\w*%$ | `
    | %\([a-z_]\w*\)s | %[sdrv](?![A-Za-z0-9])
    | ^<[^<>]*>$ | ^\[[^\[\]]*\]$ | ^@@?[A-Za-z_]\w*@?@?$
    | ^(?:[a-z_]{1,30}=)?(?:projects|folders|organizations)/[^/\s]+/
    | ^(?:sm|gcp-sm|secret|secrets|secretmanager|gcpsecretmanager|berglas|vault|op|awssm|ssm|ref|file|gs|s3|kms)(?:://|\+)
    | ^(?:vault|secretref|secretKeyRef|ssm|sm|env|file|berglas|op)[:@]
    | ^[\w-]+:(?:latest|\d{1,3})$ | ^arn:aws | ^ENC\[ | ^!(?:Ref|Sub|GetAtt|vault|ENV)\b
    | (?:getenv|environ|process\.env|valueFrom|secretKeyRef|random_password|access_secret_version)\b
    """,
    re.VERBOSE,
)
_PLACEHOLDER = re.compile(
    r"""
      x{4,} | \*{3,} | \.{3,} | ^[-_.=*#?!x]+$ | redacted | placeholder | dummy | your[-_ ]? | example | sample
    | \b(?:insert|enter|put)[-_ ] | replace[-_ ]?(?:me|with|this) | fill[-_ ]?(?:me|in) | goes[-_ ]?here | \bto-?do\b
    | ^my[-_]?(?:api[-_]?)?(?:token|key|secret)\d{0,3}$
    | ^(?:none|null|nil|undefined|unset|not[-_ ]?set|n/?a|tbd|empty|unused|disabled|enabled|yes|no|on|off|true|false
         |auto|automatic|generated?|random|managed|default|optional|required|hidden|masked|sensitive|string|bearer|basic
         |oauth2?|jwt|kms|iam|fake|mock|foo|bar|baz)$
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MEASURE = re.compile(
    r"[-+]?\d[\d.,_:]*\s?(?:ns|us|ms|s|sec|m|min|h|d|w|y|k|kb|kib|mb|mib|gb|gib|b|%|days?|hours?|minutes?)?", re.I
)
_CATALOGUE_NUMBER = re.compile(r"(?:T|TA|CVE-|CWE-|RFC ?)\d{4}(?:[.-]\d{3,7})?")
"""A technique of ATT&CK, a CVE: what lists of attacks say about passwords."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?")
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?:[\w.@ -]*[/\\])*[\w.@ -]*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/{1,2}\S*")
_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|cloud|app|internal|local|svc|run)(?::\d+)?"
)
_WORDS = re.compile(r"_*[A-Za-z]+(?:[-_. /:][A-Za-z]+|[-_. /:]v?\d{1,4})*")
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3,8}|[A-Za-z]+)|(?:rgb|hsl)a?\(.*")
_SENTENCE = re.compile(r"(?:[^\s\d]+ +){4,}[^\s\d]+")
_PASSWORD_IN_WORDS = re.compile(r"passwor|\bpasse\b|kennwort|wachtwoord|senha|salasana|heslo|parol", re.IGNORECASE)
_GENERATED = re.compile(r"[A-Za-z0-9_+/=.~:!@#$%^&*-]+")
_PUBLIC_KEY = re.compile(
    r"(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+|sk-\S+@openssh\.com) |-----BEGIN (?:(?:RSA )?PUBLIC KEY|CERTIFICATE)"
)
_EXAMPLES = frozenset(
    {
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "czZCaGRSa3F0MzpnWDFmQmF0M2JW",
        "QWxhZGRpbjpvcGVuIHNlc2FtZQ",
        "d-FL95Q19q7MQmFpd7hHD0Ty",
        "ZmssLNjJy2998hD4CTg2ejr2",
    }
)
"""Credentials that manuals print, so that everyone can copy them; and those that the Google Cloud CLI carries for
everybody and writes into each file of Application Default Credentials."""

_FEW_CHARACTERS = 6
_LONG_NAME = 8


def is_reference(value: str) -> bool:
    """Whether the value names a secret that lives elsewhere: a variable, a template, a secret's resource name."""
    return _REFERENCE.search(value) is not None


def is_placeholder(value: str) -> bool:
    """Whether the value only marks the place of a secret (`<password>`, `xxxx`, `YOUR_API_KEY`)."""
    return is_reference(value) or _PLACEHOLDER.search(value) is not None


def is_made_up(token: str) -> bool:
    """Whether a string of a credential's shape is an example: copied from a manual, or typed with few keys."""
    lower = token.lower()
    if any(example in token for example in _EXAMPLES) or "example" in lower or "xxxx" in lower or "redacted" in lower:
        return True
    body = token[4:]
    return len(body) >= _LONG_NAME and len(set(body)) < _FEW_CHARACTERS


def is_password(value: str) -> bool:
    """Whether a literal under a password's name is one: nearly everything is that no placeholder is."""
    value = value.strip()
    if value.lower() in WEAK_PASSWORDS:
        return True
    if len(value) < 4 or is_placeholder(value) or _is_no_secret(value):
        return False
    return len(value) >= 6 or not value.isalpha()


def is_token(value: str) -> bool:
    """Whether a literal under the name of a key or token looks generated, not like a word, name or number."""
    value = value.strip()
    if len(value) < _LONG_NAME or is_placeholder(value) or _is_no_secret(value):
        return False
    if value.lower() in WEAK_PASSWORDS or _WORDS.fullmatch(value) or value.isdigit() or " " in value or value[0] == "-":
        return False
    if _ADDRESS.fullmatch(value) or not _GENERATED.fullmatch(value):
        return False
    return entropy(value) >= 2.5


def entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())


def _is_label(value: str) -> bool:
    """Whether a form shows the value to people: "Neues Passwort", "Contraseña"."""
    letters = value.replace(" ", "").rstrip("?!.:…")
    if not letters.isalpha():
        return False
    if not value.isascii():
        return True
    return (" " in value or value.istitle()) and _PASSWORD_IN_WORDS.search(value) is not None


def _is_no_secret(value: str) -> bool:
    if len(value) > 4096 or value in _EXAMPLES:
        return len(value) <= 4096
    if _MEASURE.fullmatch(value) and not (value.isdigit() and len(value) >= 6):
        return True
    if _COLOUR.fullmatch(value) or _SENTENCE.fullmatch(value) or _is_label(value):
        return True
    if (
        _CATALOGUE_NUMBER.fullmatch(value)
        or _DATE.fullmatch(value)
        or _URL.fullmatch(value)
        or _PUBLIC_KEY.match(value)
    ):
        return True
    if value[0] in "{[":
        return True  # a structure: its members are judged one by one
    return _PATH.fullmatch(value) is not None and (value.count("/") + value.count("\\") > 1 or entropy(value) < 4)
