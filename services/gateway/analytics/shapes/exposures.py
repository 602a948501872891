"""Factor exposures and rate sensitivities of a portfolio, from published rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from math import sqrt
from typing import Any

from services.gateway.analytics.shapes.metrics import cents_adding_up
from services.gateway.edge.shapes import no_share, share_of

Row = Mapping[str, Any]
BASIS_POINT = 0.0001
DEFAULT_MODEL = "market_relative"
DEFAULT_MATURITY = "10Y"
MATURITIES = ("3M", "2Y", "10Y", "30Y")
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
FACTOR_COLUMNS = (
    "beta",
    "raw_beta",
    "standard_error",
    "t_statistic",
    "capped",
    "factor_exposure",
    "r_squared",
    "observations",
    "condition_number",
    "quality",
    "reason",
)
_RATE = ("maturity", "beta", "standard_error", "t_statistic", "observations", "quality", "reason")


@dataclass(frozen=True)
class ExposureError:
    """Signed delta-adjusted USD on one underlying, and the error of its raw beta to a factor."""

    factor: str
    underlying: str
    exposure: float | None
    standard_error: float | None


def indistinguishable_from_zero(
    coefficient: float | None, standard_error: float | None
) -> bool | None:
    """Whether a coefficient is within two standard errors of zero; None where one is unknown."""
    if coefficient is None or standard_error is None:
        return None
    return abs(coefficient) <= 2.0 * standard_error


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


def rate_exposures(rows: Sequence[Row], nav: Decimal | None) -> list[dict[str, Any]]:
    """What one basis point more on each Treasury yield does to the portfolio, by maturity.

    `rows`: one per position and maturity, the maturity null where the position's underlying has
    none.
    """
    return [_rate_exposure(_of_maturity(rows, maturity), nav, maturity) for maturity in MATURITIES]


def without_rate(rows: Sequence[Row], maturity: str) -> list[Row]:
    """The positions whose exposure or sensitivity to one yield is unknown, with the reason."""
    unknown = [row for row in _of_maturity(rows, maturity) if _unknown_rate(row)]
    return [
        {**row, "reason": row["reason"] or f"no sensitivity to the {maturity} yield"}
        for row in unknown
    ]


def _unknown_rate(row: Mapping[str, object]) -> bool:
    return row["beta"] is None or row["delta_adjusted_exposure"] is None


def _of_maturity(rows: Sequence[Row], maturity: str) -> list[Row]:
    """Every position's row of the maturity; sensitivity unknown where there is none."""
    found = {row["position_id"]: row for row in rows if row["maturity"] == maturity}
    unknown = {"beta": None, "standard_error": None, "reason": None}
    return [
        found.get(position, {**next(iter(own)), **unknown})
        for position, own in groupby(rows, key=lambda row: row["position_id"])
    ]


def _rate_exposure(rows: Sequence[Row], nav: Decimal | None, maturity: str) -> dict[str, Any]:
    """Sum over positions of delta-adjusted exposure x sensitivity x 0.0001.

    Sensitivity is the return per 1.00 of yield. `beta` is the same per 1.00 of yield as a share of
    NAV. `coverage`: share of gross exposure whose sensitivity is known. `standard_error` takes the
    estimates of different symbols as independent.
    """
    gross = sum(abs(float(row["delta_adjusted_exposure"] or 0)) for row in rows)
    known = [row for row in rows if not _unknown_rate(row)]
    covered = sum(abs(float(row["delta_adjusted_exposure"])) for row in known)
    per_unit = (
        sum(float(row["delta_adjusted_exposure"]) * row["beta"] for row in known) if known else None
    )
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


def _independent_error(rows: Iterable[Row]) -> float:
    """Root of the sum over underlyings of (net exposure x standard error) squared."""
    net: dict[str, float] = {}
    errors: dict[str, float] = {}
    for row in rows:
        underlying = row["underlying"]
        net[underlying] = net.get(underlying, 0.0) + float(row["delta_adjusted_exposure"])
        errors[underlying] = row["standard_error"] or 0.0
    return sqrt(sum((net[name] * errors[name]) ** 2 for name in net))


def position_factors(rows: Iterable[Row], rates: Iterable[Row]) -> list[dict[str, Any]]:
    """One entry per position with its factors and its rate sensitivities.

    Rows come ordered by position.
    """
    sensitivities: dict[Any, list[dict[str, Any]]] = {}
    for rate in rates:
        if rate["maturity"] is not None:
            sensitivities.setdefault(rate["position_id"], []).append(_position_rate(rate))
    for found in sensitivities.values():
        found.sort(key=lambda rate: _place(rate["maturity"]))
    return [
        _position(list(own), sensitivities.get(position, []))
        for position, own in groupby(rows, key=lambda row: row["position_id"])
    ]


def _place(maturity: str) -> int:
    return MATURITIES.index(maturity) if maturity in MATURITIES else len(MATURITIES)


def _position(rows: Sequence[Row], rates: Sequence[Row]) -> dict[str, Any]:
    first = rows[0]
    shared = ("position_id", "symbol", "underlying", "quantity", "option_type", "exposure")
    factors = [
        {
            "factor": row["factor"],
            "name": row["name"],
            **{name: row[name] for name in FACTOR_COLUMNS},
            "indistinguishable_from_zero": indistinguishable_from_zero(
                row["raw_beta"], row["standard_error"]
            ),
        }
        for row in rows
    ]
    return {**{name: first[name] for name in shared}, "factors": factors, "rates": rates}


def _position_rate(row: Row) -> dict[str, Any]:
    exposure = row["delta_adjusted_exposure"]
    beta = row["beta"]
    known = exposure is not None and beta is not None
    dollars = float(exposure) * beta * BASIS_POINT if known else None
    return {
        **{name: row[name] for name in _RATE},
        "dollars_per_basis_point": dollars,
        "indistinguishable_from_zero": indistinguishable_from_zero(beta, row["standard_error"]),
    }
