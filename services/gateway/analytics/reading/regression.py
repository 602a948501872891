"""The answer of the factors service as the API shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.gateway.analytics.schemas.factors import Model
from services.gateway.analytics.schemas.regression import (
    FactorCoefficient,
    Regression,
    RegressionReport,
)
from services.gateway.analytics.shapes.exposures import MODEL_NOTES
from services.gateway.analytics.shapes.rates import indistinguishable_from_zero
from services.gateway.edge.values import Warned
from shared.contracts import factors as answers

# Beyond rounding: the stored betas were made from other closes than there are now.
DIFFERENT = 1e-8
OUTDATED = "closes have changed since the betas were stored: calculate the session again"


@dataclass(frozen=True)
class WantedRegression:
    """Whose regressions, of which session, in which model."""

    symbol: str
    as_of: date
    model: Model


def regression_report(
    wanted: WantedRegression,
    found: answers.SymbolRegressions,
    proxies: Mapping[str, tuple[str, str | None]],
) -> RegressionReport:
    """The service's regressions; `proxies`: name and proxy by factor."""
    return RegressionReport(
        symbol=wanted.symbol,
        as_of=wanted.as_of,
        model=wanted.model,
        note=MODEL_NOTES[wanted.model],
        stored=found.stored,
        price_run=found.price_run,
        largest_difference=found.largest_difference,
        regressions=[_regression(each, proxies) for each in found.regressions],
        warnings=_warnings(wanted.symbol, found.largest_difference),
    )


def _regression(
    found: answers.Regression, proxies: Mapping[str, tuple[str, str | None]]
) -> Regression:
    coefficients = [_coefficient(each, *proxies[each.factor]) for each in found.coefficients]
    return Regression.model_validate({**found.model_dump(), "coefficients": coefficients})


def _coefficient(found: answers.FactorEstimate, name: str, proxy: str | None) -> FactorCoefficient:
    near_zero = indistinguishable_from_zero(found.raw_beta, found.raw_error)
    return FactorCoefficient.model_validate(
        {
            **found.model_dump(exclude={"estimate", "raw_error"}),
            "name": name,
            "proxy": proxy,
            "standard_error": found.raw_error,
            "indistinguishable_from_zero": near_zero,
            "least_squares": found.estimate.model_dump(),
        }
    )


def _warnings(symbol: str, largest_difference: float | None) -> list[Warned]:
    """That the stored betas are no longer what their closes say, where it is so."""
    if largest_difference is None or largest_difference <= DIFFERENT:
        return []
    return [Warned(code="betas_outdated", message=OUTDATED, count=1, about=[symbol])]
