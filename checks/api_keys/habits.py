"""How keys are shared and kept: between environments, for several kinds of clients, after their deletion."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from auditor import DELETE, PASS, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.api_keys import ApiKey
from auditor.resources.unknown import known_first
from checks.api_keys.clients import DELETED, REPLACED, host_of, local_weakness
from checks.api_keys.examples import ROUTES, SERVER, SITE, deleted_key, example_key

_KINDS: dict[str, Callable[[ApiKey], Sequence[object]]] = {
    "websites": lambda key: key.referrers,
    "addresses": lambda key: key.addresses,
    "Android apps": lambda key: key.android_apps,
    "iOS apps": lambda key: key.ios_apps,
}
"""The kinds of clients, and what a key says of each."""
_ANDROID = {"androidKeyRestrictions": {"allowedApplications": [{"packageName": "com.example.app"}]}}
_IOS = {"iosKeyRestrictions": {"allowedBundleIds": ["com.example.app"]}}


@check(
    "api-key-several-client-kinds",
    severity=Severity.MEDIUM,
    evidence=["displayName", "restrictions"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --allowed-referrers=https://SITE/*",
        terraform="one of browser_key_restrictions, server_key_restrictions, android_key_restrictions,"
        " ios_key_restrictions in restrictions of google_apikeys_key",
        manual=f"Make one key for each kind of client. {REPLACED}",
        patch={
            "data": {
                "restrictions": {
                    **SITE,
                    **dict.fromkeys(("serverKeyRestrictions", "androidKeyRestrictions", "iosKeyRestrictions")),
                }
            }
        },
    ),
    passes=lambda: [
        example_key({**SITE, **ROUTES}),
        example_key({**SERVER, "iosKeyRestrictions": {"allowedBundleIds": []}}),
        example_key(),
        deleted_key({**SITE, **SERVER}),
    ],
    fails=lambda: [
        example_key({**SITE, **SERVER}),
        example_key({**_ANDROID, **_IOS, **ROUTES}),
    ],
    unknown=lambda: [
        asset(ApiKey, {"restrictions": SITE}, unknown=["resource.data.restrictions.serverKeyRestrictions"])
    ],
)
def several_kinds(key: ApiKey) -> Verdict:
    """An API key names several kinds of clients, of which only one kind can be restricted.

    Why: the API keeps one of the four restrictions; a configuration that writes two is either refused or loses one of
    them without a word, and what its author believes to be limited to an address is limited to a header.

    What a fix may break: clients of the kind that is left out need a key of their own.

    Source: https://cloud.google.com/api-keys/docs/reference/rest/v2/projects.locations.keys#Restrictions
    """
    if key.is_deleted:
        return DELETED
    named: list[str] = []
    for kind in known_first(_KINDS, lambda kind: [kind] if _KINDS[kind](key) else []):
        named.append(kind)
        if len(named) == 2:
            return fail(f"it is restricted to {named[0]} and to {named[1]} at once")
    return PASS


_REHEARSAL = re.compile(r"(?:dev|develop|development|test|testing|qa|uat|stag|stage|staging|preview|sandbox|demo)\d*")


def _is_rehearsal(host: str) -> bool:
    """Whether a host's name says that it is not production: `staging.example.com`, `shop-dev.example.com`."""
    return any(_REHEARSAL.fullmatch(word) for word in re.split(r"[.\-_]", host))


def _site(*referrers: str) -> Example:
    return example_key({"browserKeyRestrictions": {"allowedReferrers": list(referrers)}, **ROUTES})


@check(
    "api-key-shared-by-environments",
    severity=Severity.LOW,
    evidence=["displayName", "restrictions.browserKeyRestrictions.allowedReferrers"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --allowed-referrers=https://SITE/*",
        terraform="one google_apikeys_key for each environment, in the project of the environment",
        manual=f"Make a key for development in a project of its own, then take its sites off this one. {REPLACED}",
        patch={"data": {"restrictions": SITE}},
    ),
    passes=lambda: [
        _site("https://app.example.com/*", "https://www.example.com/*"),
        _site("https://staging.example.com/*", "https://pr-*.preview.example.com/*"),
        _site("https://contest.example.com/*", "https://latest.example.com/*"),
        _site("https://app.example.com/*", "http://localhost:3000/*"),  # api-key-referrer-broad tells it
        example_key(SERVER),
        deleted_key({"browserKeyRestrictions": {"allowedReferrers": ["a.example.com", "dev.example.com"]}}),
    ],
    fails=lambda: [
        _site("https://app.example.com/*", "https://staging.example.com/*"),
        _site("app.example.com", "*.dev2.example.com"),
        _site("https://shop-test.web.app/*", "https://shop.web.app/*"),
    ],
    unknown=lambda: [
        asset(ApiKey, {}, unknown=["resource.data.restrictions.browserKeyRestrictions.allowedReferrers"]),
    ],
)
def shared_by_environments(key: ApiKey) -> Verdict:
    """One API key serves production sites and those of a test environment.

    Why: test sites are built by more people, watched by fewer, and their key ends up in more places. A key that has to
    be taken back there takes production with it, and quotas cannot be told apart.

    What a fix may break: the test environment, until it has a key of its own.

    Source: https://cloud.google.com/docs/authentication/api-keys-best-practices
    """
    if key.is_deleted:
        return DELETED
    hosts = [host for host in map(host_of, key.referrers) if host.strip("*.") and not local_weakness(host)]
    rehearsal = next((host for host in hosts if _is_rehearsal(host)), None)
    production = next((host for host in hosts if not _is_rehearsal(host)), None)
    return fail(f"{production} and {rehearsal} use it") if rehearsal and production else PASS


@check(
    "api-key-whole-api",
    severity=Severity.INFO,
    default=False,
    evidence=["displayName", "restrictions.apiTargets"],
    fix=Fix(
        gcloud="gcloud services api-keys update {key.asset.short_name} --api-target=service=SERVICE,methods=METHOD",
        terraform="api_targets { service = …, methods = [ … ] } in restrictions of google_apikeys_key",
        manual=f"Name the methods of APIs that can do more than the program needs. {REPLACED}",
        patch={
            "data": {"restrictions": {"apiTargets": [{"service": "translate.googleapis.com", "methods": ["Get*"]}]}}
        },
    ),
    passes=lambda: [
        example_key({"apiTargets": [{"service": "translate.googleapis.com", "methods": ["Get*"]}]}),
        example_key(SITE),  # api-key-no-api-restriction tells it
        deleted_key(ROUTES),
    ],
    fails=lambda: [
        example_key(ROUTES),
        example_key(
            {
                "apiTargets": [
                    {"service": "translate.googleapis.com", "methods": ["Get*"]},
                    {"service": "vision.googleapis.com"},
                ]
            }
        ),
        example_key({"apiTargets": [{"service": "vision.googleapis.com", "methods": ["*"]}]}),
    ],
    unknown=lambda: [
        asset(ApiKey, {"restrictions": ROUTES}, unknown=["resource.data.restrictions.apiTargets.0.methods"])
    ],
)
def whole_api(key: ApiKey) -> Verdict:
    """An API key may call every method of an API.

    Why: some APIs read and write, or hold cheap and dear methods. A list of methods keeps a copied key to what its
    program does. For APIs with one method, as most of Maps, nothing is gained; this check is therefore not selected
    by default.

    What a fix may break: calls of methods that are not on the list get 403.

    Source: https://cloud.google.com/api-keys/docs/reference/rest/v2/projects.locations.keys#ApiTarget
    """
    if key.is_deleted:
        return DELETED
    if not key.restrictions.api_targets:
        return not_applicable("the key has no API restriction")
    for target in key.restrictions.api_targets:
        if not target.methods or "*" in target.methods:
            return fail(f"all methods of {target.service or 'an API'} can be called")
    return PASS


@check(
    "api-key-deleted-recoverable",
    severity=Severity.INFO,
    default=False,
    evidence=["displayName", "deleteTime"],
    fix=Fix(
        manual="If the key was exposed, see that nobody undeletes it (apikeys.keys.undelete); Google purges it 30 days "
        "after the deletion.",
        patch=DELETE,
    ),
    passes=lambda: [example_key(), example_key(ROUTES)],
    fails=lambda: [deleted_key(), deleted_key({**SITE, **ROUTES})],
    unknown=lambda: [asset(ApiKey, {}, unknown=["resource.data.deleteTime"])],
)
def deleted_recoverable(key: ApiKey) -> Verdict:
    """A deleted API key can still be restored.

    Why: for 30 days whoever administers keys can bring it back with one command, and every copy of the string works
    again. Worth knowing where the key was deleted because it had leaked.

    What a fix may break: nothing; a key that was deleted by mistake is restored the same way.

    Source: https://cloud.google.com/docs/authentication/api-keys
    """
    return fail("it can be restored for 30 days after its deletion") if key.is_deleted else PASS
