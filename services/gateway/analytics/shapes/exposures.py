"""Factor exposures and rate sensitivities of a portfolio, from published rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

from services.gateway.analytics.shapes.cents import cents_adding_up
from services.gateway.analytics.shapes.rates import indistinguishable_from_zero
from services.gateway.edge.shapes import no_share, share_of

Row = Mapping[str, Any]
DEFAULT_MODEL = "market_relative"
MODEL_NOTES = {
    "market_relative": None,
    "joint": (
        "plain least squares on overlapping ETF returns: only the betas together mean something, "
        "single ones are unstable (see the condition number)"
    ),
    "univariate": (
        "each beta comes from a regression on one factor alone: the factors overlap, so these "
        "betas and "
        "exposures must not be added across factors"
    ),
}


@dataclass(frozen=True)
class ExposureError:
    """Signed delta-adjusted USD on one underlying, and the error of its raw beta to a factor."""

    factor: str
    underlying: str
    exposure: float | None
    standard_error: float | None


def factor_betas(
    rows: Iterable[Row], nav: Decimal | None, errors: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Each factor's dollar exposure with its error, and beta (dollars / NAV); reasons for nulls."""
    return [
        {
            **row,
            "standard_error": errors.get(row["factor"]),
            "indistinguishable_from_zero": indistinguishable_from_zero(
                row["dollar_exposure"], errors.get(row["factor"])
            ),
            "beta": share_of(row["dollar_exposure"], nav),
            "reason": _no_beta(row, nav),
        }
        for row in rows
    ]


def exposure_errors(exposed: Iterable[ExposureError]) -> dict[str, float]:
    """The standard error in USD of the dollars exposed to each factor that has any.

    Estimates of different symbols count as independent; shrinkage makes the error of the shrunk sum
    smaller.
    """
    net: dict[tuple[str, str], float] = {}
    for each in exposed:
        if each.exposure is not None and each.standard_error is not None:
            key = (each.factor, each.underlying)
            net[key] = net.get(key, 0.0) + each.exposure * each.standard_error
    variances: dict[str, float] = {}
    for (factor, _), dollars in net.items():
        variances[factor] = variances.get(factor, 0.0) + dollars**2
    return {factor: sqrt(variance) for factor, variance in variances.items()}


def _no_beta(row: Mapping[str, object], nav: Decimal | None) -> str | None:
    if not row["active"]:
        return "the factor has no source"
    if row["dollar_exposure"] is None:
        return "no exposure was computed for this session"
    return no_share(nav)


def factor_sums(definitions: Iterable[Row], positions: Sequence[Row]) -> list[dict[str, Any]]:
    """What the positions' factor rows add up to, one entry per defined factor.

    `dollar_exposure`: signed sum, null when nothing was measured. `coverage`: share (0 to 1) of the
    known gross delta-adjusted exposure that had a beta.
    """
    return [
        {**factor, **_factor_sum([row for row in positions if row["factor"] == factor["factor"]])}
        for factor in definitions
    ]


def _factor_sum(rows: Sequence[Row]) -> dict[str, Any]:
    known = [row for row in rows if row["factor_exposure"] is not None]
    gross = sum(abs(row["exposure"]) for row in rows if row["exposure"] is not None)
    covered = sum(abs(row["exposure"]) for row in known)
    return {
        "dollar_exposure": sum(row["factor_exposure"] for row in known) if known else None,
        "gross_exposure": gross if rows else None,
        "coverage": covered / gross if gross else None,
        "positions": len(rows),
        "positions_left_out": len(rows) - len(known),
    }


def in_cents(positions: Sequence[Row]) -> list[Row]:
    """The positions' factor exposures in whole cents that add up to those of the portfolio.

    `positions`: every position of the portfolio, a row for each factor. Sides are sums of these, so
    longs and shorts add up to the whole.
    """
    known: dict[str, list[int]] = {}
    for place, row in enumerate(positions):
        if row["factor_exposure"] is not None:
            known.setdefault(row["factor"], []).append(place)
    rounded = list(positions)
    for places in known.values():
        cents = cents_adding_up([positions[place]["factor_exposure"] for place in places])
        for place, amount in zip(places, cents, strict=True):
            rounded[place] = {**positions[place], "factor_exposure": amount}
    return rounded


def unmeasured(positions: Iterable[Row]) -> list[Row]:
    """The position rows without a factor exposure."""
    return [row for row in positions if row["factor_exposure"] is None]
