"""Where workloads keep values, and the verdict about the secrets that are found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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

_SCRIPTS = words(
    """
    startup-script shutdown-script user-data
    windows-startup-script-ps1 windows-startup-script-cmd windows-startup-script-bat
    windows-shutdown-script-ps1 windows-shutdown-script-cmd windows-shutdown-script-bat
    sysprep-specialize-script-ps1 sysprep-specialize-script-cmd sysprep-specialize-script-bat
    """
)
"""Metadata keys that hold what a machine runs when it starts or stops."""
_WRITTEN_BY_GKE = words(
    """
    kube-env kube-labels kubelet-config kubeconfig configure-sh user-data user-profile-psm1 k8s-node-setup-psm1
    install-ssh-psm1 common-psm1 windows-startup-script-ps1 containerd-configure-sh startup-script
    """
)
"""Metadata keys of nodes that hold bootstrap credentials of GKE's own, which no owner can move."""


def _command_line(container: Container) -> str:
    return " ".join([*container.command, *container.args])


def of_container(container: Container) -> Iterator[Entry]:
    """The variables and arguments of a container that are written out."""
    where = f" of container {container.name}" if container.name else ""

    def variables() -> Iterator[Entry]:
        return known_first(container.env, lambda var: [(f"variable {var.name}{where}", var.name, var.value)])

    def arguments() -> Iterator[Entry]:
        yield f"the command line{where}", "", _command_line(container)

    return known_first((variables, arguments), lambda read: read())


def judge_containers(containers: Iterable[Container]) -> Verdict:
    """Whether what containers are given in writing holds a secret."""
    return PASS if are_clean(containers) else judge(known_first(containers, of_container))


def are_clean(containers: Iterable[Container]) -> bool:
    """Whether all is known and no secret: the usual case, found out without putting every place into words."""
    try:
        for container in containers:
            for variable in container.env:
                if variable.value and scan_value(variable.name, variable.value):
                    return False
            if (container.command or container.args) and scan_value("", _command_line(container)):
                return False
    except Undetermined:
        return False
    return True


def judge_metadata(metadata: Metadata, *, scripts: bool, machine: InstanceProperties | None = None) -> Verdict:
    """Whether the scripts in the metadata of a machine or project, or all its other keys, hold a secret."""
    try:
        for item in metadata.items:
            if (item.key in _SCRIPTS) is scripts and scan_value(item.key, item.value):
                break
        else:
            return PASS  # the usual case
    except Undetermined:
        pass
    return judge(_of_metadata(metadata, scripts, machine))


def _of_metadata(metadata: Metadata, scripts: bool, machine: InstanceProperties | None) -> Iterator[Entry]:
    """The metadata without what GKE writes for its nodes."""

    def read(item: MetadataItem) -> Iterator[Entry]:
        if (item.key in _SCRIPTS) is scripts and not (machine and item.key in _WRITTEN_BY_GKE and machine.is_gke_node):
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
