"""A split within the span of the snapshots: the same money in other shares."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.inputs import (
    DueSnapshot,
    Plan,
    PositionOnDay,
    Quote,
    SnapshotInputs,
    Split,
)
from tests.unit.snapshots.builders import (
    FRIDAY,
    LONG_AGO,
    SESSIONS,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Contract,
    Holding,
    Market,
    an_id,
    an_option,
    latest_close,
    latest_value,
    positions,
)

DAYS = [FRIDAY, TUESDAY, WEDNESDAY, THURSDAY]
EX_DATE = WEDNESDAY
PLAN = Plan(
    (an_id(0),),
    tuple(DueSnapshot(0, day, before) for day, before in zip(DAYS, [None, *DAYS], strict=False)),
)
OLD_CALL, NEW_CALL = "AAPL230120C00400000", "AAPL230120C00100000"
MONEY = ("market_value", "cost", "unrealised_pnl", "daily_pnl", "notional", "delta_adjusted")
Prices = Mapping[date, float]


def holdings(quantities: Sequence[float], ratio: float = 1) -> list[Holding]:
    """Stock and a call in shares of which `ratio` are one old share."""
    stock, call = (quantity * ratio for quantity in quantities)
    terms = {"entry_price": 20 / ratio, "strike": 400 / ratio}
    return [Holding(quantity=stock, entry_price=360 / ratio), an_option(NEW_CALL, call, **terms)]


def quoted(closes: Prices, contracts: Mapping[str, Prices]) -> list[Quote]:
    values = {
        name: {day: Contract(price, 0.5) for day, price in days.items()}
        for name, days in contracts.items()
    }
    market = Market({"AAPL": closes}, values)
    known = [latest_close(market, "AAPL", day) for day in DAYS]
    known += [latest_value(market, name, day) for name in contracts for day in DAYS]
    return [quote for quote in known if quote is not None]


def a_whole_book(quantities: Sequence[float], closes: Prices, values: Prices) -> Snapshots:
    """Without a split."""
    held = positions(holdings(quantities))
    quotes = quoted(closes, {NEW_CALL: values})
    return portfolio_snapshots(SnapshotInputs(PLAN, held, quotes, sessions=SESSIONS))


def a_split_book(
    quantities: Sequence[float], closes: Prices, values: Prices, ratio: float
) -> Snapshots:
    """The same, entered before the split: from its day on more shares, each worth less."""
    shares = {day: ratio if day >= EX_DATE else 1.0 for day in DAYS}
    calls = {day: NEW_CALL if day >= EX_DATE else OLD_CALL for day in DAYS}
    restated = [
        PositionOnDay(
            an_id(place), LONG_AGO, day, symbol, quantities[place] * shares[day], shares[day]
        )
        for day in DAYS
        for place, symbol in enumerate(("AAPL", calls[day]))
    ]
    in_new_shares = {day: price / shares[day] for day, price in values.items()}
    contracts = {
        name: {day: price for day, price in in_new_shares.items() if calls[day] == name}
        for name in (OLD_CALL, NEW_CALL)
    }
    quotes = quoted({day: close / shares[day] for day, close in closes.items()}, contracts)
    return portfolio_snapshots(
        SnapshotInputs(
            plan=PLAN,
            positions=positions(holdings(quantities, ratio)),
            quotes=quotes,
            splits=[Split("AAPL", EX_DATE, ratio)],
            restated=restated,
            sessions=SESSIONS,
        )
    )


some_prices = some.lists(some.floats(0.05, 2_000), min_size=4, max_size=4).map(
    lambda prices: dict(zip(DAYS, prices, strict=True))
)
some_quantities = some.tuples(*[some.integers(-5_000, 5_000).filter(bool).map(float)] * 2)


@given(
    some_quantities, some_prices, some_prices, some.sampled_from([4.0, 1.5, 20.0, 7.0, 0.1, 0.05])
)
def test_a_split_moves_no_dollar(
    quantities: tuple[float, float], closes: Prices, values: Prices, ratio: float
) -> None:
    whole = a_whole_book(quantities, closes, values)
    split = a_split_book(quantities, closes, values, ratio)

    for name in MONEY:
        one = getattr(split.valuations, name)
        other = getattr(whole.valuations, name)
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-4)
    np.testing.assert_allclose(split.daily_pnl, whole.daily_pnl, rtol=1e-9, atol=1e-4)
    np.testing.assert_allclose(split.price_coverage, whole.price_coverage)


def test_lines_are_in_the_shares_of_their_session() -> None:
    flat = dict.fromkeys(DAYS, 400.0)

    lines = a_split_book((100.0, -2.0), flat, dict.fromkeys(DAYS, 24.0), 4.0).valuations

    assert lines.quantity.tolist() == [100, -2, 100, -2, 400, -8, 400, -8]
    assert lines.price.tolist() == [400, 24, 400, 24, 100, 6, 100, 6]
    assert lines.symbol.tolist() == ["AAPL", OLD_CALL] * 2 + ["AAPL", NEW_CALL] * 2


def test_the_snapshot_of_its_day_names_the_split() -> None:
    flat = dict.fromkeys(DAYS, 400.0)

    caveats = a_split_book((100.0, -2.0), flat, flat, 4.0).caveats

    assert [[caveat.code for caveat in found] for found in caveats] == [
        ["greeks_missing"],
        ["greeks_missing"],
        ["split_adjusted", "greeks_missing"],
        ["greeks_missing"],
    ]
    named = caveats[2][0]
    assert named.message == "AAPL split 4:1 on 2022-07-06: quantity and entry price are adjusted"
    assert named.about == ("AAPL", NEW_CALL)


@pytest.mark.parametrize("previous", [FRIDAY, TUESDAY, WEDNESDAY])
def test_option_value_known_before_a_split_is_carried_over_it(previous: date) -> None:
    """The call is quoted on Friday at 24 under its old symbol, and on Thursday at 7."""
    days = [FRIDAY, TUESDAY, WEDNESDAY, THURSDAY]
    symbols = {day: NEW_CALL if day >= EX_DATE else OLD_CALL for day in days}
    shares = {day: 4.0 if day >= EX_DATE else 1.0 for day in days}
    quotes = quoted({}, {OLD_CALL: {FRIDAY: 24.0}, NEW_CALL: {THURSDAY: 7.0}})
    plan = Plan((an_id(0),), (DueSnapshot(0, THURSDAY, previous),))

    lines = portfolio_snapshots(
        SnapshotInputs(
            plan=plan,
            positions=positions([an_option(NEW_CALL, -8, entry_price=20 / 4)]),
            quotes=[each for each in quotes if each.symbol == symbols[each.day]],
            splits=[Split("AAPL", EX_DATE, 4.0)],
            restated=[
                PositionOnDay(an_id(0), LONG_AGO, day, symbols[day], -2 * shares[day], shares[day])
                for day in days
            ],
            sessions=SESSIONS,
        )
    ).valuations

    assert lines.daily_pnl.tolist() == [-8 * 100 * (7 - 24 / 4)]


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(4, "4:1"), (1.5, "3:2"), (0.05, "1:20"), (0.33333333, "1:3"), (1.33333333, "4:3")],
)
def test_a_split_is_called_by_whole_numbers(ratio: float, words: str) -> None:
    assert f"{Split('AAPL', EX_DATE, ratio)}" == f"AAPL split {words} on 2022-07-06"
