"""Which contract a request means, by its symbol or by its terms."""

from services.greeks.inputs import NamedOption
from shared.instruments import (
    LARGEST_STRIKE,
    OCC_YEARS,
    InvalidSymbol,
    OptionContract,
    option_root,
    parse_occ,
    parse_ticker,
)


def contract_named(option: NamedOption) -> OptionContract | str:
    """The contract that is meant, or a sentence that says why none is."""
    try:
        if option.contract is not None:
            return _agreeing(parse_occ(option.contract), option)
        if option.underlying is None:
            return "neither an OCC symbol nor an underlying is given"
        root = option_root(parse_ticker(option.underlying))
    except InvalidSymbol as error:
        return str(error)
    if option.strike is None or option.expiry is None or option.option_type is None:
        return "without an OCC symbol, strike, expiry and option_type are needed"
    if option.expiry.year not in OCC_YEARS or option.strike > LARGEST_STRIKE:
        return (
            f"no OCC symbol can say an expiry of {option.expiry} and a strike of {option.strike}: "
            f"years are {OCC_YEARS[0]} to {OCC_YEARS[-1]}, and {LARGEST_STRIKE:,} is the highest "
            "strike"
        )
    return OptionContract(root, option.expiry, option.option_type, option.strike)


def _agreeing(contract: OptionContract, option: NamedOption) -> OptionContract | str:
    """The contract of a symbol, unless terms that are given next to it are not its own."""
    underlying = None if option.underlying is None else parse_ticker(option.underlying)
    given = (underlying, option.strike, option.expiry, option.option_type)
    own = (contract.underlying, contract.strike, contract.expiry, contract.option_type)
    if all(term in (None, mine) for term, mine in zip(given, own, strict=True)):
        return contract
    return f"the terms given are not those of {contract.symbol}: leave the symbol or them out"
