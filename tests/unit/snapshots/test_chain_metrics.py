"""What follows from the chain: metrics and attribution of a session and of every later one
stored.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from services.snapshots.calculations import (
    Backdrop,
    ChainLink,
    Concentration,
    MarketSide,
    Standings,
    StandingWork,
    market_exposures,
    standings,
)
from services.snapshots.calculations.chain import carried_forward, chain_of
from services.snapshots.calculations.metrics import VIEWS
from shared.calendar import sessions

AS_OF, NEXT = date(2022, 12, 27), date(2022, 12, 28)
EXCHANGE = sessions(date(2021, 12, 1), NEXT)
A_YEAR = EXCHANGE[-200:-1]
EXPOSURES = market_exposures(
    MarketSide(3000.0, 2000.0, 2000.0, 1, 1), MarketSide(-750.0, 500.0, 500.0, 1, 1)
)
NUMBERS = dict[tuple[date, str, str], float | None]


def a_link(
    session: date, previous: date | None, pnl: float = 10.0, nav: float = 2000.0
) -> ChainLink:
    return ChainLink.of(
        session, previous, (nav, pnl if previous else None, pnl / nav if previous else None)
    )


def a_chain(days: Sequence[date], **given: float) -> list[ChainLink]:
    return [a_link(day, before, **given) for day, before in zip(days, (None, *days), strict=False)]


def work(*chains: Sequence[ChainLink], **given: Any) -> StandingWork:
    """The market moves 1 % up and down, value 0.2 % every day."""
    market = np.where(np.arange(len(EXCHANGE)) % 2, 0.01, -0.01)
    returns = np.stack([market, np.full(len(EXCHANGE), 0.002)], axis=1)
    fields: dict[str, Any] = {
        "backdrop": Backdrop(EXCHANGE, ("market", "value"), returns, np.full(len(EXCHANGE), 0.02)),
        "market_exposures": {(place, AS_OF): EXPOSURES for place in range(len(chains))},
        "factor_exposures": {
            (0, EXCHANGE[-3]): np.array([1500.0, 500.0]),
            (0, AS_OF): np.array([900.0, 100.0]),
        },
        "concentrations": {},
    }
    return StandingWork(chains=chains, **(fields | given))


def numbers(found: Standings, portfolio: int = 0) -> NUMBERS:
    return {
        (session, metric.name, metric.view): metric.value
        for (owner, session), metric in found.metrics
        if owner == portfolio
    }


LATER = {(0, AS_OF): EXPOSURES, (0, NEXT): EXPOSURES}


def test_market_exposures_of_the_sides_add_up_and_beta_is_over_nav() -> None:
    found = numbers(standings(work(a_chain(A_YEAR))))

    assert [found[AS_OF, "market_exposure", view] for view in VIEWS] == [2250.0, 3000.0, -750.0]
    assert [found[AS_OF, "beta", view] for view in VIEWS] == [1.125, 1.5, -0.375]


def test_exposure_covers_what_has_a_beta_and_is_null_when_nothing_has() -> None:
    whole, longs, shorts = market_exposures(
        MarketSide(10.0, 30.0, 100.0, 1, 2), MarketSide(0.0, 0.0, 50.0, 0, 1)
    )

    assert (whole.value, whole.coverage) == (10.0, 30.0 / 150.0)
    assert (longs.coverage, shorts.reason) == (0.3, "no position has a market beta")
    assert market_exposures(MarketSide(), MarketSide())[0].reason == "no positions"


def test_beta_needs_a_positive_nav() -> None:
    chain = [replace(a_link(AS_OF, None), nav=-5.0)]

    metrics = {metric.name: metric for _, metric in standings(work(chain)).metrics}

    assert (metrics["beta"].value, metrics["beta"].reason) == (None, "NAV is not positive")


def test_later_stored_session_is_measured_again_from_the_chain() -> None:
    found = numbers(standings(work(a_chain([*A_YEAR, NEXT]), market_exposures=LATER)))

    assert found[NEXT, "beta", "portfolio"] == 1.125
    assert found[NEXT, "performance_1d", "portfolio"] == pytest.approx(0.005)
    assert {session for session, _, _ in found} == {AS_OF, NEXT}


def test_earlier_sessions_are_left_alone() -> None:
    found = standings(work(a_chain(A_YEAR)))

    assert {session for (_, session), _ in found.metrics} == {AS_OF}
    assert found.attributed.days == [(0, AS_OF)]


def test_session_knows_nothing_of_later_snapshots() -> None:
    before = numbers(standings(work(a_chain(A_YEAR))))
    after = numbers(standings(work(a_chain([*A_YEAR, NEXT]))))

    assert after == before


def test_portfolios_of_a_shard_do_not_mix() -> None:
    alone = standings(work(a_chain(A_YEAR)))
    together = standings(work(a_chain(A_YEAR), a_chain(A_YEAR[-80:], pnl=-7.0)))

    assert numbers(together, 0) == numbers(alone, 0)
    assert numbers(together, 1).keys() == numbers(together, 0).keys()
    assert numbers(together, 1)[AS_OF, "max_drawdown", "portfolio"] != 0


def test_concentration_is_written_of_the_days_retaken() -> None:
    views = {
        "portfolio": Concentration(0.5, 1.0, 1.0),
        "longs": Concentration(1.0, 1.0, 1.0),
        "shorts": None,
    }

    found = standings(work(a_chain([*A_YEAR, NEXT]), concentrations={(0, NEXT): views}))

    written = {
        key: value for key, value in numbers(found).items() if key[1] in ("hhi", "top_3_weight")
    }
    assert written == {
        (NEXT, "hhi", "portfolio"): 0.5, (NEXT, "top_3_weight", "portfolio"): 1.0,
        (NEXT, "hhi", "longs"): 1.0, (NEXT, "top_3_weight", "longs"): 1.0,
        (NEXT, "hhi", "shorts"): None, (NEXT, "top_3_weight", "shorts"): None,
    }  # fmt: skip


def test_pnl_of_the_session_and_of_later_ones_is_attributed_from_the_snapshot_before() -> None:
    found = standings(work(a_chain([*A_YEAR, NEXT]), market_exposures=LATER)).attributed

    sign = 1 if EXCHANGE.index(AS_OF) % 2 else -1
    assert found.days == [(0, AS_OF), (0, NEXT)]
    assert found.previous == [EXCHANGE[-3], AS_OF]
    assert found.pnl.factors.tolist() == [[15.0 * sign, 1.0], [-9.0 * sign, 0.2]]
    assert (found.pnl.factors.sum(axis=1) + found.pnl.specific).tolist() == pytest.approx(
        [10.0, 10.0]
    )


def test_chain_counts_the_sessions_between_its_links() -> None:
    links = a_chain([EXCHANGE[10], EXCHANGE[11], EXCHANGE[15]])
    backdrop = work(links).backdrop

    chain = chain_of(links, backdrop)

    assert chain.spans.tolist() == [0, 1, 4]
    assert chain.market.tolist() == backdrop.factor_returns[[10, 11, 15], 0].tolist()


def test_yield_of_a_holiday_is_the_one_before() -> None:
    observed = [(date(2022, 12, 26), 0.04), (date(2022, 12, 28), 0.05)]

    found = carried_forward(observed, [date(2022, 12, 23), AS_OF, NEXT])

    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.04, 0.05]
