"""Cloud Identity: Google groups and who is in them. Not exported by Cloud Asset Inventory; lines in the API's form.

Source: cloud.google.com/identity/docs/reference/rest/v1/groups, …/groups.memberships
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from auditor.resources.base import Resource, Undetermined, View, shows

_DYNAMIC = "cloudidentity.googleapis.com/groups.dynamic"


class EntityKey(View):
    """Who a group or member is. With a namespace it is what an outside identity source maps, and no Google account."""

    id: str = ""
    namespace: str = ""


class ExpiryDetail(View):
    """When a role in a group ends."""

    expire_time: datetime | None = None


class MembershipRole(View):
    """`OWNER`, `MANAGER` or `MEMBER`; only the last can expire."""

    name: str = ""
    expiry_detail: ExpiryDetail | None = None


@shows("cloudidentity.googleapis.com/Group")
class Group(Resource):
    """A Google group."""

    HAS_POLICY: ClassVar[bool] = False

    group_key: EntityKey | None = None
    parent: str = ""
    labels: dict[str, str] = {}

    @property
    def resource_name(self) -> str:
        """`groups/ID`, by which memberships name the group."""
        return self.asset.short_name

    @property
    def address(self) -> str:
        """The group's e-mail address. Raises `Undetermined` where the data has none."""
        if self.group_key is None:
            raise Undetermined("groupKey", "the group's data does not say")
        return self.group_key.id

    @property
    def is_identity_mapped(self) -> bool:
        """Whether the group is an outside identity source's: IAM policies cannot name it."""
        return self.group_key is not None and bool(self.group_key.namespace)

    @property
    def is_dynamic(self) -> bool:
        """Whether a query decides who is in it."""
        return _DYNAMIC in self.labels

    @property
    def customer(self) -> str:
        """The customer id (`C01abc`) of the account that owns the group, `""` where the data does not say."""
        customer = self.parent.partition("customers/")[2]
        return customer if customer.startswith("C") else ""


@shows("cloudidentity.googleapis.com/Membership")
class Membership(Resource):
    """Someone is in a group."""

    HAS_POLICY: ClassVar[bool] = False

    preferred_member_key: EntityKey | None = None
    member_key: EntityKey | None = None
    """The same in v1beta1 of the API."""
    group_key: EntityKey | None = None
    """The group; the API tells it in answers to searches only."""
    roles: list[MembershipRole] = []
    type: str = ""

    @property
    def group_name(self) -> str:
        """`groups/ID` of the group."""
        return self.asset.short_name.partition("/memberships/")[0]

    @property
    def group_address(self) -> str:
        """The group's e-mail address, `""` where the membership's data does not tell it."""
        return self.group_key.id if self.group_key is not None else ""

    @property
    def member_address(self) -> str:
        """The member's e-mail address. Raises `Undetermined` where the data has none."""
        key = self._key
        if key is None or not key.id:
            raise Undetermined("preferredMemberKey", "the membership's data does not say")
        return key.id

    @property
    def is_identity_mapped(self) -> bool:
        """Whether the member is an outside identity source's, and no Google account."""
        key = self._key
        return key is not None and bool(key.namespace)

    @property
    def _key(self) -> EntityKey | None:
        return self.preferred_member_key or self.member_key

    def has_expired(self, now: datetime) -> bool:
        """Whether the membership has ended. Whoever is in a group has the role `MEMBER`, which ends with it."""
        for role in self.roles:
            if role.name == "MEMBER" and role.expiry_detail is not None:
                ends = role.expiry_detail.expire_time
                if ends is not None and ends <= now:
                    return True
        return False
