"""BigQuery.

Source: cloud.google.com/bigquery/docs/reference/rest/v2/datasets, …/tables
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows
from auditor.resources.unknown import told


class DatasetAccess(View):
    """`access[]`: a role for one of several kinds of grantee; views and routines have none."""

    role: str = ""
    special_group: str = ""
    iam_member: str = ""
    user_by_email: str = ""
    group_by_email: str = ""
    domain: str = ""

    @property
    def grantee(self) -> str:
        """Who is granted the role, as it is written in the entry."""
        return self.special_group or self.iam_member or self.user_by_email or self.group_by_email or self.domain


class BigQueryEncryption(View):
    """`defaultEncryptionConfiguration` of a dataset, `encryptionConfiguration` of a table."""

    kms_key_name: str = ""


@shows("bigquery.googleapis.com/Dataset")
class Dataset(Resource):
    """A BigQuery dataset. Its access list and its IAM policy are two forms of one thing."""

    access_told: list[DatasetAccess] | None = field(default=None, name="access")
    default_encryption_configuration: BigQueryEncryption | None = None
    type: str = ""
    location: str = ""
    labels: dict[str, str] = {}

    @property
    def access(self) -> list[DatasetAccess]:
        """The access list. Raises `Undetermined` where the data has none: every dataset has owners."""
        return told(self.access_told, "access")


@shows("bigquery.googleapis.com/Table")
class Table(Resource):
    """A BigQuery table, view or external table."""

    type: str = "TABLE"
    encryption_configuration: BigQueryEncryption | None = field(default=None)

    @property
    def holds_data(self) -> bool:
        """Whether the rows are stored in BigQuery itself."""
        return self.type in ("TABLE", "SNAPSHOT", "MATERIALIZED_VIEW", "")
