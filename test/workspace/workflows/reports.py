"""Longer work: the caller gets 202 at once and looks at the run later."""

import asyncio
import datetime
import logging

from bifrost import ExecutionContext, config, workflow

logger = logging.getLogger(__name__)


@workflow(
    name="nightly_report",
    description="Counts the days of a report.",
    category="reports",
    tags=["nightly"],
    endpoint_enabled=True,
    execution_mode="async",
    timeout_seconds=60,
)
async def nightly_report(context: ExecutionContext, start: datetime.date, days: int = 3):
    title = await config.get("report_title", default="Report")
    for day in range(days):
        logger.info("Day %d of %d", day + 1, days)
        await asyncio.sleep(0.1)
    return {"title": title, "start": start, "end": start + datetime.timedelta(days=days)}
