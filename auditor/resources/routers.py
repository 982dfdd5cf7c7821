"""Cloud Routers, as far as they do network address translation.

Source: cloud.google.com/compute/docs/reference/rest/v1/routers
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class NatLogging(View):
    """`nats[].logConfig`. The filter says what is logged: `ALL`, `ERRORS_ONLY` or `TRANSLATIONS_ONLY`."""

    enable: bool = False
    filter: str = ""


class Nat(View):
    """`nats[]`: a Cloud NAT gateway."""

    name: str = ""
    log_config: NatLogging = field(default_factory=NatLogging)


@shows("compute.googleapis.com/Router")
class Router(Resource):
    """A Cloud Router."""

    name: str = ""
    nats: list[Nat] = []
