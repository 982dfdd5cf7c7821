"""How often each API key of a project was used, by the metric that counts requests by credential.

The answer is kept whole, with the period that was asked for, which ends with yesterday: a key that it does not name was
not used in it.

Sources: cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list,
cloud.google.com/monitoring/api/metrics_gcp_p_z (serviceruntime.googleapis.com/api/request_count),
cloud.google.com/monitoring/api/resources (consumed_api and its label credential_id: `apikey:UID`)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.sources.live import convert
from auditor.sources.live.collectors.monitoring import READS, SERVICE
from auditor.sources.live.declaration import Collector, Level, Place, Record, Rpc
from auditor.sources.live.network import Calls

_LIST = Rpc("/google.monitoring.v3.MetricService/ListTimeSeries", READS, ("monitoring.timeSeries.list",))
_PAGE = 10_000
PERIOD = timedelta(days=30)
"""What is looked back over; the metric is kept for six weeks."""
FILTER = (
    'metric.type = "serviceruntime.googleapis.com/api/request_count" AND resource.type = "consumed_api" '
    'AND resource.labels.credential_id = starts_with("apikey:")'
)
BY = "resource.labels.credential_id"


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The requests that each API key of one project made in the last days."""
    from google.cloud import monitoring_v3 as v3

    now = datetime.fromisoformat(calls.moment) if calls.moment else datetime.now(UTC)
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)  # so that a day's answers agree
    interval = {"start_time": end - PERIOD, "end_time": end}
    aggregation = {
        "alignment_period": PERIOD,
        "per_series_aligner": "ALIGN_SUM",
        "cross_series_reducer": "REDUCE_SUM",
        "group_by_fields": [BY],
    }
    request = v3.ListTimeSeriesRequest(
        name=place.key, filter=FILTER, interval=interval, aggregation=aggregation, page_size=_PAGE
    )
    client = calls.client("monitoring_v3", "MetricService")
    found = calls.each(_LIST, client.list_time_series, request, "time_series")
    series: list[dict[str, Any]] = [convert.plain(one) async for one in found]
    period = {"startTime": f"{end - PERIOD:%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    name = f"//{SERVICE}/{place.key}/timeSeries/api_key_requests"
    yield place.record(name, f"{SERVICE}/ListTimeSeriesResponse", {"interval": period, "timeSeries": series})


COLLECTOR = Collector(
    name="api-key-use",
    service=SERVICE,
    rpcs=(_LIST,),
    asset_types=(f"{SERVICE}/ListTimeSeriesResponse",),
    collect=collect,
    levels=frozenset({Level.PROJECT}),
    follows=("apikeys.googleapis.com/Key",),
)
