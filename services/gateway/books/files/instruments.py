"""Which instrument a row means, from its symbol or from an option's terms."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from shared.instruments import (
    OPTION_MULTIPLIER,
    STOCK_MULTIPLIER,
    InvalidSymbol,
    OptionContract,
    canonical_symbol,
    looks_like_option,
    normalise,
    occ_symbol,
    option_root,
    parse_occ,
    parse_ticker,
)

Instrument = str | OptionContract
MAX_SYMBOL_LENGTH = 24
_PRIVATE = re.compile(r"[A-Z0-9][A-Z0-9._\-]{0,23}", re.ASCII)


def listed_instrument(text: str) -> Instrument | InvalidSymbol:
    """The stock or option a symbol names; `InvalidSymbol` as a value when it names none."""
    return _short(text) if len(text) <= MAX_SYMBOL_LENGTH else _listed(text)


def _listed(text: str) -> Instrument | InvalidSymbol:
    try:
        if looks_like_option(text):
            return _supported(parse_occ(text))
        ticker = canonical_symbol(text)
        if len(ticker.split()) > 1:
            return InvalidSymbol(text, "holds white space: a ticker is one word")
        return parse_ticker(ticker)
    except InvalidSymbol as error:
        return error


_short = lru_cache(4_096)(_listed)  # files name few instruments on many lines


class UnsupportedContract(InvalidSymbol):
    """A contract whose multiplier and deliverable no file says: adjusted, or a mini."""


def _supported(contract: OptionContract) -> OptionContract | UnsupportedContract:
    if not contract.is_adjusted:
        return contract
    problem = (
        "is an adjusted or mini contract (its root ends in a digit), whose multiplier and "
        "deliverable are not known: leave the row out, or enter it as PRIVATE under another name"
    )
    return UnsupportedContract(contract.symbol, problem)


def private_instrument(text: str) -> str | InvalidSymbol:
    """The name of a holding that no exchange lists, as its owner calls it."""
    name = normalise(text)
    if looks_like_option(name):
        return InvalidSymbol(text, "is an option's symbol, which a private holding cannot have")
    if not _PRIVATE.fullmatch(name):
        problem = (
            f"is not a name of letters, digits, '.', '_' and '-', at most {MAX_SYMBOL_LENGTH} "
            "characters"
        )
        return InvalidSymbol(text, problem)
    return name


def contract_of(
    root: str, expiry: date, option_type: str, strike: Decimal
) -> OptionContract | InvalidSymbol:
    """The contract of these terms; `InvalidSymbol` as a value when no OCC symbol can say them."""
    try:
        return _supported(parse_occ(occ_symbol(option_root(root), expiry, option_type, strike)))
    except InvalidSymbol:
        return InvalidSymbol(root, "is not the root of an option: 1 to 6 letters and digits")


def symbol_of(instrument: Instrument) -> str:
    """The symbol under which an instrument is held."""
    return instrument.symbol if isinstance(instrument, OptionContract) else instrument


def underlying_of(instrument: Instrument) -> str:
    """The symbol whose price drives an instrument."""
    return instrument.underlying if isinstance(instrument, OptionContract) else instrument


def multiplier_of(instrument: Instrument) -> int:
    """Shares per unit of quantity: 100 for an option, 1 otherwise."""
    return OPTION_MULTIPLIER if isinstance(instrument, OptionContract) else STOCK_MULTIPLIER
