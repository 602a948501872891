"""Every portfolio of a user in every scenario."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.stress import Headline
from services.gateway.analytics.schemas.summary import PortfolioLeftOut
from services.gateway.edge.values import SOME_ID, Money, example


class ScenarioCell(BaseModel):
    """What a scenario makes of a portfolio; nulls where it was not evaluated or could not be."""

    scenario_id: str
    direct: Money | None
    correlated: Money | None
    share_of_nav: float | None = Field(description="of the correlated result, else of the direct")
    stated: Money | None = Field(
        description="the same by the shocks the scenario specifies, where the headline is measured"
    )
    headline: Headline | None
    plausibility: float | None


class PortfolioScenarios(BaseModel):
    """A portfolio's results on its last session, in the order of `scenarios`."""

    portfolio_id: UUID
    name: str
    as_of: date | None
    nav: Money | None
    cells: list[ScenarioCell]


class MappedScenario(BaseModel):
    """A scenario, and what it makes of all portfolios of the session together."""

    scenario_id: str
    name: str
    description: str | None
    category: str
    severity: str
    custom: bool
    direct: Money | None
    correlated: Money | None
    share_of_nav: float | None = Field(
        description="of the correlated sum, else of the direct one, in the NAV of all of them"
    )
    portfolios: int = Field(description="how many have a result in it")


class ScenarioMap(BaseModel):
    """All of the caller's portfolios by scenario, with the sums over portfolios."""

    model_config = example(
        as_of="2022-12-28",
        nav=1012345.67,
        scenarios=[
            {
                "scenario_id": "market_crash_35",
                "name": "Market crash 35 %",
                "description": "The market falls by 35 %",
                "category": "market",
                "severity": "severe",
                "custom": False,
                "direct": -410500.0,
                "correlated": -402100.0,
                "share_of_nav": -0.3972,
                "portfolios": 1,
            }
        ],
        portfolios=[
            {
                "portfolio_id": SOME_ID,
                "name": "Long/short",
                "as_of": "2022-12-28",
                "nav": 1012345.67,
                "cells": [
                    {
                        "scenario_id": "market_crash_35",
                        "direct": -410500.0,
                        "correlated": -402100.0,
                        "share_of_nav": -0.3972,
                        "stated": None,
                        "headline": "specified",
                        "plausibility": 2.31,
                    }
                ],
            }
        ],
        left_out=[],
        reason=None,
    )

    as_of: date | None = Field(description="the session that the sums are of: the last of any")
    nav: Money | None = Field(description="of the portfolios in the sums")
    scenarios: list[MappedScenario] = Field(description="the largest loss of all first")
    portfolios: list[PortfolioScenarios] = Field(description="by name")
    left_out: list[PortfolioLeftOut] = Field(description="portfolios that are not in the sums")
    reason: str | None
