"""Addresses of resources on the web, as people copy them: from an API's answer, or from the console's address bar.

`full_name("https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/i")` is the full resource name.

Sources: cloud.google.com/apis/design/resource_names, cloud.google.com/iam/docs/full-resource-names,
cloud.google.com/storage/docs/request-endpoints
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, unquote, urlsplit

_CONSOLE = "console.cloud.google.com"
_STORAGE_HOSTS = ("storage.googleapis.com", "storage.cloud.google.com", "storage.mtls.googleapis.com")
_SERVICE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.googleapis\.com")
_REGION = re.compile(r"^[a-z]+-[a-z]+\d+-")
_ROOTS = ("projects", "folders", "organizations", "billingAccounts")
_NAMED_OTHERWISE = {"sqladmin": "cloudsql", "bigtableadmin": "bigtable"}
"""Services whose resources' full names begin with another host than their API answers at."""

_PAGES = (
    (r"compute/instancesDetail/(zones/[^/]+/instances/[^/]+)", "compute", "{project}/{0}"),
    (r"run/detail/([^/]+)/([^/]+)", "run", "{project}/locations/{0}/services/{1}"),
    (r"security/secret-manager/secret/([^/]+)", "secretmanager", "{project}/secrets/{0}"),
    (r"iam-admin/serviceaccounts/details/([^/;]+)", "iam", "{project}/serviceAccounts/{0}"),
    (r"sql/instances/([^/]+)", "cloudsql", "{project}/instances/{0}"),
    (r"(?:welcome|home/dashboard|iam-admin/iam|cloud-resource-manager)", "cloudresourcemanager", "{project}"),
)
"""Pages of the console that show one resource: how their paths begin, its service, and its name."""


def full_name(text: str) -> str:
    """The full resource name of what an address on the web (or one without its `//`) names, `""` where it names none.

    Buckets and objects come as `//storage.googleapis.com/BUCKET` and `…/projects/_/buckets/BUCKET/objects/OBJECT`.
    """
    if "://" not in text and not _SERVICE.fullmatch(text.partition("/")[0]):
        return ""
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
        host = (address.hostname or "").lower()
    except ValueError:  # of a host in broken brackets
        return ""
    if address.scheme not in ("http", "https"):
        return ""
    steps = [unquote(step) for step in address.path.split("/") if step]
    if host == _CONSOLE:
        return _of_console(steps, parse_qs(address.query))
    if host in _STORAGE_HOSTS:
        return _of_storage(steps)
    if host.endswith(".storage.googleapis.com"):
        return _stored([host.removesuffix(".storage.googleapis.com"), *steps])
    return _of_api(host, steps)


def _of_api(host: str, steps: Sequence[str]) -> str:
    """`//SERVICE/projects/…` of an API's address: what stands before the root of the name is service and version."""
    service = host.removesuffix(".googleapis.com")
    if service == "www" and steps:
        service = steps[0]
    root = next((place for place, step in enumerate(steps) if step in _ROOTS), None)
    if service == "storage":
        return _of_storage(steps)
    if root is None or len(steps) < root + 2 or not _SERVICE.fullmatch(host):
        return ""
    service = _REGION.sub("", service.partition(".")[0])  # compute.europe-west1.rep, europe-west1-run
    service = _NAMED_OTHERWISE.get(service, service)
    return f"//{service}.googleapis.com/{'/'.join(steps[root:])}"


def _of_storage(steps: Sequence[str]) -> str:
    """A bucket or object, by the JSON API's address (`storage/v1/b/…`) or the plain one."""
    if steps[:1] == ["storage"] and len(steps) > 3 and steps[2] == "b":
        bucket, rest = steps[3], list(steps[4:])
        return _stored([bucket, *(rest[1:] if rest[:1] == ["o"] else ())])
    return _stored(steps)


def _stored(steps: Sequence[str]) -> str:
    if not steps:
        return ""
    bucket, inside = steps[0], "/".join(steps[1:])
    named = f"//storage.googleapis.com/projects/_/buckets/{bucket}/objects/{inside}"
    return named if inside else f"//storage.googleapis.com/{bucket}"


def _of_console(steps: Sequence[str], query: dict[str, list[str]]) -> str:
    if list(steps[:2]) == ["storage", "browser"]:
        return _stored([step.partition(";")[0] for step in steps[2:] if step != "_details"])
    path = "/".join(steps)
    roots = (("project", "projects"), ("folder", "folders"), ("organizationId", "organizations"))
    named = next((f"{root}/{query[key][0]}" for key, root in roots if query.get(key)), "")
    for pattern, service, form in _PAGES:
        found = re.match(pattern, path)
        if found and named:
            return f"//{service}.googleapis.com/{form.format(*found.groups(), project=named)}"
    return ""
