"""The independent checker: what is in the database, asked in its own SQL as the superuser.

It uses no code of the product: neither its tables, nor its queries, nor its status of a run.
"""

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import asyncpg
import nats

from tests.chaos.load import Book, Journal

SCHEMAS = ("greeks", "factors", "snapshots", "stress")
KEPT = ("alembic_version", "factor_definitions", "stress_scenarios", "market_risk_scenarios")
# From what each session was calculated last: where that is the same, it is not calculated again.
REMEMBERED = "calculations"
# Which version of the data a row was made from, not what it says.
LABELS = ("price_run",)
# The quotient of two numbers that may both be rounding.
NOISE = ("t_statistic",)
SETTLING_SECONDS = 300.0  # in which nothing of what is left moves
LONGEST_SETTLING_SECONDS = 1_800.0
# What no position holds any longer stays, and is not computed again when everything is.
OF_SYMBOLS = {
    "greeks.contract_greeks",
    "greeks.smile_fits",
    "factors.symbol_factor_betas",
    "factors.rate_sensitivities",
    "stress.past_returns",
}
# A name for what a row is about; every one may be there once.
NATURAL_KEYS = {
    "greeks.position_greeks": "position_id, as_of",
    "snapshots.portfolio_snapshots": "portfolio_id, as_of",
    "snapshots.position_valuations": "position_id, as_of",
    "gateway.batch_items": "run_id, stage, shard",
    "gateway.portfolios": "user_id, name",
    "gateway.outbox": "event_id",
}

Numbers = tuple[float, ...]
Results = Mapping[str, Mapping[str, Numbers]]


@dataclass(frozen=True)
class Servers:
    """The ways in: the real servers, not the disturbed links to them."""

    postgres: str
    nats: str


@dataclass
class Findings:
    """What is wrong, in sentences; and what was counted."""

    wrong: list[str] = field(default_factory=list)
    counted: dict[str, Any] = field(default_factory=dict)

    def expect(self, true: bool, otherwise: str) -> None:
        """Note the sentence unless the claim holds."""
        if not true:
            self.wrong.append(otherwise)


class Checker:
    """Looks at one database and one bus. `strangers`: runs that a scenario invented itself."""

    def __init__(self, servers: Servers, journal: Journal) -> None:
        self.servers = servers
        self.journal = journal
        self.strangers: set[str] = set()

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Every row that a query finds."""
        connection = await asyncpg.connect(self.servers.postgres, timeout=20)
        try:
            found: list[Any] = await connection.fetch(query, *arguments)
            return found
        finally:
            await connection.close()

    async def settled(self, findings: Findings, name: str = "settled_seconds") -> None:
        """Wait until no run is open, the outbox is empty, and no service has a message left.

        `name`: of what is counted.
        """
        started = moved = time.monotonic()
        before: list[str] = []
        quiet = 0
        while quiet < 2:
            try:
                left = await self._unfinished()
            except (OSError, asyncpg.PostgresError, nats.errors.Error, TimeoutError) as error:
                left = [f"a server does not answer: {error!r}"]
            quiet = 0 if left else quiet + 1
            now = time.monotonic()
            moved, before = (moved if left == before else now), left
            if now - moved > SETTLING_SECONDS or now - started > LONGEST_SETTLING_SECONDS:
                findings.wrong.append(f"after {now - started:.0f} s still: {left[:4]}")
                return
            await asyncio.sleep(0.5)
        findings.counted[name] = round(time.monotonic() - started, 1)

    async def _unfinished(self) -> list[str]:
        runs = await self.rows(
            "select run_id::text as run, trigger, started_at from gateway.batch_runs "
            "where status = 'running'"
        )
        open_runs = [row for row in runs if row["run"] not in self.strangers]
        [waiting] = await self.rows(
            "select count(*) as n from gateway.outbox where published_at is null"
        )
        left = [f"run {row['run']} ({row['trigger']}) is open" for row in open_runs]
        left += [f"{waiting['n']} events wait in the outbox"] if waiting["n"] else []
        return left or await self._backlog()

    async def _backlog(self) -> list[str]:
        bus = await nats.connect(self.servers.nats, connect_timeout=5, allow_reconnect=False)
        try:
            jetstream = bus.jetstream(timeout=5)
            found = []
            for stream in await jetstream.streams_info():
                found += await jetstream.consumers_info(str(stream.config.name))
            return [
                f"{each.name}: {each.num_pending} waiting, {each.num_ack_pending} at work"
                for each in found
                if each.num_pending or each.num_ack_pending
            ]
        finally:
            await bus.close()

    async def check(self, findings: Findings) -> None:
        """Everything but the rows' equality; after `settled`."""
        await self._writes(findings)
        await self._runs(findings)
        await self._keys(findings)
        await self._letters(findings)

    async def _writes(self, findings: Findings) -> None:
        books = self.journal.books
        findings.counted["acknowledged"] = self.journal.acknowledged
        findings.counted["unanswered"] = self.journal.unanswered
        findings.expect(not self.journal.refused, f"refused: {self.journal.refused[:5]}")
        stored = await self.rows(
            "select p.portfolio_id::text as id, p.name, u.email from gateway.portfolios p "
            "join gateway.users u using (user_id) where u.email like 'chaos-%'"
        )
        names = {row["id"]: (row["name"], row["email"]) for row in stored}
        lots = await self.rows(
            "select portfolio_id::text as book, position_id::text as id, symbol, quantity "
            "from gateway.positions where exit_date is null"
        )
        tags = await self.rows(
            "select position_id::text as id, array_agg(name) as names "
            "from gateway.position_tags join gateway.tags using (tag_id) group by 1"
        )
        flows = await self.rows(
            "select portfolio_id::text as book, transaction_id::text as id, amount "
            "from gateway.transactions where kind = 'deposit' and reverses is null"
        )
        by_lot = {row["id"]: set(row["names"]) for row in tags}
        for book in books.values():
            if book.portfolio_id not in names:
                findings.wrong.append(f"portfolio {book.name} is lost")
                continue
            own = [row for row in lots if row["book"] == book.portfolio_id]
            paid = {r["id"]: r["amount"] for r in flows if r["book"] == book.portfolio_id}
            _compare(book, names[book.portfolio_id], own, by_lot, paid, findings)
        unknown = [name for key, (name, _) in names.items() if key not in books]
        findings.expect(
            len(unknown) <= self.journal.unanswered, f"portfolios that no user made: {unknown}"
        )

    async def _runs(self, findings: Findings) -> None:
        runs = await self.rows(
            "select run_id::text as id, status, trigger, problems::text as why "
            "from gateway.batch_runs"
        )
        own = [row for row in runs if row["id"] not in self.strangers]
        findings.counted["runs"] = dict(Counter(row["status"] for row in own))
        for row in own:
            if row["status"] in ("partial", "failed"):
                findings.wrong.append(f"run {row['id']} is {row['status']}: {row['why'][:300]}")

    async def _keys(self, findings: Findings) -> None:
        for table, names in NATURAL_KEYS.items():
            twice = await self.rows(
                f"select {names}, count(*) from {table} group by {names} having count(*) > 1"
            )
            findings.expect(not twice, f"{table}: {len(twice)} keys are there more than once")

    async def _letters(self, findings: Findings) -> None:
        letters = await self.rows(
            "select service, error, message, run_id::text as run, of_outage, "
            "replayed_at is not null as replayed from gateway.dead_letters"
        )
        findings.counted["letters"] = len(letters)
        for row in letters:
            if row["run"] is None or row["run"] in self.strangers:
                findings.expect(bool(row["error"]), f"a letter without a cause: {dict(row)}")
            elif not (row["of_outage"] and row["replayed"]):
                findings.wrong.append(f"dead letter: {dict(row)}"[:500])

    async def results(self) -> Results:
        """Every row of every calculator, by table: its numbers by everything else it says."""
        tables = await self.rows(
            "select table_schema || '.' || table_name as name, "
            "string_agg(quote_ident(column_name), ', ' order by column_name) as columns "
            "from information_schema.columns join pg_tables "
            "on schemaname = table_schema and tablename = table_name "
            "where table_schema = any($1) and not column_name = any($2) "
            "and not table_name = any($3) group by 1",
            list(SCHEMAS),
            [*LABELS, *NOISE],
            [*KEPT, REMEMBERED],
        )
        found = {}
        for table in tables:
            rows = await self.rows(f"select {table['columns']} from {table['name']}")
            found[table["name"]] = dict(map(_parted, rows))
        return found

    async def forget_results(self) -> None:
        """Delete every derived row, so that the next run has everything to do."""
        remembered = await self.rows(
            "select schemaname || '.' || tablename as name from pg_tables "
            "where tablename = $1 and schemaname = any($2)",
            REMEMBERED,
            list(SCHEMAS),
        )
        names = [*await self.results(), *(row["name"] for row in remembered)]
        await self.rows(f"truncate {', '.join(sorted(names))}")


def _parted(row: Any) -> tuple[str, Numbers]:
    """A row as what it is about, and its measured numbers in order."""
    numbers: list[float] = []
    return repr([_masked(value, numbers) for value in row.values()]), tuple(numbers)


def _masked(value: Any, numbers: list[float]) -> Any:
    if isinstance(value, float | Decimal):
        numbers.append(float(value))
        return "number"
    if isinstance(value, list):
        return [_masked(each, numbers) for each in value]
    if isinstance(value, dict):
        return {name: _masked(each, numbers) for name, each in value.items()}
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _masked(json.loads(value), numbers)
    return str(value)


def _same(one: Numbers, other: Numbers) -> bool:
    """Whether numbers are equal but for rounding, which depends on what is computed together."""
    return len(one) == len(other) and all(map(_close, one, other))


def _close(one: float, other: float) -> bool:
    if math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-6) or (one != one and other != other):
        return True
    in_cents = one == round(one, 2) and other == round(other, 2)
    return in_cents and abs(one - other) < 0.011


def _compare(
    book: Book,
    stored: tuple[str, str],
    lots: Sequence[Any],
    tags: Mapping[str, Collection[str]],
    flows: Mapping[str, Decimal],
    findings: Findings,
) -> None:
    """One portfolio as it is stored, beside what was acknowledged of it."""
    name, email = stored
    where = f"portfolio {book.portfolio_id}"
    findings.expect(email == book.user, f"{where} belongs to {email}")
    findings.expect("name" in book.unsure or name == book.name, f"{where}: name {name}")
    held = {row["id"]: (row["symbol"], row["quantity"]) for row in lots}
    certain = {lot: terms for lot, terms in book.lots.items() if lot not in book.unsure}
    for lot, terms in certain.items():
        findings.expect(held.get(lot) == terms, f"{where}: {lot} {held.get(lot)}, not {terms}")
        own = set(tags.get(lot, ()))
        wanted = book.tags.get(lot, set())
        findings.expect(own == wanted, f"{where}: {lot} has tags {own}, not {wanted}")
    if not book.unsure:
        findings.expect(
            held.keys() == book.lots.keys(), f"{where}: lots {held.keys() ^ book.lots.keys()}"
        )
        findings.expect(dict(flows) == book.flows, f"{where}: flows {flows}, not {book.flows}")


def differences(disturbed: Results, undisturbed: Results) -> list[str]:
    """Sentences about tables whose rows are not those of an undisturbed run."""
    found = []
    for table, rows in sorted(disturbed.items()):
        right = undisturbed[table]
        lost = sorted(right.keys() - rows.keys())
        extra = sorted(rows.keys() - right.keys()) if table not in OF_SYMBOLS else []
        wrong = [key for key in rows.keys() & right.keys() if not _same(rows[key], right[key])]
        if lost or extra or wrong:
            shown = [(key[:300], rows.get(key), right.get(key)) for key in (*lost, *extra, *wrong)]
            counts = f"{len(lost)} rows are lost, {len(extra)} too many, {len(wrong)} wrong"
            found.append(f"{table}: {counts}: {shown[:2]}")
    return found
