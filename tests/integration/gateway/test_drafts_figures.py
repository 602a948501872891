"""A draft's figures are those of the portfolio into which its trades are booked."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.factors import tables as factors
from services.gateway.books.ledger import branched_id
from services.gateway.runs.queries.drafts import delete_of_gone_drafts
from services.greeks import tables as greeks
from services.ingest.tables import Security
from services.snapshots import tables as snapshots
from services.stress import tables as stress
from shared.database import Database
from shared.retention import prune
from tests.builders import AS_OF, a_price, a_security, save, save_prices
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_drafts import SESSIONS, holding
from tests.panel import closes, sessions
from tests.pipeline import Pipeline, nothing_runs

BEFORE = sessions()[-2]
BOOK = HEADER + "".join(
    f"{line}\n"
    for line in (
        "AAPL,100,140,2022-06-01,tech",
        "AAPL,50,120,2022-11-01,tech",
        "MSFT,-60,240,2022-06-01,tech",
        "XOM,200,90,2022-06-01,",
        "AAPL230616C00140000,4,8.5,2022-11-01,tech",
        "SPY230616P00370000,-3,15,2022-11-01,",
    )
)
TRADES: list[dict[str, Any]] = [
    {"action": "open", "symbol": "AAPL", "quantity": -120, "fees": 4.5},
    {"action": "open", "symbol": "JPM", "exposure": 20_000},
    {"action": "open", "symbol": "KO", "quantity": -80, "price": 63.25},
    {"action": "close", "symbol": "SPY230616P00370000"},
    {"action": "adjust", "symbol": "MSFT", "quantity": 25},
    {"action": "open", "symbol": "SPX230317P03700000", "quantity": 2},
    {"action": "strategy", "strategy": "vertical", "underlying": "MSFT", "option_type": "C"}
    | {"expiry": "2023-06-16", "strikes": [240, 260], "quantity": 3},
    {"action": "hedge", "symbol": "SPY", "share": 0.5},
]
# What is calculated of a portfolio's session, in every service; the correlations on request.
OF_THE_DAY = (
    "greeks.position_greeks",
    "factors.position_factor_exposures",
    "factors.factor_exposures",
    "factors.correlation_calculations",
    "factors.correlation_pairs",
    "factors.correlation_clusters",
    "factors.correlation_cluster_members",
    "snapshots.portfolio_snapshots",
    "snapshots.position_valuations",
    "snapshots.risk_metrics",
    "snapshots.component_var",
    "snapshots.pnl_attributions",
    "stress.stress_results",
    "stress.market_risk_scenarios",
    "stress.position_pnl",
)


async def rows_of(admin: Database, portfolio_id: str, base_id: str) -> dict[str, list[str]]:
    """Every stored row of the session, by table, under the ids of the base."""
    found: dict[str, list[str]] = {}
    async with admin.transaction() as session:
        for table in OF_THE_DAY:
            query = text(
                f"select to_jsonb(r) - 'portfolio_id' from {table} as r "
                "where portfolio_id = cast(:portfolio_id as uuid) and as_of = :day"
            )
            asked = {"portfolio_id": portfolio_id, "day": AS_OF}
            rows = (await session.scalars(query, asked)).all()
            found[table] = sorted(json.dumps(_of_base(r, portfolio_id, base_id)) for r in rows)
    return found


def _of_base(value: Any, portfolio_id: str, base_id: str) -> Any:
    """The value with the ids of the base's positions in place of the draft's."""
    if isinstance(value, list):
        return [_of_base(each, portfolio_id, base_id) for each in value]
    if not isinstance(value, dict) or portfolio_id == base_id:
        return value
    row = {name: _of_base(each, portfolio_id, base_id) for name, each in value.items()}
    if "position_id" in row:
        own = branched_id(UUID(row["position_id"]), UUID(portfolio_id))
        row["position_id"] = str(own)
    return row


async def save_index(admin: Database) -> None:
    """An index that moves as SPY does."""
    days = sessions()[-260:]
    levels = [10 * float(close) for close in closes("SPY", last=260)[:, 0]]
    await save(admin, Security, [a_security("SPX", kind="index")])
    await save_prices(
        admin,
        *(a_price("SPX", day, round(level, 2)) for day, level in zip(days, levels, strict=True)),
    )


async def a_valued_book(person: Person, pipeline: Pipeline) -> str:
    """A portfolio that was run on two sessions."""
    await save_index(pipeline.admin)
    uploaded = await person.upload(BOOK.encode(), equity_balance="150000", as_of=str(BEFORE))
    assert uploaded.json()["rejected"] == 0, uploaded.text
    await nothing_runs(pipeline.admin)
    await pipeline.run([BEFORE, AS_OF])
    portfolio_id: str = uploaded.json()["portfolio"]["portfolio_id"]
    return portfolio_id


async def test_a_drafts_figures_are_those_of_the_portfolio_it_is_booked_into(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    base_id = await a_valued_book(ann, pipeline)
    before = await rows_of(admin, base_id, base_id)
    draft = (await ann.post(SESSIONS, {"portfolio_id": base_id})).json()
    draft_id = draft["draft_id"]
    traded = await ann.post(f"{SESSIONS}/{draft_id}/trades", {"trades": TRADES})
    assert traded.status_code == 201, traded.text

    started = await ann.post(f"{SESSIONS}/{draft_id}/calculate", None)
    assert started.status_code == 202, started.text
    await nothing_runs(admin)
    drafted = await rows_of(admin, draft_id, base_id)

    assert (await ann.get(f"{SESSIONS}/{draft_id}")).json()["state"] == "calculated"
    impacts = await assert_impacts_are_the_difference(ann, draft_id, base_id)
    assert await rows_of(admin, base_id, base_id) == before  # and nothing of it shows in the base
    plan = (await ann.post(f"{SESSIONS}/{draft_id}/book", {"dry_run": True})).json()
    booked = await ann.post(f"{SESSIONS}/{draft_id}/book", {"dry_run": False, "hash": plan["hash"]})
    assert booked.status_code == 201, booked.text
    await nothing_runs(admin)
    await ann.post("risk/correlations/positions/calculate", {"portfolio_id": base_id})
    await nothing_runs(admin)
    entered = await rows_of(admin, base_id, base_id)

    assert [table for table in OF_THE_DAY if not drafted[table]] == []
    for table in OF_THE_DAY:
        assert drafted[table] == entered[table], table
    kept = (await ann.get(f"{SESSIONS}/{draft_id}/impacts")).json()["impacts"]
    for name, figures in impacts.items():
        assert kept[name] == figures, name
    state = (await ann.get(f"{SESSIONS}/{draft_id}")).json()
    assert (state["state"], state["booked_at"] is not None) == ("saved", True)
    await assert_only_what_names_it_is_about_it(ann, pipeline, started.json())
    assert await left_of_discarded(ann, pipeline, draft_id) == ["gateway.audit_log"]


async def left_of_discarded(person: Person, pipeline: Pipeline, draft_id: str) -> list[str]:
    """The tables that name a draft after it is discarded and every service has pruned."""
    await person.request("DELETE", f"{SESSIONS}/{draft_id}")
    async with pipeline.admin.transaction() as session:
        await delete_of_gone_drafts(session)
    for details in (greeks.DETAILS, factors.DETAILS, snapshots.DETAILS, stress.DETAILS):
        await prune(pipeline.admin, details, 365)
    return [table async for table in holding(pipeline.admin, draft_id)]


async def assert_only_what_names_it_is_about_it(
    person: Person, pipeline: Pipeline, draft: dict[str, Any]
) -> None:
    """No session's run has the draft in it, and no events but those of its run by name."""
    run_id = await pipeline.close(AS_OF)
    await pipeline.finished([run_id])
    reported = text("select portfolio_ids from gateway.batch_items where run_id = :run_id")
    async with pipeline.admin.transaction() as session:
        shards = (await session.scalars(reported, {"run_id": run_id})).all()
    own = await person.get("events", run_id=draft["run"]["run_id"], follow=False)
    all_others = await person.get("events", after=0, follow=False)

    assert shards
    assert UUID(draft["draft_id"]) not in {each for shard in shards for each in shard}
    assert draft["draft_id"] in own.text
    assert draft["draft_id"] not in all_others.text
    assert "event: run" in all_others.text


async def assert_impacts_are_the_difference(person: Person, draft_id: str, base_id: str) -> Any:
    """Before and after are what other routes say of both, and the trades' parts add up."""
    answer = (await person.get(f"{SESSIONS}/{draft_id}/impacts")).json()
    found = answer["impacts"]
    reports = [
        (await person.get(f"portfolios/{each}/report")).json() for each in (base_id, draft_id)
    ]

    assert (answer["state"], answer["reason"], answer["warnings"]) == ("calculated", None, [])
    for name in ("nav", "cash", "market_value"):
        assert_change(found["nav"][name], [each["snapshot"][name] for each in reports])
    for measure, sides in found["exposures"].items():
        for side, change in sides.items():
            both = [each["snapshot"]["exposures"][measure][side] for each in reports]
            assert_change(change, both)
    for place, factor in enumerate(found["factors"]):
        both = [each["factors"]["factors"][place]["dollar_exposure"] for each in reports]
        assert_change(factor["dollar_exposure"], both)
    for place, scenario in enumerate(found["scenarios"]):
        both = [each["stress"]["scenarios"][place]["direct"]["total_pnl"] for each in reports]
        assert_change(scenario["direct"], both)
        parts = [each["scenarios_direct"][scenario["scenario_id"]] for each in found["trades"]]
        assert round(sum(parts), 2) == scenario["direct"]["difference"]
    for name, measure in (("notional_exposure", "notional"), ("market_value", "dollar")):
        parts = [each[name] for each in found["trades"]]
        assert round(sum(parts), 2) == found["exposures"][measure]["net"]["difference"]
    deltas = sum(each["greeks"]["delta"] for each in found["trades"])
    assert deltas == pytest.approx(found["greeks"]["delta"]["difference"], abs=0.001)
    kinds = {each["kind"] for each in found["metrics"] if each["difference"] is not None}
    assert kinds >= {"value_at_risk", "expected_shortfall", "concentration", "dollar_greeks"}
    assert found["correlations"]["after_as_of"] == str(AS_OF)
    return found


def assert_change(change: dict[str, Any], both: list[float | None]) -> None:
    before, after = both
    known = before is not None and after is not None
    difference = round(after - before, 2) if known else None  # type: ignore[operator]
    assert change == {"before": before, "after": after, "difference": difference}
