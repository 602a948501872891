"""Instruments: one canonical symbol each, OCC option symbols, position types, multipliers.

Source of the symbol format: the Options Clearing Corporation's 21-character symbology (root padded
to 6, YYMMDD, C or P, strike x 1000 in 8 digits).
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

OPTION_MULTIPLIER = 100
STOCK_MULTIPLIER = 1
OCC_STRIKE_DIGITS = 8
SMALLEST_STRIKE = Decimal("0.001")
LARGEST_STRIKE = Decimal("99999.999")
# Exchanges round the strikes of contracts that were split to the cent, from six decimals here so
# that half a cent stays half a cent by any divisor; other strikes are listed in steps of half a
# dollar.
STRIKE_DECIMALS = 6
SPLIT_STRIKE_DECIMALS = 2
STRIKE_STEP = Decimal("0.5")
OCC_YEARS = range(2000, 2100)  # of expiries: a symbol has two digits for them
_OCC = re.compile(r"^(?:O:)?([A-Z][A-Z0-9./\-]{0,6})(\d{6})([CP])(\d{8})$")
_OCC_ROOT = re.compile(r"^[A-Z][A-Z0-9.]{0,5}$")
_NO_OCC_SYMBOL = "is not an OCC option symbol (root, YYMMDD, C or P, strike x 1000 in 8 digits)"
_TICKER = re.compile(r"^[A-Z][A-Z0-9]{0,9}(\.[A-Z0-9]{1,4})?$")

# Roots of cash-settled index options; with the symbol of their underlying. All are
# exercised at expiry only, except those on the S&P 100 under its old root (XEO is its European
# sibling).
INDEX_ROOTS = {
    "SPX": "SPX", "SPXW": "SPX", "SPXPM": "SPX", "XSP": "XSP", "NDX": "NDX", "NDXP": "NDX",
    "NQX": "NQX", "XND": "XND", "RUT": "RUT", "RUTW": "RUT", "MRUT": "MRUT", "RUI": "RUI",
    "RLG": "RLG", "RLV": "RLV", "VIX": "VIX", "VIXW": "VIX", "DJX": "DJX", "OEX": "OEX",
    "XEO": "OEX", "MXEA": "MXEA", "MXEF": "MXEF", "CBTX": "CBTX", "MBTX": "MBTX",
}  # fmt: skip
AMERICAN_INDEX_ROOTS = {"OEX"}

# Classes of shares that are written without a separator as roots of options, and by some brokers:
# BRKB is BRK.B. A table and no rule, since most tickers that end in A or B are no class of another.
SHARE_CLASSES = {
    symbol.replace(".", ""): symbol
    for symbol in (
        "AGM.A", "AKO.A", "AKO.B", "BF.A", "BF.B", "BIO.B", "BRK.A", "BRK.B", "CRD.A", "CRD.B",
        "CWEN.A", "EBR.B", "GEF.B", "GTN.A", "HEI.A", "JW.A", "JW.B", "LEN.B", "LGF.A", "LGF.B",
        "MKC.V", "MOG.A", "MOG.B", "PBR.A", "RDS.A", "RDS.B", "STZ.B", "TAP.A", "UHAL.B", "WSO.B",
    )
}  # fmt: skip
_ROOT_OF_CLASS = {symbol: root for root, symbol in SHARE_CLASSES.items()}

# A company's letters and what follows them: a separator or a space, then a class or a kind.
_PARTS = re.compile(r"^([A-Z][A-Z0-9]{0,9})(\s*[./\-^]\s*|\s+)([A-Z0-9]{1,4})$")
_WARRANT = re.compile(r"^([A-Z][A-Z0-9]{0,9})\+([A-Z]?)$")
# A preferred or warrant with its letter apart: BAC/PR/L, ACHR.WS.A.
_LETTERED = re.compile(r"^([A-Z][A-Z0-9]{0,9})[./\- ](PR|PFD|P|WS|WT)[./\- ]([A-Z])$")
_UNIT = re.compile(r"^([A-Z][A-Z0-9]{0,9})=$")
_UNSEPARATED_PREFERRED = re.compile(r"^([A-Z]{3,5})(PR[A-Z])$")  # no ticker has six letters
_PREFERRED = re.compile(r"^PR?([A-Z])$")
_WARRANT_SERIES = re.compile(r"^W[ST]([A-Z])$")
_KINDS = {
    "PR": "PR", "P": "PR", "WS": "WS", "WT": "WS", "U": "U", "UN": "U", "RT": "RT", "RI": "RT",
    "PFD": "PR", "WI": "WI",
}  # fmt: skip
_AFTER_SPACE = re.compile(r"^([A-Z]|PR[A-Z]?|W[STI]|W[ST][A-Z]|UN|R[TI])$")


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
        """The underlying's symbol: the root's index or share class, else the root itself."""
        return INDEX_ROOTS.get(self.root) or SHARE_CLASSES.get(self.root, self.root)

    @property
    def is_adjusted(self) -> bool:
        """Whether its multiplier and deliverable are its own: a mini or adjusted contract."""
        return self.root[-1].isdigit()

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


def split_strike(strike: Decimal) -> Decimal:
    """A strike that a split made, as exchanges list it: USD per share to the cent, halves up.

    The Options Clearing Corporation rounds so, and the contract delivers 100 shares as before. At
    least what a symbol can name. The same as in SQL (`positions_on`).
    """
    exact = strike.quantize(Decimal(1).scaleb(-STRIKE_DECIMALS), ROUND_HALF_UP)
    listed = exact.quantize(Decimal(1).scaleb(-SPLIT_STRIKE_DECIMALS), ROUND_HALF_UP)
    return max(listed, SMALLEST_STRIKE)


def looks_like_option(symbol: str) -> bool:
    """Whether the symbol (spaces dropped) looks like an OCC symbol; its date may not exist."""
    return _OCC.match(normalise(symbol)) is not None


def normalise(symbol: str) -> str:
    """Upper case, without any white space."""
    return "".join(symbol.split()).upper()


def parse_occ(symbol: str) -> OptionContract:
    """The contract behind an OCC symbol, also after `O:`; `InvalidSymbol` says what is wrong."""
    match = _OCC.match(normalise(symbol))
    if match is None:
        raise InvalidSymbol(symbol, _NO_OCC_SYMBOL)
    written, day, option_type, strike = match.groups()
    root = written if written.isalnum() else option_root(written)
    if not _OCC_ROOT.match(root):
        raise InvalidSymbol(symbol, _NO_OCC_SYMBOL)
    try:
        expiry = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        raise InvalidSymbol(
            symbol, f"names an expiry that does not exist: {day} (YYMMDD)"
        ) from None
    if int(strike) == 0:
        raise InvalidSymbol(symbol, "has a strike of zero")
    return OptionContract(root, expiry, option_type, Decimal(int(strike)) / 1000)


def canonical_symbol(text: str) -> str:
    """The one symbol of an instrument, from any spelling of brokers and providers.

    Share classes BRK-B, BRK/B, BRK B and BRKB are BRK.B; preferreds BAC-PL, BAC/PRL and BAC PRL are
    BAC.PRL; warrants ACHR WS, ACHR-WT and ACHR+ are ACHR.WS, ACHR.WS.A is ACHR.WSA; units XYZ-UN
    and XYZ= are XYZ.U. Any other text comes back in upper case, without white space around it.
    """
    symbol = text.strip().upper()
    if match := _WARRANT.match(symbol):
        return f"{match[1]}.WS{match[2]}"
    if match := _LETTERED.match(symbol):
        return f"{match[1]}.{_KINDS[match[2]]}{match[3]}"
    if match := _UNIT.match(symbol):
        return f"{match[1]}.U"
    if match := _UNSEPARATED_PREFERRED.match(symbol):
        return f"{match[1]}.{match[2]}"
    match = _PARTS.match(symbol)
    if match is None:
        return SHARE_CLASSES.get(symbol, symbol)
    root, between, suffix = match.groups()
    separator = between.strip()
    if separator == "^":  # of preferreds only
        return f"{root}.PR{suffix}" if len(suffix) == 1 else symbol
    if not separator and not _AFTER_SPACE.match(suffix):  # the second word of a name
        return symbol
    return f"{root}.{_suffix(suffix)}"


def _suffix(suffix: str) -> str:
    if suffix in _KINDS:
        return _KINDS[suffix]
    if match := _PREFERRED.match(suffix):
        return f"PR{match[1]}"
    match = _WARRANT_SERIES.match(suffix)
    return f"WS{match[1]}" if match else suffix


def option_root(underlying: str) -> str:
    """The root of the options on a share: BRKB for BRK.B. Of an index, the one with its name."""
    symbol = canonical_symbol(underlying)
    return _ROOT_OF_CLASS.get(symbol, symbol)


def option_roots(underlying: str) -> set[str]:
    """Every root of the options on an underlying, given by its canonical symbol."""
    roots = {root for root, index in INDEX_ROOTS.items() if index == underlying}
    return roots or {option_root(underlying)}


def parse_ticker(symbol: str) -> str:
    """The canonical symbol of a stock, ETF or fund; raises `InvalidSymbol`."""
    ticker = canonical_symbol(symbol)
    if not _TICKER.match(ticker):
        raise InvalidSymbol(
            symbol,
            "is not a ticker (letters and digits, at most 10, with an optional class like .B)",
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
