"""API keys whose restriction to websites, addresses or apps lets in more than was meant, or guards too much."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Settings, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.check import Example
from auditor.resources.api_keys import ApiKey
from auditor.resources.unknown import some
from checks.api_keys.clients import (
    DELETED,
    NO_CLIENT_RESTRICTION,
    REPLACED,
    is_everywhere,
    lets_everyone_in,
    limits_clients,
    network,
    referrer_weakness,
)
from checks.api_keys.examples import ROUTES, deleted_key, example_key
from checks.api_keys.restrictions import AI_SERVICES
from checks.units import PrefixIpv4, PrefixIpv6

_SERVER_SERVICES = frozenset(
    f"{name}.googleapis.com"
    for name in (
        "automl",
        "contentwarehouse",
        "dialogflow",
        "dlp",
        "documentai",
        "healthcare",
        "language",
        "recommender",
        "retail",
        "safebrowsing",
        "speech",
        "texttospeech",
        "translate",
        "translation",
        "videointelligence",
        "vision",
        "webrisk",
    )
)
"""APIs that take keys, are charged by use, and are meant to be called by servers."""

_PUBLISHED_CERTIFICATES = {
    "5E8F16062EA3CD2C4A0D547876BAA6F38CABF625": "the debug keystore of React Native's template",
    "61ED377E85D386A8DFEE6B864BD85B0BFAA5AF81": "Android's test key",
}
"""SHA-1 fingerprints of certificates whose private keys are in public repositories, and what they are."""

_APP = {"packageName": "com.example.app", "sha1Fingerprint": "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"}


class RangeSettings(Settings, frozen=True):
    """How broad the address ranges of server keys may be, as shortest prefix lengths."""

    min_prefix_ipv4: PrefixIpv4 = 20
    min_prefix_ipv6: PrefixIpv6 = 48


def _site(*referrers: str, **restrictions: Any) -> Example:
    return example_key({"browserKeyRestrictions": {"allowedReferrers": list(referrers)}, **ROUTES, **restrictions})


def _server(*addresses: str, **restrictions: Any) -> Example:
    return example_key({"serverKeyRestrictions": {"allowedIps": list(addresses)}, **ROUTES, **restrictions})


def _android(*applications: dict[str, str]) -> Example:
    return example_key({"androidKeyRestrictions": {"allowedApplications": list(applications)}, **ROUTES})


def _targets(*services: str) -> list[dict[str, str]]:
    return [{"service": service} for service in services]


def _acting(key: ApiKey) -> str:
    """Whose identity the key's calls have, as a clause; `""` for a plain key, and where that is not known."""
    try:
        account = key.service_account_email
    except Undetermined:
        return ""
    return f" as {account}" if account else ""


def _client(key: ApiKey) -> str:
    """The kind of client that carries the key to strangers' machines, `""` for a server's key."""
    if key.referrers:
        return "websites"
    if key.android_apps or key.ios_apps:
        return "mobile apps"
    return ""


@check(
    "api-key-referrer-broad",
    severity=Severity.MEDIUM,
    evidence=["displayName", "restrictions.browserKeyRestrictions.allowedReferrers"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --allowed-referrers=https://SITE/*",
        terraform='browser_key_restrictions { allowed_referrers = ["https://SITE/*"] } on google_apikeys_key',
        manual=f"Make a second key for development, and keep it out of the production project. {REPLACED}",
        patch={
            "data": {"restrictions": {"browserKeyRestrictions": {"allowedReferrers": ["https://app.example.com/*"]}}}
        },
    ),
    passes=lambda: [
        _site("https://app.example.com/*"),
        _site("*.example.com/*", "https://*.shop.example.co.uk/*"),
        _site("https://gas-delivery.web.app/*", "https://pr-*.preview.example.com"),
        _site(r"https://app\.example\.com/.*"),
        _server("203.0.113.7"),
        deleted_key({**ROUTES, "browserKeyRestrictions": {"allowedReferrers": ["*"]}}),
        _site("*"),  # api-key-no-application-restriction tells it
        _site("https://app.example.com/*", "https://*/*"),
        _site(".*"),
    ],
    fails=lambda: [
        _site("*.com/*"),
        _site("https://*.co.uk/*"),
        _site("https://app.example.*"),
        _site("*example.com/*"),
        _site("http://app.example.com/*"),
        _site("http://localhost:3000/*"),
        _site("https://app.example.com/*", "127.0.0.1:8080"),
        _site("http://[::1]:5173/*"),
        _site("https://192.168.1.20/*"),
        _site("https://*.web.app/*"),
        _site("https://*.europe-west1.run.app/*"),
        _site("https://storage.googleapis.com/my-front-end/*"),
    ],
    unknown=lambda: [
        asset(ApiKey, {}, unknown=["resource.data.restrictions.browserKeyRestrictions.allowedReferrers"]),
    ],
)
def broad_referrer(key: ApiKey) -> Verdict:
    """The websites that may use an API key include other people's, or insecure ones.

    Why: a wildcard over a top-level domain or over shared hosting lets anyone put up a page that spends the
    project's quota. Plain http pages can be changed on the way, and an entry for localhost makes the production key
    work on every machine.

    What a fix may break: preview deployments, local development and sites that still redirect from http stop
    calling the API with this key.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    if key.is_deleted:
        return DELETED
    if some(key.referrers, lets_everyone_in):
        return NO_CLIENT_RESTRICTION
    for pattern in key.referrers:
        if weakness := referrer_weakness(pattern):
            return fail(f"{pattern} {weakness}")
    return PASS


@check(
    "api-key-address-range-broad",
    severity=Severity.MEDIUM,
    evidence=["displayName", "restrictions.serverKeyRestrictions.allowedIps"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --allowed-ips=ADDRESS",
        terraform='server_key_restrictions { allowed_ips = ["203.0.113.7"] } on google_apikeys_key',
        manual=f"Give servers a fixed outgoing address with Cloud NAT, and allow this one. {REPLACED}",
        patch={"data": {"restrictions": {"serverKeyRestrictions": {"allowedIps": ["203.0.113.7"]}}}},
    ),
    passes=lambda: [
        _server("203.0.113.7", "198.51.100.0/24"),
        _server("2001:db8:1::/48", "2001:db8::7"),
        _server("::ffff:203.0.113.0/124"),
        _site("https://app.example.com/*"),
        _server("203.0.113.7", "0.0.0.0/0"),  # api-key-no-application-restriction tells it
        _server("::/0"),
        _server("34.64.0.9/10", "::ffff:0:0/96"),
    ],
    fails=lambda: [
        _server("128.0.0.0/1"),
        _server("10.0.0.0/8"),
        _server("2001:db8::/32"),
        _server("203.0.113.7", "34.64.0.9/10"),
    ],
    unknown=lambda: [
        asset(ApiKey, {}, unknown=["resource.data.restrictions.serverKeyRestrictions.allowedIps"]),
        asset(
            ApiKey,
            {"restrictions": {"serverKeyRestrictions": {"allowedIps": ["203.0.113.7"]}}},
            unknown=["resource.data.restrictions.serverKeyRestrictions.allowedIps.*"],
        ),
    ],
)
def broad_addresses(key: ApiKey, settings: RangeSettings) -> Verdict:
    """The addresses that may use an API key span far more than its owner's servers.

    Why: the restriction to addresses is the only one of the four that a stranger cannot imitate with a header. A
    range of a whole cloud provider or of half the internet gives that away.

    What a fix may break: servers and offices whose address is not listed get 403.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    if key.is_deleted:
        return DELETED
    if some(key.addresses, is_everywhere):
        return NO_CLIENT_RESTRICTION
    shortest = {4: settings.min_prefix_ipv4, 6: settings.min_prefix_ipv6}
    for address in key.addresses:
        allowed = network(address)
        if allowed.prefixlen < shortest[allowed.version]:
            return fail(f"{address} is broader than /{shortest[allowed.version]}")
    return PASS


@check(
    "api-key-android-app-unsigned",
    severity=Severity.MEDIUM,
    evidence=["displayName", "restrictions.androidKeyRestrictions.allowedApplications"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name}"
        " --allowed-application=sha1_fingerprint=SHA1,package_name=PACKAGE",
        terraform="allowed_applications { package_name = …, sha1_fingerprint = … } on google_apikeys_key",
        manual="Take the SHA-1 of the certificate that Google Play signs the app with, not of the debug keystore."
        f" {REPLACED}",
        patch={"data": {"restrictions": {"androidKeyRestrictions": {"allowedApplications": [_APP]}}}},
    ),
    passes=lambda: [
        _android(_APP),
        _android({**_APP, "sha1Fingerprint": "DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09"}),
        _site("https://app.example.com/*"),
    ],
    fails=lambda: [
        _android({"packageName": "com.example.app"}),
        _android(_APP, {"packageName": "com.example.other", "sha1Fingerprint": ""}),
        _android({"sha1Fingerprint": _APP["sha1Fingerprint"]}),
        _android({**_APP, "sha1Fingerprint": "5e:8f:16:06:2e:a3:cd:2c:4a:0d:54:78:76:ba:a6:f3:8c:ab:f6:25"}),
        _android(_APP, {**_APP, "sha1Fingerprint": "61ED377E85D386A8DFEE6B864BD85B0BFAA5AF81"}),
    ],
    unknown=lambda: [
        asset(
            ApiKey,
            {"restrictions": {"androidKeyRestrictions": {"allowedApplications": [{"packageName": "com.example.app"}]}}},
            unknown=["resource.data.restrictions.androidKeyRestrictions.allowedApplications.0.sha1Fingerprint"],
        ),
    ],
)
def android_unsigned(key: ApiKey) -> Verdict:
    """An API key lets in an Android app without naming both its package and its signing certificate.

    Why: anyone can publish an app under any package name; only the certificate's fingerprint tells yours. A
    certificate whose private key everybody has, such as the debug keystore of a project template, tells nothing.

    What a fix may break: builds that are signed with another certificate, such as debug builds, get 403.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    if key.is_deleted:
        return DELETED
    for application in key.android_apps:
        if not application.sha1_fingerprint:
            return fail(f"{application.package_name or 'an app'} has no SHA-1 fingerprint")
        if not application.package_name:
            return fail(f"the fingerprint {application.sha1_fingerprint} has no package name")
        published = _PUBLISHED_CERTIFICATES.get(application.sha1_fingerprint.replace(":", "").upper())
        if published:
            return fail(f"{application.package_name} is told by {published}, which anyone can sign with")
    return PASS


@check(
    "api-key-ai-exposed",
    severity=Severity.HIGH,
    evidence=["displayName", "restrictions"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --allowed-ips=ADDRESS",
        terraform="api_targets without generativelanguage.googleapis.com on keys of websites and apps",
        manual="Call the model from your server with its service account. From apps, use Firebase AI Logic with"
        " App Check. Take the AI API off this key."
        f" {REPLACED}",
        patch={"data": {"restrictions": ROUTES}},
    ),
    passes=lambda: [
        _site("https://app.example.com/*"),
        _server("203.0.113.7", apiTargets=_targets("generativelanguage.googleapis.com")),
        _site("https://app.example.com/*", apiTargets=_targets("firebasevertexai.googleapis.com")),
        deleted_key({"apiTargets": _targets("aiplatform.googleapis.com")}),
        example_key({}),
    ],
    fails=lambda: [
        _site("https://app.example.com/*", apiTargets=_targets("GenerativeLanguage.googleapis.com")),
        example_key({"apiTargets": _targets("routes.googleapis.com", "aiplatform.googleapis.com")}),
        example_key(
            {
                "iosKeyRestrictions": {"allowedBundleIds": ["com.example.app"]},
                "apiTargets": _targets("generativelanguage.googleapis.com"),
            }
        ),
        _server("0.0.0.0/0", apiTargets=_targets("generativelanguage.googleapis.com")),
        example_key({"apiTargets": _targets("aiplatform.googleapis.com")}, serviceAccountEmail="llm@p.example"),
    ],
    unknown=lambda: [
        asset(
            ApiKey,
            {"restrictions": {"apiTargets": _targets("generativelanguage.googleapis.com")}},
            unknown=["resource.data.restrictions.serverKeyRestrictions"],
        ),
    ],
)
def ai_exposed(key: ApiKey) -> Verdict:
    """An API key that anyone can copy may call Gemini or Vertex AI.

    Why: a key in a web page or an app is public, and the referrer or bundle id that guards it is a header that a
    script can send. With it strangers run models on the project's bill, thousands of euros in a night, and reach
    files and caches that the project keeps with the API.

    What a fix may break: a front end that talks to the model directly has to go through a server or App Check.

    Source: https://ai.google.dev/gemini-api/docs/api-key
    """
    if key.is_deleted:
        return DELETED
    service = next((service for service in key.services() if service in AI_SERVICES), None)
    if service is None:
        return PASS
    if client := _client(key):
        return fail(f"{client} carry it, and it may call {service}")
    if limits_clients(key):
        return PASS
    return fail(f"it can be used from anywhere, and may call {service}{_acting(key)}")


@check(
    "api-key-client-calls-server-api",
    severity=Severity.MEDIUM,
    evidence=["displayName", "restrictions"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --api-target=service=SERVICE",
        terraform="api_targets without APIs that only servers call, on keys of websites and apps",
        manual=f"Call the API from your server with its service account, and take it off this key. {REPLACED}",
        patch={"data": {"restrictions": ROUTES}},
    ),
    passes=lambda: [
        _site("https://app.example.com/*"),
        _site(
            "https://app.example.com/*",
            apiTargets=_targets("maps-backend.googleapis.com", "geocoding-backend.googleapis.com"),
        ),
        _site(
            "https://app.example.com/*",
            apiTargets=_targets("identitytoolkit.googleapis.com", "firestore.googleapis.com"),
        ),
        _server("203.0.113.7", apiTargets=_targets("translate.googleapis.com")),
        example_key({"apiTargets": _targets("vision.googleapis.com")}),
    ],
    fails=lambda: [
        _site("https://app.example.com/*", apiTargets=_targets("routes.googleapis.com", "translate.googleapis.com")),
        example_key(
            {"androidKeyRestrictions": {"allowedApplications": [_APP]}, "apiTargets": _targets("vision.googleapis.com")}
        ),
    ],
    unknown=lambda: [
        asset(
            ApiKey,
            {"restrictions": {"browserKeyRestrictions": {"allowedReferrers": ["https://app.example.com/*"]}}},
            unknown=["resource.data.restrictions.apiTargets"],
        ),
    ],
)
def client_calls_server_api(key: ApiKey) -> Verdict:
    """An API key that websites or apps carry may call an API that is meant for servers.

    Why: the key is readable in the page or the app, and the header that guards it can be forged, so anyone can run
    translation, vision or speech on the project's bill. Maps, Routes and Firebase keys are made to be carried.

    What a fix may break: a front end that calls the API directly has to go through a server.

    Source: https://cloud.google.com/docs/authentication/api-keys-best-practices
    """
    if key.is_deleted:
        return DELETED
    client = _client(key)
    if not client:
        return not_applicable("neither websites nor apps carry the key")
    for service in key.services():
        if service in _SERVER_SERVICES:
            return fail(f"{client} carry it, and it may call {service}")
    return PASS
