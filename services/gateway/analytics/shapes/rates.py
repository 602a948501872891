"""What Treasury yields do to a portfolio and to each of its positions, from published rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import sqrt
from typing import NamedTuple, TypedDict
from uuid import UUID

from services.gateway.edge.shapes import View, no_share, share_of

BASIS_POINT = 0.0001
DEFAULT_MATURITY = "10Y"
MATURITIES = ("3M", "2Y", "10Y", "30Y")


class Exposed(NamedTuple):
    """A position's signed delta-adjusted exposure, USD; None where it is not known."""

    position_id: UUID
    symbol: str
    underlying: str
    quantity: float
    exposure: float | None


class Sensitivity(NamedTuple):
    """An underlying's return per 1.00 of one yield, and the regression behind it."""

    maturity: str
    beta: float | None
    standard_error: float | None
    t_statistic: float | None
    observations: int | None
    quality: str | None
    reason: str | None


class RateExposure(TypedDict):
    """USD that a basis point more on one yield makes of a portfolio; a decimal of NAV per 1.00."""

    maturity: str
    dollars_per_basis_point: float | None
    standard_error: float | None
    indistinguishable_from_zero: bool | None
    beta: float | None
    coverage: float | None
    reason: str | None


class Known(NamedTuple):
    """A position whose exposure and sensitivity to one yield are known."""

    underlying: str
    exposure: float
    beta: float
    standard_error: float


@dataclass(frozen=True)
class Rates:
    """The positions of a portfolio, and the sensitivities of their underlyings by maturity."""

    exposed: Sequence[Exposed] = ()
    by_underlying: Mapping[str, Mapping[str, Sensitivity]] = field(default_factory=dict)

    def held_on(self, view: View) -> "Rates":
        """Those of the positions that a view shows."""
        if view is View.PORTFOLIO:
            return self
        long = view is View.LONGS
        return replace(self, exposed=[each for each in self.exposed if (each.quantity > 0) == long])

    def of(self, underlying: str, maturity: str) -> Sensitivity | None:
        """The sensitivity of an underlying to one yield, if any was estimated."""
        found = self.by_underlying.get(underlying)
        return found.get(maturity) if found else None

    def known(self, maturity: str) -> list[Known]:
        """The positions whose part in the portfolio's sensitivity to one yield is known."""
        betas = {
            underlying: (found[maturity].beta, found[maturity].standard_error or 0.0)
            for underlying, found in self.by_underlying.items()
            if maturity in found
        }
        return [
            Known(each.underlying, each.exposure, beta, error)
            for each in self.exposed
            for beta, error in (betas.get(each.underlying, (None, 0.0)),)
            if each.exposure is not None and beta is not None
        ]


NO_RATES = Rates()


def rate_exposures(rates: Rates, nav: Decimal | None) -> list[RateExposure]:
    """What one basis point more on each Treasury yield does to the portfolio, by maturity.

    Nothing for a portfolio without positions.
    """
    if not rates.exposed:
        return []
    gross = sum(abs(each.exposure or 0.0) for each in rates.exposed)
    return [_rate_exposure(rates.known(maturity), gross, nav, maturity) for maturity in MATURITIES]


def _rate_exposure(
    known: Sequence[Known], gross: float, nav: Decimal | None, maturity: str
) -> RateExposure:
    """Sum over positions of delta-adjusted exposure x sensitivity x 0.0001.

    Sensitivity is the return per 1.00 of yield. `beta` is the same per 1.00 of yield as a share of
    NAV. `coverage`: share of gross exposure whose sensitivity is known. `standard_error` takes the
    estimates of different symbols as independent.
    """
    covered = sum(abs(each.exposure) for each in known)
    per_unit = sum(each.exposure * each.beta for each in known) if known else None
    error = _independent_error(known) if known else None
    return {
        "maturity": maturity,
        "dollars_per_basis_point": None if per_unit is None else per_unit * BASIS_POINT,
        "standard_error": None if error is None else error * BASIS_POINT,
        "indistinguishable_from_zero": indistinguishable_from_zero(per_unit, error),
        "beta": share_of(per_unit, nav),
        "coverage": covered / gross if gross else None,
        "reason": no_share(nav) if known else "no position has a known rate sensitivity",
    }


def _independent_error(known: Iterable[Known]) -> float:
    """Root of the sum over underlyings of (net exposure x standard error) squared."""
    net: dict[str, float] = {}
    errors: dict[str, float] = {}
    for each in known:
        net[each.underlying] = net.get(each.underlying, 0.0) + each.exposure
        errors[each.underlying] = each.standard_error
    return sqrt(sum((net[name] * errors[name]) ** 2 for name in net))


def without_rate(rates: Rates, maturity: str) -> list[dict[str, object]]:
    """The positions whose exposure or sensitivity to one yield is unknown, with the reason."""
    unknown = []
    for each in rates.exposed:
        found = rates.of(each.underlying, maturity)
        if each.exposure is None or found is None or found.beta is None:
            reason = found.reason if found else None
            named = {"position_id": each.position_id, "symbol": each.symbol}
            why = reason or f"no sensitivity to the {maturity} yield"
            unknown.append({**named, "quantity": each.quantity, "reason": why})
    return unknown


def in_order(found: Mapping[str, Sensitivity]) -> list[Sensitivity]:
    """The sensitivities of an underlying by maturity, the shortest first."""
    return [found[maturity] for maturity in sorted(found, key=_place)]


def _place(maturity: str) -> int:
    return MATURITIES.index(maturity) if maturity in MATURITIES else len(MATURITIES)


def indistinguishable_from_zero(
    coefficient: float | None, standard_error: float | None
) -> bool | None:
    """Whether a coefficient is within two standard errors of zero; None where one is unknown."""
    if coefficient is None or standard_error is None:
        return None
    return abs(coefficient) <= 2.0 * standard_error
