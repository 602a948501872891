"""Suggestions: their drafts, once calculated, show the measures that were promised."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from services.gateway.drafts.queries.suggestions import Standing, load_standing
from services.gateway.edge.dependencies import Gateway
from services.gateway.market.queries import load_liquid_puts
from services.ingest.tables import OptionQuote
from services.limits.tables import Limit
from shared.contracts.factors import EstimateBetas
from shared.conventions import DEFAULT_MODEL
from shared.database import Database
from shared.published import factors
from tests.builders import AS_OF, save
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_drafts import SESSIONS
from tests.pipeline import Pipeline, nothing_runs

BOOK = HEADER + "".join(
    f"{line}\n"
    for line in (
        "AAPL,150,140,2022-06-01,",
        "MSFT,90,240,2022-06-01,",
        "XOM,200,90,2022-06-01,",
        "AAPL230616C00140000,4,8.5,2022-11-01,",
    )
)
PUT = "SPY230616P00370000"
CRASH = "scenario.market_crash_35.direct"


async def a_draft(person: Person, pipeline: Pipeline) -> str:
    """A draft, without trades yet, of a portfolio that was run on AS_OF."""
    uploaded = await person.upload(BOOK.encode(), equity_balance="90000", as_of=str(AS_OF))
    assert uploaded.json()["rejected"] == 0, uploaded.text
    await nothing_runs(pipeline.admin)
    await pipeline.run([AS_OF])
    portfolio_id = uploaded.json()["portfolio"]["portfolio_id"]
    draft = await person.post(SESSIONS, {"portfolio_id": portfolio_id, "name": "As it is"})
    assert draft.status_code == 201, draft.text
    draft_id: str = draft.json()["draft_id"]
    return draft_id


async def suggested(person: Person, draft_id: str, *targets: dict[str, Any], **more: Any) -> Any:
    """The one suggestion for a draft."""
    body = {"targets": targets, "seconds": 1, **more}
    answer = await person.post(f"{SESSIONS}/{draft_id}/suggestions", body)
    assert answer.status_code == 201, answer.text
    (found,) = answer.json()["suggestions"]
    return found


async def standing_of(person: Person, admin: Database, draft_id: str) -> Standing:
    """The stored measures of a draft, calculated through all services."""
    started = await person.post(f"{SESSIONS}/{draft_id}/calculate", None)
    assert started.status_code == 202, started.text
    await nothing_runs(admin)
    assert (await person.get(f"{SESSIONS}/{draft_id}")).json()["state"] == "calculated"
    async with admin.transaction() as session:
        return await load_standing(session, await owned(person, draft_id), AS_OF)


async def owned(person: Person, draft_id: str) -> tuple[UUID, UUID]:
    """A draft as it is looked up: whose it is, and its id."""
    return UUID((await person.get("auth/me")).json()["user_id"]), UUID(draft_id)


def assert_as_promised(suggestion: dict[str, Any], standing: Standing) -> None:
    """Every measure after the trades is the stored one, within a cent for each lot that rounds."""
    nav = standing.nav
    assert nav
    promised = {each["measure"]: each["after"] for each in suggestion["leaves"]}
    promised |= {each["measure"]: each["after"] for each in suggestion["targets"]}
    beta = promised.pop("beta")
    assert beta == pytest.approx((standing.measures["market_exposure"] or 0.0) / nav, abs=1e-6)
    assert len(promised) > 15
    for name, value in promised.items():
        stored = standing.measures[name]
        assert value == pytest.approx(stored, rel=1e-6, abs=0.05), name


async def test_a_suggestions_draft_shows_what_it_promised(
    ann: Person, bob: Person, pipeline: Pipeline, gateway: Gateway, admin: Database
) -> None:
    start = await a_draft(ann, pipeline)
    await assert_betas_are_those_of_the_run(gateway, admin)

    hedged = await suggested(
        ann, start, {"measure": "beta", "equal": 0}, candidates=[{"symbol": "SPY"}]
    )
    await assert_beta_is_hedged(ann, admin, hedged)
    await assert_a_tail_is_brought_down(ann, admin, hedged["draft"]["draft_id"])
    await assert_several_targets_are_met(ann, admin, start)
    await assert_what_is_in_the_way_is_named(ann, start)
    await assert_what_starts_uncalculated_is_refused(ann, start)
    body = {"targets": [{"measure": "beta", "equal": 0}]}
    others = await bob.post(f"{SESSIONS}/{start}/suggestions", body)
    assert (others.status_code, others.json()["code"]) == (404, "draft_not_found")


async def assert_betas_are_those_of_the_run(gateway: Gateway, admin: Database) -> None:
    """Of what is held, the betas estimated on request are the stored ones."""
    answer = await gateway.ask(EstimateBetas(symbols=("MSFT", "AAPL", "NOSUCH"), as_of=AS_OF))
    row = factors.symbol_factor_betas.c
    rate = factors.rate_sensitivities.c
    betas = select(row.symbol, row.factor, row.beta).where(row.model == DEFAULT_MODEL)
    rates = select(rate.symbol, rate.maturity, rate.beta)
    async with admin.transaction() as session:
        stored = {(each[0], each[1]): each[2] for each in await session.execute(betas)}
        stored |= {(each[0], each[1]): each[2] for each in await session.execute(rates)}

    *known, unknown = answer.symbols
    for each in known:
        estimated = {**each.betas, **each.rate_betas}
        assert len(estimated) == 11
        for name, beta in estimated.items():
            assert beta == pytest.approx(stored[each.symbol, name], rel=1e-9), name
    assert unknown.reason
    assert set(unknown.betas.values()) == {None}


async def assert_beta_is_hedged(person: Person, admin: Database, hedged: Any) -> None:
    """Beta 0 within half a share of SPY, as a draft of one trade."""
    (trade,) = hedged["trades"]
    (target,) = hedged["targets"]
    standing = await standing_of(person, admin, hedged["draft"]["draft_id"])

    assert (trade["symbol"], trade["quantity"] < 0) == ("SPY", True)
    assert trade["dollars"] == pytest.approx(trade["quantity"] * trade["price"], abs=0.01)
    assert hedged["dollars_traded"] == pytest.approx(-trade["dollars"], abs=0.01)
    assert hedged["cash"] == pytest.approx(hedged["dollars_traded"], abs=0.01)
    assert (target["measure"], hedged["gap"]) == ("beta", 0.0)
    assert abs(target["after"]) <= target["tolerance"] < 0.01 < target["before"]
    assert hedged["draft"]["trades"][0]["wanted"]["note"] == "suggested"
    assert hedged["draft"]["state"] == "draft"
    assert_as_promised(hedged, standing)


async def assert_a_tail_is_brought_down(person: Person, admin: Database, draft_id: str) -> None:
    """A fifth off the VaR of a calculated draft; the new one keeps its trades."""
    async with admin.transaction() as session:
        before = (await load_standing(session, await owned(person, draft_id), AS_OF)).measures
    var = before["var_95_1d_historical"]
    assert var
    wanted = {"measure": "var_95_1d_historical", "at_most": 0.8 * var}

    found = await suggested(person, draft_id, wanted)
    standing = await standing_of(person, admin, found["draft"]["draft_id"])

    (target,) = found["targets"]
    assert target["before"] == pytest.approx(var, abs=0.01)
    assert len(found["draft"]["trades"]) == 1 + len(found["trades"])
    after = standing.measures["var_95_1d_historical"]
    assert after is not None
    assert 0.7 * var < after <= 0.8 * var + 0.05
    assert_as_promised(found, standing)


async def assert_several_targets_are_met(person: Person, admin: Database, start: str) -> None:
    """A loss in a crash, vega and a factor at once, with a put, own shares and a fund."""
    crash = {"measure": CRASH, "at_least": -0.12, "unit": "share_of_nav"}
    vega = {"limit_id": await a_limit_on_vega(person, admin)}
    shortfall = {"measure": "es_99_1d_historical", "at_most": 0.03, "unit": "share_of_nav"}
    named = [{"symbol": "MSFT", "most_bought": 0, "most_sold": 40}, {"symbol": "SPY"}]
    named.append({"symbol": PUT, "most_bought": 20, "most_sold": 0})

    found = await suggested(person, start, crash, vega, shortfall, candidates=named)
    standing = await standing_of(person, admin, found["draft"]["draft_id"])

    lost, priced, tail = found["targets"]
    assert lost["after"] >= -0.12 - 1e-6
    assert priced["measure"] == "dollar_vega_1pt"
    assert priced["after"] <= 400
    assert tail["after"] <= 0.03 + 1e-6
    assert {each["symbol"] for each in found["trades"]} <= {"MSFT", "SPY", PUT}
    nav = standing.nav or 0.0
    assert nav * lost["after"] == pytest.approx(standing.measures[CRASH], abs=0.6)
    unscaled = [
        {**each, "after": nav * each["after"]} | ({"measure": CRASH} if each is lost else {})
        for each in (lost, tail)
    ]
    for each in unscaled:
        stored = standing.measures[each["measure"]]
        assert each["after"] == pytest.approx(stored, abs=0.6), each["measure"]
    assert_as_promised({**found, "targets": [priced]}, standing)


async def test_the_puts_with_the_narrowest_spreads_come_first(admin: Database) -> None:
    bids = {
        "SPY230616P00370000": (10.0, 10.4),
        "SPY230616P00300000": (1.0, 2.0),
        "SPY230616P00360000": (9.0, 9.1),
        "SPY230616P00200000": (0.0, 0.1),  # without a bid
        "SPY230616C00370000": (10.0, 10.0),
        "SPY221228P00370000": (10.0, 10.0),  # expires on the session
        "XOM230616P00100000": (4.0, 4.0),
    }
    quotes = [
        {"contract": contract, "session_date": AS_OF, "bid": bid, "ask": ask, "revision": 1}
        for contract, (bid, ask) in bids.items()
    ]
    await save(admin, OptionQuote, [{**each, "source": "admin"} for each in quotes])

    async with admin.transaction() as session:
        found = await load_liquid_puts(session, {"SPY"}, AS_OF, 2)

    assert found == ["SPY230616P00360000", "SPY230616P00370000"]


async def a_limit_on_vega(person: Person, admin: Database) -> str:
    """A limit of the person's: vega at most 400."""
    user_id = UUID((await person.get("auth/me")).json()["user_id"])
    levels: dict[str, Any] = {"since": "2022-01-03", "warning": 300.0, "breach": 400.0}
    limit: dict[str, Any] = {
        "limit_id": uuid4(),
        "user_id": user_id,
        "portfolio_id": None,
        "name": "Vega",
        "measure": "dollar_vega_1pt",
        "measure_unit": "USD",
        "per": "portfolio",
        "member": None,
        "unit": "own",
        "direction": "above",
        "owner": "",
        "note": "",
        "terms": json.dumps([{**levels, "hysteresis": 0.0, "sessions": 1}]),
    }
    await save(admin, Limit, [limit])
    return str(limit["limit_id"])


async def assert_what_is_in_the_way_is_named(person: Person, start: str) -> None:
    """The target, the best that is reached, and the bound."""
    path = f"{SESSIONS}/{start}/suggestions"
    few = {"symbol": "SPY", "most_sold": 3}
    beta = {"measure": "beta", "equal": 0}

    bound = await person.post(path, {"targets": [beta], "candidates": [few]})
    dollars = {"targets": [beta], "candidates": [{"symbol": "SPY"}], "most_dollars": 500}
    spent = await person.post(path, dollars)
    unpriced = await person.post(path, {"targets": [beta], "candidates": [{"symbol": "NOSUCH"}]})

    assert (bound.status_code, bound.json()["code"]) == (422, "target_out_of_reach")
    fields = [(each["field"], each["code"]) for each in bound.json()["errors"]]
    assert fields == [("targets.0", "target_out_of_reach"), ("candidates.0.most_sold", "bound")]
    assert "3 SPY are sold, and that is the most" in bound.json()["errors"][1]["message"]
    assert spent.json()["errors"][1]["field"] == "most_dollars"
    assert unpriced.json()["errors"][0]["field"] == "candidates.0.symbol"
    assert unpriced.json()["errors"][0]["code"] == "no_price"


async def assert_what_starts_uncalculated_is_refused(person: Person, start: str) -> None:
    """Trades that are not calculated have no measures to start from."""
    draft = (await person.get(f"{SESSIONS}/{start}")).json()
    branch = await person.post(SESSIONS, {"portfolio_id": draft["base"]["portfolio_id"]})
    draft_id = branch.json()["draft_id"]
    trade = {"action": "open", "symbol": "XOM", "quantity": 5}
    await person.post(f"{SESSIONS}/{draft_id}/trades", {"trades": [trade]})

    body = {"targets": [{"measure": "beta", "equal": 0}]}
    answer = await person.post(f"{SESSIONS}/{draft_id}/suggestions", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "draft_not_calculated")
