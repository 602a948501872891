"""Trades and amounts as users type them are what the API takes, or a usage error with examples."""

from decimal import Decimal
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from deploy.terminal.amounts import fraction, level, moves, target, yield_change
from deploy.terminal.trades import STRATEGIES, trade_of
from services.gateway.drafts.schemas.trades import NewTrade
from services.gateway.drafts.trading.resolving import Wanted, misplaced

SAID: dict[str, dict[str, Any]] = {
    "sell 100 SPY": {"action": "open", "quantity": "-100", "symbol": "SPY"},
    "Buy $5000 ko @ 63.25": {
        **{"action": "open", "exposure": "5000", "symbol": "KO"},
        "price": "63.25",
    },
    "sell 2500.5USD XOM": {"action": "open", "exposure": "-2500.5", "symbol": "XOM"},
    "short 10 BRK B": {"action": "open", "quantity": "-10", "symbol": "BRK B"},
    "cover 10 MSFT": {"action": "open", "quantity": "10", "symbol": "MSFT"},
    "buy 2 AAPL230616C00150000": {
        **{"action": "open", "quantity": "2", "symbol": "AAPL230616C00150000"}
    },
    "close XOM": {"action": "close", "symbol": "XOM"},
    "close 40 XOM": {"action": "close", "quantity": "40", "symbol": "XOM"},
    "adjust -50 AAPL": {"action": "adjust", "quantity": "-50", "symbol": "AAPL"},
    "adjust $0 AAPL": {"action": "adjust", "exposure": "0", "symbol": "AAPL"},
    "hedge SPY": {"action": "hedge", "symbol": "SPY"},
    "hedge 50% with SPY": {"action": "hedge", "share": 0.5, "symbol": "SPY"},
    "hedge beta 25% QQQ": {
        **{"action": "hedge", "measure": "market_beta", "share": 0.25, "symbol": "QQQ"}
    },
    "protective-put 1 xom 2023-06-16 100": {
        **{"action": "strategy", "strategy": "protective_put", "quantity": "1"},
        **{"underlying": "XOM", "expiry": "2023-06-16", "strikes": ["100"]},
    },
    "vertical -2 C 2023-06-16 45/50 put": {
        **{"action": "strategy", "strategy": "vertical", "quantity": "-2", "underlying": "C"},
        **{"expiry": "2023-06-16", "strikes": ["45", "50"], "option_type": "P"},
    },
}


@pytest.mark.parametrize("sentence", SAID)
def test_a_sentence_is_the_trade_that_the_api_takes(sentence: str) -> None:
    trade = trade_of(sentence)

    assert trade == SAID[sentence]
    assert misplaced([Wanted("trade", NewTrade.model_validate(trade))]) == []


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("sell", "a trade says what to do"),
        ("dump 100 SPY", "'dump' is none of buy"),
        ("sell SPY", "'SPY' is no amount"),
        ("sell 100", "the symbol is missing"),
        ("sell -100 SPY", "a sale has no sign"),
        ("buy 1,000 SPY", "'1,000' is no amount"),
        ("buy 1 SPY @ cheap", "'cheap' is no price"),
        ("hedge most SPY", "'most' is neither a share"),
        ("collar 1 XOM June 100", "write collar 1 XOM 2023-06-16 100"),
    ],
)
def test_a_sentence_that_is_unclear_says_what_to_write(sentence: str, why: str) -> None:
    with pytest.raises(typer.BadParameter, match="Examples: ") as refused:
        trade_of(sentence)

    assert why in refused.value.message


@given(
    st.sampled_from(["buy", "sell"]),
    st.decimals("0.000001", "999999999", places=6),
    st.from_regex(r"[A-Z]{1,5}", fullmatch=True),
)
def test_quantities_keep_all_their_digits(verb: str, quantity: Decimal, symbol: str) -> None:
    trade = NewTrade.model_validate(trade_of(f"{verb} {quantity:f} {symbol}"))

    assert trade.quantity == (quantity if verb == "buy" else -quantity)
    assert trade.symbol == symbol


def test_every_strategy_of_the_api_is_known() -> None:
    assert len(STRATEGIES) == 7


@pytest.mark.parametrize(
    ("text", "meant"),
    [("-12%", -0.12), ("-0.12", -0.12), ("+50 %", 0.5), ("1.5", 1.5), ("−3%", -0.03)],
)
def test_a_change_is_in_percent_or_decimals(text: str, meant: float) -> None:
    assert fraction(text) == pytest.approx(meant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("50bp", 0.005), ("-25 bp", -0.0025), ("0.5%", 0.005), ("0.005", 0.005)],
)
def test_a_yield_moves_by_basis_points_or_percent(text: str, meant: float) -> None:
    assert yield_change(text) == pytest.approx(meant)


@pytest.mark.parametrize("text", ["12", "-12", "twelve", "1e3", "inf", "", "5bp"])
def test_a_change_that_is_unclear_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"write -12% or -0\.12"):
        fraction(text)


def test_a_yield_without_a_unit_is_not_taken_for_percent() -> None:
    with pytest.raises(typer.BadParameter, match=r"write 50bp, 0\.5% or 0\.005"):
        yield_change("50")


def test_names_move_once_each() -> None:
    assert moves(["market=-12%", "value = 3%"], "market=-12%") == {"market": -0.12, "value": 0.03}
    with pytest.raises(typer.BadParameter, match="given twice"):
        moves(["market=1%", "market=2%"], "market=-12%")
    with pytest.raises(typer.BadParameter, match="write market=-12%"):
        moves(["market"], "market=-12%")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("beta=0", {"measure": "beta", "equal": 0.0, "unit": "own"}),
        ("dollar_delta <= -5000", {"measure": "dollar_delta", "at_most": -5000.0, "unit": "own"}),
        (
            "var_95_1d_historical<=2%",
            {"measure": "var_95_1d_historical", "at_most": 0.02, "unit": "share_of_nav"},
        ),
        ("factor.value>=1", {"measure": "factor.value", "at_least": 1.0, "unit": "own"}),
    ],
)
def test_a_target_is_a_measure_and_where_it_shall_be(text: str, meant: dict[str, Any]) -> None:
    assert target(text) == meant


def test_a_target_or_level_that_is_unclear_is_refused() -> None:
    for text in ("beta", "beta==0", "beta<0", "Beta=0"):
        with pytest.raises(typer.BadParameter, match="write"):
            target(text)
    with pytest.raises(typer.BadParameter, match=r"write 50000, 0\.1 or 10%"):
        level("5 bp")


def test_a_level_is_a_number_or_a_share() -> None:
    assert [level(text) for text in ("50000", "0.1", "10%", "-15 %")] == [50_000, 0.1, 0.1, -0.15]
