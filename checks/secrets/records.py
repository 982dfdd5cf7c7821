"""Secrets in what is not even meant for configuration: DNS records, labels and annotations."""

from __future__ import annotations

from collections.abc import Iterator

from auditor import Severity, asset
from auditor.resources.dns import RecordSet
from auditor.resources.resourcemanager import Project
from auditor.resources.secretmanager import Secret
from auditor.resources.serverless import RunService
from checks.secrets.holding import Holder, holding
from checks.secrets.places import Entry

_SLACK = "https://hooks.slack.com/services/" + "T0A1B2C3D/B0A1B2C3D/7f3kQz81LmNw02RtYb5vXy9Z"
_TOKEN = "glpat-" + "7f3kQz81LmNw02RtYb5v"


def _of_records(records: RecordSet) -> Iterator[Entry]:
    for number, text in enumerate(records.rrdatas, 1):
        yield f"record {number}", "", text.strip('"').replace('" "', "")


DNS_RECORD = holding(
    __name__,
    Holder(
        id="dns-record-secret",
        title="A TXT record of a DNS zone holds a secret.",
        why="Records of a public zone can be asked by anyone, and collectors keep every answer for years. Only values "
        "that have the shape of a credential are told: proofs of domains and keys for mail are made to be public.",
        breaks="Whatever reads the record.",
        source="https://cloud.google.com/dns/docs/records-overview",
        views=(RecordSet,),
        reads=(_of_records,),
        spared=lambda records: "" if records.type == "TXT" else "not a TXT record",
        cleared={"rrdatas": ['"v=spf1 -all"']},
        manual="Change the credential: the old answer is in caches and collections. Then delete the record.",
        passes=lambda: [
            asset(RecordSet, {"type": "TXT", "rrdatas": ['"v=spf1 include:_spf.google.com ~all"']}),
            asset(
                RecordSet, {"type": "TXT", "rrdatas": ['"google-site-verification=7f3kQz81LmNw02RtYb5vXy9Zq4Wc6E8s"']}
            ),
            asset(
                RecordSet, {"type": "TXT", "rrdatas": ['"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC"']}
            ),
            asset(RecordSet, {"type": "A", "rrdatas": ["203.0.113.7"]}),
        ],
        fails=lambda: [
            asset(RecordSet, {"type": "TXT", "rrdatas": [f'"deploy {_TOKEN}"']}),
            asset(RecordSet, {"type": "TXT", "rrdatas": ['"v=spf1 -all"', f'"{_SLACK[:60]}" "{_SLACK[60:]}"']}),
        ],
        unknown=lambda: [asset(RecordSet, {"type": "TXT"}, unknown=["resource.data.rrdatas.*"])],
    ),
)


def _of_values(place: str, values: dict[str, str]) -> Iterator[Entry]:
    """The values alone: a label called `token` that says which one is no secret."""
    for name, value in values.items():
        yield f"{place} {name}", "", value


def _of_labels(holder: Secret | Project | RunService) -> Iterator[Entry]:
    yield from _of_values("label", holder.metadata.labels if isinstance(holder, RunService) else holder.labels)


def _of_annotations(holder: Secret | Project | RunService) -> Iterator[Entry]:
    if isinstance(holder, RunService):
        yield from _of_values("annotation", holder.metadata.annotations)
    elif isinstance(holder, Secret):
        yield from _of_values("annotation", holder.annotations)


ANNOTATION = holding(
    __name__,
    Holder(
        id="annotation-secret",
        title="A label or annotation of a secret, project or service holds a secret itself.",
        why="Labels and annotations are shown in every list, go into bills, logs and exports, and are open to everyone "
        "who may view the resource. Only values that have the shape of a credential are told.",
        breaks="Whatever reads the annotation.",
        source="https://cloud.google.com/resource-manager/docs/labels-overview",
        views=(Secret, Project, RunService),
        reads=(_of_labels, _of_annotations),
        cleared={"labels": None, "annotations": None, "metadata": {"labels": None, "annotations": None}},
        manual="Change the credential, store the new one in Secret Manager, and delete the label or annotation.",
        severity=Severity.MEDIUM,
        passes=lambda: [
            asset(Secret, {"labels": {"team": "orders"}, "annotations": {"token": "rotated-by-hand", "owner": "sre"}}),
            asset(Project, {"projectId": "shop", "labels": {"env": "prod"}}),
            asset(RunService, {"metadata": {"annotations": {"run.googleapis.com/ingress": "all"}}}),
        ],
        fails=lambda: [
            asset(Secret, {"annotations": {"previous": _TOKEN}}),
            asset(RunService, {"spec": {}, "metadata": {"annotations": {"notify": _SLACK}}}),
        ],
        unknown=lambda: [
            asset(Secret, {}, unknown=["resource.data.annotations"]),
            asset(Project, {"projectId": "p"}, unknown=["resource.data.labels"]),
        ],
    ),
)
