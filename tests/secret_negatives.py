"""Texts that look as if they held secrets, and hold none: what the detectors must leave alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

from tests.secret_corpus import ALNUM, BASE64, DIGITS, LOWER, UPPER, URL_SAFE, Maker, Sample, b64, segment

_FAMILIES: dict[str, tuple[Callable[[Maker], str], ...]] = {
    "git hashes": (
        lambda m: f"commit {m.hex(40)}\nAuthor: a <a@b.org>\nDate:   Mon Mar 2 10:00:00 2026\n\n"
        "    rotate the secret key\n",
        lambda m: f"index {m.hex(7)}..{m.hex(7)} 100644\n--- a/secrets/token.py\n+++ b/secrets/token.py\n",
        lambda m: f"uses: actions/checkout@{m.hex(40)} # v4.2.2",
        lambda m: f"GIT_COMMIT={m.hex(40)}\nBUILD_ID={m.uuid()}\n",
        lambda m: f"git+https://github.com/org/token-auth.git@{m.hex(40)}#egg=token-auth",
    ),
    "integrity": (
        lambda m: f'"integrity": "sha512-{m.base64(64)}",',
        lambda m: f'<script src="https://cdn.test/a.js" integrity="sha384-{m.base64(48)}" crossorigin></script>',
        lambda m: f'  resolved "https://registry.yarnpkg.com/js-tokens/-/js-tokens-4.0.0.tgz#{m.hex(40)}"\n'
        f"  integrity sha512-{m.base64(64)}\n",
        lambda m: f"golang.org/x/oauth2 v0.21.0 h1:{m.base64(32)}\n"
        f"golang.org/x/oauth2 v0.21.0/go.mod h1:{m.base64(32)}",
        lambda m: f'    {{file = "keyring-25.2.1-py3-none-any.whl", hash = "sha256:{m.hex(64)}"}},',
        lambda m: f'[[package]]\nname = "secrecy"\nversion = "0.8.0"\nchecksum = "{m.hex(64)}"\n',
        lambda m: f"cryptography==43.0.1 \\\n    --hash=sha256:{m.hex(64)} \\\n    --hash=sha256:{m.hex(64)}\n",
    ),
    "identifiers": (
        lambda m: f'"id": "{m.uuid()}", "etag": "{m.some(ALNUM, 12)}="',
        lambda m: f"request_id={m.uuid()} trace={m.hex(32)}/{m.number(19)};o=1",
        lambda m: f'"_id": {{"$oid": "{m.hex(24)}"}}',
        lambda m: f"insertId: {m.some(LOWER + DIGITS, 15)}\nlogName: projects/p/logs/run.googleapis.com%2Frequests\n",
        lambda m: f"traceparent: 00-{m.hex(32)}-{m.hex(16)}-01",
        lambda m: f'"uid": "{m.uuid()}", "resourceVersion": "{m.number(9)}", "generation": 3',
        lambda m: f"session={m.uuid()}; Path=/; HttpOnly",
    ),
    "images and fonts": (
        lambda m: f'<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUg{m.some(BASE64, 400)}==">',
        lambda m: f"src: url(data:font/woff2;base64,d09GMgABAAAAA{m.some(BASE64, 600)}) format('woff2');",
        lambda m: f'"image/png": "iVBORw0KGgo{m.some(BASE64, 800)}\\n"',
        lambda m: f"background:url(data:image/svg+xml;base64,PHN2Zy{m.some(BASE64, 300)}=)",
    ),
    "minified code": (
        lambda m: "!function(e,t){var n=t.key||e.token,r={};for(var i in n)r[i]=n[i];"
        + "".join(f"function {a}(e){{return e.{b}(1)}}" for a, b in zip("abcdefgh", "stuvwxyz", strict=True))
        + f'}}(this,"{m.some(ALNUM, 20)}");',
        lambda m: f"//# sourceMappingURL=main.{m.hex(20)}.js.map\n"
         f'{{"version":3,"mappings":"AAAA,{m.some(ALNUM + ",;", 300)}"}}',
        lambda m: f'(self.webpackChunk=self.webpackChunk||[]).push([[{m.number(3)}],'
        f'{{{m.number(5)}:(e,t,n)=>{{"use strict";'
        "var passwordField=n(4021),tokenStore=e.token,apiKey=t.key;}}])",
        lambda m: f".btn-{m.hex(6)}{{--pass:#3f7d5a;--token-color:#{m.hex(6)};key-frames:none}}",
    ),
    "public keys": (
        lambda m: m.pem("CERTIFICATE", 900),
        lambda m: m.pem("PUBLIC KEY", 270),
        lambda m: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{m.some(BASE64, 43)} deploy@{m.word()}",
        lambda m: f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC{m.some(BASE64, 500)}= me@host",
        lambda m: f'"public_key": "{m.some(BASE64, 43)}="',
        lambda m: f"SHA256:{m.some(BASE64, 43)} deploy@host (ED25519)",
        lambda m: f'{{"kty": "RSA", "kid": "{m.hex(40)}", "n": "{m.some(URL_SAFE, 342)}", "e": "AQAB", "use": "sig"}}',
        lambda m: f"key id {':'.join(m.hex(2) for _ in range(20))}",
        lambda m: f'sshPublicKey = "{m.some(BASE64, 68)}"',
    ),
    "placeholders": (
        lambda m: f"{m.word().upper()}_API_KEY=YOUR_API_KEY",
        lambda m: f"{m.word().upper()}_API_KEY=your-{m.word()}-api-key-here",
        lambda m: f"DB_PASSWORD=<{m.word()}-password>",
        lambda m: "DB_PASSWORD=" + "x" * m.random.randint(4, 20),
        lambda m: "password: '" + "*" * m.random.randint(4, 12) + "'",
        lambda m: f'api_key = "REPLACE_ME_{m.word()}"',
        lambda m: f"client_secret: [{m.word()} secret]",
        lambda m: "AIza" + "x" * 35,
        lambda m: "ghp_" + "X" * 36,
        lambda m: "sk_live_" + "0" * 24,
        lambda m: f"token: dummy-{m.word()}-token",
        lambda m: f"password=REDACTED user={m.word()}",
        lambda m: 'private_key = "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----\\n"',
        lambda m: f"xoxb-your-{m.word()}-bot-token-goes-here",
    ),
    "documentation": (
        lambda m: "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        lambda m: "postgresql://user:password@host:5432/dbname",
        lambda m: "https://username:password@proxy.example.com:8080",
        lambda m: f"Set the password of the {m.word()} database with the option password: it is asked for otherwise.",
        lambda m: f"The token is sent as `Authorization: Bearer <token>` to the {m.word()} service.",
        lambda m: f'curl -H "Authorization: Bearer $TOKEN" https://{m.word()}.example.com',
        lambda m: "curl -H \"Authorization: Bearer $(gcloud auth print-identity-token)\" https://x.run.app",
        lambda m: f"openssl genrsa -out {m.word()}.key 4096  # the secret key",
        lambda m: f":param token: the access token of the {m.word()}.\n:param password: optional.\n",
        lambda m: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ),
    "kubernetes": (
        lambda m: f"secretName: {m.name()}-tls\nexistingSecret: {m.name()}-credentials\n",
        lambda m: f"valueFrom:\n  secretKeyRef:\n    name: {m.name()}\n    key: db-password\n",
        lambda m: f"name: {m.name()}-{m.some(LOWER + DIGITS, 10)}-{m.some(LOWER + DIGITS, 5)}",
        lambda m: f"image: europe-docker.pkg.dev/p/{m.word()}/api@sha256:{m.hex(64)}",
        lambda m: f"passwordSecret:\n  name: {m.name()}\n  key: password\n",
        lambda m: f"checksum/config: {m.hex(64)}\npod-template-hash: {m.hex(10)}\n",
        lambda m: f"serviceAccountName: {m.name()}\nautomountServiceAccountToken: false\n",
        lambda m: f"imagePullSecrets:\n- name: {m.name()}-registry-key\n",
        lambda m: f"caBundle: {m.pem('CERTIFICATE', 300).encode().hex()[:80]}",
        lambda m: f"tokenSecretRef: {m.name()}-token\n",
    ),
    "terraform": (
        lambda m: f"password = var.{m.name('_')}_password\nsecret_key = local.{m.word()}.key\n",
        lambda m: f'password = "${{random_password.{m.word()}.result}}"',
        lambda m: f"secret_data = random_password.{m.word()}.result",
        lambda m: f'api_key = data.google_secret_manager_secret_version.{m.word()}.secret_data',
        lambda m: f'  secret  = "projects/{m.name()}/secrets/{m.name()}"\n  version = "latest"\n',
        lambda m: f'variable "{m.word()}_password" {{\n  type      = string\n  sensitive = true\n}}\n',
        lambda m: f'kms_key_name = "projects/{m.name()}/locations/europe/keyRings/{m.word()}/cryptoKeys/{m.word()}"',
        lambda m: f'  "h1:{m.base64(32)}",\n  "zh:{m.hex(64)}",\n',
        lambda m: f'token = "{{{{ .Values.{m.word()}.token }}}}"',
    ),
    "references": (
        lambda m: f"DB_PASSWORD=projects/{m.number(12)}/secrets/{m.name()}/versions/{m.number(1)}",
        lambda m: f"DB_PASSWORD: sm://{m.name()}/{m.name()}",
        lambda m: f"DB_PASSWORD=${{{m.word().upper()}_PASSWORD}}",
        lambda m: f"gcloud run deploy --set-secrets=DB_PASSWORD={m.name()}:latest",
        lambda m: f'PASSWORD=$(gcloud secrets versions access latest --secret="{m.name()}")',
        lambda m: f"DB_PASSWORD: op://{m.word()}/{m.word()}/password",
        lambda m: f"API_KEY: vault:secret/data/{m.word()}#key",
        lambda m: f"password: !vault {m.word()}",
        lambda m: f"postgres://app:${{DB_PASSWORD}}@{m.word()}:5432/db",
        lambda m: f"postgres://{{user}}:{{password}}@{m.word()}/db",
        lambda m: f"TOKEN: ${{{{ secrets.{m.word().upper()}_TOKEN }}}}",
        lambda m: f"DB_PASSWORD_FILE=/run/secrets/{m.word()}_password",
        lambda m: f"GOOGLE_APPLICATION_CREDENTIALS=/var/run/{m.name()}.json",
        lambda m: f"redis://:%REDIS_PASSWORD%@{m.word()}:6379/0",
        lambda m: f"SECRET_ID=arn:aws:secretsmanager:eu-west-1:{m.number(12)}:secret:{m.name()}-{m.some(ALNUM, 6)}",
    ),
    "code": (
        lambda m: f"password = os.environ['{m.word().upper()}_PASSWORD']",
        lambda m: f'token := os.Getenv("{m.word().upper()}_TOKEN")',
        lambda m: f"const apiKey = process.env.{m.word().upper()}_API_KEY;",
        lambda m: f"token = request.headers.get('X-{m.word()}-Token')",
        lambda m: f"self.{m.word()}_password = {m.word()}_password",
        lambda m: f"def login(user: str, password: str, token: str | None = None) -> {m.word().title()}:",
        lambda m: "interface Login { user: string; password: string; token?: string }",
        lambda m: f"if (password === confirmPassword && token !== null) {{ {m.word()}(); }}",
        lambda m: f"private final String {m.word()}Password;",
        lambda m: f"secret = get_secret('{m.name()}')",
        lambda m: f'password = os.getenv("{m.word().upper()}_PASSWORD", "")',
        lambda m: f'form.setPasswordLabel("{m.word()}"); verify_password("{m.word()}", hash)',
        lambda m: f"keys = ['password', '{m.word()}', 'token', '{m.name('_')}']",
        lambda m: f'"auth": "{m.word()}", "authMethod": "basic"',
        lambda m: f"for key, value in {m.word()}.items():\n    cache_key = f'{m.word()}:{{key}}'\n",
        lambda m: f'PASSWORD_FIELD = "{m.word()}_password"\nPASSWORD = "password"\n',
        lambda m: f"key={m.word()}.id, sort_key='{m.word()}', primary_key=True",
        lambda m: f"assert token == expected_token, '{m.word()}'",
        lambda m: f"max_tokens={m.number(4)}, token_count={m.number(3)}, tokenizer='{m.name()}'",
        lambda m: f"password = getpass.getpass('Password of {m.word()}: ')",
        lambda m: f"$password = $_POST['{m.word()}_password'];",
        lambda m: f"row.token = tokens[{m.number(2)}]\nuser.password = hash_password(form.password)\n",
        lambda m: f'"AWS::SecretsManager::Secret": "{m.hex(16)}"',
        lambda m: f"{m.name('_', 4)}_{m.name('_', 3)}({m.name('_', 3)})",
        lambda m: f"{m.word()}ConfigurationManagerFactoryProviderImplementation{m.number(2)}.getTokenStoreForKey()",
    ),
    "forms and translations": (
        lambda m: '<input type="password" name="password" placeholder="Password" autocomplete="current-password">',
        lambda m: f'{{"{m.word()}.password": "Password", "{m.word()}.password.hint": "At least 12 characters"}}',
        lambda m: '{"password": "Mot de passe", "forgotPassword": "Mot de passe oublié ?"}',
        lambda m: '{"password": "Passwort", "newPassword": "Neues Passwort"}',
        lambda m: '{"password": "Contraseña", "token": "Código"}',
        lambda m: f'msgid "password"\nmsgstr "Wachtwoord"\n# {m.word()}\n',
        lambda m: f"label.password=Password of the {m.word()}\nerror.password=The password is wrong\n",
        lambda m: f'{{"password": {{"type": "string", "minLength": 8, "description": "{m.word()}"}}}}',
        lambda m: f"passwordPolicy: {m.word()}-strict\npasswordMinLength: 12\npasswordEncryption: scram-sha-256\n",
    ),
    "binary in text": (
        lambda m: "x = _pool.AddSerializedFile(b'\\n\\x0c" + "".join(f"\\x{m.hex(2)}" for _ in range(80)) + "')",
        lambda m: "D = b'" + m.some(ALNUM, 30) + "\\x12\\x03key\\x18\\x01 \\x01(\\t\\x12\\r\\n\\x05token\\x18\\x02'",
        lambda m: " ".join(m.hex(2) for _ in range(64)),
        lambda m: f"0x{m.hex(64)}, 0x{m.hex(64)}",
        lambda m: b64(f"The {m.name(' ', 8)} of the {m.name(' ', 6)}."),
        lambda m: b64(json.dumps({"page": m.word(), "after": m.number(9), "sort": [m.word(), m.word()]})),
        lambda m: f"payload: {base64.b64encode(m.random.randbytes(120)).decode()}",
        lambda m: f"{segment({'kid': m.hex(8)})}.{segment({'sub': m.number(4)})}.{m.some(URL_SAFE, 43)}",
        lambda m: f"{segment({'alg': 'none'})}.{segment({'sub': m.number(4)})}.{m.some(URL_SAFE, 43)}",
    ),
    "checksums": (
        lambda m: f"{m.hex(64)}  {m.name()}-{m.number(1)}.{m.number(2)}.tar.gz",
        lambda m: f"MD5 ({m.word()}.iso) = {m.hex(32)}",
        lambda m: f"sha256:{m.hex(64)} sha1:{m.hex(40)}",
        lambda m: f'"md5Hash": "{m.base64(16)}", "crc32c": "{m.base64(4)}"',
        lambda m: f'key_hash = "{m.hex(64)}"\ntoken_fingerprint = "{m.hex(40)}"\n',
        lambda m: f"password_hash: $2b$12${m.some(ALNUM + './', 53)}",
        lambda m: f"certFingerprint: {':'.join(m.hex(2).upper() for _ in range(32))}",
        lambda m: f'If-None-Match: "{m.hex(32)}-{m.number(2)}"',
    ),
    "names and addresses": (
        lambda m: f"serviceAccount:{m.name()}@{m.name()}.iam.gserviceaccount.com",
        lambda m: f"{m.number(12)}-compute@developer.gserviceaccount.com",
        lambda m: f"//iam.googleapis.com/projects/p/serviceAccounts/{m.number(21)}/keys/{m.hex(40)}",
        lambda m: f"//cloudkms.googleapis.com/projects/{m.name()}/locations/eu/keyRings/k/cryptoKeys/{m.word()}-key",
        lambda m: f"token: {m.word()}@{m.word()}.example.com",
        lambda m: f"https://oauth2.googleapis.com/token?client_id={m.number(12)}-"
        f"{m.some(LOWER + DIGITS, 32)}.apps.googleusercontent.com",
        lambda m: f"client_id: {m.number(12)}-{m.some(LOWER + DIGITS, 32)}.apps.googleusercontent.com",
        lambda m: f"apiKeyId: {m.uuid()}\nsecret_name: {m.name()}\naccess_key_id_prefix: {m.word()}\n",
        lambda m: f"GOOG1E{m.some(UPPER + DIGITS, 55)}",
        lambda m: f"AC{m.hex(32)}",
        lambda m: f"https://console.cloud.google.com/apis/credentials/key/{m.uuid()}?project={m.name()}",
        lambda m: f"nextPageToken: {m.some(ALNUM, 60)}\nsyncToken={m.some(ALNUM, 24)}\n",
        lambda m: f'"NextToken": "{m.some(BASE64, 80)}="',
    ),
    "measures": (
        lambda m: f"TOKEN_TTL={m.number(4)}\nPASSWORD_MIN_AGE=24h\nKEY_ROTATION=90d\nSECRET_VERSION={m.number(1)}\n",
        lambda m: f"key_size: 2048\ntoken_lifetime: {m.number(4)}s\npassword_length: 24\n",
        lambda m: f"api_key_created: 2026-0{m.number(1)}-11T10:00:00Z\n",
        lambda m: "use_secret_manager: true\npassword_authentication: no\ntoken: null\nsecret: false\n",
        lambda m: f"DB_PASSWORD_SECRET={m.name()}\nDB_PASSWORD_SECRET_VERSION=3\n",
        lambda m: f"password_secret: {m.name()}-password\n",
        lambda m: f"while {m.word()}_token := page.next_page_token:\n    pass\n",
        lambda m: f'print("login: {m.word()}\\npassword: " + "*" * {m.number(1)})',
    ),
    "documents and code": (
        lambda m: f"CREDENTIALS_FROM_PASSWORD_STORES: T{m.number(4)}\nPRIVATE_KEYS: T1552.00{m.number(1)}\n",
        lambda m: f"def sign(data, private_key: PKCS{m.number(1)}PrivateKeyTypes, token_fallback: bool=False): pass\n",
        lambda m: f"oauth2ClientCredentials: Oauth{m.number(1)}ClientCredentials.",
        lambda m: f"gcloud {m.word()} update --oauth2-client-secret=OAUTH2-CLIENT-SECRET --api-token=API_TOKEN\n",
        lambda m: f"const UNEXPECTED_TOKEN = /^Unexpected token '?(.)'?(,)? in {m.word()}/i\n",
        lambda m: f"//{m.word()}.internal/:_authToken=MYTOKEN{m.number(1)}\n",
        lambda m: f"Next page token: {m.some(ALNUM, 25)}\n",
        lambda m: "Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW",
        lambda m: f"Any Internet user can post to the group {m.word()}.",
        lambda m: json.dumps({"type": "external_account", "token_url": "https://sts.googleapis.com/v1/token"}),
        lambda m: json.dumps({"client_id": f"{m.number(12)}-x", "client_secret": "d-FL95Q19q7MQmFpd7hHD0Ty"}),
        lambda m: json.dumps({"kty": "RSA", "n": m.some(ALNUM, 342), "e": "AQAB", "kid": m.hex(40)}),
        lambda m: f"//registry.npmjs.org/:_authToken=${{NPM_TOKEN}}\n_auth = {m.word()}.auth\n",
        lambda m: f"FAQ.{m.name('_', 6)}{m.number(2)} re_{m.word()}_{m.word()} fc-{m.name()} sk_{m.name('_')}",
    ),
    "public tokens": (
        lambda m: "pk_live_" + m.some(ALNUM, 32),
        lambda m: "pk.eyJ" + m.some(ALNUM, 58) + "." + m.some(URL_SAFE, 22),
        lambda m: f"STRIPE_PUBLISHABLE_KEY=pk_live_{m.some(ALNUM, 32)}",
        lambda m: f'"recaptchaSiteId": "6L{m.some(ALNUM, 38)}"',
        lambda m: f"sentry dsn https://{m.hex(32)}@o{m.number(6)}.ingest.sentry.io/{m.number(7)}",
        lambda m: f"G-{m.some(UPPER + DIGITS, 10)} UA-{m.number(8)}-1 GTM-{m.some(UPPER + DIGITS, 7)}",
        lambda m: "ghp_" + m.some(ALNUM, 36),
        lambda m: "npm_" + m.some(ALNUM, 36),
    ),
}  # fmt: skip


def negatives(seed: int = 11, each: int = 8) -> Iterator[Sample]:
    """Texts with nothing to find, `each` of every kind."""
    make = Maker(seed)
    for family, makers in _FAMILIES.items():
        for maker in makers:
            for _ in range(each):
                yield Sample(maker(make), "", family)
