"""Shares of risk by factor, and the exposures of every model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import sqrt
from uuid import UUID

from services.gateway.analytics.queries import correlations as correlations_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.queries.metrics import StoredMetric, load_metric
from services.gateway.analytics.reading.factors import (
    NO_FACTORS,
    Wanted,
    exposure_rows,
)
from services.gateway.analytics.reading.snapshots import nav_on
from services.gateway.analytics.schemas.correlations import Space
from services.gateway.analytics.schemas.factor_risk import (
    FactorRisk,
    FactorShare,
    ModelExposure,
    ModelNote,
    RiskPartOut,
)
from services.gateway.analytics.schemas.factors import FactorOut, Model
from services.gateway.analytics.shapes.exposures import MODEL_NOTES, factor_betas
from services.gateway.analytics.shapes.factor_risk import (
    RiskPart,
    RiskShares,
    deviation_of,
    risk_shares,
)
from services.gateway.books.shapes import explained
from services.gateway.edge.queries import latest_date
from services.gateway.edge.shapes import View
from services.gateway.runs.tracking import standing_of
from shared.database import Session
from shared.published.factors import factor_exposures

RISK = "var_95_1d_parametric"
NO_RISK = "no parametric VaR of the session is stored"
NOTHING_AT_RISK = "the portfolio's P&L does not vary by the factor model: there is nothing to share"
NO_COVARIANCE = "no factor covariance of the session is stored"
NO_EXPOSURE = "the exposure to a factor is not known on the session"
OF_TWO_RUNS = "VaR and exposures are of different calculations: calculate the session again"


@dataclass(frozen=True)
class Measured:
    """What is stored of a portfolio's side on one session.

    `models`: exposures by model; `risk`: its parametric VaR; `covariance`: of pairs of factors.
    """

    nav: Decimal | None
    models: Mapping[Model, Sequence[FactorOut]]
    risk: StoredMetric | None
    covariance: Mapping[tuple[str, str], float]


async def factor_risk(
    session: Session, portfolio_id: UUID, view: View, as_of: date | None
) -> FactorRisk:
    """The side's shares of risk and exposures on their last session at or before `as_of`."""
    day = await latest_date(session, factor_exposures, portfolio_id, as_of)
    if day is None:
        why = explained(NO_FACTORS, await standing_of(session, portfolio_id))
        return _answer((portfolio_id, view, None), Measured(None, {}, None, {}), None, why)
    measured = await _load(session, portfolio_id, view, day)
    shares, reason = _shares(measured)
    return _answer((portfolio_id, view, day), measured, shares, reason)


async def _load(session: Session, portfolio_id: UUID, view: View, day: date) -> Measured:
    nav = nav_on(day, await snapshots_queries.latest_snapshot(session, portfolio_id, day))
    models: dict[Model, list[FactorOut]] = {}
    for model in Model:
        rows = await exposure_rows(session, Wanted(portfolio_id, model, view), day)
        betas = factor_betas(rows.exposures, nav, rows.errors)
        models[model] = [FactorOut.model_validate(each) for each in betas]
    pairs = await correlations_queries.load_covariances(session, day, Space.MARKET_RELATIVE)
    return Measured(
        nav=nav,
        models=models,
        risk=await load_metric(session, portfolio_id, day, (RISK, view)),
        covariance={
            (row["factor_a"], row["factor_b"]): row["covariance"]
            for row in pairs
            if row["covariance"] is not None
        },
    )


def _shares(measured: Measured) -> tuple[RiskShares | None, str | None]:
    """The side's risk by factor, or why an input of it is missing."""
    risk = measured.risk
    if risk is None or risk.value is None:
        return None, (risk and risk.reason) or NO_RISK
    if risk.value <= 0.0:
        return None, NOTHING_AT_RISK
    active = [each for each in measured.models[Model.MARKET_RELATIVE] if each.active]
    dollars = {
        each.factor: each.dollar_exposure for each in active if each.dollar_exposure is not None
    }
    if len(dollars) < len(active):
        return None, NO_EXPOSURE
    if any((one, other) not in measured.covariance for one in dollars for other in dollars):
        return None, NO_COVARIANCE
    found = risk_shares(dollars, measured.covariance, deviation_of(risk.value))
    return found, None if found else OF_TWO_RUNS


def _answer(
    about: tuple[UUID, View, date | None],
    measured: Measured,
    shares: RiskShares | None,
    reason: str | None,
) -> FactorRisk:
    portfolio_id, view, day = about
    return FactorRisk(
        portfolio_id=portfolio_id,
        as_of=day,
        view=view,
        nav=measured.nav,
        factors=_factors(measured, shares),
        systematic=_part(shares.systematic if shares else None),
        specific=_part(shares.specific if shares else None),
        total=_part(shares.total if shares else None),
        models=[ModelNote(model=model, note=MODEL_NOTES[model]) for model in Model],
        coverage=measured.risk.coverage if measured.risk else None,
        reason=reason,
    )


def _factors(measured: Measured, shares: RiskShares | None) -> list[FactorShare]:
    """Each factor's part, and its exposures in the order of the models."""
    parts = shares.factors if shares else {}
    by_model = zip(*measured.models.values(), strict=True)
    return [
        FactorShare(
            **vars(_part(parts.get(first.factor))),
            factor=first.factor,
            name=first.name,
            proxy=first.proxy,
            active=first.active,
            factor_deviation=_root(measured.covariance.get((first.factor, first.factor))),
            models=[
                ModelExposure.model_validate({**vars(each), "model": model})
                for model, each in zip(measured.models, (first, *others), strict=True)
            ],
        )
        for first, *others in by_model
    ]


def _part(part: RiskPart | None) -> RiskPartOut:
    if part is None:
        return RiskPartOut(contribution=None, share_of_risk=None)
    return RiskPartOut(contribution=part.contribution, share_of_risk=part.share_of_risk)


def _root(variance: float | None) -> float | None:
    return None if variance is None else sqrt(variance)
