"""API keys that are old, and APIs that are enabled around them."""

from __future__ import annotations

from collections.abc import Sequence

from auditor import (
    DELETE,
    PASS,
    Clock,
    Estate,
    Fix,
    Settings,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
    not_assessed,
)
from auditor.check import Example
from auditor.resources.api_keys import ApiKey
from auditor.resources.serviceusage import GENERATIVE_LANGUAGE, Service
from checks.api_keys.clients import DELETED, REPLACED, limits_clients
from checks.api_keys.examples import ROUTES, SITE, deleted_key, example_key
from checks.units import Days

_ANOTHER_API = not_applicable("another API")
_NO_SERVICES = not_assessed(
    "the input holds no enabled API of this project; export serviceusage.googleapis.com/Service"
)


class RotationSettings(Settings, frozen=True):
    """How old an API key may be."""

    max_age_days: Days = 90


class WideningSettings(Settings, frozen=True):
    """APIs that change what an unrestricted key is worth, once a project enables them."""

    services: tuple[str, ...] = (GENERATIVE_LANGUAGE,)


def _service(service: str, *, state: str = "ENABLED", project: str = "1001", unknown: Sequence[str] = ()) -> Example:
    name = f"//serviceusage.googleapis.com/projects/{project}/services/{service}"
    return asset(
        Service, {"state": state}, name=name, ancestors=(f"projects/{project}", "organizations/3001"), unknown=unknown
    )


@check(
    "api-key-stale",
    severity=Severity.MEDIUM,
    evidence=["displayName", "createTime"],
    same_as=[
        "sha:API_KEY_NOT_ROTATED",
        "prowler:apikeys_key_rotated_in_90_days",
        "steampipe:iam_api_key_age_90",
        "cloudsploit:api/apiKeyRotation",
    ],
    fix=Fix(
        gcloud="gcloud services api-keys delete {key.asset.short_name}",
        terraform="replace google_apikeys_key, with create_before_destroy",
        manual="Make a new key with the same restrictions, roll it out, and delete the old one when its traffic ends.",
        patch=DELETE,
    ),
    passes=lambda: [
        example_key(),
        example_key(createTime="2026-08-24T00:00:00Z"),
        deleted_key(createTime="2019-01-01T00:00:00Z"),
    ],
    fails=lambda: [
        example_key(createTime="2026-08-23T00:00:00Z"),
        example_key({**SITE, **ROUTES}, createTime="2019-01-01T00:00:00Z", updateTime="2026-11-01T00:00:00Z"),
    ],
    unknown=lambda: [asset(ApiKey, {"displayName": "new"})],
)
def stale(key: ApiKey, settings: RotationSettings, clock: Clock) -> Verdict:
    """An API key is older than the rotation period.

    Why: API keys do not expire. Each build, log and former colleague that ever held the string can still use it;
    replacing it is the only way to take it back, and a team that never did it cannot do it in an incident.

    What a fix may break: clients that still send the old key get 400 when it is deleted. Apps on phones update
    slowly; keep both keys until the old one's traffic ends. A deleted key can be restored for 30 days.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    if key.is_deleted:
        return DELETED
    age = clock.days_since(key.created)
    return fail(f"it is {age} days old, the limit is {settings.max_age_days}") if age > settings.max_age_days else PASS


@check(
    "api-key-widened-by-enabled-api",
    severity=Severity.HIGH,
    reads=[Service],
    evidence=["displayName", "createTime", "restrictions"],
    same_as=["prowler:apikeys_api_restricted_with_gemini_api"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --api-target=service=SERVICE",
        terraform="api_targets in restrictions of google_apikeys_key",
        manual=f"Or enable the AI API in a project of its own, which has no other keys. {REPLACED}",
        patch={"data": {"restrictions": ROUTES}},
    ),
    passes=lambda: [
        [example_key({**SITE, **ROUTES}), _service(GENERATIVE_LANGUAGE)],
        [example_key(SITE), _service("routes.googleapis.com"), _service(GENERATIVE_LANGUAGE, state="DISABLED")],
        [example_key(SITE), _service("routes.googleapis.com"), _service(GENERATIVE_LANGUAGE, project="1002")],
        [example_key({"serverKeyRestrictions": {"allowedIps": ["203.0.113.7"]}}), _service(GENERATIVE_LANGUAGE)],
    ],
    fails=lambda: [
        [example_key(), _service(GENERATIVE_LANGUAGE)],
        [example_key(SITE), _service("maps-backend.googleapis.com"), _service(GENERATIVE_LANGUAGE)],
    ],
    unknown=lambda: [
        [example_key(SITE), _service("routes.googleapis.com", project="1002")],
        [example_key(SITE), _service(GENERATIVE_LANGUAGE, unknown=["resource.data.state"])],
    ],
)
def widened(key: ApiKey, estate: Estate, settings: WideningSettings) -> Verdict:
    """An unrestricted API key became a key to Gemini when the API was enabled in its project.

    Why: a key without API restriction calls whatever its project enables. Keys that were put into pages for maps
    years ago turned into keys for a language model the day somebody enabled the Generative Language API, without
    any change to the key, and with it to files and caches that the project keeps there.

    What a fix may break: calls of this key to APIs that are not in its new list get 403.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    if key.is_deleted:
        return DELETED
    if key.restrictions.api_targets:
        return PASS
    if key.addresses and limits_clients(key):
        return PASS
    services = estate.in_project(Service, key.project)
    if not services:
        return _NO_SERVICES
    for service in services:
        if service.id in settings.services and service.is_enabled:
            return fail(f"it has no API restriction, and {service.id} is enabled in its project")
    return PASS


@check(
    "api-key-targets-disabled-api",
    severity=Severity.LOW,
    reads=[Service],
    evidence=["displayName", "restrictions.apiTargets.service"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --api-target=service=SERVICE",
        terraform="api_targets in restrictions of google_apikeys_key, of enabled APIs only",
        manual=REPLACED,
        patch={"data": {"restrictions": {"apiTargets": [{"service": "maps-backend.googleapis.com"}]}}},
    ),
    passes=lambda: [
        [example_key({**SITE, **ROUTES}), _service("routes.googleapis.com")],
        [example_key(SITE), _service("routes.googleapis.com")],
        [example_key({"apiTargets": [{"service": "Routes.googleapis.com"}]}), _service("routes.googleapis.com")],
        [example_key({"apiTargets": [{"service": "cloudapis.googleapis.com"}]}), _service("routes.googleapis.com")],
    ],
    fails=lambda: [
        [example_key(ROUTES), _service("maps-backend.googleapis.com")],
        [
            example_key(
                {"apiTargets": [{"service": "maps-backend.googleapis.com"}, {"service": "vision.googleapis.com"}]}
            ),
            _service("maps-backend.googleapis.com"),
            _service("vision.googleapis.com", state="DISABLED"),
        ],
    ],
    unknown=lambda: [
        example_key(ROUTES),
        [example_key(ROUTES), _service("routes.googleapis.com", project="1002")],
    ],
)
def targets_disabled_api(key: ApiKey, estate: Estate) -> Verdict:
    """An API key may call an API that its project has not enabled.

    Why: the entry does nothing today, and opens the API to every holder of the key on the day somebody enables it
    for another purpose. It often shows that the key was copied from another project, or that a program ended.

    What a fix may break: nothing, as calls to an API that is not enabled fail already.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    if key.is_deleted:
        return DELETED
    if not key.restrictions.api_targets:
        return not_applicable("the key has no API restriction")
    services = estate.in_project(Service, key.project)
    if not services:
        return _NO_SERVICES
    enabled = {service.id for service in services if service.is_enabled}
    for target in key.services():
        if target not in enabled and target != "cloudapis.googleapis.com":
            return fail(f"{target} is not enabled in its project")
    return PASS


@check(
    "api-key-exists",
    severity=Severity.INFO,
    default=False,
    evidence=["displayName", "createTime"],
    same_as=[
        "sha:API_KEY_EXISTS",
        "prowler:apikeys_key_exists",
        "steampipe:project_no_api_key",
        "cloudsploit:api/projectAPIKeys",
        "cloudsploit:api/apiKeyActiveServices",
    ],
    fix=Fix(
        gcloud="gcloud services api-keys delete {key.asset.short_name}",
        manual="Where the API takes it, let programs use their service account instead.",
        patch=DELETE,
    ),
    passes=lambda: [deleted_key()],
    fails=lambda: [example_key(), example_key({**SITE, **ROUTES})],
    unknown=lambda: [asset(ApiKey, {}, unknown=["resource.data.deleteTime"])],
)
def exists(key: ApiKey) -> Verdict:
    """A project has an API key.

    Why: a key names no caller and never expires, so some rule books want none. For maps in a web page there is no
    other way; this check is therefore not selected by default.

    What a fix may break: every client that sends the key.

    Source: https://cloud.google.com/docs/authentication/api-keys-best-practices
    """
    return DELETED if key.is_deleted else fail("the key is live")


@check(
    "generative-language-api-enabled",
    severity=Severity.INFO,
    default=False,
    evidence=["state"],
    same_as=["prowler:gemini_api_disabled"],
    fix=Fix(
        gcloud="gcloud services disable {service.id}",
        manual="Use Vertex AI with service accounts, or keep the API in a project of its own.",
        guardrail="gcp.restrictServiceUsage",
        patch={"data": {"state": "DISABLED"}},
    ),
    passes=lambda: [_service(GENERATIVE_LANGUAGE, state="DISABLED"), _service("aiplatform.googleapis.com")],
    fails=lambda: [_service(GENERATIVE_LANGUAGE)],
    unknown=lambda: [_service(GENERATIVE_LANGUAGE, unknown=["resource.data.state"])],
)
def gemini_enabled(service: Service) -> Verdict:
    """The Generative Language API, which takes bare API keys, is enabled.

    Why: whoever holds an unrestricted key of the project can run models on its bill. Vertex AI asks for an identity
    instead. A project that keeps its keys restricted is fine; this check is therefore not selected by default.

    What a fix may break: programs and AI Studio prompts that use the API in this project.

    Source: https://ai.google.dev/gemini-api/docs/api-key
    """
    if not service.is_generative_language:
        return _ANOTHER_API
    return fail("the Generative Language API is enabled") if service.is_enabled else PASS
