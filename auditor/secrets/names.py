"""Does a name say that its value is a secret? `DB_PASSWORD` does, `DB_PASSWORD_FILE` and `MAX_TOKENS` do not."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from auditor.secrets.values import words


class Kind(Enum):
    """What a name promises."""

    NOTHING = 0
    PASSWORD = 1
    """Chosen by people: short and guessable values are secrets too."""
    TOKEN = 2
    """Generated: a value that is a word or a number is something else."""


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PASSWORDS = words("password passwd passwort passphrase passcode pwd")
_PASSWORDS_AT_THE_END = words("pass pw rootpw")
_TOKENS = words(
    """
    secret secrets token apikey apitoken authtoken accesstoken credential credentials creds pat privatekey secretkey
    clientsecret accesskey masterkey signingkey encryptionkey authkey
    """
)
_KEYS = words(
    """
    api access private secret encryption encrypt signing sign auth master account session cookie hmac crypto jwt aes
    webhook license app server fernet data django flask rails sendgrid stripe mailgun maps gemini openai anthropic
    datadog newrelic sentry twilio write admin service storage shared deploy host
    """
)
_NOT_LAST = words(
    """
    file files path dir directory folder name names id ids url urls uri endpoint host hostname port ttl expiry expires
    expire expiration expiresin timeout seconds secs minutes hours days lifetime age length len size count limit limits
    max min enabled enable disabled disable required optional type kind version versions ref reference arn policy
    rotation period interval field column header prefix suffix provider issuer audience algorithm alg algo format
    manager store backend location project region bucket table topic resource mount volume hash fingerprint digest hint
    regex pattern mode scope scopes user username email role label tag date time at created updated rounds cost engine
    env var variable source strategy validator method transport cache refresh stdin prompt encryption encoding
    placeholder label text message title error errors help description desc requirements strength class configuration
    configurations config settings options option handler factory function callback permission permissions request
    response model used
    """
)
_NEVER = words(
    """
    public publishable publickey max min num number use uses enable enables disable disables is has require requires
    allow allows should skip no without forgot reset show hide set update
    """
)
_NO_CREDENTIAL_TOKENS = words(
    """
    next page change lock continuation continue sync resume start previous prev pagination paging idempotency scroll
    cursor delta watch consistency marker request client export import forward backward starting
    """
)
"""Before `token`: a place in a list or a version, which opens nothing."""


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    """What the name of a variable, key or option says about its value."""
    words = [word.lower() for word in _WORD.findall(name[-128:])]
    while words and words[-1].isdigit():
        words.pop()  # SECRET_2
    if not words or words[-1] in _NOT_LAST or _NEVER & set(words):
        return Kind.NOTHING
    if words[-1] in ("token", "tokens") and len(words) > 1 and words[-2] in _NO_CREDENTIAL_TOKENS:
        return Kind.NOTHING
    if words[-1] in _PASSWORDS_AT_THE_END or any(
        word in _PASSWORDS or word.endswith(("password", "passwd")) for word in words
    ):
        # DB_PASSWORD_SECRET is the secret that keeps a password, by its name in a vault: a word is no password there
        return Kind.TOKEN if words[-1] in ("secret", "secrets") and len(words) > 1 else Kind.PASSWORD
    if any(word in _TOKENS or word.endswith(("secret", "apikey")) for word in words):
        return Kind.TOKEN
    if words[-1] in ("key", "keys") and len(words) > 1 and words[-2] in _KEYS:
        return Kind.TOKEN
    if words[-1] == "base" and words[-3:-1] == ["secret", "key"]:
        return Kind.TOKEN
    return Kind.NOTHING
