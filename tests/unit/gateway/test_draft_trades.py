"""What trades of a draft mean: strategies, closings, exposures, hedges, pasted rows."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.gateway.books.ledger import Kind, branched_id
from services.gateway.drafts.schemas.trades import NewTrade
from services.gateway.drafts.trading.legs import Holdings, Price
from services.gateway.drafts.trading.pasting import pasted_trades
from services.gateway.drafts.trading.resolving import (
    Errors,
    Exposed,
    Line,
    Resolver,
    Wanted,
    misplaced,
    orders_of,
)
from services.gateway.drafts.trading.strategies import (
    STRIKES,
    InvalidStrategy,
    Strategy,
    StrategyLeg,
    strategy_legs,
)
from services.gateway.edge.conditional import version_of

DAY = date(2022, 12, 28)
CALL = "AAPL230616C00140000"
PRICES = {
    "AAPL": Price(Decimal(126), DAY, "close", 1.0, Decimal(126)),
    "SPY": Price(Decimal(380), DAY, "close", 1.0, Decimal(380)),
    CALL: Price(Decimal("8.4"), DAY, "model", 0.5, Decimal(126)),
}


def traded(
    *terms: dict[str, Any], held: dict[str, int] | None = None, net: float = 0.0
) -> tuple[list[Line], Errors]:
    """The lines of trades, and what is wrong with them."""
    errors: Errors = []
    holdings = Holdings((symbol, Decimal(each)) for symbol, each in (held or {}).items())
    exposed = Exposed(net, net, {"AAPL": 1.25, "SPY": 1.0})
    resolver = Resolver(holdings, PRICES, exposed, errors)
    lines: list[Line] = []
    for place, each in enumerate(terms):
        wanted = Wanted(f"trades.{place}", NewTrade.model_validate(each))
        errors += misplaced([wanted])
        lines += resolver.lines(place, wanted, orders_of(wanted, {}, errors))
    return lines, errors


def said(lines: list[Line]) -> list[tuple[Kind, str, int]]:
    return [(line.kind, line.order.symbol, int(line.quantity)) for line in lines]


def test_a_sale_of_more_than_held_closes_it_and_goes_short() -> None:
    lines, _ = traded(
        {"action": "open", "symbol": "aapl", "quantity": -150},
        {"action": "open", "symbol": "AAPL", "quantity": 60},
        held={"AAPL": 100},
    )

    assert said(lines) == [
        (Kind.SELL, "AAPL", -100),
        (Kind.SELL_SHORT, "AAPL", -50),
        (Kind.BUY_TO_COVER, "AAPL", 50),
        (Kind.BUY, "AAPL", 10),
    ]


def test_dollars_are_as_many_whole_contracts_as_they_pay() -> None:
    lines, _ = traded(
        {"action": "open", "symbol": CALL, "exposure": -2000},
        {"action": "open", "symbol": "AAPL", "exposure": 1000, "price": 100},
    )

    assert said(lines) == [(Kind.SELL_SHORT, CALL, -2), (Kind.BUY, "AAPL", 10)]
    assert [line.price for line in lines] == [Decimal("8.400000"), Decimal(100)]


def test_adjusting_trades_the_difference_and_closing_all_of_it() -> None:
    lines, _ = traded(
        {"action": "adjust", "symbol": "AAPL", "quantity": 30},
        {"action": "close", "symbol": CALL},
        {"action": "close", "symbol": "AAPL", "quantity": 10},
        held={"AAPL": 100, CALL: -4},
    )

    assert said(lines) == [
        (Kind.SELL, "AAPL", -70),
        (Kind.BUY_TO_COVER, CALL, 4),
        (Kind.SELL, "AAPL", -10),
    ]


@pytest.mark.parametrize("paid", [63, 252])
def test_the_price_paid_does_not_change_what_an_adjusted_position_is_worth(paid: int) -> None:
    adjusted = {"action": "adjust", "symbol": "AAPL", "exposure": 6_300, "price": paid}

    lines, _ = traded(adjusted, held={"AAPL": 100})

    assert said(lines) == [(Kind.SELL, "AAPL", -50)]  # 50 at the close of 126 are left
    assert [line.price for line in lines] == [Decimal(paid)]


@pytest.mark.parametrize(
    ("measure", "shares"), [("delta_adjusted", -33), ("market_beta", -41), (None, -33)]
)
def test_a_hedge_trades_against_what_earlier_trades_left(measure: str | None, shares: int) -> None:
    bought = {"action": "open", "symbol": "AAPL", "quantity": 100}
    hedge = {"action": "hedge", "symbol": "SPY"} | ({"measure": measure} if measure else {})

    lines, errors = traded(bought, hedge, held={"SPY": 100})

    assert errors == []
    assert said(lines)[1:] == [(Kind.SELL, "SPY", shares)]
    assert [line.delta_adjusted for line in lines] == [12_600.0, shares * 380.0]


@pytest.mark.parametrize("measure", ["delta_adjusted", "market_beta"])
def test_the_price_paid_for_a_hedge_does_not_change_its_size(measure: str) -> None:
    hedge = {"action": "hedge", "symbol": "SPY", "measure": measure, "price": 190}

    lines, _ = traded(hedge, net=38_000.0)

    assert said(lines) == [(Kind.SELL_SHORT, "SPY", -100)]
    assert [(line.price, line.delta_adjusted) for line in lines] == [(Decimal(190), -38_000.0)]


@pytest.mark.parametrize(
    ("terms", "field", "code"),
    [
        ({"action": "close", "symbol": "AAPL"}, "symbol", "nothing_held"),
        ({"action": "close", "symbol": CALL, "quantity": 5}, "quantity", "more_than_held"),
        ({"action": "open", "symbol": "AAPL"}, "quantity", "missing_value"),
        ({"action": "open", "symbol": "AAPL", "exposure": 5}, "exposure", "exposure_too_small"),
        ({"action": "open", "symbol": "A$"}, "symbol", "invalid_symbol"),
        ({"action": "hedge", "symbol": CALL}, "symbol", "not_a_hedge"),
        ({"action": "open", "symbol": CALL, "quantity": 0}, "quantity", "nothing_to_trade"),
        ({"action": "open", "symbol": "AAPL", "strikes": [5]}, "strikes", "unexpected"),
        ({"action": "add_portfolio"}, "portfolio_id", "missing_value"),
    ],
)
def test_what_cannot_be_traded_names_its_field(
    terms: dict[str, Any], field: str, code: str
) -> None:
    if code == "missing_value" and "symbol" not in terms:
        errors = misplaced([Wanted("trades.0", NewTrade.model_validate(terms))])
    else:
        _, errors = traded(terms, held={CALL: 4})

    assert (f"trades.0.{field}", code) in [(each["field"], each["code"]) for each in errors]


def test_an_adjustment_to_what_is_held_trades_nothing() -> None:
    assert traded({"action": "adjust", "symbol": CALL, "quantity": 4}, held={CALL: 4}) == ([], [])


def test_strategies_are_the_legs_that_their_names_say() -> None:
    def legs(strategy: Strategy, *strikes: int, option_type: str | None = None) -> list[str]:
        found = strategy_legs(strategy, [*map(Decimal, strikes)], option_type, shares=True)
        assert not isinstance(found, InvalidStrategy), found
        return [f"{leg.quantity:+d}{leg.option_type or ''}{leg.strike or ''}" for leg in found]

    assert legs(Strategy.VERTICAL, 90, 95, option_type="C") == ["+1C90", "-1C95"]
    assert legs(Strategy.STRADDLE, 90) == ["+1P90", "+1C90"]
    assert legs(Strategy.STRANGLE, 80, 95) == ["+1P80", "+1C95"]
    assert legs(Strategy.COLLAR, 80, 95) == ["+100", "+1P80", "-1C95"]
    assert legs(Strategy.COVERED_CALL, 95) == ["+100", "-1C95"]
    assert legs(Strategy.PROTECTIVE_PUT, 80) == ["+100", "+1P80"]
    assert legs(Strategy.IRON_CONDOR, 70, 80, 95, 99) == ["+1P70", "-1P80", "-1C95", "+1C99"]


@pytest.mark.parametrize("strategy", Strategy)
def test_a_strategy_refuses_other_strikes(strategy: Strategy) -> None:
    option_type = "P" if strategy is Strategy.VERTICAL else None
    count, _ = STRIKES[strategy]

    for strikes in ([90] * (count + 1), [95, 95, 80, 70][:count] if count > 1 else []):
        found = strategy_legs(strategy, [*map(Decimal, strikes)], option_type, shares=False)
        assert isinstance(found, InvalidStrategy)
        assert found.field == "strikes"


def test_a_collar_without_shares_is_its_options() -> None:
    legs = strategy_legs(Strategy.COLLAR, [Decimal(80), Decimal(95)], None, shares=False)

    assert legs == [StrategyLeg("P", Decimal(80), 1), StrategyLeg("C", Decimal(95), -1)]


def test_pasted_rows_open_with_the_sign_of_their_side() -> None:
    errors: Errors = []
    text = "\ufeffTicker,Qty,Side,Price\n# ours\nAAPL,10,sell short,126.5\n\nSPY,-3,,\n"

    found = pasted_trades(text, errors)

    assert errors == []
    assert [each.label for each in found] == ["csv.line 3", "csv.line 5"]
    terms = [(each.trade.symbol, each.trade.quantity, each.trade.price) for each in found]
    assert terms == [("AAPL", Decimal(-10), Decimal("126.5")), ("SPY", Decimal(-3), None)]


@pytest.mark.parametrize(
    "text",
    [
        "symbol\tquantity\tprice\nAAPL\t-50\t126.5\nXOM\t100\t\n",
        "AAPL\t-50\t126.5\nXOM\t100\n",
        "Symbol;Qty;Price\nAAPL;-50;126.5\nXOM;100;\n",
        "# from a mail\nAAPL,-50,126.5\nXOM,100\n",
    ],
)
def test_pasted_cells_need_neither_commas_nor_a_header(text: str) -> None:
    errors: Errors = []

    found = pasted_trades(text, errors)

    assert errors == []
    terms = [(each.trade.symbol, each.trade.quantity, each.trade.price) for each in found]
    assert terms == [("AAPL", Decimal(-50), Decimal("126.5")), ("XOM", Decimal(100), None)]


def test_a_pasted_line_that_is_no_trade_is_named_by_its_number() -> None:
    errors: Errors = []

    pasted_trades("symbol\tquantity\nAAPL\tmany\nXOM\t1,000\nSPY\t5\n", errors)

    assert [each["field"] for each in errors] == ["csv.line 2.quantity", "csv.line 3.quantity"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("symbol,quantity,currency\nAAPL,1,EUR\n", "unknown_column"),
        ("symbol,price\nAAPL,1\n", "missing_column"),
        ("symbol,quantity,qty\nAAPL,1,1\n", "duplicate_column"),
        ("symbol,quantity\n", "empty"),
        ("symbol,quantity\nAAPL,many\n", "not_a_number"),
        ("symbol,quantity,side\nAAPL,1,lend\n", "invalid_value"),
        ("symbol,quantity,fees\nAAPL,1,-2\n", "greater_than_equal"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(text: str, code: str) -> None:
    errors: Errors = []

    assert pasted_trades(text, errors) == []
    assert [each["code"] for each in errors] == [code]


def test_ids_of_a_branch_are_in_the_same_order_and_lead_back() -> None:
    ids = sorted(uuid4() for _ in range(50))
    draft_id = uuid4()

    own = [branched_id(each, draft_id) for each in ids]

    assert own == sorted(own)
    assert set(own).isdisjoint(ids)
    assert [branched_id(each, draft_id) for each in own] == ids
    assert {each.variant for each in own} == {draft_id.variant}


@pytest.mark.parametrize(
    ("given", "version"), [('"4"', "4"), ('W/"4-7-abc"', "4"), ("4", "4"), ("*", None)]
)
def test_a_tag_names_its_version(given: str, version: str | None) -> None:
    assert version_of(given) == version
