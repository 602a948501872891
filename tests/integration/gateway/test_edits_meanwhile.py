"""An edit made while a session is calculated: what is stored in the end is of the edited book.

Every order of the edit and the stages, with handlers called by hand; and the real pipeline.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import text

from services.factors.handlers.compute_factors import compute_factors
from services.gateway.books.handlers import record_prices
from services.greeks.handlers.compute_greeks import compute_greeks
from services.ingest.handlers.deliver_prices import deliver_prices_of_changed
from services.ingest.handlers.record_coverage import record_coverage
from services.limits.handlers.evaluate_limits import evaluate_limits
from services.snapshots.handlers.measure_risk import measure_risk
from services.snapshots.handlers.take_snapshots import take_snapshots
from services.stress.handlers.mirror_scenarios import mirror_scenarios
from services.stress.handlers.stress_portfolios import stress_portfolios
from shared.contracts.event import ShardEvent
from shared.contracts.factors import FactorsComputed
from shared.contracts.gateway import PortfoliosChanged
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import PricesUpdated
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.contracts.stress import StressComputed
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.tracking import followed_up, handled
from tests.pipeline import Pipeline, content_hash, forget_calculations, nothing_runs
from tests.servers import Role

DAY = date(2022, 12, 22)
BOOK = f"{HEADER}AAPL,100,140,2022-06-01,\nMSFT230317C00250000,-2,12.5,2022-11-01,\n"
OTHER = {-2: -6, -6: -2}
EDIT = "edit"
OF_THE_DAY = (
    "greeks.position_greeks",
    "factors.position_factor_exposures",
    "factors.factor_exposures",
    "snapshots.position_valuations",
    "snapshots.portfolio_snapshots",
    "snapshots.risk_metrics",
    "snapshots.component_var",
    "snapshots.pnl_attributions",
    "stress.stress_results",
    "stress.market_risk_scenarios",
    "stress.position_pnl",
)


@dataclass(frozen=True)
class Stage:
    """The service that does it, by which handler, on which events."""

    word: str
    handler: Callable[..., Awaitable[ShardEvent]]
    causes: tuple[type[ShardEvent], ...]


STAGES = {
    "greeks": Stage("greeks", compute_greeks, (PricesUpdated,)),
    "factors": Stage("factors", compute_factors, (GreeksComputed,)),
    "snapshots": Stage("snapshots", take_snapshots, (FactorsComputed,)),
    "stress": Stage("stress", stress_portfolios, (FactorsComputed,)),
    "risk": Stage("snapshots", measure_risk, (StressComputed,)),
    "limits": Stage("limits", evaluate_limits, (SnapshotsCreated, RiskMeasured)),
}


@dataclass
class Driven:
    """A portfolio whose runs of one session are driven by hand, a stage at a time."""

    owner: Person
    admin: Database
    role: Role
    book: str
    option: str
    quantity: int = -2

    async def start(self, day: date = DAY) -> PricesUpdated:
        """Ask for the session and deliver its prices; returns the event for the calculators."""
        body = {"first_session": str(day), "last_session": str(day)}
        answer = await self.owner.post(f"portfolios/{self.book}/snapshots", body)
        assert answer.status_code == 202, answer.text
        [run] = answer.json()["runs"]
        return await self.deliver(
            PortfoliosChanged.new(
                UUID(run["run_id"]), day, portfolio_ids=(UUID(self.book),), reason="snapshots"
            )
        )

    async def deliver(self, event: PortfoliosChanged) -> PricesUpdated:
        """Let ingest and the gateway do their part of a run's beginning."""
        [prices] = await deliver_prices_of_changed(event, self.role("ingest"))
        async with self.role("gateway").transaction() as session:
            await record_prices(prices, session)
        await followed_up(self.role("gateway"))
        return prices

    async def do(self, step: str, prices: PricesUpdated) -> None:
        """One stage of the run with the record of it, or the edit."""
        if step == EDIT:
            await self.edit()
            return
        stage = STAGES[step]
        for kind in stage.causes:
            cause = prices if kind is PricesUpdated else kind.about(prices)
            async with self.role(stage.word).transaction() as session:
                result = await stage.handler(cause, session)
            async with self.role("gateway").transaction() as session:
                await handled(session, result)
            await followed_up(self.role("gateway"))

    async def edit(self) -> None:
        """Write the other number of the option; every stage depends on it."""
        self.quantity = OTHER[self.quantity]
        path, wanted = f"positions/{self.option}", {"quantity": self.quantity}
        answer = await self.owner.request("PUT", path, json=wanted)
        assert answer.status_code == 200, answer.text

    async def finish(self) -> int:
        """Drive every other run of the session until none goes on; returns how many."""
        done = 0
        while pending := await self._pending():
            for event in pending:
                prices = await self.deliver(event)
                for step in STAGES:
                    await self.do(step, prices)
                done += 1
            assert done < 10, "the session is run again and again"
        return done

    async def _pending(self) -> list[PortfoliosChanged]:
        query = text(
            "select o.payload from gateway.outbox o join gateway.batch_runs r using (run_id) "
            "where r.status = 'running' and r.as_of = :day and o.subject = :subject "
            "order by o.outbox_id"
        )
        values = {"day": DAY, "subject": PortfoliosChanged.subject}
        async with self.admin.transaction() as session:
            found = await session.scalars(query, values)
            return [PortfoliosChanged.model_validate(payload) for payload in found]

    async def forget(self) -> None:
        """Delete what is stored of the session and of its runs."""
        async with self.admin.transaction() as session:
            for table in (*OF_THE_DAY, "gateway.outbox", "gateway.batch_runs"):
                await session.execute(text(f"delete from {table}"))


@pytest.fixture
async def driven(ann: Person, admin: Database, role: Role) -> Driven:
    """A book over a market whose prices are stored by the first run of the session."""
    async with role("ingest").transaction() as session:
        await record_coverage(session)
    async with role("stress").transaction() as session:
        await mirror_scenarios(session)
    answer = await ann.upload(BOOK.encode(), as_of=str(AS_OF))
    assert answer.json()["rejected"] == 0, answer.text
    book = answer.json()["portfolio"]["portfolio_id"]
    page = (await ann.get("positions", portfolio_id=book)).json()["items"]
    [option] = [item["position_id"] for item in page if item["symbol"] != "AAPL"]
    return Driven(ann, admin, role, book, option)


async def results_of_edited(driven: Driven) -> dict[int, dict[str, str]]:
    """What is right, by quantity: what one run of the session stores of a book at rest."""
    found = {}
    for _ in range(2):
        await driven.edit()
        await driven.forget()
        prices = await driven.start()
        for step in STAGES:
            await driven.do(step, prices)
        assert await driven.finish() == 0
        found[driven.quantity] = await content_hash(driven.admin)
    return found


def is_causal(order: Sequence[str]) -> bool:
    """Whether every stage comes after the one that it is based on."""
    return all(
        order.index(before) < order.index(after)
        for before, after in (
            ("greeks", "factors"),
            ("factors", "snapshots"),
            ("factors", "stress"),
            ("stress", "risk"),
            ("snapshots", "limits"),
            ("risk", "limits"),
        )
    )


def is_distinct(order: Sequence[str]) -> bool:
    """Whether the order of stages matters to the edit.

    While no edit lies between them, snapshots, stress and risk give the same in any order: then
    one of their orders is enough.
    """
    between = order.index("factors") < order.index(EDIT) < order.index("limits")
    return between or [step for step in order if step != EDIT] == list(STAGES)


async def test_in_every_order_of_edit_and_stages_the_edited_book_is_stored(driven: Driven) -> None:
    right = await results_of_edited(driven)
    causal = [order for order in permutations((EDIT, *STAGES)) if is_causal(order)]
    orders = [order for order in causal if is_distinct(order)]
    wrong: list[Sequence[str]] = []

    for order in orders:
        await driven.forget()
        prices = await driven.start()
        for step in order:
            await driven.do(step, prices)
        again = await driven.finish()
        stored = await content_hash(driven.admin)
        if again != 1 or stored != right[driven.quantity]:
            wrong.append(order)

    assert len(orders) == 15
    assert right[-2] != right[-6]
    assert wrong == []


async def test_an_edit_while_sessions_run_reaches_every_one_of_them(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    """Upload, ask for six sessions, edit while they run; asking for them again changes nothing."""
    body = {"first_session": "2022-12-20", "last_session": str(AS_OF)}
    answer = await ann.upload(BOOK.encode(), as_of=str(AS_OF))
    book = answer.json()["portfolio"]["portfolio_id"]
    page = (await ann.get("positions", portfolio_id=book)).json()["items"]
    await nothing_runs(admin)

    await ann.post(f"portfolios/{book}/snapshots", body)
    await some_are_done(admin)
    for position in page:
        wanted = {"quantity": 3 * float(position["quantity"])}
        await ann.request("PUT", f"positions/{position['position_id']}", json=wanted)
    await nothing_runs(admin)
    once = await content_hash(admin)
    await forget_calculations(admin)
    await ann.post(f"portfolios/{book}/snapshots", body)
    await nothing_runs(admin)

    assert {table: once[table] for table in OF_THE_DAY} == {
        table: content
        for table, content in (await content_hash(admin)).items()
        if table in OF_THE_DAY
    }
    assert await ended_as(admin) == {"completed"}


async def some_are_done(admin: Database) -> None:
    """Wait until some of the sessions asked for have exposures and some have none."""
    query = text("select count(distinct as_of) from factors.factor_exposures")
    async with asyncio.timeout(60):
        while True:
            async with admin.transaction() as session:
                if int(await session.scalar(query) or 0) >= 3:
                    return
            await asyncio.sleep(0.02)


async def ended_as(admin: Database) -> set[str]:
    """Every status that a run has."""
    async with admin.transaction() as session:
        return set(await session.scalars(text("select status from gateway.batch_runs")))
