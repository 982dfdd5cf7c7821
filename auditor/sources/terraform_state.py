"""Terraform states: what Terraform manages as it was when the state was written, and the secrets that the state holds.

A state is read as a plan that changes nothing, with the same tables. It shows what Terraform manages and nothing
else, so absence proves nothing. The state itself is an asset, of which the secrets among its values are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.sources.files import why
from auditor.sources.terraform.names import AFTER_APPLY as STAND_IN
from auditor.sources.terraform.plan import as_dict
from auditor.sources.terraform.state import StateSecret, as_plan, read, secrets_in
from auditor.sources.terraform.walk import AFTER_APPLY, DECIDED_AT_APPLY
from auditor.sources.terraform_plan import TerraformPlan

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

SENSITIVE = "marked sensitive in the state, and not read"
_ASSET_TYPE = "auditor/TerraformState"
_ADDRESSES = 10
_REWORDED = (
    ("a plan shows only", "a state shows only"),
    ("that it adds", "that Terraform manages"),
    ("the plan ", "the state "),
    ("this plan ", "this state "),
)


@dataclass(slots=True)
class TerraformState:
    """One state. `unsupported` counts, after `lines`, the resources of Google types that no table converts."""

    path: str
    shown: str
    """How places in it are told."""
    document: dict[str, Any]
    kind: str = "Terraform state"
    partial: bool = True
    trusted: bool = True
    """Whether lines may say what only this program says of an asset: what is unknown, its Terraform address."""
    unsupported: Counter[str] = field(default_factory=Counter)
    made_of: dict[str, list[str]] = field(default_factory=dict)
    granted: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    """Address of an asset, after `lines` → the addresses of the other resources that make it up."""

    def lines(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """(place, line) of every asset, and of the state itself."""
        before = gaps.files
        try:
            resources = list(read(self.document, self.shown, gaps))
            plan = TerraformPlan(self.path, self.shown, as_plan(resources))
            secrets = list(secrets_in(resources, self._outputs))
        except RecursionError as error:
            gaps.add(self.shown, why(error), "write the state anew: terraform show -json > state.json")
            return
        unread = "part of the state could not be read" if gaps.files > before else ""
        for place, line in plan.lines(gaps):
            yield _reworded(place), line if b'"unknown":{}' in line else _told(line)
        self.unsupported.clear()
        self.unsupported.update(plan.unsupported)
        self.made_of, self.granted = plan.made_of, plan.granted
        yield self.shown, self._itself(len(resources), secrets, unread)

    @property
    def _outputs(self) -> Any:
        if "values" in self.document:
            return as_dict(self.document["values"]).get("outputs")
        return self.document.get("outputs")

    def _itself(self, resources: int, secrets: list[StateSecret], unread: str) -> bytes:
        """The state as an asset. It is called by its lineage where it tells one, which lasts as long as it."""
        lineage = self.document.get("lineage")
        name = (lineage if isinstance(lineage, str) and lineage else self.shown).replace("/", "%2F")
        addresses = list(dict.fromkeys(secret.address for secret in secrets))
        more = len(addresses) - _ADDRESSES
        return msgspec.json.encode(
            {
                "name": f"//auditor/states/{name}",
                "asset_type": _ASSET_TYPE,
                "address": ", ".join(addresses[:_ADDRESSES] + ([f"{more} more"] if more > 0 else [])),
                "unknown": {"resource.data.hits.*": unread} if unread else {},
                "resource": {
                    "data": {"path": self.shown, "resources": resources, "hits": [_hit(secret) for secret in secrets]}
                },
            }
        )


def _hit(secret: StateSecret) -> dict[str, Any]:
    hit = secret.hit
    return {
        "address": secret.address,
        "attribute": secret.attribute,
        "detector": hit.detector,
        "description": hit.description,
        "line": hit.line,
        "length": hit.length,
        "digest": hit.digest,
    }


def _told(line: bytes) -> bytes:
    """The line with its causes in the words of a state; in a state, only what is sensitive has no value."""
    asset: dict[str, Any] = msgspec.json.decode(line)
    for path, cause in asset["unknown"].items():
        asset["unknown"][path] = SENSITIVE if cause in (AFTER_APPLY, DECIDED_AT_APPLY) else _reworded(cause)
    return msgspec.json.encode(asset).replace(STAND_IN.encode(), b"(sensitive)")


def _reworded(text: str) -> str:
    for plans, states in _REWORDED:
        text = text.replace(plans, states)
    return text
