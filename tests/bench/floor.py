"""What an evening costs at least: the same rows from one process over one connection.

`python -m tests.bench.floor [BOOKS]`. The stack calculates the evening of so many books of 100
positions. Then this process reads what the evening started from, computes the same numbers for all
books at once by the same calculations, and copies the same rows into tables that are like the
product's, which are compared row by row. There is no bus, no service and no shard, and nothing is
stored for another service to read again, so the difference is what these surroundings cost.

CPU seconds are of this process and of its Postgres backend; those of the stack are of all its
processes: those of Postgres that write behind, and what the question whether it has finished costs,
are among them. Three things are derived by SQL from what the product stored, as the product does:
the last prices of contracts, NAV, and what each side of a portfolio is exposed to the market.
"""

import asyncio
import gc
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from time import process_time

import numpy as np
import psutil
from sqlalchemy import Table as SqlTable
from sqlalchemy import select, text

from services.factors.inputs import Basis, Outdated
from services.factors.repository.history import load_factors, load_history
from services.factors.tables import SymbolFactorBeta
from services.greeks.inputs import ContractTerms
from services.greeks.repository.market import load_market
from services.greeks.settings import get_settings as greeks_settings
from services.snapshots.calculations.chain_metrics import chain_measurements
from services.snapshots.calculations.schedule import snapshot_plan
from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.inputs import ChainInputs, HeldPosition, History
from services.snapshots.repository.chain import load_chain
from services.snapshots.repository.valuations import load_snapshot_inputs
from services.snapshots.tables import (
    PnlAttribution,
    PortfolioSnapshot,
    PositionValuation,
    RiskMetric,
)
from services.stress.repository.scenarios import load_catalogue
from shared.contracts.event import Notice
from shared.conventions import GREEKS
from shared.database import Database, Session, sql_table
from shared.database.binary import encoded
from shared.database.upserts import copy
from shared.instruments import parse_occ
from shared.published import gateway
from tests.bench import show
from tests.bench.evening import SESSION, WARM_UP, Figures, run_sessions, save_books
from tests.bench.floor_rows import (
    Factored,
    Inputs,
    Options,
    Rows,
    risk_rows,
    stressed,
    weighting,
)
from tests.bench.measuring import Measurement, alone, beside
from tests.stack import running_stack

BOOKS, POSITIONS = 300, 100
GOES = 2  # the processes of the stack are warm, so the last go counts
TOLERANCE = 1e-9  # relative
LEFT_OUT = (
    "events and their tracking, the gateway's answers, limits, marks of what rows were calculated "
    "from, renewed factor returns, locks, temporary tables and merges"
)


@dataclass
class Meter:
    """CPU seconds by part: of this process, and of the Postgres process that serves it."""

    backend: psutil.Process
    parts: dict[str, tuple[float, float]] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done inside as this part, which may come in pieces."""
        own, served = process_time(), self._served()
        yield
        before = self.parts.get(name, (0.0, 0.0))
        spent = (process_time() - own, self._served() - served)
        self.parts[name] = (before[0] + spent[0], before[1] + spent[1])

    def _served(self) -> float:
        times = self.backend.cpu_times()
        return float(times.user + times.system)


@dataclass(frozen=True)
class Compared:
    """A table's rows: how many, how many are the same to the last bit, and those that differ."""

    table: str
    rows: int
    same: int
    different: Sequence[str]

    def __str__(self) -> str:
        near = self.rows - self.same - len(self.different)
        counted = f"{self.rows:,} rows, {self.same:,} the same to the last bit, {near:,} within"
        found = f"{self.table}: {counted} {TOLERANCE:g}, {len(self.different):,} different"
        return "\n  ".join([found, *self.different[:3]])


@dataclass(frozen=True)
class Floor:
    """What was measured, the tables compared, and what the product wrote besides them.

    `stack`: CPU seconds of the product's evening by program.
    """

    measurements: list[Measurement]
    stack: Mapping[str, float]
    compared: Sequence[Compared]
    others: Sequence[str]


def run(books: int = BOOKS) -> list[Measurement]:
    """CPU seconds of the floor by part, and how many times as many the stack's evening takes."""
    return floor(books).measurements


def floor(books: int) -> Floor:
    """The evening of so many books by the stack, and then by this process."""
    with running_stack() as stack:
        save_books(stack, range(books), POSITIONS)
        run_sessions(stack, WARM_UP)
        evening = run_sessions(stack, SESSION)
        return asyncio.run(_floor(stack.database(), evening, f"{books} x {POSITIONS}"))


async def _floor(database: Database, evening: Figures, name: str) -> Floor:
    gc.disable()  # as the gateway does while it makes many objects
    try:
        for _ in range(GOES):
            meter, tables, written = await _computed(database)
        compared = [await _compare(database, table) for table in tables]
        others = await _others(database, [_name(table) for table in tables])
    finally:
        gc.enable()
        await database.close()
    parts = [
        alone(f"{name}: {part}", own + served, f"own {own:.2f}, Postgres {served:.2f}")
        for part, (own, served) in meter.parts.items()
    ]
    total = sum(own + served for own, served in meter.parts.values())
    wal = f"WAL {written:.0f} MB, the stack's {evening['wal_mb']:.0f} MB"
    peer = f"the stack: {evening['cpu']:.1f} s"
    whole = beside(f"{name}: the floor", total, peer, evening["cpu"]) | {"accuracy": wal}
    return Floor([*parts, whole], evening["cpu_by_process"], compared, others)


async def _computed(database: Database) -> tuple[Meter, list[SqlTable], float]:
    """Everything once: what it cost, the tables written, and megabytes of WAL."""
    async with database.transaction() as session:
        pid = await session.scalar(text("select pg_backend_pid()"))
        meter = Meter(psutil.Process(pid))
        found = await _rows(session, meter)
        tables = list(dict.fromkeys(sql_table(each.table) for each in found))
        await _make_scratch_tables(session, tables)
        before = await session.scalar(_WRITTEN)
        with meter.part("encoding"):
            contents = [encoded(sql_table(each.table), each.columns, each.same) for each in found]
        with meter.part("COPY"):
            for each, content in zip(found, contents, strict=True):
                table = sql_table(each.table)
                await copy(session, table, [*each.columns, *each.same], content, _scratch(table))
            await session.commit()
    async with database.transaction() as session:
        return meter, tables, (await session.scalar(_WRITTEN) - before) / 1e6


async def _rows(session: Session, meter: Meter) -> list[Rows]:
    """The rows of the evening, each part after those that it needs."""
    with meter.part("reading"):
        inputs = await _load_inputs(session)
    with meter.part("contract Greeks"):
        options = Options.of(inputs)
        found = options.rows()
    with meter.part("betas and exposures"):
        factored = Factored.of(inputs, options)
        found += factored.rows()
    with meter.part("valuations and snapshots"):
        taken, rows = _snapshots_of(inputs, options)
        found += rows
    with meter.part("NAV, realised metrics and attribution"):
        chain = await load_chain(session, inputs.held.plan, inputs.as_of)
        found += _chain_rows(chain, taken)
    with meter.part("stress P&L vectors and scenarios"):
        results, rows = stressed(inputs, options, factored)
        found += rows
    with meter.part("risk metrics"):
        found += risk_rows(inputs, options, factored, results.vectors)
    return found


def _snapshots_of(inputs: Inputs, options: Options) -> tuple[Snapshots, list[Rows]]:
    """Every position's value and every portfolio's, with their rows."""
    greeks = {
        (contract, inputs.as_of): np.array(
            [None if each.reason else getattr(each, greek) for greek in GREEKS], dtype=np.float64
        )
        for contract, each in options.valuations.items()
    }
    taken = portfolio_snapshots(replace(inputs.held, greeks=greeks))
    warnings = [
        [Notice.of(caveat).model_dump(mode="json") for caveat in caveats]
        for caveats in taken.caveats
    ]
    return taken, [
        Rows(PositionValuation, taken.valuations.columns(), {}),
        Rows(PortfolioSnapshot, {**taken.columns(), "warnings": warnings}, {}),
    ]


def _chain_rows(chain: ChainInputs, taken: Snapshots) -> list[Rows]:
    """What follows from the portfolios' chains of snapshots."""
    measured = chain_measurements(chain, taken.concentrations_by_day())
    return [
        Rows(RiskMetric, measured.metrics.columns(), {}),
        Rows(PnlAttribution, measured.attributed.columns(), {}),
    ]


async def _load_inputs(session: Session) -> Inputs:
    """What the evening of `SESSION` starts from, by one query of each kind for all portfolios."""
    portfolios = sorted(await session.scalars(select(gateway.portfolios.c.portfolio_id)))
    before = [(portfolio, WARM_UP) for portfolio in portfolios]
    plan = snapshot_plan(SESSION, History.of(portfolios, before, ()))
    held = await load_snapshot_inputs(session, plan)
    positions = sorted(
        (each for each in held.positions if _is_open(each)),
        key=lambda each: (each.portfolio_id, each.position_id),
    )
    contracts = sorted({each.symbol for each in positions if each.option_type})
    terms = [ContractTerms.of(parse_occ(contract), SESSION) for contract in contracts]
    symbols = tuple(sorted({each.underlying for each in positions}))
    beta = sql_table(SymbolFactorBeta).c
    price_run = await session.scalar(select(beta.price_run).where(beta.as_of == SESSION).limit(1))
    factors = await load_factors(session)
    basis = Basis(SESSION, price_run or "", weighting())
    outdated = Outdated(symbols, factors=True)
    return Inputs(
        as_of=SESSION,
        price_run=basis.price_run,
        held=held,
        positions=positions,
        terms=terms,
        symbols=symbols,
        market=await load_market(session, terms, SESSION, greeks_settings().configured_rate),
        factors=factors,
        history=await load_history(session, basis, factors, outdated),
        catalogue=await load_catalogue(session, portfolios),
    )


def _is_open(position: HeldPosition) -> bool:
    until = position.held_until
    return position.held_from <= SESSION and (until is None or until > SESSION)


# --- the copies of the tables ---

_WRITTEN = text("select (pg_current_wal_lsn() - '0/0')::double precision")
_OPTIONS = text("select reloptions from pg_class where oid = cast(:name as regclass)")


async def _make_scratch_tables(session: Session, tables: Sequence[SqlTable]) -> None:
    """Empty tables like the product's, with the same indexes and storage."""
    for table in tables:
        await session.execute(text(f"drop table if exists {_scratch(table)}"))
        like = f"create table {_scratch(table)} (like {_name(table)} including all)"
        await session.execute(text(like))
        for option in await session.scalar(_OPTIONS, {"name": _name(table)}) or ():
            await session.execute(text(f"alter table {_scratch(table)} set ({option})"))


def _name(table: SqlTable) -> str:
    return f"{table.schema}.{table.name}"


def _scratch(table: SqlTable) -> str:
    return f"floor_{table.name}"


async def _compare(database: Database, table: SqlTable) -> Compared:
    """Every row of the copy with the product's of the same key."""
    keys = [column.name for column in table.primary_key]
    values = [column.name for column in table.columns if column.name not in keys]
    sides = [", ".join(f"{side}.{name}" for name in values) for side in ("ours", "theirs")]
    joined = (
        f"from {_scratch(table)} as ours full join "
        f"(select * from {_name(table)} where as_of = :day) as theirs using ({', '.join(keys)})"
    )
    differ = f"({sides[0]}) is distinct from ({sides[1]})"
    async with database.transaction() as session:
        count = await session.scalar(text(f"select count(*) {joined}"), {"day": SESSION})
        query = text(f"select {', '.join([*keys, *sides])} {joined} where {differ}")
        rows = (await session.execute(query, {"day": SESSION})).all()
    different = []
    for row in rows:
        found = row[len(keys) :]
        pairs = zip(values, found[: len(values)], found[len(values) :], strict=True)
        wrong = [
            f"{name}: {ours} {theirs}" for name, ours, theirs in pairs if not close(ours, theirs)
        ]
        if wrong:
            different.append(f"{row[: len(keys)]}: {'; '.join(wrong)[:300]}")
    return Compared(_name(table), count or 0, (count or 0) - len(rows), different)


def close(ours: object, theirs: object) -> bool:
    """Whether two stored values are the same, numbers within `TOLERANCE`, inside lists too."""
    match ours, theirs:
        case (int() | float() | Decimal(), int() | float() | Decimal()):
            both_unknown = math.isnan(ours) and math.isnan(theirs)
            return both_unknown or math.isclose(ours, theirs, rel_tol=TOLERANCE)
        case (list(), list()):
            return len(ours) == len(theirs) and all(map(close, ours, theirs))
        case (dict(), dict()):
            return ours.keys() == theirs.keys() and all(
                close(ours[key], theirs[key]) for key in ours
            )
    return ours == theirs


async def _others(database: Database, compared: Sequence[str]) -> list[str]:
    """The product's other tables with rows of the session, and how many."""
    query = """
        select table_schema || '.' || table_name from information_schema.columns
        join information_schema.tables using (table_schema, table_name)
        where column_name = 'as_of' and table_type = 'BASE TABLE' and table_schema <> 'public'
        order by 1
    """
    async with database.transaction() as session:
        names = [name for name in await session.scalars(text(query)) if name not in compared]
        found = []
        for name in names:
            count = text(f"select count(*) from {name} where as_of = :day")
            if rows := await session.scalar(count, {"day": SESSION}):
                found.append(f"{name} ({rows:,} rows)")
    return found


if __name__ == "__main__":
    measured = floor(int(sys.argv[1]) if len(sys.argv) > 1 else BOOKS)
    show(measured.measurements)
    spent = [f"{program} {seconds}" for program, seconds in measured.stack.items()]
    print(f"The stack: {', '.join(spent)} s.", *measured.compared, sep="\n")
    print(f"Not in the floor: {', '.join(measured.others)}; {LEFT_OUT}.")
    sys.exit(any(each.different for each in measured.compared))
