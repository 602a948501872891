"""Whether a row's numbers can be of what it names: not too large, and not of other shares.

A price that is a known split away from the close of its day is in the shares of another day.
"""

from datetime import date
from decimal import Decimal
from math import log

from services.gateway.books.files.history import PriceHistory
from services.gateway.books.files.instruments import Instrument, multiplier_of
from services.gateway.books.files.reading import Reading
from shared.instruments import OptionContract

LARGEST_VALUE = Decimal(10) ** 13  # USD; no service stores or adds up more
LARGEST_SHARES = Decimal(10) ** 11  # no listed company has as many
_NEAR = log(1.2)  # how far a price may be from the close of its day, times a split


def check_size(
    reading: Reading, instrument: Instrument, quantity: Decimal, price: Decimal | None
) -> None:
    """Refuse a row that no service could value: an account number as its quantity, say."""
    contract = instrument if isinstance(instrument, OptionContract) else None
    shares = abs(quantity) * multiplier_of(instrument)
    value = shares * max(price or Decimal(0), contract.strike if contract else Decimal(0))
    if shares >= LARGEST_SHARES:
        message = (
            f"quantity {quantity:f} is {shares:,.0f} shares, more than any security has: check "
            "that it is no account number and no amount"
        )
        reading.complain("quantity", "too_large", message)
    elif value >= LARGEST_VALUE:
        at = "price or strike" if contract else "price"
        message = (
            f"quantity x {at} is {value:,.0f} USD: it must be below {LARGEST_VALUE:,}, check both"
        )
        reading.complain("quantity", "too_large", message)


def check_shares(
    reading: Reading, field: str, symbol: str, price: Decimal, entered: date, stated_on: date
) -> None:
    """Warn of a price that is a known split away from the close of its day.

    `stated_on`: the day in whose shares the price is read.
    """
    history = reading.rules.history
    expected = other_close(history, symbol, price, entered, stated_on) if history else None
    if expected is not None:
        reading.warn(field, "other_shares", _advice(reading, field, price, expected, stated_on))


def other_close(
    history: PriceHistory, symbol: str, price: Decimal, entered: date, stated_on: date
) -> float | None:
    """The close of its day that a price is a known split away from, USD per share of `stated_on`.

    None where it is not, or no close is known.
    """
    close = history.closes.get((symbol, entered))
    if not close:
        return None
    now = history.shares(symbol, stated_on)
    expected = float(close) * history.shares(symbol, entered) / now
    distance = log(float(price) / expected)
    if abs(distance) <= _NEAR / 2:  # nearer to the close than to any split of it
        return None
    for day in (date.min, *(ex_date for ex_date, _ in history.splits.get(symbol, ()))):
        split = log(now / history.shares(symbol, day))
        if abs(split) > _NEAR and abs(distance - split) < min(_NEAR, abs(distance)):
            return expected
    return None


def _advice(reading: Reading, field: str, price: Decimal, expected: float, stated_on: date) -> str:
    """How the price differs, and what to send."""
    found = f"{field} {price:f} is {float(price) / expected:.3g} times the close of its day"
    shares = f"({expected:.6g} in the shares of {stated_on}), and a split lies between"
    advice = (
        "if the file is in the shares of one day, send that day as stated_on"
        if reading.rules.shares_of_entry_date
        else "if each row is in the shares of its entry date, send stated_on=entry_date"
    )
    return f"{found} {shares}: {advice}"
