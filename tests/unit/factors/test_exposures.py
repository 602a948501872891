"""Exposures: signs, sums, coverage, and nothing invented for what is missing."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from services.factors.calculations.exposures import (
    BookExposures,
    Holdings,
    book_exposures,
    shard_exposures,
)
from services.factors.inputs import Book, KnownBetas, Position
from services.factors.tables import FactorExposure, PositionFactorExposure
from shared.conventions import DEFAULT_MODEL
from shared.rows import rows_of

NAN = np.nan


def holdings(*positions: dict[str, Any]) -> Holdings:
    """Positions with sensible defaults: 100 shares at 50 in the first portfolio, on the first
    symbol.
    """
    defaults = {
        "portfolio": 0,
        "underlying": 0,
        "quantity": 100.0,
        "multiplier": 1.0,
        "delta": 1.0,
        "price": 50.0,
    }

    def column(name: str) -> list[float]:
        return [{**defaults, **position}[name] for position in positions]

    return Holdings(
        np.array(column("portfolio"), dtype=np.int64),
        np.array(column("underlying"), dtype=np.int64),
        *(
            np.array(column(name), dtype=float)
            for name in ("quantity", "multiplier", "delta", "price")
        ),
    )


def exposures_of(
    *positions: dict[str, Any], betas: list[list[float]], portfolios: int = 1
) -> BookExposures:
    return book_exposures(holdings(*positions), portfolios, np.array(betas))


def test_stock_exposure_is_value_times_beta() -> None:
    found = exposures_of({"quantity": 100, "price": 50}, betas=[[1.2, -0.4]])

    assert found.exposures.tolist() == [5000.0]
    assert found.by_factor.tolist() == [[6000.0, -2000.0]]


def test_option_takes_the_delta_adjusted_exposure() -> None:
    found = exposures_of(
        {"quantity": -3, "multiplier": 100, "delta": -0.4, "price": 200}, betas=[[1.5]]
    )

    assert found.exposures.tolist() == pytest.approx([24_000.0])
    assert found.by_factor.tolist() == [pytest.approx([36_000.0])]


def test_long_and_short_of_the_same_symbol_cancel() -> None:
    found = exposures_of({"quantity": 100}, {"quantity": -100}, betas=[[1.2]])

    assert found.portfolios.dollars.tolist() == [[0.0]]
    assert found.portfolios.gross.tolist() == [10_000.0]


def test_portfolio_is_the_sum_of_the_positions_it_holds() -> None:
    found = exposures_of(
        {"portfolio": 1},
        {"portfolio": 1, "underlying": 1},
        {"portfolio": 2},
        betas=[[1.0], [0.5]],
        portfolios=3,
    )

    assert found.portfolios.dollars.tolist() == [[0.0], [7500.0], [5000.0]]
    assert found.portfolios.positions.tolist() == [0, 2, 1]


def test_position_without_beta_is_left_out_and_lowers_coverage() -> None:
    found = exposures_of({"price": 30}, {"underlying": 1, "price": 10}, betas=[[2.0], [NAN]])

    assert np.isnan(found.by_factor[1, 0])
    assert found.portfolios.dollars.tolist() == [[6000.0]]
    assert found.portfolios.coverage.tolist() == [[0.75]]
    assert found.portfolios.left_out.tolist() == [[1]]


def test_position_without_price_is_left_out() -> None:
    found = exposures_of({}, {"price": NAN}, betas=[[1.0]])

    assert found.portfolios.dollars.tolist() == [[5000.0]]
    assert found.portfolios.left_out.tolist() == [[1]]


def test_portfolio_with_nothing_measured_is_null_not_zero() -> None:
    found = exposures_of({"underlying": 0}, {"price": NAN, "underlying": 1}, betas=[[NAN], [1.0]])

    (record,) = rows_of(FactorExposure, found.portfolios.columns(("book",), ("market",)))

    assert record["dollar_exposure"] is None
    assert record["coverage"] == 0.0
    assert (record["positions"], record["positions_left_out"]) == (2, 2)


def test_empty_portfolio_has_no_exposure_and_nothing_to_cover() -> None:
    found = exposures_of(betas=[[]], portfolios=1)
    one_factor = book_exposures(holdings(), 1, np.empty((0, 1)))

    (record,) = rows_of(FactorExposure, one_factor.portfolios.columns(("book",), ("market",)))

    assert rows_of(FactorExposure, found.portfolios.columns(("book",), ())) == []
    assert (record["dollar_exposure"], record["gross_exposure"], record["coverage"]) == (
        0.0,
        0.0,
        None,
    )


def test_expired_option_has_no_factor_exposure_even_without_beta() -> None:
    found = exposures_of({"delta": 0.0, "multiplier": 100}, betas=[[NAN]])

    assert found.by_factor.tolist() == [[0.0]]
    assert found.portfolios.left_out.tolist() == [[0]]


def test_unknown_prices_and_betas_are_stored_as_null_with_the_reason() -> None:
    portfolio = UUID(int=1)
    positions = (
        Position(UUID(int=2), portfolio, "A", "A", 100.0, 1, 1.0, None, "no close of A"),
        Position(UUID(int=3), portfolio, "B", "B", 100.0, 1, 1.0, 50.0, None),
    )
    betas = {
        "A": KnownBetas(np.array([1.0, NAN]), "full_history", None, capped=False),
        "B": KnownBetas(np.array([NAN, NAN]), "insufficient", "0 returns", capped=False),
    }

    found = shard_exposures(
        Book((portfolio,), positions), {DEFAULT_MODEL: betas}, ("market", "value")
    )

    rows = rows_of(PositionFactorExposure, found.position_columns())
    names = ("symbol", "factors", "exposure", "reason")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("A", ("market", "value"), None, "no close of A"),
        ("B", ("market", "value"), 5000.0, "0 returns"),
    ]
    vectors = [[row["betas"], row["factor_exposures"]] for row in rows]
    expected = [[[1.0, NAN], [NAN, NAN]], [[NAN, NAN], [NAN, NAN]]]
    np.testing.assert_array_equal(vectors, expected)
    (market, _) = rows_of(FactorExposure, found.portfolio_columns())
    assert (market["model"], market["portfolio_id"]) == (DEFAULT_MODEL, portfolio)
    assert (market["dollar_exposure"], market["gross_exposure"]) == (None, 5000.0)
