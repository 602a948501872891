"""Risk of a shard in one call: views, parts of positions, the session measured and the later ones it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from services.snapshots.calculations import (
    MARKET_EXPOSURE,
    TAIL_MEASURES,
    USD,
    Backdrop,
    ChainLink,
    Estimates,
    MeasuredRisk,
    Metric,
    RiskWork,
    Shard,
    measured_risk,
)
from services.snapshots.calculations.history import carried_forward, chain_of
from services.snapshots.calculations.metrics import VIEWS
from shared.calendar import sessions

AS_OF, NEXT = date(2022, 12, 27), date(2022, 12, 28)
EXCHANGE = sessions(date(2021, 12, 1), NEXT)
FACTORS = ("market", "value")
NOTHING = {"hhi": 1.0, "top_3_weight": 1.0, "top_10_weight": 1.0}
Numbers = dict[tuple[date, str, str], float | None]


def a_position(owner: str, name: str, quantity: float = 10.0, **given: Any) -> tuple[Any, ...]:
    """Ten shares of AAPL at 100 with a year of P&L, unless said otherwise."""
    pnl = np.random.default_rng(len(name)).normal(0, 20, 252) * quantity
    fields: dict[str, Any] = {
        "underlying": "AAPL",
        "weight": abs(quantity) * 100.0,
        "exposure": quantity * 100.0,
        "pnl": pnl.tolist(),
        "reason": None,
    } | given
    return (name, owner, name, fields["underlying"], quantity, *list(fields.values())[1:])


def a_link(session: date, previous: date | None, pnl: float = 10.0, nav: float = 2000.0) -> ChainLink:
    return ChainLink.of(
        session, previous, (nav, pnl if previous else None, pnl / nav), {"portfolio": NOTHING}
    )


def a_chain(days: Sequence[date], **given: float) -> list[ChainLink]:
    return [a_link(day, before, **given) for day, before in zip(days, (None, *days), strict=False)]


def work(
    positions: Sequence[tuple[Any, ...]],
    chains: Sequence[Sequence[ChainLink]],
    measured: Mapping[Any, Any] | None = None,
) -> RiskWork:
    """Two factors of which the market moves 1 % up and down, betas 1.5 and 0.5 of AAPL."""
    market = np.where(np.arange(len(EXCHANGE)) % 2, 0.01, -0.01)
    factor_returns = np.stack([market, np.full(len(EXCHANGE), 0.002)], axis=1)
    closes: Any = np.cumprod(1 + np.random.default_rng(1).normal(0, 0.02, (253, 1)), axis=0)
    owners = [f"book {place}" for place in range(len(chains))]
    return RiskWork(
        as_of=AS_OF,
        shard=Shard.of(owners, ["AAPL"], positions),
        estimates=Estimates(np.array([[1.5, 0.5]]), np.diag([1e-4, 1e-5]), closes, 0.94, 252, 252),
        backdrop=Backdrop(EXCHANGE, FACTORS, factor_returns, np.full(len(EXCHANGE), 0.02)),
        chains=chains,
        measured=measured or {},
        factor_exposures={(0, EXCHANGE[-3]): np.array([1500.0, 500.0]), (0, AS_OF): np.array([900.0, 100.0])},
    )


def numbers(found: MeasuredRisk, portfolio: int = 0) -> Numbers:
    return {
        (session, metric.name, metric.view): metric.value
        for (owner, session), metric in found.metrics
        if owner == portfolio
    }


def later_exposure(usd: float) -> dict[str, Metric]:
    return {view: Metric(MARKET_EXPOSURE, view, usd, USD) for view in VIEWS}


A_BOOK = [a_position("book 0", "long", 20.0), a_position("book 0", "short", -5.0)]
A_YEAR = EXCHANGE[-200:-1]


def test_longs_and_shorts_are_measured_apart_and_market_exposure_adds_up() -> None:
    found = numbers(measured_risk(work(A_BOOK, [a_chain(A_YEAR)])))

    exposure = {view: found[AS_OF, "market_exposure", view] for view in VIEWS}
    assert exposure == {"portfolio": 2250.0, "longs": 3000.0, "shorts": -750.0}
    assert found[AS_OF, "beta", "portfolio"] == pytest.approx(2250 / 2000)
    assert found[AS_OF, "beta", "shorts"] == pytest.approx(-750 / 2000)
    for view in VIEWS:
        for name in (
            "var_95_1d_historical",
            "es_99_1d_historical",
            "var_99_1d_parametric",
            "es_95_1d_parametric",
        ):
            value = found[AS_OF, name, view]
            assert value is not None
            assert value > 0


def test_components_add_up_to_the_metric_of_the_portfolio() -> None:
    measured = measured_risk(work(A_BOOK, [a_chain(A_YEAR)]))

    found, (book,) = numbers(measured), measured.books
    for place, measure in enumerate(TAIL_MEASURES):
        total = found[AS_OF, f"{measure}_1d_historical", "portfolio"]
        assert book.components[:, place].sum() == pytest.approx(total, rel=1e-12)


def test_every_portfolio_has_the_same_metrics_whatever_it_holds() -> None:
    measured = measured_risk(work(A_BOOK, [a_chain(A_YEAR), a_chain([AS_OF])]))

    assert numbers(measured, 0).keys() == numbers(measured, 1).keys()
    empty = {metric.reason for (owner, _), metric in measured.metrics if owner == 1 and "1d_" in metric.name}
    assert empty >= {"no positions"}
    assert numbers(measured, 1)[AS_OF, "var_95_1d_historical", "portfolio"] is None


def test_portfolios_of_a_shard_do_not_mix() -> None:
    other = [a_position("book 1", "elsewhere", 1000.0)]

    alone = measured_risk(work(A_BOOK, [a_chain(A_YEAR)]))
    together = measured_risk(work([*A_BOOK, *other], [a_chain(A_YEAR), a_chain(A_YEAR)]))

    assert numbers(together, 0) == numbers(alone, 0)


def test_left_out_positions_are_named_with_their_reason() -> None:
    positions = [
        a_position("book 0", "known"),
        a_position("book 0", "lost", pnl=None, exposure=None, reason="no price"),
    ]

    (book,) = measured_risk(work(positions, [a_chain(A_YEAR)])).books

    assert book.reason.tolist() == [None, "no price"]
    assert book.modelled.tolist() == [True, False]


def test_later_measured_session_is_measured_again_from_the_chain() -> None:
    chain = a_chain([*A_YEAR, NEXT])
    measured = {(0, NEXT): later_exposure(1000.0)}

    found = numbers(measured_risk(work(A_BOOK, [chain], measured)))

    assert found[NEXT, "beta", "portfolio"] == pytest.approx(0.5)
    assert found[NEXT, "performance_1d", "portfolio"] == pytest.approx(0.005)
    assert (NEXT, "var_95_1d_historical", "portfolio") not in found
    assert (NEXT, "market_exposure", "portfolio") not in found


def test_later_session_not_measured_yet_is_left_to_its_own_run() -> None:
    found = measured_risk(work(A_BOOK, [a_chain([*A_YEAR, NEXT])]))

    assert {session for (_, session), _ in found.metrics} == {AS_OF}
    assert found.attributed.days == [(0, AS_OF)]


def test_session_knows_nothing_of_later_snapshots() -> None:
    before = numbers(measured_risk(work(A_BOOK, [a_chain(A_YEAR)])))
    after = numbers(measured_risk(work(A_BOOK, [a_chain([*A_YEAR, NEXT], pnl=10.0)])))

    assert after == before


def test_pnl_of_the_session_and_of_later_ones_is_attributed_from_the_snapshot_before() -> None:
    measured = {(0, NEXT): later_exposure(1000.0)}

    found = measured_risk(work(A_BOOK, [a_chain([*A_YEAR, NEXT])], measured)).attributed

    sign = 1 if EXCHANGE.index(AS_OF) % 2 else -1
    assert found.days == [(0, AS_OF), (0, NEXT)]
    assert found.pnl.factors.tolist() == [[15.0 * sign, 1.0], [-9.0 * sign, 0.2]]
    assert (found.pnl.factors.sum(axis=1) + found.pnl.specific).tolist() == pytest.approx([10.0, 10.0])


def test_beta_needs_a_positive_nav() -> None:
    link = replace(a_link(AS_OF, None), nav=-5.0)

    metrics = {m.name: m for _, m in measured_risk(work(A_BOOK, [[link]])).metrics if m.view == "portfolio"}

    assert (metrics["beta"].value, metrics["beta"].reason) == (None, "NAV is not positive")


def test_chain_counts_the_sessions_between_its_links() -> None:
    links = a_chain([EXCHANGE[10], EXCHANGE[11], EXCHANGE[15]])
    backdrop = work(A_BOOK, [links]).backdrop

    chain = chain_of(links, backdrop)

    assert chain.spans.tolist() == [0, 1, 4]
    assert chain.market.tolist() == backdrop.factor_returns[[10, 11, 15], 0].tolist()


def test_yield_of_a_holiday_is_the_one_before() -> None:
    observed = [(date(2022, 12, 26), 0.04), (date(2022, 12, 28), 0.05)]

    found = carried_forward(observed, [date(2022, 12, 23), AS_OF, NEXT])

    assert np.isnan(found[0])
    assert found[1:].tolist() == [0.04, 0.05]
