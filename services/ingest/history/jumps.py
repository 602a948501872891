"""What an administrator's closes do to the level of those around them."""

import asyncio
from collections.abc import Sequence
from datetime import date

from services.ingest import calculations
from services.ingest.inputs import Bar, StoredCloses
from shared import calendar
from shared.caveats import Caveat


async def administrators_jumps(bars: Sequence[Bar], stored: StoredCloses) -> list[Caveat]:
    """That some of the closes jump, or move by half; they are stored nevertheless."""
    judged = await asyncio.to_thread(
        calculations.judged_bars,
        bars,
        stored,
        date.max,
        calendar.is_session,
        vouched=calculations.ADMINISTRATOR,
    )
    return judged.caveats("an administrator")
