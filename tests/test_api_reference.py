"""Each field that a view declares is in Google's own description of the API."""

from __future__ import annotations

from collections import defaultdict

import pytest

from auditor.loading import load_checks
from auditor.resources.base import VIEWS
from tests.api_reference import DOCUMENTS, described, fields_of, knows

PROTOBUF = ("iam.googleapis.com/PolicyBinding", "iam.googleapis.com/PrincipalAccessBoundaryPolicy")
"""Described by Google's Python client only."""
NEWER = ("excludedResources", "operation")
"""Parts of a boundary's rule that the API's reference has and the client does not have yet."""
NEW = (
    "privilegedaccessmanager.googleapis.com/Entitlement",
    "securitycentermanagement.googleapis.com/SecurityCenterService",
)
"""Not in the descriptions that the client library carries."""
ELSEWHERE = {
    "Membership.memberKey": "the beta version of the API calls preferredMemberKey so",
    "Membership.groupKey": "the inventory adds the group, which the API has in the name",
    "ApiKeyRequests.interval": "our collector adds the period that it asked about",
    "ServicePerimeter.updateTime": "earlier descriptions of the API had it; some exports still do",
}
"""Fields that the descriptions lack, and where they come from."""


def test_every_field_of_a_view_is_a_field_of_the_api() -> None:
    pytest.importorskip("googleapiclient", reason="Google's descriptions of its APIs are not installed")
    load_checks()
    known: dict[str, bool] = defaultdict(bool)
    undescribed = []
    for asset_type, view in sorted(VIEWS.items()):
        if ".googleapis.com/" not in asset_type:  # Kubernetes' own, ours, and those of other tests
            continue
        if asset_type in PROTOBUF + NEW:
            continue
        schemas = described(asset_type)
        if not schemas:
            undescribed.append(asset_type)
        for field, place in fields_of(view):  # a part that several types share need not have each field in all
            known[field] |= any(knows(*schema, place) for schema in schemas)
    assert undescribed == []
    assert {field for field, is_known in known.items() if not is_known} == set(ELSEWHERE)
    assert len(known) > 800


@pytest.mark.parametrize("asset_type", PROTOBUF)
def test_fields_of_boundaries_are_those_of_the_client(asset_type: str) -> None:
    v3 = pytest.importorskip("google.cloud.iam_v3")
    load_checks()
    kind = asset_type.rpartition("/")[2]
    message = getattr(v3, kind)
    for _, place in fields_of(VIEWS[asset_type]):
        if not set(place).isdisjoint(NEWER):
            continue
        descriptor = message.pb(message()).DESCRIPTOR
        for step in place:
            field = next((field for field in descriptor.fields if field.json_name == step), None)
            assert field is not None, place
            descriptor = field.message_type


def test_every_service_that_a_view_shows_has_a_description() -> None:
    load_checks()
    services = {asset_type.partition(".googleapis.com/")[0] for asset_type in VIEWS if ".googleapis.com/" in asset_type}
    assert services - set(DOCUMENTS) == {kind.partition(".googleapis.com/")[0] for kind in NEW}
