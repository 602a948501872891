"""What a reader of a result should know about it: the one form in which calculations say so.

Calculations return caveats; events and tables carry them as `contracts.event.Notice`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

# Every code there is: docs/problems.md says what each means, and a test compares them.
CaveatCode = Literal[
    "price_missing",
    "price_carried_forward",
    "price_basis_changed",
    "underlying_price_missing",
    "underlying_price_carried_forward",
    "price_quarantined",
    "price_jump_accepted",
    "price_moved_by_half",
    "yield_not_believed",
    "action_not_believed",
    "quote_not_believed",
    "provider_unavailable",
    "not_in_plan",
    "unknown_symbol",
    "greeks_missing",
    "dividend_yield_unknown",
    "rate_configured",
    "quote_not_used",
    "exposure_missing",
    "betas_missing",
    "betas_limited_history",
    "betas_capped",
    "rate_sensitivity_missing",
    "too_few_returns",
    "never_moved",
    "value_incomplete",
    "pairs_unmeasured",
    "delta_missing",
    "pnl_missing",
    "pnl_since_entry",
    "exit_price_missing",
    "gap_since_previous_snapshot",
    "split_adjusted",
    "dividend_in_price",
    "historical_pnl_missing",
    "historical_pnl_incomplete",
    "factor_model_missing",
    "no_exposure",
    "no_betas",
    "no_rate_sensitivity",
    "not_repriced",
    "no_covariance",
    "price_at_zero",
    "scenario_not_valued",
    "history_incomplete",
    "not_held",
    "not_a_candidate",
]


@dataclass(frozen=True)
class Caveat:
    """A stable `code`, a sentence, and the sorted names it is about.

    A name is there once, or, where the caveat counts positions, once for each of them.
    """

    code: CaveatCode
    message: str
    about: tuple[str, ...] = ()

    @classmethod
    def naming(cls, code: CaveatCode, message: str, names: Iterable[str]) -> Self:
        """A caveat about `names`, repetitions dropped."""
        return cls(code, message, tuple(sorted(set(names))))


def gathered(caveats: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """The caveats of many results as one list by code: equal sentences merged, names united."""
    names: dict[tuple[CaveatCode, str], set[str]] = {}
    for caveat in caveats:
        names.setdefault((caveat.code, caveat.message), set()).update(caveat.about)
    return tuple(
        Caveat.naming(code, message, about) for (code, message), about in sorted(names.items())
    )
