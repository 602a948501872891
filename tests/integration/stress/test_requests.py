"""Custom scenarios and what-if runs, requested over the bus, answered from a real Postgres."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.factors import tables as factors
from services.stress.handlers import router
from shared.contracts.event import Refusal, Request
from shared.contracts.stress import (
    DeleteScenario,
    EvaluateCurve,
    EvaluateGrid,
    EvaluateWhatIf,
    SaveScenario,
    ScenarioOutcome,
    ScenarioSaved,
    WhatIfEvaluated,
)
from shared.database import Database
from shared.messaging import Broker, Consumption, Refused, ask
from shared.published import stress as published
from shared.telemetry import create_telemetry
from tests.builders import AS_OF, a_portfolio, a_price, save_prices
from tests.integration.stress.books import (
    CALL,
    FACTORS,
    a_call,
    a_covariance,
    a_stock,
    an_event,
    call_value,
    cents,
    result,
    stored,
    stress,
)
from tests.servers import Role, Servers
from tests.unit.stress import builders


@pytest.fixture
async def gateway(servers: Servers, role: Role) -> AsyncIterator[Broker]:
    """The gateway's connection, with the stress service listening."""
    telemetry = create_telemetry("stress", servers.settings)
    broker = Broker("stress", servers.settings, telemetry, on_closed=lambda: None)
    Consumption(router, broker, role("stress"), servers.settings, telemetry).attach()
    async with broker:
        await broker.start()
        asking = Broker(
            "gateway", servers.settings, create_telemetry("gateway", servers.settings), lambda: None
        )
        async with asking:
            yield asking


def a_definition(**changes: Any) -> dict[str, Any]:
    fall = {"scenario_id": "my_fall", "name": "My fall", "severity": "severe"}
    shocks = {"shocks": {"market": -0.20}, "volatility_shock": 0.10}
    return builders.a_definition(**fall | shocks | changes)


async def refusal(broker: Broker, request: Request[Any]) -> Refusal:
    with pytest.raises(Refused) as caught:
        await ask(broker, request)
    return caught.value.refusal


async def owner_of(admin: Database, portfolio_id: UUID) -> UUID:
    async with admin.transaction() as session:
        query = text("select user_id from gateway.portfolios where portfolio_id = :it")
        found: UUID = await session.scalar(query, {"it": portfolio_id})
        return found


async def a_book(admin: Database) -> UUID:
    """A stored portfolio: AAPL long, XOM short, and ten calls; with the factor exposures that a run
    leaves.
    """
    book = await a_portfolio(admin)
    await a_stock(admin, book, "AAPL", 100_000, market=1.2, value=0.5)
    await a_stock(admin, book, "XOM", -40_000, rate_beta=-2, market=0.8)
    await a_call(admin, book, market=1.2, value=0.5)
    await calculated(admin, book)
    return book


async def calculated(admin: Database, portfolio_id: UUID) -> None:
    about = {
        "portfolio_id": portfolio_id,
        "as_of": AS_OF,
        "model": "market_relative",
        "coverage": 1.0,
    }
    amounts = {
        "dollar_exposure": 1.0,
        "gross_exposure": 1.0,
        "positions": 3,
        "positions_left_out": 0,
    }
    rows = [{**about, **amounts, "factor": factor} for factor in FACTORS]
    async with admin.transaction() as session:
        table: Any = factors.FactorExposure.__table__  # type: ignore[attr-defined]
        columns = {column.name for column in table.columns}
        await session.execute(
            table.insert(), [{k: v for k, v in row.items() if k in columns} for row in rows]
        )


async def outcomes(broker: Broker, **request: Any) -> list[ScenarioOutcome]:
    request = {"user_id": uuid4(), **request}
    answer = await ask(broker, EvaluateWhatIf(as_of=AS_OF, **request))
    assert isinstance(answer, WhatIfEvaluated)
    return list(answer.outcomes)


# --- custom scenarios ---


async def test_a_saved_scenario_is_published_and_saving_twice_changes_nothing(
    gateway: Broker, role: Role
) -> None:
    user = uuid4()
    request = SaveScenario(user_id=user, definition=a_definition())

    first, second = await ask(gateway, request), await ask(gateway, request)

    assert first == ScenarioSaved(scenario_id="my_fall", created=True)
    assert second == ScenarioSaved(scenario_id="my_fall", created=False)
    (row,) = await stored(role, published.custom_scenarios)
    expected = a_definition(user_id=user, rate_shock=None, basis="absolute", active=True)
    assert row == expected


async def test_a_wrong_scenario_is_refused_with_every_problem(gateway: Broker, role: Role) -> None:
    definition = a_definition(shocks={"Markt": -0.1}, severity="awful", measured_source="me")

    found = await refusal(gateway, SaveScenario(user_id=uuid4(), definition=definition))

    assert found.code == "invalid_scenario"
    assert [problem["field"] for problem in found.problems] == [
        "measured_source",
        "severity",
        "shocks.Markt",
        "window_start",
    ]
    assert await stored(role, published.custom_scenarios) == []


@pytest.mark.parametrize("scenario_id", ["market_down_10", "what_if"])
async def test_the_houses_ids_are_taken(gateway: Broker, scenario_id: str) -> None:
    request = SaveScenario(user_id=uuid4(), definition=a_definition(scenario_id=scenario_id))

    assert (await refusal(gateway, request)).code == "invalid_scenario"


async def test_there_is_a_most_number_of_scenarios(gateway: Broker) -> None:
    user = uuid4()
    for number in range(50):
        await ask(
            gateway, SaveScenario(user_id=user, definition=a_definition(scenario_id=f"s{number}"))
        )

    found = await refusal(gateway, SaveScenario(user_id=user, definition=a_definition()))

    assert found.message == "you have 50 scenarios, and 50 is the most: delete one first"
    replaced = SaveScenario(user_id=user, definition=a_definition(scenario_id="s7"))
    assert await ask(gateway, replaced) == ScenarioSaved(scenario_id="s7", created=False)


async def test_a_deleted_scenario_is_no_longer_evaluated(
    gateway: Broker, admin: Database, role: Role
) -> None:
    book = await a_book(admin)
    owner = await owner_of(admin, book)
    await ask(gateway, SaveScenario(user_id=owner, definition=a_definition()))
    await stress(role, an_event(book))
    assert len(await stored(role, published.stress_results)) == 19

    await ask(gateway, DeleteScenario(user_id=owner, scenario_id="my_fall"))
    again = await refusal(gateway, DeleteScenario(user_id=owner, scenario_id="my_fall"))
    await stress(role, an_event(book))

    assert again.code == "unknown_scenario"
    assert len(await stored(role, published.stress_results)) == 18
    assert [row["active"] for row in await stored(role, published.custom_scenarios)] == [False]


async def test_own_scenarios_are_evaluated_for_their_owner_only(
    gateway: Broker, admin: Database, role: Role
) -> None:
    mine, theirs = await a_book(admin), await a_book(admin)
    await ask(gateway, SaveScenario(user_id=await owner_of(admin, mine), definition=a_definition()))

    await stress(role, an_event(mine, theirs))
    row = await result(role, "my_fall")
    positions = await stored(role, published.position_scenario_pnl)

    assert row["portfolio_id"] == mine
    own = [each for each in positions if each["scenario_id"] == "my_fall"]
    assert {each["portfolio_id"] for each in own} == {mine}
    assert sum(each["pnl"] for each in own) == row["total_pnl"]


# --- what if ---


async def test_a_what_if_gives_what_the_run_stored(
    gateway: Broker, admin: Database, role: Role
) -> None:
    book = await a_book(admin)
    await a_covariance(admin)
    await stress(role, an_event(book))
    ids = ("market_down_10", "rates_up_100bp", "covid_crash_2020")

    found = await outcomes(gateway, portfolio_id=book, scenario_ids=ids)

    assert [(each.scenario_id, each.method) for each in found] == [
        (scenario_id, method) for scenario_id in ids for method in ("direct", "correlated")
    ]
    positions = await stored(role, published.position_scenario_pnl)
    for each in found:
        row = await result(role, each.scenario_id, each.method)
        same = ("total_pnl", "nonlinear", "delta_gamma_pnl", "correlation_effect", "coverage")
        assert {name: getattr(each, name) for name in same} == {name: row[name] for name in same}
        assert each.effective_shocks == row["effective_shocks"]
        assert {name: float(part) for name, part in each.factor_impacts.items()} == row[
            "factor_impacts"
        ]
        stored_pnl = {
            p["position_id"]: p["pnl"]
            for p in positions
            if (p["scenario_id"], p["method"]) == (each.scenario_id, each.method)
        }
        assert {p.position_id: p.pnl for p in each.positions} == stored_pnl


async def test_given_shocks_are_worked_out_by_hand(gateway: Broker, admin: Database) -> None:
    book = await a_book(admin)

    (found,) = await outcomes(
        gateway, portfolio_id=book, shocks={"market": -0.05}, rate_shock=0.01, method="direct"
    )

    # AAPL falls 6 % + 4 %; XOM 4 % + 2 %; the call's rate goes from 4 % to 5 %.
    call = call_value(135.0, rate=0.05) - call_value(150.0)
    assert found.scenario_id == "what_if"
    assert {p.symbol: p.pnl for p in found.positions} == {
        "AAPL": Decimal("-10000.00"),
        "XOM": Decimal("2400.00"),
        "AAPL230616C00130000": cents(call),
    }
    assert found.total_pnl == Decimal(-7_600) + cents(call)
    assert sum(found.factor_impacts.values()) + (found.nonlinear or 0) == found.total_pnl


async def test_a_named_return_and_time_are_worked_out_by_hand(
    gateway: Broker, admin: Database
) -> None:
    book = await a_book(admin)
    asked = {"shocks": {"market": -0.05}, "underlying_shocks": {"AAPL": -0.2}, "days_forward": 900}

    (found,) = await outcomes(gateway, portfolio_id=book, method="direct", **asked)

    # AAPL falls to 120, below the call's strike, and XOM with the market; the call has expired.
    call = -call_value(150.0)
    assert {p.symbol: p.pnl for p in found.positions} == {
        "AAPL": Decimal("-20000.00"),
        "XOM": Decimal("1600.00"),
        "AAPL230616C00130000": cents(call),
    }
    assert found.factor_impacts["single_names"] == Decimal("-38000.00")
    assert sum(found.factor_impacts.values()) + (found.nonlinear or 0) == found.total_pnl


async def test_a_what_if_writes_nothing(gateway: Broker, admin: Database, role: Role) -> None:
    book = await a_book(admin)

    await outcomes(gateway, portfolio_id=book, shocks={"market": -0.05})

    assert await stored(role, published.stress_results) == []
    assert await stored(role, published.position_pnl_vectors) == []


async def test_only_the_largest_positions_are_listed_and_the_rest_is_summed(
    gateway: Broker, admin: Database
) -> None:
    book = await a_book(admin)

    (found,) = await outcomes(
        gateway,
        portfolio_id=book,
        scenario_ids=("market_down_10",),
        method="direct",
        positions_shown=1,
    )

    listed = [abs(each.pnl or 0) for each in found.positions]
    assert (len(listed), found.positions_not_shown) == (1, 2)
    assert sum(each.pnl or 0 for each in found.positions) + found.pnl_not_shown == found.total_pnl


async def test_what_was_left_out_is_named_with_the_reason(gateway: Broker, admin: Database) -> None:
    book = await a_book(admin)
    missing = await a_stock(admin, book, "NEWCO", 30_000)

    (found,) = await outcomes(
        gateway, portfolio_id=book, scenario_ids=("market_down_10",), method="direct"
    )

    assert [(each.code, each.about) for each in found.left_out] == [("no_betas", ("NEWCO",))]
    assert {p.pnl for p in found.positions if p.position_id == missing} == {None}
    assert found.coverage is not None
    assert found.coverage < 1


async def test_a_users_own_scenarios_can_be_asked_for_and_not_the_owners(
    gateway: Broker, admin: Database
) -> None:
    portfolio_id, reader = await a_book(admin), uuid4()
    owner = await owner_of(admin, portfolio_id)
    await ask(gateway, SaveScenario(user_id=owner, definition=a_definition()))
    wanted: dict[str, Any] = {"portfolio_id": portfolio_id, "scenario_ids": ("my_fall",)}

    (found,) = await outcomes(gateway, user_id=owner, **wanted, method="direct")
    foreign = EvaluateWhatIf(user_id=reader, as_of=AS_OF, **wanted)
    refused = await refusal(gateway, foreign)
    await ask(gateway, SaveScenario(user_id=reader, definition=a_definition(volatility_shock=0.2)))
    (readers,) = await outcomes(gateway, user_id=reader, **wanted, method="direct")

    assert (found.volatility_shock, readers.volatility_shock) == (0.10, 0.20)
    assert refused.code == "unknown_scenario"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scenario_ids": ("no_such",)}, "unknown_scenario"),
        ({"portfolio_id": uuid4(), "shocks": {"market": 0.1}}, "unknown_portfolio"),
        ({"shocks": {"Markt": 0.1}}, "invalid_scenario"),
        ({}, "invalid_scenario"),
        ({"underlying_shocks": {"AAPL": -2.0}}, "invalid_scenario"),
        ({"shocks": {"market": 0.1}, "method": "correlated"}, "no_covariance"),
        ({"shocks": {"market": 0.1}, "as_of": AS_OF.replace(day=1)}, "not_calculated"),
        ({"shocks": {"market": 0.1}, "method": "magic"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_a_code(
    gateway: Broker, admin: Database, changes: dict[str, Any], code: str
) -> None:
    asked = {"user_id": uuid4(), "portfolio_id": await a_book(admin), "as_of": AS_OF, **changes}

    assert (await refusal(gateway, EvaluateWhatIf.model_construct(**asked))).code == code


async def test_without_covariance_only_the_direct_method_answers(
    gateway: Broker, admin: Database
) -> None:
    answer = await ask(
        gateway,
        EvaluateWhatIf(
            user_id=uuid4(),
            portfolio_id=await a_book(admin),
            as_of=AS_OF,
            shocks={"market": -0.1},
        ),
    )

    assert isinstance(answer, WhatIfEvaluated)
    assert [each.method for each in answer.outcomes] == ["direct"]
    assert [notice.code for notice in answer.warnings] == ["no_covariance"]


async def test_the_largest_answer_fits_the_bus(
    gateway: Broker, admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    for number in range(230):
        await a_stock(admin, book, f"S{number}", 1_000.0 + number, market=1.0)
    await calculated(admin, book)
    await a_covariance(admin)
    every = [row["scenario_id"] for row in await stored(role, published.stress_scenarios)]

    found = await outcomes(
        gateway, portfolio_id=book, scenario_ids=tuple(every), positions_shown=1000
    )

    assert len(found) == 36
    assert {len(each.positions) for each in found} == {222}
    assert {each.positions_not_shown for each in found} == {8}


# --- grids and curves ---


async def test_a_grid_of_the_market_is_the_what_if_of_the_same_move(
    gateway: Broker, admin: Database
) -> None:
    book = await a_book(admin)
    about: dict[str, Any] = {"portfolio_id": book, "as_of": AS_OF}
    axes: dict[str, Any] = {"spots": (-0.1, 0.0), "days_forward": (0, 900)}

    grid = await ask(gateway, EvaluateGrid(**about, **axes, volatilities=(0.0, 0.5)))
    (today,) = await outcomes(gateway, portfolio_id=book, shocks={"market": -0.1}, method="direct")

    assert Decimal(str(grid.pnl[0][0][0])) == today.total_pnl
    assert (grid.pnl[0][0][1], grid.options_pnl[0][0][1]) == (0.0, 0.0)
    assert cents(grid.options_pnl[0][1][1]) == cents(
        call_value(150.0, volatility=0.45) - call_value(150.0)
    )
    # AAPL falls 12 % to 132: the call, struck at 130, is worth 2 at its expiry.
    assert cents(grid.options_pnl[1][0][0]) == cents(2_000 - call_value(150.0))
    assert [each.settled for each in grid.dates] == [(), (CALL,)]


async def test_a_curve_of_one_underlying_starts_at_its_last_close(
    gateway: Broker, admin: Database
) -> None:
    book = await a_book(admin)
    await save_prices(admin, a_price("AAPL", AS_OF, 150))
    about: dict[str, Any] = {"portfolio_id": book, "as_of": AS_OF, "underlying": "AAPL"}

    curve = await ask(gateway, EvaluateCurve(**about, spots=(-0.1, 0.0, 0.1)))
    found = await refusal(gateway, EvaluateCurve(**about | {"underlying": "IBM"}, spots=(0.0,)))

    (today,) = curve.dates
    assert today.underlying_prices == pytest.approx((135.0, 150.0, 165.0))
    assert [cents(each) for each in today.options_pnl] == [
        cents(call_value(price) - call_value(150.0)) for price in (135.0, 150.0, 165.0)
    ]
    assert today.delta is not None
    assert today.dollar_delta[1] == pytest.approx(150.0 * today.delta[1])
    assert found.code == "not_held"
