"""What the secret detectors find, what they leave alone, that they tell no secret, and that they are fast."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import re
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import asset
from auditor.model.verdict import Outcome
from auditor.resources.serverless import RunService
from auditor.secrets import ALL_DETECTORS, DETECTORS, SALT, Hit, digest_of, scan_text, scan_value, use_salt
from auditor.secrets.assignments import assignments
from auditor.secrets.prefilter import is_plain, likely, plain_bytes
from auditor.secrets.scan import _whole
from auditor.testing import judge
from checks.secrets.workloads import run_env_secret
from tests.secret_corpus import Maker, positives

ALNUM = string.ascii_letters + string.digits
URL_SAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"
HEX = "0123456789abcdef"


def made(length: int, alphabet: str = ALNUM, seed: int = 7) -> str:
    """A random string, the same in every run: credentials of the right shape that open nothing."""
    chosen = random.Random(seed)
    return "7" + "".join(chosen.choice(alphabet) for _ in range(length - 1))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def segment(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


BODY = made(1600, BASE64)
PEM = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(re.findall(".{1,64}", BODY)) + "\n-----END PRIVATE KEY-----\n"
RSA = PEM.replace("PRIVATE KEY", "RSA PRIVATE KEY")
ENCRYPTED = RSA.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00AA11BB\n\n", 1)
KEY_FILE = json.dumps(
    {
        "type": "service_account",
        "private_key_id": made(40, HEX),
        "private_key": PEM,
        "client_email": "a@p.iam.gserviceaccount.com",
    },
    indent=2,
)
API_KEY = "AI" + "za" + made(35, URL_SAFE[:-2])
JWT = segment({"alg": "RS256", "typ": "JWT"}) + "." + segment({"sub": "1", "aud": "api"}) + "." + made(86, URL_SAFE)
HASH = made(40, HEX)

IN_TEXT: list[tuple[str, str | None]] = [
    # Google
    (f"key={API_KEY}", "google-api-key"),
    (f"https://maps.googleapis.com/maps/api/js?key={API_KEY}&libraries=places", "google-api-key"),
    (f'"apiKey": "{API_KEY}",', "google-api-key"),
    ("AI" + "za" + made(34, ALNUM), None),
    ("AI" + "za" + made(36, ALNUM), None),
    ("AI" + "za" + "x" * 35, None),
    ("AQ" + ".Ab8" + made(47, URL_SAFE), "google-api-key"),
    ("GOC" + "SPX-" + made(28, URL_SAFE), "google-oauth-client-secret"),
    ("GOC" + "SPX-" + "x" * 28, None),
    ("1/" + "/0" + made(60, URL_SAFE), "google-oauth-refresh-token"),
    ("ya" + "29." + made(120, URL_SAFE), "google-oauth-access-token"),
    (KEY_FILE, "service-account-key"),
    (json.dumps(KEY_FILE), "service-account-key"),
    (b64(KEY_FILE), "service-account-key"),
    (f"GOOGLE_CREDENTIALS_B64={b64(KEY_FILE)}\nPORT=8080", "service-account-key"),
    (KEY_FILE.replace(BODY[:64], "x" * 64).split("BEGIN")[0], None),
    (PEM, "private-key"),
    (RSA, "private-key"),
    (ENCRYPTED, "private-key"),
    (PEM.replace("\n", "\\n"), "private-key"),
    (PEM.replace("\n", "\\\\n"), "private-key"),
    (b64(PEM), "private-key"),
    (PEM.replace("PRIVATE", "PUBLIC"), None),
    (PEM.replace("PRIVATE KEY", "CERTIFICATE"), None),
    ("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", None),
    ("-----BEGIN PRIVATE KEY-----\n" + "x" * 64 + "\n-----END PRIVATE KEY-----", None),
    ("grep -q -- '-----BEGIN PRIVATE KEY-----' key.pem", None),
    (f"accessId: GOOG1E{made(55, string.ascii_uppercase)}\nsecret: {made(40, BASE64)}", "google-hmac-secret"),
    (f"GOOG{made(20, string.ascii_uppercase)}", None),
    (f"AAAA{made(7, URL_SAFE)}:APA91b{made(134, URL_SAFE)}", "firebase-server-key"),
    (
        f"https://chat.googleapis.com/v1/spaces/AAAAbcdefgh/messages?key={API_KEY}&token={made(43, URL_SAFE)}",
        "google-chat-webhook",
    ),
    ("https://chat.googleapis.com/v1/spaces/AAAAbcdefgh/messages", None),
    (f"https://storage.googleapis.com/b/o?X-Goog-Expires=600&X-Goog-Signature={made(512, HEX)}", "signed-url"),
    (
        f"https://storage.googleapis.com/b/o?GoogleAccessId=a@b.c&Expires=17&Signature={made(88, ALNUM)}%3D",
        "signed-url",
    ),
    ("https://storage.googleapis.com/b/o?alt=media", None),
    # others
    (Maker(5).checksummed("ghp_"), "github-token"),
    ("gh" + "p_" + made(36), None),
    ("github" + "_pat_" + made(22) + "_" + made(59), "github-token"),
    ("gh" + "p_" + "0" * 36, None),
    ("gl" + "pat-" + made(20, URL_SAFE), "gitlab-token"),
    ("xo" + "xb-123456789012-" + made(24), "slack-token"),
    ("https://hooks.slack" + ".com/services/T0ABCDEFG/B0ABCDEFG/" + made(24), "slack-webhook"),
    ("https://discord.com/api/webhooks/112233445566778899/" + made(68, URL_SAFE), "discord-webhook"),
    ("sk_" + "live_" + made(24), "stripe-key"),
    ("pk_" + "live_" + made(24), None),
    ("S" + "G." + made(22, URL_SAFE) + "." + made(43, URL_SAFE), "sendgrid-key"),
    ("AC" + made(32, HEX) + ":" + made(32, HEX), "twilio-token"),
    (Maker(5).checksummed("npm_"), "npm-token"),
    ("np" + "m_" + made(36), None),
    ("AK" + "IA" + made(16, string.ascii_uppercase + "234567"), "aws-access-key"),
    ("AK" + "IAIOSFODNN7EXAMPLE", None),
    ("sk-" + "ant-api03-" + made(95, URL_SAFE), "anthropic-key"),
    ("hv" + "s." + made(90, URL_SAFE), "vault-token"),
    ("12345678:AA" + made(33, URL_SAFE), "telegram-bot-token"),
    ("AccountKey=" + made(86, BASE64) + "==;EndpointSuffix=core.windows.net", "azure-storage-key"),
    (JWT, "jwt"),
    (f"Authorization: Bearer {JWT}", "jwt"),
    (segment({"kid": "1"}) + "." + segment({"sub": "1"}) + "." + made(43, URL_SAFE), None),
    (segment({"alg": "HS256"}) + "." + segment({"sub": "1"}) + ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c", None),
    ("curl -H 'Authorization: Bearer " + made(40) + "' https://api.example.com", "authorization-header"),
    ("curl -H 'Authorization: Bearer $TOKEN' https://api.example.com", None),
    ("Authorization: Basic " + b64("svc:" + made(12)), "authorization-header"),
    ("Basic authentication is off", None),
    # URLs and connection strings
    ("postgres://app:s3cur3Pw@10.0.0.3:5432/db", "connection-string"),  # auditor:allow secret reason=made up
    (
        "postgresql+asyncpg://app:p%40ss@/db?host=/cloudsql/p:r:i",  # auditor:allow secret reason=made up
        "connection-string",
    ),  # auditor:allow secret reason=made up
    ("mysql://root:root@localhost/app", "connection-string"),  # auditor:allow secret reason=made up
    (
        "mongodb+srv://app:Zx81qwert@cluster0.abc.mongodb.net/x",  # auditor:allow secret reason=made up
        "connection-string",
    ),  # auditor:allow secret reason=made up
    ("redis://:Zx81qwert@10.1.2.3:6379/0", "connection-string"),  # auditor:allow secret reason=made up
    ("amqp://guest:guest@rabbit:5672/%2f", "connection-string"),  # auditor:allow secret reason=made up
    (
        "jdbc:postgresql://10.0.0.3/db?user=app&password=Zx81qwert",  # auditor:allow secret reason=made up
        "connection-string",
    ),  # auditor:allow secret reason=made up
    (
        "jdbc:sqlserver://h:1433;databaseName=x;user=sa;password=Zx81qwert;",  # auditor:allow secret reason=made up
        "connection-string",
    ),  # auditor:allow secret reason=made up
    (
        "Server=tcp:h,1433;Database=x;User ID=sa;Password=Zx81qwert;",  # auditor:allow secret reason=made up
        "connection-string",
    ),  # auditor:allow secret reason=made up
    ("postgres://app@10.0.0.3/db", None),
    ("postgres://app:${DB_PASSWORD}@10.0.0.3/db", None),
    ("postgres://app:$(cat /run/pw)@10.0.0.3/db", None),
    ("postgres://app:<password>@10.0.0.3/db", None),
    ("postgres://app:****@10.0.0.3/db", None),
    ("postgres://USER:{password}@HOST/db", None),
    ("redis://10.1.2.3:6379/0", None),
    ("https://deploy:Zx81qwert@git.example.com/x.git", "basic-auth-url"),  # auditor:allow secret reason=made up
    ("https://example.com:8443/path@2x.png", None),
    ("see https://example.com/a:b@c", None),
    # names
    ("export DB_PASSWORD='Tr0ub4dor&3'", "named-password"),  # auditor:allow secret reason=made up
    ("DB_PASSWORD=changeme", "named-password"),  # auditor:allow secret reason=made up
    ("DB_PASSWORD_SECRET=Tr0ub4dor&3", "named-secret"),  # auditor:allow secret reason=made up
    ("DB_PASSWORD_SECRET=db-password", None),
    ('{"client_secret": "' + made(32) + '"}', "named-secret"),
    ("    - name: DB_PASSWORD\n      value: Zx81qwert\n", "named-password"),
    ('{"name": "API_TOKEN", "value": "' + made(32) + '"}', "named-secret"),
    ("mysqladmin --password Zx81qwert", "named-password"),  # auditor:allow secret reason=made up
    ("//registry.npmjs.org/:_authToken=" + made(36, HEX), "named-secret"),
    ("arn:aws:secretsmanager:eu-west-1:1:secret:" + made(20), None),
    ("echo 'deploy:Zx81qwert' | sudo chpasswd", "command-line-password"),  # auditor:allow secret reason=made up
    ("curl -s -u admin:Zx81qwert https://x", "command-line-password"),  # auditor:allow secret reason=made up
    ("net user Administrator Zx81qwert! /add", "command-line-password"),  # auditor:allow secret reason=made up
    (
        '$p = ConvertTo-SecureString "Zx81qwert!" -AsPlainText -Force',  # auditor:allow secret reason=made up
        "command-line-password",
    ),  # auditor:allow secret reason=made up
    ('PASSWORD=$(gcloud secrets versions access latest --secret="db-password")', None),
    ("DB_PASSWORD=${DB_PASSWORD:?unset}", None),
    ('PASSWORD="$1"', None),
    ("password = os.environ['DB_PASSWORD']", None),
    ("token = request.headers.get('Authorization')", None),
    ("password: settings.db.password", None),
    ("Enter the password: please ask the owner", None),
    ("self.key_password = key_password", None),
    ("self.password = password", None),
    ('{"password": password}', None),
    ("PASSWORD=password", "named-password"),  # auditor:allow secret reason=made up
    ("password: password1", "named-password"),  # auditor:allow secret reason=made up
    (":param token: REQUIRED.  The token", None),
    ("http://a:b@localhost/", None),
    ("connect(user=user, password=password, host=host)", None),
    ("    password: SecretStr\n", None),
    ("if token == Literal:", None),
    ("Token = _TokenType()", None),
    ('_LS32_PAT = "(?:{hex}:{hex}|{ipv4})"', None),
    ("see https://user:pass@host:port/path", None),
    ("PASSWORD=secretword\nPORT=1", "named-password"),  # auditor:allow secret reason=made up
    ("secretName: web-tls", None),
    ("max_tokens: 128000", None),
    ("token_ttl = 3600", None),
    ("# rotate the secret key with care", None),
    ("gcloud run deploy --set-secrets=DB_PASSWORD=db-password:latest", None),
    (
        "gcloud run deploy --set-env-vars=DB_PASSWORD=Zx81qwert,PORT=8080",  # auditor:allow secret reason=made up
        "named-password",
    ),  # auditor:allow secret reason=made up
    ("", None),
    ("#!/bin/bash\napt-get update && apt-get install -y nginx\nsystemctl enable nginx\n", None),
    (f"commit {HASH}", None),
    ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ" + made(300, BASE64) + " user@host", None),
    (f"sha256:{made(64, HEX)}", None),
]


@pytest.mark.parametrize(("text", "expected"), IN_TEXT, ids=lambda value: repr(value)[:50])
def test_a_text_holds_what_it_holds(text: str, expected: str | None) -> None:
    assert [hit.detector for hit in scan_text(text)] == ([expected] if expected else [])


IN_VALUES: list[tuple[str, str, str | None]] = [
    ("DB_PASSWORD", "Tr0ub4dor&3", "named-password"),
    ("DB_PASSWORD", "changeme", "named-password"),
    ("DB_PASSWORD", "correct horse battery staple", "named-password"),
    ("SMTP_PASS", "Zx81qw", "named-password"),
    ("PGPASSWORD", "123456", "named-password"),
    ("dbPassword", "Zx81qwert", "named-password"),
    ("REDIS_PWD", "/opt+1/Zx=", "named-password"),
    ("JWT_SECRET", made(32), "named-secret"),
    ("SECRET_KEY_BASE", made(64, HEX), "named-secret"),
    ("SECRET_KEY", "django-insecure-" + made(50, ALNUM + "!@#^&*"), "named-secret"),
    ("STRIPE_API_KEY", "sk_" + "test_" + made(24), "named-secret"),
    ("SERVICE_API_KEY", "0b1c6a5e-3f4d-4a52-9d59-8f7b6a5c4d3e", "named-secret"),
    ("WEBHOOK_TOKEN", made(20), "named-secret"),
    ("ENCRYPTION_KEY", made(43, BASE64) + "=", "named-secret"),
    ("SECRET_2", made(24), "named-secret"),
    ("AWS_SECRET_ACCESS_KEY", made(40, BASE64), "aws-secret-key"),
    ("CONFIG", '{"db": {"password": "Zx81qwert"}}', "named-password"),  # auditor:allow secret reason=made up
    ("MAPS", API_KEY, "google-api-key"),
    ("KEY_JSON", KEY_FILE, "service-account-key"),
    (
        "DATABASE_URL",
        "postgres://app:Zx81qwert@10.0.0.3/db",  # auditor:allow secret reason=made up
        "connection-string",
    ),  # auditor:allow secret reason=made up
    ("SECRET_BLOB", b64("password=Zx81qwert\n"), "named-password"),  # auditor:allow secret reason=made up
    ("DB_PASSWORD", "", None),
    ("DB_PASSWORD", "${DB_PASSWORD}", None),
    ("DB_PASSWORD", "$(DB_PASSWORD)", None),
    ("DB_PASSWORD", "<password>", None),
    ("DB_PASSWORD", "xxxxxxxx", None),
    ("DB_PASSWORD", "********", None),
    ("DB_PASSWORD", "projects/p/secrets/db/versions/latest", None),
    ("DB_PASSWORD", "sm://p/db-password", None),
    ("DB_PASSWORD", "true", None),
    ("DB_PASSWORD", "REDACTED", None),
    ("DB_PASSWORD_FILE", "/run/secrets/db", None),
    ("DB_PASSWORD", "/run/secrets/db_password", None),
    ("DB_PASSWORD_LENGTH", "24", None),
    ("PASSWORD_MIN_AGE", "24h", None),
    ("TOKEN_URL", "https://oauth2.googleapis.com/token", None),
    ("API_TOKEN", "https://oauth2.googleapis.com/token", None),
    ("SECRET_NAME", "db-password-prod", None),
    ("DB_SECRET", "db-password-prod", None),
    ("JWT_SECRET_ID", made(24), None),
    ("MAX_TOKENS", "128000", None),
    ("TOKEN_TTL", "3600", None),
    ("USE_SECRET_MANAGER", "true", None),
    ("API_KEY", "YOUR_API_KEY", None),
    ("API_KEY", "changeme", None),
    ("PUBLIC_KEY", made(300, BASE64), None),
    ("STRIPE_PUBLISHABLE_KEY", "pk_" + "live_" + made(24), None),
    ("SSH_PUBLIC", "ssh-ed25519 " + made(68, BASE64) + " me@host", None),
    ("SECRET_KEY", "ssh-ed25519 " + made(68, BASE64) + " me@host", None),
    ("SERVICE_ACCOUNT_TOKEN", "runner@p.iam.gserviceaccount.com", None),
    ("AUTH_TOKEN", "bearer", None),
    ("CACHE_KEY", "users:by-name:v2", None),
    ("SORT_KEY", made(24), None),
    ("BUILD_ID", made(32, HEX), None),
    ("GIT_COMMIT", HASH, None),
    ("PASSWORD_HASH_ROUNDS", "120000", None),
    ("COMPASS", "north-by-west", None),
    ("BYPASS", "lane-number-7", None),
    ("ssh-keys", "me:ssh-rsa " + made(370, BASE64) + " me@host", None),
    ("enable-oslogin", "TRUE", None),
]


@pytest.mark.parametrize(("name", "value", "expected"), IN_VALUES, ids=lambda value: repr(value)[:40])
def test_a_variable_holds_what_it_holds(name: str, value: str, expected: str | None) -> None:
    assert [hit.detector for hit in scan_value(name, value)] == ([expected] if expected else [])


def test_a_hit_tells_where_but_not_what() -> None:
    secret = "Tr0ub4dor&3"  # auditor:allow secret reason=made up
    (hit,) = scan_text(f"#!/bin/sh\nset -e\nexport DB_PASSWORD={secret}\n")
    assert hit == Hit("named-password", "DB_PASSWORD", 3, len(secret), digest_of(secret))
    assert re.fullmatch("[0-9a-f]{8}", hit.digest)
    assert secret not in repr(hit)
    assert digest_of(secret, b"one") != digest_of(secret, b"two")


def test_a_run_has_a_salt_of_its_own() -> None:
    text = "export DB_PASSWORD=Tr0ub4dor&3\n"  # auditor:allow secret reason=made up
    before = (scan_text(text), scan_value("DB_PASSWORD", "Tr0ub4dor&3"))
    assert before[0][0].digest == before[1][0].digest
    use_salt(b"another run")
    try:
        after = (scan_text(text), scan_value("DB_PASSWORD", "Tr0ub4dor&3"))
    finally:
        use_salt(SALT)
    assert after[0][0].digest == after[1][0].digest != before[0][0].digest
    assert scan_text(text) == before[0]


def test_one_key_has_one_digest_in_every_dress() -> None:
    dresses = [PEM, PEM.replace("\n", "\\n"), b64(PEM), KEY_FILE, b64(KEY_FILE)]
    assert len({hit.digest for text in dresses for hit in scan_text(text)}) == 1


def test_each_secret_of_a_text_is_told_once_and_in_order() -> None:
    database = "redis://:Zx81qwert@h/0"  # auditor:allow secret reason=made up
    text = f"A_TOKEN={made(30)}\nMAPS_API_KEY={API_KEY}\nDB={database}\n"
    assert [(hit.detector, hit.line) for hit in scan_text(text)] == [
        ("named-secret", 1),
        ("google-api-key", 2),
        ("connection-string", 3),
    ]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400), st.text(max_size=40))
def test_any_text_can_be_scanned(text: str, name: str) -> None:
    scan_text(text)
    scan_value(name, text)


_PIECES = [
    "-----BEGIN PRIVATE KEY-----",
    "://",
    "a:b@",
    "password=",
    '"',
    "\\n",
    "eyJ",
    ".",
    "GOOG1E",
    "AIza",
    "--token ",
    "=",
    " ",
    "A" * 70,
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PIECES) | st.text(alphabet=BASE64, max_size=80), max_size=30).map("".join))
def test_texts_made_of_triggers_can_be_scanned(text: str) -> None:
    scan_text(text)
    scan_value("SECRET", text)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([sample.text for sample in positives(3, 2)])
    | st.lists(st.sampled_from(_PIECES) | st.text(max_size=12), max_size=4).map("".join),
    st.integers(0, 300),
    st.integers(0, 60),
)
def test_a_text_that_is_taken_for_plain_holds_nothing(text: str, start: int, length: int) -> None:
    for part in (text, text[start : start + length]):
        data = plain_bytes(part)
        worth = likely(part, data)
        if is_plain(part, data):
            assert (worth.detectors, worth.packed, list(assignments(part, data))) == ((), False, [])


@given(st.binary(min_size=18, max_size=60) | st.text(min_size=18, max_size=60).map(str.encode))
def test_base64_that_cannot_be_text_is_told_by_how_it_begins(content: bytes) -> None:
    packed = base64.b64encode(content).decode()
    text = ""
    with contextlib.suppress(ValueError):
        text = content.decode()
    for spelled in (packed, f" {packed}\n", "\n".join(packed[place : place + 7] for place in range(0, len(packed), 7))):
        assert _whole(spelled) == (text if text.isprintable() or "\n" in text else "")


@given(
    st.text(alphabet=ALNUM + "!#%^", min_size=12, max_size=60), st.sampled_from(["DB_PASSWORD", "API_TOKEN", "CONFIG"])
)
def test_no_hit_echoes_its_secret(secret: str, name: str) -> None:
    for text in (secret, f"password={secret}", f"redis://u:{secret}@h"):
        for hit in scan_value(name, text):
            assert hit.description == ALL_DETECTORS[hit.detector]
            assert hit.name in ("", "password", name)
            assert re.fullmatch(r"[0-9a-f]{8}", hit.digest)
            assert (type(hit.line), type(hit.length)) == (int, int)
            assert secret not in f"{hit!r} {hit.description}"


_HANGS = 20
"""Seconds: linear work takes a small part of one, exponential work does not end."""


@pytest.mark.parametrize(
    "unit",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----" + "A" * 100,
        "://a:b",
        "://" + "a" * 120 + ":",
        "a-",
        "password=",
        "password ",
        "--password ",
        "eyJhbGciOi",
        "eyJa.",
        "GOOG1EAAAAAAAAAAAAAAAAAAAAAAAA ",
        "SK" + "0" * 32 + " ",
        "name: PASSWORD, ",
        "curl -u ",
        ";password=",
        '"',
        "\\",
        " ",
        "ewoA",
        "Bearer ",
        "=" * 7,
    ],
)
def test_hostile_texts_take_linear_time(unit: str) -> None:
    began = time.perf_counter()
    scan_text(unit * (200_000 // len(unit)))
    assert time.perf_counter() - began < _HANGS


@pytest.mark.parametrize(
    "unit", ["a", "a/", "a.", "a-", "a ", "a:", "a@", "a1", "1,", "x", "_", "%s", "\\\\", "../", "a_"]
)
@pytest.mark.parametrize(("start", "end"), [("", "!"), ("/", "!"), ("/", "\u00e9"), ("a@", "("), ("~/", "\n")])
def test_hostile_values_take_linear_time(start: str, unit: str, end: str) -> None:
    began = time.perf_counter()
    for name in ("DB_PASSWORD", "API_TOKEN"):
        scan_value(name, start + unit * (4000 // len(unit)) + end)
    assert time.perf_counter() - began < _HANGS


def test_detectors_say_what_they_find() -> None:
    for detector in DETECTORS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", detector.id)
        assert detector.anchors or detector.marks or detector.inside, "it is never tried"
    assert all(len(description) > 8 for description in ALL_DETECTORS.values())


def test_a_known_secret_decides_whatever_else_is_unknown() -> None:
    env = [{"name": "REGION"}, {"name": "DB_PASSWORD", "value": "Zx81qwert"}]  # auditor:allow secret reason=made up
    for path in ("containers.0.env.0.value", "containers.0.args", "containers.*"):
        example = asset(
            RunService, {"template": {"containers": [{"env": env}]}}, unknown=[f"resource.data.template.{path}"]
        )
        verdict = judge(run_env_secret, [example.document()])
        assert verdict is not None
        assert verdict[0] is Outcome.FAIL
        assert "Zx81qwert" not in verdict[1]
