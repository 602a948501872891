"""Factor exposures and rate sensitivities position by position, from vectors.

What two positions in an underlying share, the regressions, is laid out once for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from services.gateway.analytics.shapes.cents import in_dollars, whole_cents
from services.gateway.analytics.shapes.rates import (
    BASIS_POINT,
    Rates,
    Sensitivity,
    in_order,
    indistinguishable_from_zero,
)
from services.gateway.edge.shapes import half_away

CENTS = 2
MICROS = 6  # decimals of a quantity


class HeldVector(NamedTuple):
    """A position's signed delta-adjusted USD, and its betas and their products by factor.

    NaN where there is no beta; `reason`: why.
    """

    position_id: UUID
    symbol: str
    underlying: str
    quantity: float
    option_type: str | None
    exposure: float | None
    factors: Sequence[str]
    betas: Sequence[float]
    factor_exposures: Sequence[float]
    reason: str | None


class Product(NamedTuple):
    """A position's exposure x beta, USD, to the last digit; None with the reason."""

    factor: str
    beta: float | None
    dollars: float | None
    reason: str | None


class Regression(NamedTuple):
    """A symbol's beta to a factor in a model, and the regression behind it; None with a reason."""

    beta: float | None = None
    raw_beta: float | None = None
    standard_error: float | None = None
    t_statistic: float | None = None
    capped: bool | None = None
    r_squared: float | None = None
    observations: int | None = None
    condition_number: float | None = None
    quality: str | None = None
    reason: str | None = None


Statistics = Mapping[tuple[str, str], Regression]  # by symbol and factor
NO_REGRESSION = Regression()


@dataclass(frozen=True)
class Regressions:
    """The factors by id, in display order, and the statistics of each underlying's betas."""

    names: Mapping[str, str]
    statistics: Statistics


def stored_products(held: HeldVector, order: Mapping[str, str]) -> list[Product]:
    """What is stored of a position, in the order of factors that are defined."""
    columns = zip(held.factors, held.betas, held.factor_exposures, strict=True)
    found = {
        factor: Product(factor, _known(beta), _known(dollars), held.reason)
        for factor, beta, dollars in columns
    }
    return [found[factor] for factor in order if factor in found]


def products_in(held: HeldVector, model: str, known: Regressions) -> list[Product]:
    """The same in another model than the stored one: exposure x the underlying's beta in it."""
    found = set(held.factors)
    return [
        _product(held, factor, known.statistics.get((held.underlying, factor)), model)
        for factor in known.names
        if factor in found
    ]


def _product(held: HeldVector, factor: str, row: Regression | None, model: str) -> Product:
    beta = row.beta if row else None
    if held.exposure == 0.0:
        return Product(factor, beta, 0.0, None)
    if held.exposure is None:
        return Product(factor, beta, None, held.reason)
    if beta is None:
        reason = row.reason if row else None
        missing = f"no {model} betas of the symbol are stored"
        return Product(factor, None, None, reason or missing)
    return Product(factor, beta, held.exposure * beta, None)


def _known(number: float) -> float | None:
    return None if number != number else number


def in_whole_cents(products: Sequence[Sequence[Product]]) -> list[dict[str, float]]:
    """Each position's exposures by factor in whole cents that add up to the portfolio's.

    `products`: of every position of the portfolio. What is not known is absent.
    """
    amounts: dict[str, tuple[list[int], list[float]]] = {}
    for place, own in enumerate(products):
        for each in own:
            if each.dollars is not None:
                places, dollars = amounts.setdefault(each.factor, ([], []))
                places.append(place)
                dollars.append(each.dollars)
    found: list[dict[str, float]] = [{} for _ in products]
    for factor, (places, dollars) in amounts.items():
        for place, cents in zip(places, whole_cents(dollars), strict=True):
            found[place][factor] = in_dollars(cents)
    return found


class Entries:
    """Lays out positions, each underlying's regressions and sensitivities once."""

    def __init__(self, known: Regressions, rates: Rates) -> None:
        self.known = known
        self.rates = rates
        self.exposures = {each.position_id: each.exposure for each in rates.exposed}
        self._factors: dict[tuple[str, str], dict[str, object]] = {}
        self._rates: dict[str, list[tuple[Sensitivity, dict[str, object]]]] = {}

    def entry(
        self, held: HeldVector, products: Sequence[Product], dollars: Mapping[str, float]
    ) -> dict[str, object]:
        """One position with the fields of `PositionFactors`, rounded as they are."""
        return {
            "position_id": str(held.position_id),
            "symbol": held.symbol,
            "underlying": held.underlying,
            "quantity": half_away(held.quantity, MICROS),
            "option_type": held.option_type,
            "exposure": None if held.exposure is None else half_away(held.exposure, CENTS),
            "factors": [
                {
                    **self._of_factor(held.underlying, each.factor),
                    "beta": each.beta,
                    "factor_exposure": dollars.get(each.factor),
                    "reason": each.reason,
                }
                for each in products
            ],
            "rates": self._of_rates(held),
        }

    def _of_factor(self, underlying: str, factor: str) -> dict[str, object]:
        key = (underlying, factor)
        shared = self._factors.get(key)
        if shared is None:
            name = self.known.names[factor]
            found = self.known.statistics.get(key, NO_REGRESSION)
            shared = self._factors[key] = _regression(factor, name, found)
        return shared

    def _of_rates(self, held: HeldVector) -> list[dict[str, object]]:
        if held.position_id not in self.exposures:
            return []
        shared = self._rates.get(held.underlying)
        if shared is None:
            found = self.rates.by_underlying.get(held.underlying, {})
            shared = [(each, _rate(each)) for each in in_order(found)]
            self._rates[held.underlying] = shared
        exposure = self.exposures[held.position_id]
        return [
            {**own, "dollars_per_basis_point": _moved(exposure, each.beta)} for each, own in shared
        ]


def _regression(factor: str, name: str, found: Regression) -> dict[str, object]:
    """All of a `PositionFactor` that does not depend on the position, in its order."""
    near_zero = indistinguishable_from_zero(found.raw_beta, found.standard_error)
    return {
        "factor": factor,
        "name": name,
        "beta": None,
        "raw_beta": found.raw_beta,
        "standard_error": found.standard_error,
        "t_statistic": found.t_statistic,
        "indistinguishable_from_zero": near_zero,
        "capped": found.capped,
        "factor_exposure": None,
        "r_squared": found.r_squared,
        "observations": found.observations,
        "condition_number": found.condition_number,
        "quality": found.quality,
        "reason": None,
    }


def _rate(found: Sensitivity) -> dict[str, object]:
    """All of a `PositionRate` that does not depend on the position, in its order."""
    return {
        "maturity": found.maturity,
        "dollars_per_basis_point": None,
        "beta": found.beta,
        "standard_error": found.standard_error,
        "t_statistic": found.t_statistic,
        "indistinguishable_from_zero": indistinguishable_from_zero(
            found.beta, found.standard_error
        ),
        "observations": found.observations,
        "quality": found.quality,
        "reason": found.reason,
    }


def _moved(exposure: float | None, beta: float | None) -> float | None:
    """USD that a basis point more on the yield makes of the exposure."""
    if exposure is None or beta is None:
        return None
    return half_away(exposure * beta * BASIS_POINT, CENTS)
