"""Texts with and without secrets, labelled: what the detectors are measured by.

Every credential is made up when the tests run, from its vendor's alphabet and lengths: no file holds one, so that
no host of repositories mistakes the tests for a leak. The same seed makes the same corpus.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = string.ascii_letters + DIGITS
URL_SAFE, BASE64, HEX = ALNUM + "-_", ALNUM + "+/", DIGITS + "abcdef"
BASE62 = DIGITS + UPPER + LOWER


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and the detector that finds something in it; `""` where there is nothing to find."""

    text: str
    expected: str
    family: str


class Maker:
    """Makes the random parts of a corpus."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def some(self, alphabet: str, length: int) -> str:
        """A generated string: never without a letter or a digit where the alphabet has both."""
        while True:
            made = "".join(self.random.choice(alphabet) for _ in range(length))
            if length < 16 or not (set(alphabet) & set(DIGITS)) or re.search(r"(?=.*\d)(?=.*[A-Za-z])", made):
                return made

    def hex(self, length: int) -> str:
        return self.some(HEX, length)

    def uuid(self) -> str:
        return "-".join(self.hex(length) for length in (8, 4, 4, 4, 12))

    def number(self, length: int) -> str:
        return self.random.choice("123456789") + "".join(self.random.choice(DIGITS) for _ in range(length - 1))

    def word(self) -> str:
        return self.random.choice(WORDS)

    def name(self, joint: str = "-", words: int = 2) -> str:
        return joint.join(self.random.sample(WORDS, words))

    def password(self) -> str:
        """As a person or a generator chooses it."""
        style = self.random.randrange(4)
        if style == 0:
            return self.word().capitalize() + self.number(3) + self.random.choice("!#?")
        if style == 1:
            return self.some(ALNUM, self.random.randint(10, 20)) + self.number(1)
        if style == 2:
            return self.some(LOWER, 6) + self.random.choice("-_.+") + self.number(4)
        return self.some(ALNUM + "!#^*", 14) + "7q"

    def base64(self, length: int) -> str:
        return base64.b64encode(self.random.randbytes(length)).decode()

    def checksummed(self, prefix: str) -> str:
        body, number, digits = self.some(ALNUM, 30), 0, ""
        number = zlib.crc32(body.encode())
        while number:
            number, digit = divmod(number, 62)
            digits = BASE62[digit] + digits
        return prefix + body + digits.rjust(6, "0")

    def pem(self, kind: str = "PRIVATE KEY", length: int = 1190) -> str:
        body = self.base64(length)
        lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
        return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"

    def key_file(self) -> str:
        account = {
            "type": "service_account",
            "project_id": self.name(),
            "private_key_id": self.hex(40),
            "private_key": self.pem(),
            "client_email": f"{self.word()}@{self.name()}.iam.gserviceaccount.com",
            "client_id": self.number(21),
        }
        return json.dumps(account, indent=2)

    def web_token(self) -> str:
        header = {"alg": self.random.choice(["RS256", "HS256", "ES256"]), "typ": "JWT", "kid": self.hex(8)}
        claims = {"sub": self.number(10), "iss": self.word(), "exp": 1790000000}
        return f"{segment(header)}.{segment(claims)}.{self.some(URL_SAFE, 86)}"


def segment(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WORDS = [
    "orders",
    "billing",
    "gateway",
    "frontend",
    "backend",
    "worker",
    "invoice",
    "delivery",
    "customer",
    "depot",
    "propane",
    "route",
    "planner",
    "analytics",
    "reporting",
    "ledger",
    "payments",
    "catalogue",
    "inventory",
    "checkout",
    "session",
    "scheduler",
    "archive",
    "staging",
    "europe",
    "monitor",
    "dispatch",
    "mobile",
    "partner",
    "search",
    "notifier",
    "exporter",
    "importer",
    "migration",
    "broker",
]

_CARRIERS = (
    'value = "{}"',
    "x: {}",
    '{{"value": "{}"}}',
    "export X={}",
    "see {} in the ticket",
    "- run: tool --with '{}' --verbose",
    '<setting value="{}"/>',
    "`{}`",
    "first,{},last",
    "client = Client('{}', timeout=3)",
    "X={}\nPORT=8080\n",
    'url = "https://api.internal/v1/items?k={}&page=2"',
)

_TOKENS: dict[str, tuple[Callable[[Maker], str], ...]] = {
    "google-api-key": (
        lambda m: "AIza" + m.some(URL_SAFE, 34) + "k",
        lambda m: "AQ.Ab" + m.some(URL_SAFE, 48) + "q",
        lambda m: "AQ." + m.some(URL_SAFE, 49) + "q",
    ),
    "google-oauth-client-secret": (lambda m: "GOCSPX-" + m.some(URL_SAFE, 27) + "z",),
    "google-oauth-refresh-token": (lambda m: "1//0" + m.some(URL_SAFE, 60) + "g",),
    "google-oauth-access-token": (
        lambda m: "ya29." + m.some(URL_SAFE, 150) + "g",
        lambda m: "ya29.c.b0A" + m.some(URL_SAFE, 180) + "g",
        lambda m: "ya29.d.c0AY_" + m.some(URL_SAFE, 120) + "g",
    ),
    "firebase-server-key": (lambda m: f"AAAA{m.some(URL_SAFE, 7)}:APA91b{m.some(URL_SAFE, 133)}x",),
    "github-token": (
        lambda m: m.checksummed(m.random.choice(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"])),
        lambda m: f"github_pat_{m.some(ALNUM, 22)}_{m.some(ALNUM, 59)}",
        lambda m: f"ghs_{m.number(6)}_{m.web_token()}",
    ),
    "gitlab-token": (
        lambda m: m.random.choice(["glpat-", "gldt-", "glrt-"]) + m.some(URL_SAFE, 19) + "x",
        lambda m: f"glpat-{m.some(URL_SAFE, 27)}.01.{m.some(DIGITS + LOWER, 9)}",
    ),
    "slack-token": (lambda m: f"xoxb-{m.number(12)}-{m.number(12)}-{m.some(ALNUM, 24)}",),
    "stripe-key": (lambda m: m.random.choice(["sk_live_", "rk_live_", "whsec_"]) + m.some(ALNUM, 32),),
    "sendgrid-key": (lambda m: f"SG.{m.some(URL_SAFE, 22)}.{m.some(URL_SAFE, 42)}x",),
    "npm-token": (lambda m: m.checksummed("npm_"),),
    "pypi-token": (lambda m: "pypi-AgEIcHlwaS5vcmc" + m.some(URL_SAFE, 140) + "w",),
    "rubygems-token": (lambda m: "rubygems_" + m.hex(48),),
    "clojars-token": (lambda m: "CLOJARS_" + m.some(DIGITS + LOWER, 60),),
    "nuget-key": (lambda m: "oy2" + m.some(DIGITS + LOWER, 43),),
    "docker-token": (lambda m: "dckr_pat_" + m.some(URL_SAFE, 26) + "x",),
    "aws-access-key": (lambda m: m.random.choice(["AKIA", "ASIA"]) + m.some(UPPER + "234567", 16),),
    "aws-bedrock-key": (lambda m: "ABSKQmVkcm9ja0FQSUtleS1" + m.some(BASE64, 108),),
    "alibaba-access-key": (lambda m: "LTAI" + m.some(ALNUM, 20),),
    "digitalocean-token": (lambda m: "dop_v1_" + m.hex(64),),
    "databricks-token": (lambda m: "dapi" + m.hex(32), lambda m: "dose" + m.hex(32)),
    "vault-token": (lambda m: "hvs." + m.some(URL_SAFE, 90) + "w",),
    "terraform-cloud-token": (lambda m: f"{m.some(ALNUM, 14)}.atlasv1.{m.some(URL_SAFE, 66)}w",),
    "pulumi-token": (lambda m: "pul-" + m.hex(40),),
    "doppler-token": (lambda m: "dp.pt." + m.some(ALNUM, 43),),
    "onepassword-token": (lambda m: "ops_eyJ" + m.some(URL_SAFE, 400) + "w",),
    "age-secret-key": (lambda m: "AGE-SECRET-KEY-1" + m.some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),),
    "openai-key": (
        lambda m: f"sk-{m.some(ALNUM, 20)}T3BlbkFJ{m.some(ALNUM, 20)}",
        lambda m: f"sk-proj-{m.some(URL_SAFE, 74)}T3BlbkFJ{m.some(URL_SAFE, 73)}x",
    ),
    "anthropic-key": (lambda m: f"sk-ant-api03-{m.some(URL_SAFE, 93)}AA",),
    "hugging-face-token": (lambda m: "hf_" + m.some(string.ascii_letters, 34),),
    "groq-key": (lambda m: "gsk_" + m.some(ALNUM, 52),),
    "xai-key": (lambda m: "xai-" + m.some(ALNUM, 80),),
    "perplexity-key": (lambda m: "pplx-" + m.some(ALNUM, 48),),
    "replicate-token": (lambda m: "r8_" + m.some(ALNUM, 37),),
    "langsmith-key": (lambda m: f"lsv2_pt_{m.hex(32)}_{m.hex(10)}",),
    "openrouter-key": (lambda m: "sk-or-v1-" + m.hex(64),),
    "tavily-key": (lambda m: "tvly-" + m.some(ALNUM, 32),),
    "pinecone-key": (lambda m: f"pcsk_{m.some(ALNUM, 5)}_{m.some(ALNUM, 63)}",),
    "wandb-key": (lambda m: f"wandb_v1_{m.some(ALNUM, 27)}_{m.some(ALNUM, 49)}",),
    "together-key": (lambda m: "tgp_v1_" + m.some(URL_SAFE, 42) + "x",),
    "nvidia-key": (lambda m: "nvapi-" + m.some(URL_SAFE, 63) + "x",),
    "cerebras-key": (lambda m: "csk-" + m.some(LOWER + DIGITS, 48),),
    "firecrawl-key": (lambda m: "fc-" + m.hex(32),),
    "elevenlabs-key": (lambda m: "sk_" + m.hex(48),),
    "langfuse-key": (lambda m: "sk-lf-" + m.uuid(),),
    "resend-key": (lambda m: f"re_{m.some(ALNUM, 8)}_{m.some(ALNUM, 24)}",),
    "posthog-key": (lambda m: "phx_" + m.some(ALNUM, 43),),
    "typeform-token": (lambda m: f"tfp_{m.some(ALNUM, 44)}_{m.some(ALNUM, 14)}",),
    "slack-cookie": (lambda m: f"xoxd-{m.some(ALNUM, 90)}%2B{m.some(ALNUM, 40)}",),
    "telegram-bot-token": (lambda m: f"{m.number(10)}:AA{m.some(URL_SAFE, 32)}x",),
    "square-token": (lambda m: "sq0atp-" + m.some(URL_SAFE, 21) + "x",),
    "shopify-token": (lambda m: m.random.choice(["shpat_", "shpss_"]) + m.hex(32),),
    "mailchimp-key": (lambda m: f"{m.hex(32)}-us{m.random.randint(1, 21)}",),
    "brevo-key": (lambda m: f"xkeysib-{m.hex(64)}-{m.some(ALNUM, 16)}",),
    "mapbox-token": (lambda m: f"sk.eyJ{m.some(ALNUM, 58)}.{m.some(URL_SAFE, 21)}x",),
    "grafana-token": (lambda m: f"glsa_{m.some(ALNUM, 32)}_{m.hex(8)}",),
    "new-relic-key": (lambda m: "NRAK-" + m.some(UPPER + DIGITS, 27),),
    "sentry-token": (lambda m: "sntryu_" + m.hex(64),),
    "dynatrace-token": (lambda m: f"dt0c01.{m.some(UPPER + DIGITS, 24)}.{m.some(UPPER + DIGITS, 64)}",),
    "honeycomb-key": (lambda m: "hcaik_" + m.some(DIGITS + LOWER, 58),),
    "postman-key": (lambda m: f"PMAK-{m.hex(24)}-{m.hex(34)}",),
    "atlassian-token": (lambda m: "ATATT3xFfGF0" + m.some(URL_SAFE, 180) + "w",),
    "bitbucket-password": (lambda m: "ATBB" + m.some(ALNUM, 32),),
    "linear-key": (lambda m: "lin_api_" + m.some(ALNUM, 40),),
    "notion-token": (lambda m: "ntn_" + m.number(11) + m.some(ALNUM, 35),),
    "figma-token": (lambda m: "figd_" + m.some(URL_SAFE, 42) + "x",),
    "airtable-token": (lambda m: f"pat{m.some(ALNUM, 14)}.{m.hex(64)}",),
    "asana-token": (
        lambda m: f"1/{m.number(16)}:{m.hex(32)}",
        lambda m: f"2/{m.number(16)}/{m.number(16)}:{m.hex(32)}",
    ),
    "netlify-token": (lambda m: "nfp_" + m.some(ALNUM, 36),),
    "vercel-token": (lambda m: "vcp_" + m.some(ALNUM, 56),),
    "supabase-token": (lambda m: "sbp_" + m.hex(40),),
    "planetscale-token": (lambda m: "pscale_tkn_" + m.some(URL_SAFE, 42) + "x",),
    "neon-key": (lambda m: "napi_" + m.some(DIGITS + LOWER, 64),),
    "fly-token": (lambda m: "fm2_lJPECAAAAAAAAyLExBA" + m.some(BASE64, 160) + "w",),
    "render-key": (lambda m: "rnd_" + m.some(ALNUM, 28),),
    "heroku-key": (lambda m: "HRKU-AA" + m.some(URL_SAFE, 57) + "x",),
    "circleci-token": (lambda m: f"CCIPAT_{m.some(ALNUM, 22)}_{m.hex(40)}",),
    "buildkite-token": (lambda m: "bkua_" + m.hex(40),),
    "artifactory-key": (lambda m: "AKCp" + m.some(ALNUM, 69),),
    "sonar-token": (lambda m: m.random.choice(["squ_", "sqp_"]) + m.hex(40),),
    "snyk-token": (lambda m: f"snyk_uat.{m.hex(8)}.{m.some(URL_SAFE, 90)}x",),
    "sourcegraph-token": (lambda m: f"sgp_{m.hex(16)}_{m.hex(40)}",),
    "octopus-key": (lambda m: "API-" + m.some(UPPER + DIGITS, 26),),
    "easypost-key": (lambda m: "EZAK" + m.some(ALNUM, 54),),
    "shippo-token": (lambda m: "shippo_live_" + m.hex(40),),
    "duffel-token": (lambda m: "duffel_live_" + m.some(URL_SAFE, 42) + "x",),
    "flutterwave-key": (lambda m: f"FLWSECK-{m.hex(32)}-X",),
    "razorpay-key": (lambda m: "rzp_live_" + m.some(ALNUM, 13) + "7",),
    "plaid-token": (lambda m: "access-production-" + m.uuid(),),
    "facebook-token": (lambda m: "EAAC" + m.some(ALNUM, 160),),
    "readme-key": (lambda m: "rdme_" + m.some(DIGITS + LOWER, 70),),
    "prefect-key": (lambda m: "pnu_" + m.some(ALNUM, 36),),
    "tailscale-key": (lambda m: f"tskey-auth-{m.some(ALNUM, 17)}-{m.some(ALNUM, 32)}",),
    "openshift-token": (lambda m: "sha256~" + m.some(URL_SAFE, 42) + "x",),
    "maxmind-key": (lambda m: f"{m.some(ALNUM, 6)}_{m.some(ALNUM, 29)}_mmk",),
    "cloudflare-origin-key": (lambda m: f"v1.0-{m.hex(24)}-{m.hex(146)}",),
    "elastic-key": (lambda m: "essu_" + m.some(ALNUM, 72),),
    "contentful-token": (lambda m: "CFPAT-" + m.some(URL_SAFE, 42) + "x",),
    "adobe-secret": (lambda m: "p8e-" + m.some(URL_SAFE, 31) + "x",),
    "discord-bot-token": (lambda m: f"MT{m.some(ALNUM, 24)}.G{m.some(ALNUM, 5)}.{m.some(URL_SAFE, 37)}x",),
    "azure-client-secret": (lambda m: f"{m.some(ALNUM, 3)}8Q~{m.some(ALNUM + '_.~', 33)}x",),
    "azure-key": (
        lambda m: f"{m.some(ALNUM, 52)}JQQJ99{m.some(ALNUM, 26)}",
        lambda m: f"{m.some(ALNUM, 76)}AZDO{m.some(ALNUM, 4)}",
    ),
    "jwt": (lambda m: m.web_token(),),
}

_WHOLE: dict[str, tuple[Callable[[Maker], str], ...]] = {
    "service-account-key": (
        lambda m: m.key_file(),
        lambda m: json.dumps({"credentials": m.key_file()}),
        lambda m: b64(m.key_file()),
        lambda m: f"data:\n  key.json: {b64(m.key_file())}\n",
        lambda m: f"GOOGLE_CREDENTIALS='{json.dumps(json.loads(m.key_file()))}'\nPORT=8080\n",
        lambda m: "env:\n  KEY: |\n" + "".join(f"    {line}\n" for line in m.key_file().splitlines()),
    ),
    "private-key": (
        lambda m: m.pem(),
        lambda m: m.pem("RSA PRIVATE KEY"),
        lambda m: m.pem("EC PRIVATE KEY", 121),
        lambda m: m.pem("OPENSSH PRIVATE KEY", 400),
        lambda m: json.dumps({"tls": m.pem()}),
        lambda m: 'KEY = (\n' + "".join(f'    "{line}\\n"\n' for line in m.pem().splitlines()) + ")\n",
        lambda m: f"x: {b64(m.pem())}\n",
        lambda m: "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ci\nPublic-Lines: 2\n"
        f"{m.base64(48)}\n{m.base64(12)}\nPrivate-Lines: 1\n{m.base64(36)}\nPrivate-MAC: {m.hex(64)}\n",
    ),
    "json-web-key": (
        lambda m: json.dumps({"kty": "RSA", "n": m.some(ALNUM, 342), "e": "AQAB", "d": m.some(URL_SAFE, 341) + "x"}),
        lambda m: json.dumps({"crv": "P-256", "d": m.some(URL_SAFE, 42) + "x", "kid": m.hex(8), "kty": "EC"}, indent=2),
    ),
    "npm-registry-auth": (
        lambda m: f"registry=https://npm.internal/\n_auth={b64('ci:' + m.some(ALNUM, 14))}\nalways-auth=true\n",
        lambda m: f'//npm.internal/:_auth = "{b64("deploy:" + m.some(ALNUM, 20))}"\n',
    ),
    "google-chat-webhook": (
        lambda m: f"https://chat.googleapis.com/v1/spaces/AAAA{m.some(ALNUM, 7)}/messages"
        f"?key=AIza{m.some(URL_SAFE, 34)}k&token={m.some(URL_SAFE, 42)}x",
    ),
    "google-hmac-secret": (
        lambda m: f"id: GOOG1E{m.some(UPPER + DIGITS, 55)}\nsecret: {m.some(BASE64, 40)}\n",
        lambda m: f'{{"accessId": "GOOG{m.some(UPPER + DIGITS, 20)}", "value": "{m.some(ALNUM, 40)}"}}',
        lambda m: f"GOOG1E{m.some(UPPER + DIGITS, 55)},{m.some(BASE64, 40)}\n",
    ),
    "signed-url": (
        lambda m: f"https://storage.googleapis.com/b/{m.word()}.pdf?X-Goog-Expires=600&X-Goog-Signature={m.hex(512)}",
        lambda m: f"https://storage.googleapis.com/b/o?GoogleAccessId={m.word()}%40p.iam.gserviceaccount.com"
        f"&Expires=1790000000&Signature={m.some(ALNUM, 170)}%2B{m.some(ALNUM, 170)}%3D%3D",
    ),
    "slack-webhook": (
        lambda m: f"https://hooks.slack.com/services/T{m.some(UPPER + DIGITS, 8)}/B{m.some(UPPER + DIGITS, 10)}/"
        + m.some(ALNUM, 24),
    ),
    "discord-webhook": (lambda m: f"https://discord.com/api/webhooks/{m.number(18)}/{m.some(URL_SAFE, 68)}",),
    "teams-webhook": (
        lambda m: f"https://{m.word()}.webhook.office.com/webhookb2/{m.uuid()}@{m.uuid()}/IncomingWebhook/{m.hex(32)}/"
        + m.uuid(),
    ),
    "zapier-webhook": (lambda m: f"https://hooks.zapier.com/hooks/catch/{m.number(7)}/{m.some(LOWER + DIGITS, 7)}",),
    "twilio-token": (
        lambda m: f"AC{m.hex(32)}:{m.hex(32)}",
        lambda m: f"account_sid = 'AC{m.hex(32)}'\nauth = '{m.hex(32)}'\n",
        lambda m: f"TWILIO_AUTH_TOKEN={m.hex(32)}",
    ),
    "azure-shared-access-signature": (
        lambda m: "https://acc.blob.core.windows.net/c/f?sv=2024-11-04&sp=r&sig=" + m.some(ALNUM, 41) + "x%3D",
    ),
    "azure-storage-key": (
        lambda m: f"DefaultEndpointsProtocol=https;AccountName=acc;AccountKey={m.some(BASE64, 86)}==;EndpointSuffix=x",
        lambda m: f'AZURE_STORAGE_KEY="{m.some(BASE64, 86)}=="',
    ),
    "aws-secret-key": (
        lambda m: f"aws_secret_access_key = {m.some(BASE64, 39)}7",
        lambda m: f'"AWS_SECRET_ACCESS_KEY": "{m.some(BASE64, 39)}7"',
    ),
    "datadog-key": (lambda m: f"DD_API_KEY={m.hex(32)}", lambda m: f"datadog_app_key: {m.hex(40)}"),
    "cloudflare-token": (
        lambda m: f"CLOUDFLARE_API_TOKEN={m.some(URL_SAFE, 39)}x",
        lambda m: f"token: cfut_{m.some(ALNUM, 40)}{m.hex(8)}",
        lambda m: f"curl -H 'X: cfat_{m.some(ALNUM, 40)}{m.hex(8)}'",
    ),
    "mailgun-key": (lambda m: f"MAILGUN_API_KEY=key-{m.hex(32)}",),
    "okta-token": (lambda m: f"OKTA_API_TOKEN: 00{m.some(URL_SAFE, 39)}x",),
    "algolia-key": (lambda m: f'algoliaAdminApiKey: "{m.hex(32)}"',),
    "codecov-token": (lambda m: f"CODECOV_TOKEN={m.uuid()}",),
    "fastly-token": (lambda m: f"FASTLY_API_TOKEN={m.some(URL_SAFE, 31)}x",),
    "twitter-secret": (lambda m: f'twitter_api_secret = "{m.some(ALNUM, 50)}"',),
    "recaptcha-secret": (lambda m: f"RECAPTCHA_SECRET_KEY=6L{m.some(URL_SAFE, 37)}x",),
    "line-token": (lambda m: f"LINE_CHANNEL_SECRET={m.hex(32)}",),
    "connection-string": (
        lambda m: f"postgresql://{m.word()}:{m.some(ALNUM, 11)}@10.0.0.3:5432/{m.word()}",
        lambda m: f"DATABASE_URL=postgresql+asyncpg://app:{m.some(ALNUM, 12)}@/orders?host=/cloudsql/p:europe-west1:db",
        lambda m: f'url = "mysql+pymysql://root:{m.some(ALNUM, 9)}@/app?unix_socket=/cloudsql/p:r:i"',
        lambda m: f"redis://:{m.some(ALNUM, 16)}@{m.word()}:6379/0",
        lambda m: f"mongodb+srv://app:{m.some(ALNUM, 12)}@cluster0.ab1cd.mongodb.net/{m.word()}",
        lambda m: f"jdbc:postgresql://10.0.0.3/db?user=app&password={m.some(ALNUM, 12)}",
        lambda m: f"Server=tcp:{m.word()},1433;Database=x;User ID=sa;Password={m.some(ALNUM, 14)};Encrypt=True",
        lambda m: "amqp://guest:guest@rabbit:5672/%2f",  # auditor:allow secret reason=made up
    ),
    "basic-auth-url": (
        lambda m: f"https://ci:{m.some(ALNUM, 14)}@pypi.internal/simple",
        lambda m: f"git clone https://deploy:{m.some(ALNUM, 18)}@git.internal/{m.name()}.git",
    ),
    "authorization-header": (
        lambda m: f"curl -H 'Authorization: Bearer {m.some(ALNUM, 40)}' https://api.internal",
        lambda m: "Authorization: Basic " + b64(f"svc:{m.some(ALNUM, 12)}"),
        lambda m: f'headers = {{"Authorization": "Bearer {m.some(URL_SAFE, 43)}x"}}',
    ),
    "docker-config-auth": (
        lambda m: f'{{"auths": {{"https://index.docker.io/v1/": {{"auth": "{b64("ci:" + m.some(ALNUM, 16))}"}}}}}}',
        lambda m: json.dumps({"auths": {"gcr.io": {"auth": b64("_json_key:" + m.key_file())}}}),
        lambda m: json.dumps({"pkg.dev": {"auth": b64("oauth2accesstoken:ya29." + m.some(URL_SAFE, 99))}}, indent=2),
    ),
    "command-line-password": (
        lambda m: f"curl -s -u admin:{m.some(ALNUM, 10)} https://jenkins.internal/job",
        lambda m: f"echo 'deploy:{m.some(ALNUM, 10)}' | sudo chpasswd",
        lambda m: f"sshpass -p '{m.some(ALNUM, 10)}' ssh deploy@10.0.0.4",
        lambda m: f'$p = ConvertTo-SecureString "{m.some(ALNUM, 12)}" -AsPlainText -Force',
        lambda m: f"net user Administrator {m.some(ALNUM, 12)}! /add",
    ),
}  # fmt: skip

_NAMED = (
    "{}={}",
    "export {}='{}'",
    '{}: "{}"',
    '"{}": "{}",',
    "{} = '{}'",
    '    - name: {}\n      value: "{}"\n',
    '{{"name": "{}", "value": "{}"}}',
    "ENV {} {}",
    "gcloud run deploy web --set-env-vars={}={},PORT=8080",
    '<add key="{}" value="{}"/>',
)
_PASSWORD_NAMES = [
    "DB_PASSWORD",
    "POSTGRES_PASSWORD",
    "SMTP_PASS",
    "REDIS_PWD",
    "ADMIN_PASSWORD",
    "PGPASSWORD",
    "MYSQL_ROOT_PASSWORD",
]
_TOKEN_NAMES = [
    "API_TOKEN",
    "JWT_SECRET",
    "SECRET_KEY",
    "CLIENT_SECRET",
    "SESSION_SECRET",
    "ENCRYPTION_KEY",
    "WEBHOOK_SECRET",
]


def positives(seed: int = 7, each: int = 6) -> Iterator[Sample]:
    """Texts with one secret each, at least `each` for every detector."""
    make = Maker(seed)
    for detector, makers in _TOKENS.items():
        for turn in range(each):
            carrier = make.random.choice(_CARRIERS)
            yield Sample(carrier.format(makers[turn % len(makers)](make)), detector, detector)
    for detector, makers in _WHOLE.items():
        for turn in range(max(each, len(makers))):
            yield Sample(makers[turn % len(makers)](make), detector, detector)
    for carrier in _NAMED:
        for name in _PASSWORD_NAMES:
            yield Sample(carrier.format(name, make.password()), "named-password", "named-password")
        for name in _TOKEN_NAMES:
            value = make.random.choice([make.hex(40), make.some(ALNUM, 32), make.some(URL_SAFE, 42) + "x"])
            yield Sample(carrier.format(name, value), "named-secret", "named-secret")
    for text in _PASSWORDS_IN_CODE:
        yield Sample(text.format(make.password()), "named-password", "named-password")


_PASSWORDS_IN_CODE = (
    'connect(host="10.0.0.3", user="app", password="{}")',
    'const config = {{ user: "app", password: "{}" }};',
    "spring.datasource.password={}",
    "db:\n  user: app\n  password: '{}'\n",
    "<password>{}</password>",
    'password := "{}"',
    'String dbPassword = "{}";',
    "mysqladmin --password '{}' status",
    'resource "google_sql_user" "app" {{\n  name     = "app"\n  password = "{}"\n}}\n',
    '$dbPassword = "{}";',
    "machine git.internal login deploy password {}",
    "define( 'DB_PASSWORD', '{}' );",
    'password = os.getenv("DB_PASSWORD", "{}")',
    'dataSource.setPassword("{}");',
    '[client]\nuser=root\npassword="{}"\n',
    '{{\\"user\\": \\"app\\", \\"password\\": \\"{}\\"}}',
)
