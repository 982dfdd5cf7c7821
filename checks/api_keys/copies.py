"""Key strings that stand in several places."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.serverless import CloudFunction, Function, RunJob, RunService
from auditor.resources.unknown import known_first
from auditor.secrets import scan_value
from checks.secrets.places import are_clean, of_container
from checks.secrets.workloads import JUDGED_AS_FIRST_GENERATION, JUDGED_AS_FUNCTION

Workload = RunService | RunJob | CloudFunction | Function
_VIEWS: tuple[type[Workload], ...] = (RunService, RunJob, CloudFunction, Function)

_SHOWN = 20
_KEY = "AIza" + "SyA0b1C2d3E4f5G6h7I8j9K0l1M2n3O4p5q"
_OTHER = "AIza" + "SyZ9y8X7w6V5u4T3s2R1q0P9o8N7m6L5k4J"


def _service(name: str, key: str = _KEY, *, variable: str = "MAPS_KEY", more: bool = False) -> Example:
    return asset(
        RunService,
        {"template": {"containers": [{"image": "i", "env": [{"name": variable, "value": key}]}]}},
        name=f"//run.googleapis.com/projects/p/locations/europe-west1/services/{name}",
        unknown=["resource.data.template.containers.*"] if more else [],
    )


def _function(key: str = _KEY) -> Example:
    return asset(CloudFunction, {"environmentVariables": {"KEY": key}})


def _keys(workload: Workload) -> Iterator[str]:
    """Digests of the Google API keys in a workload's variables and arguments; what is unknown is raised last."""
    if are_clean(workload.containers):
        return
    for _, name, value in known_first(workload.containers, of_container):
        for hit in scan_value(name, value):
            if hit.detector == "google-api-key":
                yield hit.digest


def _twin(workload: Workload) -> str:
    """Why the asset is only a second view of a function that is an asset of its own, `""` where it is not."""
    if isinstance(workload, RunService) and workload.is_function:
        return JUDGED_AS_FUNCTION
    if isinstance(workload, Function) and workload.is_first_generation:
        return JUDGED_AS_FIRST_GENERATION
    return ""


def _held(workload: Workload) -> Iterator[tuple[str, str]]:
    if not _twin(workload):
        for digest in _keys(workload):
            yield digest, workload.asset.short_name


@lru_cache(maxsize=1)
def _places(estate: Estate) -> tuple[dict[str, dict[str, None]], Undetermined | None]:
    """Digest of a key → the workloads that hold it, and why there may be more; gathered once for an estate."""
    found: dict[str, dict[str, None]] = {}
    doubt: Undetermined | None = None
    for view in _VIEWS:
        try:
            for digest, name in known_first(estate.of(view), _held):
                found.setdefault(digest, {})[name] = None
        except Undetermined as unknown:
            doubt = doubt or unknown
    return found, doubt


@check(
    "api-key-string-in-several-workloads",
    severity=Severity.LOW,
    reads=[RunService, RunJob, CloudFunction, Function],
    fix=Fix(
        terraform="one google_apikeys_key for each workload, its key_string in a google_secret_manager_secret_version",
        manual="Make a key for each program, restricted to what that program calls, keep it in Secret Manager, and "
        "delete the shared key when its traffic ends.",
        patch={
            "data": {
                "template": {"containers": [], "template": {"containers": []}},
                "environmentVariables": None,
                "serviceConfig": None,
            }
        },
    ),
    passes=lambda: [
        [_service("web"), _service("shop", _OTHER)],
        [_service("web"), _service("shop", "a plain value")],
        [_service("web", "debug", variable="LOG_LEVEL"), _service("shop", more=True), _function()],
        _service("web"),
    ],
    fails=lambda: [
        [_service("web"), _service("shop", variable="GOOGLE_KEY")],
        [_service("web", f"https://maps.googleapis.com/maps/api/js?key={_KEY}"), _function()],
        [_function(), _service("web", more=True), _service("shop")],
    ],
    unknown=lambda: [
        asset(
            RunService,
            {"template": {"containers": [{"image": "i", "env": []}]}},
            unknown=["resource.data.template.containers.*"],
        ),
        [_service("web", "debug", more=True), _service("shop")],
        [_service("web"), _service("shop", _OTHER, more=True)],
    ],
)
def string_in_several(workload: RunService | RunJob | CloudFunction | Function, estate: Estate) -> Verdict:
    """One API key string is written into several workloads.

    Why: a key that programs share has to allow what all of them call, from everywhere that they run, and cannot be
    replaced in one of them alone: after a leak it stays in use because nobody dares. Keys are recognised by a digest;
    the string is neither kept nor shown.

    What a fix may break: each workload has to be deployed anew with its own key.

    Source: https://cloud.google.com/docs/authentication/api-keys-best-practices
    """
    if reason := _twin(workload):
        return not_applicable(reason)
    for digest in _keys(workload):
        places, doubt = _places(estate)
        others = [name for name in places.get(digest, ()) if name != workload.asset.short_name]
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            return fail(
                f"the API key in it is also written into {others[0]}{more}",
                evidence={"digest": digest, "others": others[:_SHOWN]},
            )
        if doubt is not None:
            raise Undetermined("other workloads", str(doubt))
    return PASS
