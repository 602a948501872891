"""Seconds per stage of one session through the six processes of the real stack, for 3 and for 300
portfolios.

`python -m tests.bench.bench_pipeline`. The 300 are synthetic books of 100 positions each over the
panel, long and short, every tenth position an option; the 3 are the first of them. A session before
it warms the processes up.
"""

import asyncio
import random
from collections.abc import Mapping
from datetime import date
from typing import Any

from services.gateway.tables import Portfolio, Position, User
from shared.database import Database, merge
from tests.builders import a_position
from tests.panel import symbols
from tests.stack import RunningStack, running_stack

WARM_UP, FEW_SESSION, MANY_SESSION = date(2022, 12, 23), date(2022, 12, 27), date(2022, 12, 28)
FEW, MANY, POSITIONS = 3, 300, 100
EXPIRIES = ("230120", "230317", "230616")


def run() -> list[dict[str, Any]]:
    """Per stage: busy seconds for 300 portfolios, against 100 times those for 3."""
    with running_stack() as stack:
        few = _session(stack, 0, FEW, FEW_SESSION)
        many = _session(stack, FEW, MANY, MANY_SESSION)
    return [_comparison(stage, few[stage], many[stage]) for stage in many]


def _session(stack: RunningStack, first: int, last: int, session_date: date) -> Mapping[str, float]:
    """Add the books up to `last`, warm up on another session, then run one.

    Seconds by stage and from end to end.
    """
    asyncio.run(_save_books(stack.database(), first, last))
    stack.finished([stack.close(WARM_UP)])
    run_id = stack.close(session_date)
    [status] = stack.finished([run_id]).values()
    assert status["status"] == "completed", status
    return {stage["stage"]: float(stage["busy_seconds"]) for stage in status["stages"]} | {
        "close to last result": _elapsed(status)
    }


def _elapsed(run: Mapping[str, Any]) -> float:
    from datetime import datetime

    started, finished = (
        datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at")
    )
    return (finished - started).total_seconds()


def _comparison(stage: str, few: float, many: float) -> dict[str, Any]:
    return {
        "name": f"{stage}: {MANY} portfolios of {POSITIONS} positions ({few:.3f} s for {FEW})",
        "value": many,
        "unit": "s",
        "peer": f"{MANY // FEW} times the seconds of {FEW} portfolios",
        "ratio": few * MANY / FEW / many if many else None,
        "accuracy": None,
    }


async def _save_books(database: Database, first: int, last: int) -> None:
    dice = random.Random(first)
    async with database.transaction() as session:
        for number in range(first, last):
            user, book = _ids(dice), _ids(dice)
            row = {
                "user_id": user,
                "email": f"bench{number}@example.com",
                "full_name": "",
                "password_hash": "-",
            }
            await merge(session, User, [row | {"role": "user"}])
            portfolio = {
                "portfolio_id": book,
                "user_id": user,
                "name": f"Bench {number}",
                "equity_balance": None,
            }
            await merge(session, Portfolio, [portfolio])
            await merge(session, Position, _book(book, dice))
    await database.close()


def _ids(dice: random.Random) -> Any:
    from uuid import UUID

    return UUID(int=dice.getrandbits(128), version=4)


def _book(portfolio_id: Any, dice: random.Random) -> list[dict[str, Any]]:
    """100 positions.

    The panel's names bought or sold on different days, every tenth an option on one of them.
    """
    names = symbols()
    rows = []
    for number in range(POSITIONS):
        name = names[number % len(names)]
        if number % 10 == 9:
            strike = dice.choice((50, 100, 150, 200, 250))
            name = f"{name}{dice.choice(EXPIRIES)}{dice.choice('CP')}{strike * 1000:08d}"
        entry = date(2022, 1, 3 + number // len(names))
        quantity = dice.choice((-1, 1, 1)) * dice.randint(1, 40) * 10
        rows.append(
            a_position(
                portfolio_id, name, quantity, dice.randint(20, 300), entry, position_id=_ids(dice)
            )
        )
    return rows


if __name__ == "__main__":
    from tests.bench import show

    show(run())
