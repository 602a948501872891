"""Instruments: OCC option symbols, position types, multipliers.

Source of the symbol format: the Options Clearing Corporation's 21-character symbology (root padded
to 6, YYMMDD, C or P, strike x 1000 in 8 digits).
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

OPTION_MULTIPLIER = 100
STOCK_MULTIPLIER = 1
OCC_STRIKE_DIGITS = 8
SMALLEST_STRIKE = Decimal("0.001")
LARGEST_STRIKE = Decimal("99999.999")
_OCC = re.compile(r"^([A-Z][A-Z0-9.]{0,5})(\d{6})([CP])(\d{8})$")
_TICKER = re.compile(r"^[A-Z][A-Z0-9]{0,9}([.\-][A-Z0-9]{1,4})?$")

# Roots of cash-settled index options; with the symbol of their underlying. All are
# exercised at expiry only, except those on the S&P 100 under its old root (XEO is its European
# sibling).
INDEX_ROOTS = {
    "SPX": "SPX", "SPXW": "SPX", "XSP": "XSP", "NDX": "NDX", "NDXP": "NDX", "RUT": "RUT",
    "RUTW": "RUT",
    "VIX": "VIX", "VIXW": "VIX", "DJX": "DJX", "OEX": "OEX", "XEO": "OEX",
}  # fmt: skip
AMERICAN_INDEX_ROOTS = {"OEX"}


class InvalidSymbol(ValueError):
    """A symbol that is neither a ticker nor an OCC symbol; the message says what is wrong."""

    def __init__(self, symbol: str, problem: str) -> None:
        super().__init__(f"{symbol!r} {problem}")
        self.symbol = symbol
        self.problem = problem


class PositionType(StrEnum):
    """What a signed position is: stock long or short, call or put, bought or sold."""

    LONG = "LONG"
    SHORT = "SHORT"
    LONG_CALL = "LC"
    SHORT_CALL = "SC"
    LONG_PUT = "LP"
    SHORT_PUT = "SP"


@dataclass(frozen=True)
class OptionContract:
    """One listed contract. `strike` is USD per share, `option_type` is "C" or "P"."""

    root: str
    expiry: date
    option_type: str
    strike: Decimal

    @property
    def underlying(self) -> str:
        """The underlying's symbol: the root itself, or the index behind an index root."""
        return INDEX_ROOTS.get(self.root, self.root)

    @property
    def is_european(self) -> bool:
        """Index options are exercised at expiry only, with few exceptions."""
        return self.root in INDEX_ROOTS and self.root not in AMERICAN_INDEX_ROOTS

    @property
    def symbol(self) -> str:
        """The OCC symbol without padding."""
        return occ_symbol(self.root, self.expiry, self.option_type, self.strike)


def occ_symbol(root: str, expiry: date, option_type: str, strike: Decimal) -> str:
    """The OCC symbol without padding: root + YYMMDD + C/P + strike x 1000 in eight digits."""
    return f"{root}{expiry:%y%m%d}{option_type}{int(strike * 1000):08d}"


def looks_like_option(symbol: str) -> bool:
    """Whether the symbol (spaces dropped) looks like an OCC symbol; its date may not exist."""
    return _OCC.match(normalise(symbol)) is not None


def normalise(symbol: str) -> str:
    """Upper case, without any white space."""
    return "".join(symbol.split()).upper()


def parse_occ(symbol: str) -> OptionContract:
    """The contract behind an OCC symbol; raises `InvalidSymbol` saying what is wrong."""
    match = _OCC.match(normalise(symbol))
    if match is None:
        raise InvalidSymbol(
            symbol, "is not an OCC option symbol (root, YYMMDD, C or P, strike x 1000 in 8 digits)"
        )
    root, day, option_type, strike = match.groups()
    try:
        expiry = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        raise InvalidSymbol(
            symbol, f"names an expiry that does not exist: {day} (YYMMDD)"
        ) from None
    if int(strike) == 0:
        raise InvalidSymbol(symbol, "has a strike of zero")
    return OptionContract(root, expiry, option_type, Decimal(int(strike)) / 1000)


def parse_ticker(symbol: str) -> str:
    """The normalised ticker of a stock, ETF or fund; raises `InvalidSymbol`."""
    ticker = normalise(symbol)
    if not _TICKER.match(ticker):
        raise InvalidSymbol(
            symbol,
            "is not a ticker (letters and digits, at most 10, with an optional .B or -B class)",
        )
    return ticker


def position_type(option_type: str | None, quantity: Decimal | float) -> PositionType:
    """LONG/SHORT for stock (`option_type` None), LC/SC/LP/SP for options, by sign of quantity."""
    is_long = quantity > 0
    if option_type == "C":
        return PositionType.LONG_CALL if is_long else PositionType.SHORT_CALL
    if option_type == "P":
        return PositionType.LONG_PUT if is_long else PositionType.SHORT_PUT
    return PositionType.LONG if is_long else PositionType.SHORT
