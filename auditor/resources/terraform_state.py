"""Terraform states, and the secrets that were found in them. No API of Google shows these.

The lines are made by `auditor.sources.terraform_state`; of a secret they tell where it is, its length and a digest.
"""

from __future__ import annotations

from auditor.resources.base import Resource, View, shows


class StateSecret(View):
    """`hits[]`: a secret in an attribute of a resource, or in an output."""

    address: str = ""
    attribute: str = ""
    detector: str = ""
    description: str = ""
    line: int = 0
    length: int = 0
    digest: str = ""


@shows("auditor/TerraformState")
class TerraformState(Resource):
    """A state, in which Terraform keeps every attribute of what it manages in the clear."""

    HAS_POLICY = False

    path: str = ""
    resources: int = 0
    hits: list[StateSecret] = []
