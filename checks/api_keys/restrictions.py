"""API keys without the two restrictions that every key needs: which clients use it, and which APIs it calls."""

from __future__ import annotations

from auditor import PASS, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.api_keys import ApiKey
from checks.api_keys.clients import DELETED, REPLACED, limits_clients
from checks.api_keys.examples import ROUTES, SERVER, SITE, deleted_key, example_key
from checks.units import Count

CLOUD_APIS = "cloudapis.googleapis.com"
"""The target that stands for all Google Cloud APIs."""

AI_SERVICES = frozenset({"generativelanguage.googleapis.com", "aiplatform.googleapis.com"})
"""The Gemini API and Vertex AI. `firebasevertexai.googleapis.com` is made for apps and guarded by App Check."""

_EVERYTHING = ("", "*", CLOUD_APIS)


class TargetSettings(Settings, frozen=True):
    """How many APIs one key may call."""

    max_services: Count = 10


def _limits_apis(key: ApiKey) -> bool:
    return bool(key.restrictions.api_targets) and not any(service in _EVERYTHING for service in key.services())


@check(
    "api-key-unrestricted",
    severity=Severity.CRITICAL,
    evidence=["displayName", "createTime", "restrictions"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name}"
        " --api-target=service=SERVICE --allowed-referrers=https://SITE/*",
        terraform="restrictions { api_targets { … } browser_key_restrictions { … } } on google_apikeys_key",
        manual="Restrict servers with --allowed-ips, apps with --allowed-application or --allowed-bundle-ids."
        " If the key was published, make a new one and delete this one."
        f" {REPLACED}",
        patch={"data": {"restrictions": {**SITE, **ROUTES}}},
    ),
    passes=lambda: [example_key({**SITE, **ROUTES}), example_key(SITE), example_key(ROUTES), deleted_key()],
    fails=lambda: [
        example_key(),
        example_key({}),
        example_key({"browserKeyRestrictions": {}}),
        example_key({"browserKeyRestrictions": {"allowedReferrers": ["*"]}}),
        example_key({"serverKeyRestrictions": {"allowedIps": ["0.0.0.0/0"]}, "apiTargets": [{"service": CLOUD_APIS}]}),
    ],
    unknown=lambda: [
        asset(ApiKey, {}, unknown=["resource.data.restrictions"]),
        asset(ApiKey, {}, unknown=["resource.data.restrictions.serverKeyRestrictions.allowedIps"]),
    ],
)
def unrestricted(key: ApiKey) -> Verdict:
    """An API key can call every API of its project, from anywhere.

    Why: an API key is a bare string, and every copy of it works. This one works for everyone who finds it in a
    page's source, a repository or a log, for every API that the project has enabled now or enables later, on the
    project's bill and, with APIs that keep data, on its data.

    What a fix may break: programs that use the key from a place, or for an API, that the restrictions do not name
    get 403. Look at the key's traffic by API before restricting it; changes take some minutes.

    Source: https://cloud.google.com/api-keys/docs/add-restrictions-api-keys
    """
    if key.is_deleted:
        return DELETED
    if _limits_apis(key) or limits_clients(key):
        return PASS
    return fail("neither the APIs that it calls nor the clients that use it are restricted")


@check(
    "api-key-no-api-restriction",
    severity=Severity.HIGH,
    evidence=["displayName", "restrictions.apiTargets"],
    same_as=[
        "sha:API_KEY_APIS_UNRESTRICTED",
        "prowler:apikeys_api_restrictions_configured",
        "steampipe:iam_api_key_restricts_apis",
        "cloudsploit:api/apiKeyAPIRestriction",
    ],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --api-target=service=SERVICE",
        terraform='restrictions { api_targets { service = "routes.googleapis.com" } } on google_apikeys_key',
        manual=REPLACED,
        patch={"data": {"restrictions": ROUTES}},
    ),
    passes=lambda: [
        example_key({**SITE, **ROUTES}),
        example_key({"apiTargets": [{"service": "translate.googleapis.com", "methods": ["Get*"]}]}),
        deleted_key(),
    ],
    fails=lambda: [
        example_key(),
        example_key(SITE),
        example_key({**SERVER, "apiTargets": []}),
        example_key(
            {
                **SITE,
                "apiTargets": [{"service": "maps-backend.googleapis.com"}, {"service": "CloudApis.googleapis.com"}],
            }
        ),
        asset(ApiKey, {}, unknown=["resource.data.restrictions.browserKeyRestrictions"]),
    ],
    unknown=lambda: [
        asset(ApiKey, {}, unknown=["resource.data.restrictions.apiTargets"]),
        asset(ApiKey, {"restrictions": ROUTES}, unknown=["resource.data.restrictions.apiTargets.0.service"]),
        asset(ApiKey, {}, unknown=["resource.data.deleteTime"]),
    ],
)
def no_api_restriction(key: ApiKey) -> Verdict:
    """An API key may call every API that its project has enabled.

    Why: restricting the websites does not restrict what the key calls, and a referrer is a header that anyone can
    send. A key made for a map also calls translation, speech or a language model once somebody enables them in
    the project. A restriction to all Google Cloud APIs (cloudapis.googleapis.com) is none.

    What a fix may break: calls to an API that is not in the list get 403. The metrics of API traffic by
    credential show what the key calls today.

    Source: https://cloud.google.com/api-keys/docs/add-restrictions-api-keys
    """
    if key.is_deleted:
        return DELETED
    if not key.restrictions.api_targets:
        return fail("it may call every enabled API")
    for service in key.services():
        if service in _EVERYTHING:
            return fail(f"the target {service or '(empty)'} stands for all Google Cloud APIs")
    return PASS


@check(
    "api-key-no-application-restriction",
    severity=Severity.MEDIUM,
    evidence=["displayName", "restrictions"],
    same_as=[
        "sha:API_KEY_APPS_UNRESTRICTED",
        "steampipe:iam_api_key_restricts_websites_hosts_apps",
        "cloudsploit:api/apiKeyApplicationRestriction",
    ],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --allowed-referrers=https://SITE/*",
        terraform="one of browser_key_restrictions, server_key_restrictions, android_key_restrictions,"
        " ios_key_restrictions in restrictions of google_apikeys_key",
        manual="A server without a fixed address (Cloud Run) gets one with Cloud NAT; where the API takes it, use the"
        " service account instead of a key."
        f" {REPLACED}",
        patch={"data": {"restrictions": {**SITE, "serverKeyRestrictions": None}}},
    ),
    passes=lambda: [
        example_key({**SITE, **ROUTES}),
        example_key(SERVER),
        example_key({"androidKeyRestrictions": {"allowedApplications": [{"packageName": "com.example.app"}]}}),
        example_key({"iosKeyRestrictions": {"allowedBundleIds": ["com.example.app"]}}),
        deleted_key(),
    ],
    fails=lambda: [
        example_key(),
        example_key(ROUTES),
        example_key({**ROUTES, "browserKeyRestrictions": {"allowedReferrers": []}}),
        example_key(
            {**ROUTES, "browserKeyRestrictions": {"allowedReferrers": ["https://app.example.com/*", "https://*/*"]}}
        ),
        example_key({**ROUTES, "serverKeyRestrictions": {"allowedIps": ["::/0"]}}),
    ],
    unknown=lambda: [
        asset(ApiKey, {}, unknown=["resource.data.restrictions.browserKeyRestrictions"]),
        asset(ApiKey, {}, unknown=["resource.data.restrictions.browserKeyRestrictions.allowedReferrers.*"]),
    ],
)
def no_application_restriction(key: ApiKey) -> Verdict:
    """An API key can be used from anywhere: by any website, address or app.

    Why: a copied key works on the copier's machine, and its calls are charged to the project. A restriction to
    addresses stops that; one to websites or apps stops other sites and apps from living off the key.

    What a fix may break: clients that the restriction does not name get 403, such as a second domain, an office
    network or a build system.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    if key.is_deleted:
        return DELETED
    return PASS if limits_clients(key) else fail("no website, address or app restriction limits who can use it")


@check(
    "api-key-many-apis",
    severity=Severity.LOW,
    evidence=["displayName", "restrictions.apiTargets.service"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --api-target=service=SERVICE",
        terraform="fewer api_targets in restrictions of google_apikeys_key",
        manual=f"Give each program a key of its own, for the APIs that this program calls. {REPLACED}",
        patch={"data": {"restrictions": ROUTES}},
    ),
    passes=lambda: [
        example_key(ROUTES),
        example_key({"apiTargets": [{"service": "translate.googleapis.com", "methods": [f"M{n}"]} for n in range(20)]}),
        example_key(SITE),
        deleted_key(),
    ],
    fails=lambda: [example_key({"apiTargets": [{"service": f"api{n}.googleapis.com"} for n in range(11)]})],
    unknown=lambda: [asset(ApiKey, {"restrictions": ROUTES}, unknown=["resource.data.restrictions.apiTargets.*"])],
)
def many_apis(key: ApiKey, settings: TargetSettings) -> Verdict:
    """An API key may call more APIs than one program needs.

    Why: keys that Firebase or a hurried engineer made list dozens of APIs. Whoever copies the key gets all of them,
    and it cannot be replaced without touching every program that shares it.

    What a fix may break: programs that use the key for an API that was taken off the list get 403.

    Source: https://cloud.google.com/docs/authentication/api-keys-best-practices
    """
    if key.is_deleted:
        return DELETED
    services: set[str] = set()
    for service in key.services():
        services.add(service)
        if len(services) > settings.max_services:
            return fail(f"it may call more than {settings.max_services} APIs")
    return PASS


@check(
    "api-key-of-service-account-unrestricted",
    severity=Severity.HIGH,
    evidence=["displayName", "serviceAccountEmail", "restrictions"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name}"
        " --api-target=service=aiplatform.googleapis.com --allowed-ips=ADDRESS",
        terraform="restrictions on google_apikeys_key with service_account_email",
        guardrail="iam.managed.disableServiceAccountApiKeyCreation",
        manual=f"In production, attach the service account to the workload and delete the key. {REPLACED}",
        patch={"data": {"restrictions": {**SERVER, "apiTargets": [{"service": "aiplatform.googleapis.com"}]}}},
    ),
    passes=lambda: [
        example_key(
            {**SERVER, "apiTargets": [{"service": "aiplatform.googleapis.com"}]},
            serviceAccountEmail="llm@p.iam.gserviceaccount.com",
        ),
        example_key(),
        deleted_key(serviceAccountEmail="llm@p.iam.gserviceaccount.com"),
        example_key(  # api-key-ai-exposed tells it
            {"apiTargets": [{"service": "aiplatform.googleapis.com"}]},
            serviceAccountEmail="llm@p.iam.gserviceaccount.com",
        ),
    ],
    fails=lambda: [
        example_key(serviceAccountEmail="llm@p.iam.gserviceaccount.com"),
        example_key(
            {"apiTargets": [{"service": "storage.googleapis.com"}]},
            serviceAccountEmail="llm@p.iam.gserviceaccount.com",
        ),
        example_key(SERVER, serviceAccountEmail="llm@p.iam.gserviceaccount.com"),
    ],
    unknown=lambda: [asset(ApiKey, {}, unknown=["resource.data.serviceAccountEmail"])],
)
def bound_unrestricted(key: ApiKey) -> Verdict:
    """An API key that acts as a service account is not fully restricted.

    Why: a bound key is more than a billing tag: each call runs with the roles of the service account. It does not
    expire, and without restrictions whoever copies it is that account for every API that takes such keys.

    What a fix may break: clients and APIs that the restrictions do not name get 403.

    Source: https://cloud.google.com/docs/authentication/api-keys#api-keys-bound-sa
    """
    if key.is_deleted:
        return DELETED
    if not key.service_account_email:
        return not_applicable("the key acts as no service account")
    if not _limits_apis(key):
        return fail(f"it acts as {key.service_account_email} and may call every API that takes such keys")
    if not limits_clients(key):
        if any(service in AI_SERVICES for service in key.services()):
            return not_applicable("the key to an AI API that anyone can use is told already")
        return fail(f"it acts as {key.service_account_email} and can be used from anywhere")
    return PASS
