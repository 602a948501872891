"""One scenario from its load to its verdict."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from deploy.demo.books import LAST_SESSION
from deploy.local.api import admin_connection
from tests.chaos.arena import Arena
from tests.chaos.checker import Findings, differences
from tests.chaos.scenarios import SCENARIOS, NotHere, Seconds

WARM_SECONDS = 6.0


@dataclass
class Outcome:
    """What a scenario did, what users saw of it, and what was wrong afterwards."""

    name: str
    seconds: float
    wrong: list[str]
    notes: list[str]
    counted: dict[str, Any]
    answers: dict[str, int]
    slowest_seconds: float
    skipped: str = ""

    def facts(self, seed: int) -> dict[str, Any]:
        """It as JSON."""
        return {"seed": seed, "verdict": "WRONG" if self.wrong else "green", **vars(self)}


def play(arena: Arena, name: str, seconds: Seconds) -> Outcome:
    """Load, fault, end of the load, and the checker."""
    started = time.monotonic()
    arena.notes.clear()
    arena.load.start()
    skipped = ""
    findings = Findings()
    try:
        arena.wait(WARM_SECONDS)
        SCENARIOS[name](arena, seconds)
    except NotHere as why:
        skipped = str(why)
    finally:
        arena.load.stop()
    asyncio.run(_verdict(arena, findings))
    seen = arena.load.seen
    return Outcome(
        name=name,
        seconds=round(time.monotonic() - started, 1),
        wrong=findings.wrong,
        notes=list(arena.notes),
        counted=findings.counted,
        answers=dict(seen.answers),
        slowest_seconds=round(seen.slowest_seconds, 1),
        skipped=skipped,
    )


async def _verdict(arena: Arena, findings: Findings) -> None:
    """Everything settled, everything there, and the rows those of an undisturbed run."""
    checker = arena.checker
    await checker.settled(findings)
    await checker.check(findings)
    if findings.wrong:
        return
    disturbed = await checker.results()
    await checker.forget_results()
    with admin_connection(arena.state()) as admin:
        await asyncio.to_thread(admin.close_market, {"session_date": LAST_SESSION.isoformat()})
    await checker.settled(findings, "again_seconds")
    findings.counted["rows"] = sum(map(len, disturbed.values()))
    findings.wrong += differences(disturbed, await checker.results())
