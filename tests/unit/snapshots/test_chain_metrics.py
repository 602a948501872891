"""What follows from the chain, for a session and for every later one that is stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from services.snapshots.calculations.chain import carried_forward, chain_of
from services.snapshots.calculations.chain_metrics import (
    ChainMeasurements,
    Concentrations,
    chain_measurements,
    market_exposures,
)
from services.snapshots.calculations.concentration import Concentration
from services.snapshots.calculations.metrics import VIEWS
from services.snapshots.inputs import (
    ChainInputs,
    ChainLink,
    MarketHistory,
    MarketSide,
    MarketSides,
    ObservedYield,
    StoredExposure,
)
from shared.calendar import sessions
from tests.unit.snapshots.builders import an_id

AS_OF, NEXT = date(2022, 12, 27), date(2022, 12, 28)
EXCHANGE = sessions(date(2021, 12, 1), NEXT)
A_YEAR = EXCHANGE[-200:-1]
SIDES = MarketSides(
    MarketSide(3000.0, 2000.0, 2000.0, 1, 1), MarketSide(-750.0, 500.0, 500.0, 1, 1)
)
STORED = [
    StoredExposure(metric.view, metric.value, metric.coverage, metric.reason)
    for metric in market_exposures(SIDES)
]
NUMBERS = dict[tuple[date, str, str], float | None]


def a_link(
    session: date, previous: date | None, pnl: float = 10.0, nav: float = 2000.0
) -> ChainLink:
    if previous is None:
        return ChainLink(session, None, nav, np.nan, np.nan)
    return ChainLink(session, previous, nav, pnl, pnl / nav)


def a_chain(days: Sequence[date], **given: float) -> list[ChainLink]:
    return [a_link(day, before, **given) for day, before in zip(days, (None, *days), strict=False)]


def a_market() -> MarketHistory:
    """The market moves 1 % up and down, value 0.2 % every day; the yield is 2 %."""
    market = np.where(np.arange(len(EXCHANGE)) % 2, 0.01, -0.01)
    returns = np.stack([market, np.full(len(EXCHANGE), 0.002)], axis=1)
    yields = [ObservedYield(EXCHANGE[0], 0.02)]
    return MarketHistory(EXCHANGE, ("market", "value"), returns, yields)


def measured(
    *chains: Sequence[ChainLink], concentrations: Concentrations | None = None, **given: Any
) -> ChainMeasurements:
    fields: dict[str, Any] = {
        "portfolios": tuple(an_id(place) for place in range(len(chains))),
        "as_of": AS_OF,
        "market": a_market(),
        "market_sides": [SIDES] * len(chains),
        "stored_exposures": {},
        "factor_exposures": {
            (0, EXCHANGE[-3]): np.array([1500.0, 500.0]),
            (0, AS_OF): np.array([900.0, 100.0]),
        },
    }
    return chain_measurements(ChainInputs(chains=chains, **(fields | given)), concentrations or {})


def numbers(found: ChainMeasurements, portfolio: int = 0) -> NUMBERS:
    return {
        (session, metric.name, metric.view): metric.value
        for (owner, session), metric in found.metrics.measured
        if owner == portfolio
    }


LATER = {(0, NEXT): STORED}


def test_market_exposures_of_the_sides_add_up_and_beta_is_over_nav() -> None:
    found = numbers(measured(a_chain(A_YEAR)))

    assert [found[AS_OF, "market_exposure", view] for view in VIEWS] == [2250.0, 3000.0, -750.0]
    assert [found[AS_OF, "beta", view] for view in VIEWS] == [1.125, 1.5, -0.375]


def test_exposure_covers_what_has_a_beta_and_is_null_when_nothing_has() -> None:
    bought = MarketSide(10.0, 30.0, 100.0, 1, 2)
    sold = MarketSide(0.0, 0.0, 50.0, 0, 1)

    whole, longs, shorts = market_exposures(MarketSides(bought, sold))

    assert (whole.value, whole.coverage) == (10.0, 30.0 / 150.0)
    assert (longs.coverage, shorts.reason) == (0.3, "no position has a market beta")
    assert market_exposures(MarketSides())[0].reason == "no positions"


def test_beta_needs_a_positive_nav() -> None:
    chain = [replace(a_link(AS_OF, None), nav=-5.0)]

    metrics = {metric.name: metric for _, metric in measured(chain).metrics.measured}

    assert (metrics["beta"].value, metrics["beta"].reason) == (None, "NAV is not positive")


def test_later_stored_session_is_measured_again_from_the_chain() -> None:
    found = numbers(measured(a_chain([*A_YEAR, NEXT]), stored_exposures=LATER))

    assert found[NEXT, "beta", "portfolio"] == 1.125
    assert found[NEXT, "performance_1d", "portfolio"] == pytest.approx(0.005)
    assert {session for session, _, _ in found} == {AS_OF, NEXT}


def test_earlier_sessions_are_left_alone() -> None:
    found = measured(a_chain(A_YEAR))

    assert {session for (_, session), _ in found.metrics.measured} == {AS_OF}
    assert found.attributed.days == [(0, AS_OF)]


def test_session_knows_nothing_of_later_snapshots() -> None:
    before = numbers(measured(a_chain(A_YEAR)))
    after = numbers(measured(a_chain([*A_YEAR, NEXT])))

    assert after == before


def test_portfolios_of_a_shard_do_not_mix() -> None:
    alone = measured(a_chain(A_YEAR))
    together = measured(a_chain(A_YEAR), a_chain(A_YEAR[-80:], pnl=-7.0))

    assert numbers(together, 0) == numbers(alone, 0)
    assert numbers(together, 1).keys() == numbers(together, 0).keys()
    assert numbers(together, 1)[AS_OF, "max_drawdown", "portfolio"] != 0


def test_concentration_is_written_of_the_days_retaken() -> None:
    views = {
        "portfolio": Concentration(0.5, 1.0, 1.0),
        "longs": Concentration(1.0, 1.0, 1.0),
        "shorts": None,
    }

    found = measured(a_chain([*A_YEAR, NEXT]), concentrations={(0, NEXT): views})

    written = {
        key: value for key, value in numbers(found).items() if key[1] in ("hhi", "top_3_weight")
    }
    assert written == {
        (NEXT, "hhi", "portfolio"): 0.5, (NEXT, "top_3_weight", "portfolio"): 1.0,
        (NEXT, "hhi", "longs"): 1.0, (NEXT, "top_3_weight", "longs"): 1.0,
        (NEXT, "hhi", "shorts"): None, (NEXT, "top_3_weight", "shorts"): None,
    }  # fmt: skip


def test_pnl_of_the_session_and_of_later_ones_is_attributed_from_the_snapshot_before() -> None:
    found = measured(a_chain([*A_YEAR, NEXT]), stored_exposures=LATER).attributed

    sign = 1 if EXCHANGE.index(AS_OF) % 2 else -1
    assert found.days == [(0, AS_OF), (0, NEXT)]
    assert found.previous == [EXCHANGE[-3], AS_OF]
    assert found.pnl.factors.tolist() == [[15.0 * sign, 1.0], [-9.0 * sign, 0.2]]
    assert (found.pnl.factors.sum(axis=1) + found.pnl.specific).tolist() == pytest.approx(
        [10.0, 10.0]
    )


def test_income_fees_and_trades_are_attributed_beside_the_factors() -> None:
    *before, last = a_chain(A_YEAR)
    chain = [*before, replace(last, income=4.0, fees=-1.5, trades_pnl=2.0)]

    columns = measured(chain).attributed.columns()

    by_name = dict(zip(columns["factor"], columns["pnl"], strict=True))
    assert (by_name["income"], by_name["fees"], by_name["trades"]) == (4.0, -1.5, 2.0)
    assert sum(by_name.values()) == pytest.approx(10.0)
    assert set(columns["reason"]) == {None}


def test_causes_stay_known_without_factor_exposures() -> None:
    found = measured(a_chain(A_YEAR), factor_exposures={}).attributed.columns()

    reasons = dict(zip(found["factor"], found["reason"], strict=True))
    missing = "no factor exposures at the previous snapshot"
    assert reasons == {
        "market": missing, "value": missing, "specific": missing,
        "income": None, "fees": None, "trades": None,
    }  # fmt: skip


def test_session_taken_as_an_anchor_only_is_measured_without_beta() -> None:
    anchor = {(0, A_YEAR[-3]): dict.fromkeys(VIEWS)}

    found = measured(a_chain(A_YEAR), concentrations=anchor)

    names = {name for session, name, _ in numbers(found) if session == A_YEAR[-3]}
    assert {"max_drawdown", "hhi"} < names
    assert not {"beta", "market_exposure"} & names
    assert (0, A_YEAR[-3]) in found.attributed.days


def test_chain_counts_the_sessions_between_its_links() -> None:
    links = a_chain([EXCHANGE[10], EXCHANGE[11], EXCHANGE[15]])
    market = a_market()

    chain = chain_of(links, market, np.full(len(EXCHANGE), 0.02))

    assert chain.spans.tolist() == [0, 1, 4]
    assert chain.market.tolist() == market.factor_returns[[10, 11, 15], 0].tolist()


def test_yield_of_a_holiday_is_the_one_before() -> None:
    observed = [ObservedYield(date(2022, 12, 26), 0.04), ObservedYield(date(2022, 12, 28), 0.05)]

    found = carried_forward(observed, [date(2022, 12, 23), AS_OF, NEXT])

    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.04, 0.05]
