"""What was used: last authentications, requests by API key, roles that are wider than their use.

No export of Cloud Asset Inventory holds these; a live collection writes them in the form of their APIs.

Sources: cloud.google.com/policy-intelligence/docs/reference/policyanalyzer/rest (activities.query),
cloud.google.com/policy-intelligence/docs/activity-analyzer-service-account-authentication,
cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list,
cloud.google.com/recommender/docs/reference/rest/v1/projects.locations.recommenders.recommendations,
cloud.google.com/policy-intelligence/docs/role-recommendations-overview
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows

_KEY = "apikey:"


class Period(View):
    """A span of time that was looked at."""

    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def days(self) -> int:
        """How many whole days. Raises `Undetermined` where an end is not told."""
        if self.start_time is None or self.end_time is None:
            raise Undetermined("observationPeriod", "the answer does not say which time it looked at")
        return (self.end_time - self.start_time).days


class Authentication(View):
    """`activity` of a service account or of its key."""

    last_authenticated_time: datetime | None = None


@shows("policyanalyzer.googleapis.com/Activity")
class Activity(Resource):
    """When a service account or a key of it last signed in, as Activity Analyzer tells it."""

    HAS_POLICY: ClassVar[bool] = False

    activity_type: str = ""
    full_resource_name: str = ""
    observation_period: Period = field(default_factory=Period)
    activity: Authentication = field(default_factory=Authentication)

    @property
    def is_of_key(self) -> bool:
        """Whether it tells of a key, and not of an account."""
        return self.activity_type == "serviceAccountKeyLastAuthentication"

    @property
    def account(self) -> str:
        """The account's address or number."""
        return self.full_resource_name.partition("/serviceAccounts/")[2].partition("/")[0]

    @property
    def key(self) -> str:
        """The id of the key; `""` where it tells of an account."""
        return self.full_resource_name.partition("/keys/")[2]


class CredentialLabels(View):
    """`resource.labels` of a series that is grouped by credential."""

    credential: str = field(default="", name="credential_id")


class ConsumedApi(View):
    """`resource` of a series."""

    labels: CredentialLabels = field(default_factory=CredentialLabels)


class PointValue(View):
    """`value` of a point: the sum of requests."""

    int64_value: int = field(default=0, name="int64Value")


class Point(View):
    """One sum."""

    value: PointValue = field(default_factory=PointValue)


class Series(View):
    """The requests that one credential made."""

    resource: ConsumedApi = field(default_factory=ConsumedApi)
    points: list[Point] = []


@shows("monitoring.googleapis.com/ListTimeSeriesResponse")
class ApiKeyRequests(Resource):
    """How many requests each API key of a project made in a period. Keys without any are not in it."""

    HAS_POLICY: ClassVar[bool] = False

    interval: Period = field(default_factory=Period)
    time_series: list[Series] = []

    def used(self) -> set[str]:
        """The uids of the keys that made a request."""
        return {
            series.resource.labels.credential.removeprefix(_KEY)
            for series in self.time_series
            if series.resource.labels.credential.startswith(_KEY)
            and any(point.value.int64_value for point in series.points)
        }


class RoleChange(View):
    """`content.overview` of a recommendation for an IAM policy."""

    resource: str = ""
    member: str = ""
    removed_role: str = ""
    added_roles: list[str] = []


class RecommendationContent(View):
    """`content`."""

    overview: RoleChange = field(default_factory=RoleChange)


class RecommendationState(View):
    """`stateInfo`."""

    state: str = ""


@shows("recommender.googleapis.com/Recommendation")
class Recommendation(Resource):
    """What Google's recommender says of a grant, after it watched for up to 90 days what its holder did."""

    HAS_POLICY: ClassVar[bool] = False

    recommender_subtype: str = ""
    state_info: RecommendationState = field(default_factory=RecommendationState)
    content: RecommendationContent = field(default_factory=RecommendationContent)

    @property
    def is_open(self) -> bool:
        """Whether nobody acted on it yet."""
        return self.state_info.state in ("", "ACTIVE")

    @property
    def change(self) -> RoleChange:
        """What it says to change."""
        return self.content.overview
