"""Candidates of suggestions: how many of each may be traded."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.gateway.drafts.queries.suggestions import Standing
from services.gateway.drafts.schemas.suggestions import WantedSuggestions
from services.gateway.drafts.suggesting.candidates import Offer, Start, candidate_of
from services.gateway.drafts.trading.legs import Price
from shared.contracts.factors import SymbolBetas
from shared.contracts.greeks import PricedOption
from shared.instruments import parse_occ

DAY = date(2022, 12, 28)
PUT = "SPY230616P00370000"
BETAS = {"SPY": SymbolBetas(symbol="SPY", betas={"market": 1.0}, rate_betas={}, reason=None)}


def bounds(
    symbol: str = "SPY", held: int = 0, terms: dict[str, Any] | None = None, **more: Any
) -> tuple[int, int]:
    """The lowest and highest quantity of one candidate at a NAV of 100,000 USD, SPY at 400."""
    named = {"symbol": symbol, **(terms or {})}
    targets = [{"measure": "beta", "equal": 0}]
    wanted = WantedSuggestions.model_validate({"targets": targets, "candidates": [named], **more})
    start = Start(DAY, Standing(100_000.0, 80_000.0, {}), {symbol: Decimal(held)})
    spot = Decimal(400)
    is_put = symbol == PUT
    offer = Offer(parse_occ(PUT) if is_put else symbol, "candidates.0", wanted.candidates[0])
    price = Price(Decimal(10) if is_put else spot, DAY, "model", 1.0, spot)
    options = {PUT: PricedOption(contract=PUT)} if is_put else {}
    found = candidate_of(offer, start, wanted, price, options, BETAS)
    return found.lowest, found.highest


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, (-500, 500)),  # twice the NAV
        ({"most_bought": 0}, (-500, 0)),
        ({"most_sold": 1_000, "most_bought": 3}, (-1_000, 3)),
        ({"most_dollars": 1_000}, (-2, 2)),
        ({"most_dollars": 1_000, "most_sold": 1}, (-1, 2)),
    ],
)
def test_bounds_are_the_users_else_twice_the_portfolio(
    terms: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert bounds(terms=terms) == expected


def test_contracts_are_bounded_by_their_notional_and_their_premium() -> None:
    assert bounds(PUT) == (-5, 5)  # 100 x 400 each
    assert bounds(PUT, terms={"most_dollars": 2_500}) == (-2, 2)  # 100 x 10 each


@pytest.mark.parametrize(("held", "expected"), [(30, (-30, 0)), (-20, (0, 20)), (0, (-500, 500))])
def test_what_is_held_is_only_reduced_on_request(held: int, expected: tuple[int, int]) -> None:
    assert bounds(held=held, reduce_only=True) == expected
    assert bounds(held=held) == (-500, 500)
