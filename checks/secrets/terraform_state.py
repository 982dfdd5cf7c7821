"""Secrets in Terraform states."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail
from auditor.resources.terraform_state import StateSecret, TerraformState
from auditor.resources.unknown import matching
from auditor.secrets import RESTRICTABLE
from checks.secrets.places import SHOWN

_KEY = {
    "address": "google_service_account_key.deploy",
    "attribute": "private_key",
    "detector": "service-account-key",
    "description": "the private key of a Google service account, with the account's e-mail beside it",
    "line": 1,
    "length": 3104,
    "digest": "5f0c21aa",
}
_API_KEY = {
    "address": "google_apikeys_key.maps",
    "attribute": "key_string",
    "detector": "google-api-key",
    "description": "a Google API key",
    "line": 1,
    "length": 39,
    "digest": "0b41c9d2",
}


@check(
    "secret-in-terraform-state",
    severity=Severity.HIGH,
    fix=Fix(
        terraform=(
            "a write-only argument (secret_data_wo, password_wo, root_password_wo) or an ephemeral resource "
            "instead of the value; workload identity instead of google_service_account_key"
        ),
        manual=(
            "Change the credential, since former versions of the state keep it. Then take the value out of Terraform: "
            "let the workload read it from Secret Manager. Until then, keep the state in a bucket of its own that "
            "only the pipeline and its owners can read, encrypted with a key of yours."
        ),
        patch={"data": {"hits": None}},
    ),
    passes=lambda: [asset(TerraformState, {"path": "terraform.tfstate", "resources": 12})],
    fails=lambda: [
        asset(TerraformState, {"path": "terraform.tfstate", "resources": 12, "hits": [_API_KEY, _KEY]}),
        asset(TerraformState, {"path": "terraform.tfstate", "resources": 12, "hits": [_API_KEY]}),
    ],
    unknown=lambda: [
        asset(TerraformState, {"path": "terraform.tfstate", "resources": 12}, unknown=["resource.data.hits.*"])
    ],
)
def secret_in_state(state: TerraformState) -> Verdict:
    """A Terraform state holds a secret in the clear.

    Why: Terraform writes every attribute of what it manages into its state, marked sensitive or not. Whoever can read
    the bucket, the pipeline's artifacts or an engineer's working copy has the credential, and so has everybody who
    could read a former version.

    What a fix may break: Whatever uses the old credential stops when it is changed. A write-only argument needs
    Terraform 1.11 and a provider that has it; Terraform no longer sees when such a value is changed by hand.

    Source: https://developer.hashicorp.com/terraform/language/manage-sensitive-data
    """
    hits: list[StateSecret] = matching(state.hits, lambda _: True)
    if not hits:
        return PASS
    first = min(hits, key=lambda hit: hit.detector in RESTRICTABLE)
    more = f" (and {len(hits) - 1} more)" if len(hits) > 1 else ""
    return fail(
        f"{first.attribute} of {first.address} holds {first.description}{more}",
        evidence={"secrets": [_told(hit) for hit in hits[:SHOWN]]},
        severity=Severity.MEDIUM if all(hit.detector in RESTRICTABLE for hit in hits) else None,
    )


def _told(hit: StateSecret) -> dict[str, Any]:
    return {
        "address": hit.address,
        "attribute": hit.attribute,
        "detector": hit.detector,
        "length": hit.length,
        "digest": hit.digest,
    }
