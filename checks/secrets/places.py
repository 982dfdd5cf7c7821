"""Where workloads keep values, and the verdict about the secrets that are found there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from auditor import PASS, Severity, Undetermined, Verdict, fail
from auditor.resources.compute import InstanceProperties, Metadata, MetadataItem
from auditor.resources.serverless import Container
from auditor.resources.unknown import known_first
from auditor.secrets import Hit, scan_value
from auditor.secrets.values import words

Entry = tuple[str, str, str]
"""(place in words, name of the variable, value)"""

SHOWN = 50
"""Secrets listed in the evidence of one finding."""

_RESTRICTABLE = frozenset(
    ["google-api-key", "jwt", "signed-url", "google-chat-webhook", "slack-webhook", "discord-webhook"]
)
"""Credentials that are often restricted, short-lived or good for little: a lighter case when found alone."""

_SCRIPT = re.compile(
    r"startup-script|shutdown-script|user-data|(?:windows-(?:startup|shutdown)|sysprep-specialize)-script-(?:ps1|cmd|bat)"
)
_WRITTEN_BY_GKE = words(
    """
    kube-env kube-labels kubelet-config kubeconfig configure-sh user-data user-profile-psm1 k8s-node-setup-psm1
    install-ssh-psm1 common-psm1 windows-startup-script-ps1 containerd-configure-sh startup-script
    """
)
"""Metadata keys of nodes that hold bootstrap credentials of GKE's own, which no owner can move."""


def of_container(container: Container) -> Iterator[Entry]:
    """The variables and arguments of a container that are written out."""
    where = f" of container {container.name}" if container.name else ""

    def variables() -> Iterator[Entry]:
        return known_first(container.env, lambda var: [(f"variable {var.name}{where}", var.name, var.value)])

    def arguments() -> Iterator[Entry]:
        yield f"the command line{where}", "", " ".join([*container.command, *container.args])

    return known_first((variables, arguments), lambda read: read())


def is_script(item: MetadataItem) -> bool:
    """Whether a metadata key holds what the machine runs when it starts or stops."""
    return _SCRIPT.fullmatch(item.key) is not None


def of_metadata(
    metadata: Metadata, wanted: Callable[[MetadataItem], bool], machine: InstanceProperties | None = None
) -> Iterator[Entry]:
    """The wanted metadata of a machine or project, without what GKE writes for its nodes."""

    def read(item: MetadataItem) -> Iterator[Entry]:
        if wanted(item) and not (machine and item.key in _WRITTEN_BY_GKE and machine.is_gke_node):
            yield f"metadata key {item.key}", item.key, item.value

    return known_first(metadata.items, read)


def judge(entries: Iterable[Entry]) -> Verdict:
    """PASS where no entry holds a secret, else a fail that tells where, what kind and how long, never the value."""
    found: list[tuple[str, Hit]] = []
    try:
        for place, name, value in entries:
            found += [(place, hit) for hit in scan_value(name, value)]
    except Undetermined:
        if not found:
            raise
    if not found:
        return PASS
    place, hit = min(found, key=lambda pair: pair[1].detector in _RESTRICTABLE)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return fail(
        f"{place} holds {hit.description}{more}",
        evidence={"secrets": [_told(place, hit) for place, hit in found[:SHOWN]]},
        severity=Severity.MEDIUM if hit.detector in _RESTRICTABLE else None,
    )


def _told(place: str, hit: Hit) -> dict[str, str | int]:
    return {"place": place, "line": hit.line, "detector": hit.detector, "length": hit.length, "digest": hit.digest}
