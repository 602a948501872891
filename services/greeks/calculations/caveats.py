"""What a reader of a shard's Greeks should know; from the values, so that a rerun says the same."""

from collections.abc import Iterable
from datetime import date

from services.greeks.calculations.contracts import IMPLIED_BY_ASK, RATE_CONFIGURED
from services.greeks.calculations.dividends import UNKNOWN
from services.greeks.inputs import ContractValuation
from shared.caveats import Caveat, CaveatCode


def caveats(
    valuations: Iterable[ContractValuation], underlyings: dict[str, str], as_of: date
) -> list[Caveat]:
    """One caveat per kind, naming contracts or underlyings; `underlyings` is by contract."""
    found = list(valuations)
    living = [valuation for valuation in found if valuation.years_to_expiry > 0.0]
    stale = [each for each in living if (each.underlying_price_date or as_of) < as_of]
    no_dividends = [each for each in living if each.dividend_source == UNKNOWN]
    kinds: list[tuple[CaveatCode, str, list[str]]] = [
        (
            "greeks_missing",
            "no Greeks for these contracts; each row says why",
            [valuation.contract for valuation in found if valuation.reason],
        ),
        (
            "underlying_price_carried_forward",
            "valued from a close older than the session",
            [underlyings[valuation.contract] for valuation in stale],
        ),
        (
            "dividend_yield_unknown",
            "dividends unknown, taken as 0: neither corporate actions nor a yield are known",
            [underlyings[valuation.contract] for valuation in no_dividends],
        ),
        (
            "rate_configured",
            "no Treasury curve stored: the configured rate was used",
            [each.contract for each in living if each.rate_source == RATE_CONFIGURED],
        ),
        (
            "quote_not_used",
            "the contract's quote implies no volatility; each row's note says why",
            [each.contract for each in found if each.note and each.iv_source != IMPLIED_BY_ASK],
        ),
    ]
    return [Caveat.naming(code, message, names) for code, message, names in kinds if names]
