"""The amount of a trade, compared with its quantity, price and fees."""

from decimal import ROUND_HALF_UP, Decimal

from services.gateway.books.files.instruments import Instrument, multiplier_of
from services.gateway.books.files.reading import Reading
from shared.instruments import OptionContract

CENT = Decimal("0.01")
_LARGEST_UNSEEN_FEE = Decimal(10)  # USD, besides 1 % of what is traded
_LARGEST_BESIDE_FEES = Decimal(1)  # USD: an exchange's fee that is not in the column of commissions


def checked_fees(
    reading: Reading,
    instrument: Instrument,
    quantity: Decimal,
    price: Decimal,
    amount: Decimal,
    fees: Decimal | None,
) -> Decimal | None:
    """The fees, after the amount was compared with quantity x multiplier x price and them.

    It may be before fees. A cost that no column names is taken as fees where it is small. What
    else it differs by is a problem: one of the figures is wrong.
    """
    multiplier = multiplier_of(instrument)
    gross = abs(quantity) * multiplier * price
    beyond = _beyond(quantity, gross, amount)
    tolerance = _tolerance(instrument, quantity, reading.row.cells.get("price", ""))
    if _agree(beyond, fees, tolerance):
        return fees
    unseen = beyond - (fees or Decimal(0))
    small = gross / 100 + _LARGEST_UNSEEN_FEE if fees is None else _LARGEST_BESIDE_FEES
    if 0 < unseen <= small:
        found = unseen.quantize(CENT, ROUND_HALF_UP)
        beside = "" if fees is None else " beside the fees given"
        message = f"amount and quantity x price differ by {found:f}{beside}: entered as fees"
        reading.warn("amount", "fees_derived", message)
        return (fees or Decimal(0)) + found
    times = f" x {multiplier}" if multiplier > 1 else ""
    message = (
        f"amount {abs(amount):f} is not quantity {abs(quantity).normalize():f}{times} x price "
        f"{price.normalize():f} = "
        f"{gross.quantize(CENT, ROUND_HALF_UP):f} with fees of {fees or Decimal(0):f}: correct "
        "the one that is wrong, or leave the amount blank"
    )
    reading.complain("amount", "amount_disagrees", message)
    return fees


def figures_agree(
    instrument: Instrument,
    quantity: Decimal,
    price: Decimal,
    price_text: str,
    amount: Decimal,
    fees: Decimal | None,
) -> bool:
    """Whether the amount is what quantity, price and fees make, so that the fees are as given."""
    beyond = _beyond(quantity, abs(quantity) * multiplier_of(instrument) * price, amount)
    return _agree(beyond, fees, _tolerance(instrument, quantity, price_text))


def _beyond(quantity: Decimal, gross: Decimal, amount: Decimal) -> Decimal:
    """What was paid beyond quantity x multiplier x price, or received below it."""
    return (abs(amount) - gross) * (1 if quantity > 0 else -1)


def _agree(beyond: Decimal, fees: Decimal | None, tolerance: Decimal) -> bool:
    return abs(beyond - (fees or Decimal(0))) <= tolerance or abs(beyond) <= tolerance


def _tolerance(instrument: Instrument, quantity: Decimal, price: str) -> Decimal:
    """How far the amount may be off: a cent, and of stock half the last digit of its price.

    Prices of parts of an order are averaged and rounded; those of options are not.
    """
    if isinstance(instrument, OptionContract):
        return CENT
    decimals = len(price.partition(".")[2].rstrip(") "))
    return CENT + abs(quantity) / 2 / Decimal(10) ** decimals
