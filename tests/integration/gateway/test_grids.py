"""Grids and curves over REST: what is sent to stress, and how its answers are laid out."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from nats.aio.client import Client

from services.snapshots.tables import ComponentVar
from services.stress.tables import PnlAxis, PositionPnl
from shared.contracts.stress import (
    Ahead,
    CurveEvaluated,
    CurveOnDate,
    EvaluateCurve,
    EvaluateGrid,
    GridEvaluated,
)
from shared.database import Database, sql_table
from tests.builders import AS_OF, a_price, save_prices
from tests.integration.gateway.answering import replying
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import CALL, StoredBook, a_stored_book
from tests.integration.gateway.test_market_data import YEAR
from tests.integration.gateway.test_stress import Stress

pytestmark = pytest.mark.usefixtures("market")


@pytest.fixture
async def stress(bus: Client) -> AsyncIterator[Stress]:
    service = Stress()
    async with replying(bus, service.reply, EvaluateGrid, EvaluateCurve):
        yield service


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


def about(book: StoredBook) -> dict[str, Any]:
    return {
        "portfolio_id": UUID(book.portfolio_id),
        "as_of": AS_OF,
        "underlying": None,
        "spot_mode": "beta_weighted",
        "volatility_term": "parallel",
        "spots": (-0.1, 0.0),
        "coverage": 1.0,
    }


async def test_a_grid_of_the_first_portfolio_shows_the_share_of_options(
    ann: Person, book: StoredBook, stress: Stress
) -> None:
    found = GridEvaluated(
        **about(book),
        volatilities=(0.0,),
        dates=(Ahead(until=AS_OF),),
        pnl=(((-200.0, 0.0),),),
        options_pnl=(((50.0, 0.0),),),
        break_evens=(((0.0,),),),
    )
    stress.answers[EvaluateGrid.subject] = {"answer": found.model_dump(mode="json")}

    answer = await ann.post("risk/grid", {})

    report = answer.json()
    assert answer.status_code == 200, answer.text
    assert (report["pnl"], report["options_share"]) == ([[[-200.0, 0.0]]], [[[-0.25, None]]])
    (asked,) = stress.received
    shape = [len(asked[axis]) for axis in ("spots", "volatilities", "days_forward")]
    assert (asked["portfolio_id"], asked["as_of"]) == (book.portfolio_id, "2022-12-28")
    assert shape == [9, 7, 3]


async def test_a_curve_is_laid_out_date_by_date(
    ann: Person, book: StoredBook, stress: Stress
) -> None:
    greeks = ("delta", "gamma_1pct", "theta_1d", "vega_1pt", "rho_1pct")
    day = CurveOnDate(
        days_forward=7,
        until=date(2023, 1, 4),
        underlying_prices=(117.0, 130.0),
        pnl=(-100.0, 0.0),
        options_pnl=(-25.0, 0.0),
        break_evens=(0.0,),
        **{f"dollar_{name}": (1.5, 2.5) for name in greeks},
    )
    found = CurveEvaluated(**about(book), volatility_shock=0.1, dates=(day,))
    stress.answers[EvaluateCurve.subject] = {"answer": found.model_dump(mode="json")}

    answer = await ann.post("risk/curve", {"underlying": "brk/b", "volatility_shock": 0.1})

    (shown,) = answer.json()["dates"]
    assert stress.received[0]["underlying"] == "BRK.B"
    assert stress.received[0]["volatilities"] == []
    assert (shown["until"], shown["options_share"]) == ("2023-01-04", [0.25, None])
    assert (shown["dollar_vega_1pt"], shown["delta"]) == ([1.5, 2.5], None)


async def test_a_curve_says_how_far_one_day_goes(
    ann: Person, book: StoredBook, admin: Database, stress: Stress
) -> None:
    sessions = YEAR[-101:]
    moves = [(-1) ** day * 0.0001 * day for day in range(1, 101)]
    closes = [100.0]
    for move in moves:
        closes.append(closes[-1] * (1.0 + move))
    prices = zip(sessions, closes, strict=True)
    await save_prices(admin, *(a_price("AAPL", day, close) for day, close in prices))
    await _past_pnl(admin, sessions[1:], {"AAPL": moves, CALL: [2 * each for each in moves]})
    found = CurveEvaluated(
        **about(book) | {"underlying": "AAPL", "spot_mode": "parallel"},
        volatility_shock=0.0,
        dates=(),
    )
    stress.answers[EvaluateCurve.subject] = {"answer": found.model_dump(mode="json")}

    answer = await ann.post("risk/curve", {"underlying": "AAPL"})

    day = answer.json()["day"]
    assert (day["mover"], day["observations"]) == ("AAPL", 100)
    assert (day["first_day"], day["last_day"]) == (str(sessions[1]), str(sessions[-1]))
    (of_95, of_99) = day["bands"]
    assert of_95["move_down"] == pytest.approx(np.quantile(moves, 0.05))
    assert of_99["move_up"] == pytest.approx(np.quantile(moves, 0.99))
    # 1,000 USD of the share and 2,000 USD of the option for each 100 % of move
    assert of_99["value_at_risk"] == pytest.approx(-3000 * np.quantile(moves, 0.01), abs=0.005)
    assert of_99["expected_shortfall"] == pytest.approx(-3000 * min(moves), abs=0.005)


async def _past_pnl(admin: Database, sessions: list[date], moves: dict[str, list[float]]) -> None:
    """What the positions would have made on these sessions, 1,000 USD each by its moves."""
    axis, positions = sql_table(PnlAxis), sql_table(PositionPnl)
    parts = sql_table(ComponentVar)
    async with admin.transaction() as session:
        await session.execute(axis.update().values(session_dates=sessions))
        for symbol, returns in moves.items():
            pnl = [1000.0 * each for each in returns]
            mine = positions.update().where(positions.c.symbol == symbol)
            await session.execute(mine.values(historical_pnl=pnl))
            counted = parts.update().where(parts.c.symbol == symbol)
            await session.execute(counted.values(reason=None))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"spots": []}, "spots"),
        ({"spots": [-1.5]}, "spots.0"),
        ({"volatilities": [-1]}, "volatilities.0"),
        ({"days_forward": [-1]}, "days_forward.0"),
        ({"days_forward": list(range(300))}, "days_forward"),
        ({"spot_mode": "all"}, "spot_mode"),
        ({"underlying": "A!"}, None),
        ({"spot": [0.1]}, "spot"),
    ],
)
async def test_what_is_no_grid_never_leaves_the_gateway(
    ann: Person, book: StoredBook, stress: Stress, body: dict[str, Any], field: str | None
) -> None:
    answer = await ann.post("risk/grid", body)

    assert (answer.status_code, stress.received) == (422, [])
    assert [each["field"] for each in answer.json()["errors"]] == ([field] if field else [])


async def test_a_curve_is_drawn_at_five_volatilities_at_most(
    ann: Person, book: StoredBook, stress: Stress
) -> None:
    answer = await ann.post("risk/curve", {"volatilities": [0.1, 0.2, 0.3, 0.4, 0.5]})

    assert (answer.status_code, stress.received) == (422, [])
    assert [each["field"] for each in answer.json()["errors"]] == ["volatilities"]


async def test_too_many_points_are_refused_with_the_bound(
    ann: Person, book: StoredBook, stress: Stress
) -> None:
    message = "5,000 points, and 2,000 is the most"
    stress.answers[EvaluateGrid.subject] = {
        "refusal": {"code": "too_many_points", "message": message, "problems": []}
    }

    answer = await ann.post("risk/grid", {})

    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_points")
    assert answer.json()["detail"] == message
