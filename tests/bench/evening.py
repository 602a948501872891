"""What the evenings of some portfolios cost in the checkout this runs in, printed as JSON.

`python tests/bench/evening.py NAME...`, with the checkout as the current folder and PYTHONPATH.
`tests.bench.bench_evening` runs it in two builds in turn, so it uses only what both of them have.
CPU seconds are user and system time of every process of the stack, Postgres and NATS included.
"""

import asyncio
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import psutil
from sqlalchemy import text

from deploy.local.control import launch, stop_stack, wait_ready
from deploy.local.state import StateDirectory
from services.gateway.tables import Portfolio, Position, User
from shared.calendar import sessions, weekly_session
from shared.database import Database, merge
from tests.builders import a_position
from tests.panel import symbols
from tests.stack import RunningStack, running_stack

WARM_UP, FEW_SESSION, SESSION = date(2022, 12, 23), date(2022, 12, 27), date(2022, 12, 28)
BOUGHT = date(2021, 12, 1)
EXPIRIES = ("230120", "230317", "230616")
MANY_SYMBOLS = 3_000
Figures = dict[str, Any]


def evening() -> Figures:
    """One session of books of 100 positions of 57 symbols, few and many of them, and again."""
    few, many = 100, 300
    with running_stack() as stack:
        save_books(stack, range(few), 100)
        run_sessions(stack, WARM_UP)
        small = run_sessions(stack, FEW_SESSION)
        save_books(stack, range(few, many), 100)
        large = run_sessions(stack, SESSION)
        again = run_sessions(stack, SESSION)
    return {
        f"{few} x 100": small,
        f"{many} x 100": large,
        f"{many} x 100, nothing changed": again,
    }


def thousand() -> Figures:
    """The evening of 1,000 books of 100 positions."""
    with running_stack() as stack:
        save_books(stack, range(1_000), 100)
        run_sessions(stack, WARM_UP)
        return {"1000 x 100": run_sessions(stack, SESSION)}


def grown() -> Figures:
    """The evening of 5,000 books of 100 positions."""
    with running_stack() as stack:
        save_books(stack, range(5_000), 100)
        run_sessions(stack, WARM_UP)
        return {"5000 x 100": run_sessions(stack, SESSION)}


def large_books() -> Figures:
    """Ten books of 2,000 positions."""
    with running_stack() as stack:
        save_books(stack, range(10), 2_000)
        run_sessions(stack, WARM_UP)
        return {"10 x 2000": run_sessions(stack, SESSION)}


def one_large_book() -> Figures:
    """One book of 10,000 positions, every fifth an option."""
    with running_stack() as stack:
        save_books(stack, range(1), 10_000, option_every=5)
        run_sessions(stack, WARM_UP)
        return {"1 x 10000": run_sessions(stack, SESSION)}


def many_symbols() -> Figures:
    """100 books of 100 stocks, of 57 symbols and of 3,000, whose closes are made up."""
    names = [f"S{number:04d}" for number in range(MANY_SYMBOLS)]
    found = {}
    for held in (names[:57], names):
        with _made_up_closes(names) as folder, running_stack(**_from_csv(folder)) as stack:
            save_books(stack, range(100), 100, names=held)
            run_sessions(stack, WARM_UP)
            found[f"100 x 100 of {len(held)} symbols"] = run_sessions(stack, SESSION)
    return found


def history() -> Figures:
    """254 sessions of one book of 13 positions, all asked for at once."""
    days = sessions(date(2021, 12, 27), SESSION)[-254:]
    with running_stack() as stack:
        save_books(stack, range(1), 13, entry=BOUGHT)
        run_sessions(stack, days[0])
        return {f"{len(days) - 1} sessions of 13 positions": run_sessions(stack, *days[1:])}


def start() -> Figures:
    """A first and a second start of the stack, to ready."""
    with tempfile.TemporaryDirectory() as parent:
        directory = StateDirectory(Path(parent) / "state")
        return {name: _started(directory) for name in ("first start", "second start")}


def _started(directory: StateDirectory) -> Figures:
    begun = perf_counter()
    process = launch(directory, tied=True)
    try:
        wait_ready(directory, process, lambda _: None)
        seconds = perf_counter() - begun
        supervisor = psutil.Process(process.pid)
        found = {"wall": seconds, "cpu": sum(_processor_seconds(supervisor).values())}
        tree = [supervisor, *supervisor.children(recursive=True)]
        return found | {"pss_mb": sum(each.memory_full_info().pss for each in tree) / 1e6}
    finally:
        stop_stack(directory)
        process.wait(timeout=60)


def run_sessions(stack: RunningStack, *days: date) -> Figures:
    """What the sessions cost, from the request to the last result."""
    assert stack.state.supervisor is not None
    supervisor = psutil.Process(stack.state.supervisor.pid)
    disk, before, begun = _written(stack), _processor_seconds(supervisor), perf_counter()
    runs = [stack.close(day) for day in days]
    asyncio.run(_completed(stack.database(), dict(zip(runs, days, strict=True))))
    wall = perf_counter() - begun
    after, written = _processor_seconds(supervisor), _written(stack)
    spent = {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
    peak = {each.name(): each.memory_info().rss / 1e6 for each in supervisor.children()}
    return {
        "cpu": sum(spent.values()),
        "wall": wall,
        "cpu_by_process": {name: round(s, 2) for name, s in spent.items() if s > 0.005},
        "wal_mb": (written["wal"] - disk["wal"]) / 1e6,
        "temporary_mb": (written["temporary"] - disk["temporary"]) / 1e6,
        "memory_mb": {name: round(size) for name, size in peak.items()},
    }


async def _completed(database: Database, runs: Mapping[str, date]) -> None:
    """Wait, also for weekly correlations, without asking the gateway, whose answers would count."""
    query = text("""
        select run.run_id::text, run.status,
               count(*) filter (where item.stage = 'correlations' and item.status = 'ok')
                 >= count(*) filter (where item.stage = 'factors' and item.status = 'ok')
        from gateway.batch_runs as run left join gateway.batch_items as item using (run_id)
        where run.run_id = any(cast(:runs as uuid[])) group by run.run_id, run.status
    """)
    weekly = {run for run, day in runs.items() if day == weekly_session(day)}
    async with asyncio.timeout(1_200):
        while True:
            async with database.transaction() as session:
                found = (await session.execute(query, {"runs": list(runs)})).tuples().all()
            ended = [
                status
                for run, status, correlated in found
                if status != "running" and (correlated or run not in weekly)
            ]
            if len(ended) == len(runs):
                break
            await asyncio.sleep(0.2)
    await database.close()
    assert set(ended) == {"completed"}, ended


def _processor_seconds(supervisor: psutil.Process) -> Mapping[str, float]:
    """By program; those of processes that have ended are their parent's."""
    found: defaultdict[str, float] = defaultdict(float)
    for child in [supervisor, *supervisor.children()]:
        name = "supervisor" if child == supervisor else child.name()
        tree = [child] if child == supervisor else [child, *child.children(recursive=True)]
        for process in tree:
            try:
                found[name] += sum(process.cpu_times()[:4])
            except psutil.NoSuchProcess:  # a database connection that was closed meanwhile
                continue
    return found


def _written(stack: RunningStack) -> Mapping[str, float]:
    return asyncio.run(_bytes_written(stack.database()))


async def _bytes_written(database: Database) -> Mapping[str, float]:
    query = """
        select (pg_current_wal_lsn() - '0/0')::double precision as wal,
               (select sum(temp_bytes) from pg_stat_database)::double precision as temporary
    """
    async with database.transaction() as session:
        row = (await session.execute(text(query))).mappings().one()
    await database.close()
    return dict(row)


def save_books(stack: RunningStack, numbers: range, positions: int, **how: Any) -> None:
    """Store so many positions in each of the books of these numbers, the same every time."""
    asyncio.run(_store_books(stack.database(), numbers, positions, **how))


async def _store_books(database: Database, numbers: range, positions: int, **how: Any) -> None:
    dice = random.Random(numbers.start)
    users: list[dict[str, Any]] = []
    portfolios: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number in numbers:
        user, book = _id(dice), _id(dice)
        users.append(
            {
                "user_id": user,
                "email": f"bench{number}@example.com",
                "full_name": "",
                "password_hash": "-",
                "role": "user",
            }
        )
        portfolios.append(
            {
                "portfolio_id": book,
                "user_id": user,
                "name": f"Bench {number}",
                "equity_balance": None,
            }
        )
        rows += _positions(book, positions, dice, **how)
    async with database.transaction() as session:
        await merge(session, User, users)
        await merge(session, Portfolio, portfolios)
        await merge(session, Position, rows)
    async with database.transaction() as session:
        await session.execute(text("analyze"))  # as after a night, in either build
    await database.close()


def _positions(
    book: UUID,
    count: int,
    dice: random.Random,
    names: Sequence[str] = (),
    option_every: int = 10,
    entry: date | None = None,
) -> Iterator[dict[str, Any]]:
    """Names bought or sold on different days, some of them options; made-up names are stocks."""
    known = names or symbols()
    for number in range(count):
        name = dice.choice(names) if names else known[number % len(known)]
        if not names and number % option_every == option_every - 1:
            strike = dice.choice((50, 100, 150, 200, 250))
            name = f"{name}{dice.choice(EXPIRIES)}{dice.choice('CP')}{strike * 1000:08d}"
        bought = entry or date(2022, 1, 3 + number // len(known) % 28)
        quantity = dice.choice((-1, 1, 1)) * dice.randint(1, 40) * 10
        price = dice.randint(20, 300)
        yield a_position(book, name, quantity, price, bought, position_id=_id(dice))


def _id(dice: random.Random) -> UUID:
    return UUID(int=dice.getrandbits(128), version=4)


@contextmanager
def _made_up_closes(names: Sequence[str]) -> Iterator[Path]:
    """A folder of CSV files with closes of 270 sessions that wander at random."""
    dice = random.Random(17)
    days = [day.isoformat() for day in sessions(date(2021, 11, 1), SESSION)[-270:]]
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "prices.csv").open("w") as file:
            file.write("symbol,session_date,close\n")
            for name in names:
                close = dice.uniform(20, 300)
                for day in days:
                    close *= dice.lognormvariate(0.0, 0.01)
                    file.write(f"{name},{day},{close:.4f}\n")
        Path(folder).chmod(0o755)
        yield Path(folder)


def _from_csv(folder: Path) -> dict[str, str]:
    return {
        "SIGMASIGHT_INGEST_CSV_DIRECTORY": str(folder),
        "SIGMASIGHT_INGEST_PRICES": '["bundled", "csv"]',
    }


WORK: Mapping[str, Callable[[], Figures]] = {
    "evening": evening,
    "thousand": thousand,
    "grown": grown,
    "large-books": large_books,
    "one-large-book": one_large_book,
    "many-symbols": many_symbols,
    "history": history,
    "start": start,
}

if __name__ == "__main__":
    figures: Figures = {}
    for wanted in sys.argv[1:]:
        figures |= WORK[wanted]()
    print(json.dumps(figures, indent=1))
