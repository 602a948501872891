"""Figures of a report as the gateway freezes them, small enough to read."""

from datetime import date
from typing import Any
from uuid import UUID

from services.reports.inputs import Answer, Question
from shared.contracts.reports import TEMPLATES, TemplateWord

AS_OF = date(2022, 12, 28)
SIDES = {"long": 900.5, "short": -100.25, "gross": 1000.75, "net": 800.25}
EXPOSURES = dict.fromkeys(("dollar", "notional", "delta_adjusted"), SIDES)
GREEKS = {"delta": 12.5, "gamma": 0.25, "theta": -7.2683, "vega": 60.2613, "rho": 30.9224}


def a_position(symbol: str = "AAPL", **other: Any) -> dict[str, Any]:
    """A position as `GET positions` answers it."""
    return {
        "position_id": "7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11",
        "symbol": symbol,
        "underlying": symbol,
        "instrument": "stock",
        "position_type": "LONG",
        "quantity": 100.0,
        "entry_price": 140.0,
        "entry_date": "2022-06-01",
        "price": 125.674,
        "price_date": "2022-12-28",
        "stale": False,
        "cost": 14000.0,
        "market_value": 12567.4,
        "weight": 0.35,
        "unrealised_pnl": -1432.6,
        "realised_pnl": None,
        "daily_pnl": -397.8,
        "delta_adjusted_exposure": 12567.4,
        "underlying_price": 125.674,
        "greeks": GREEKS,
        "tags": ["tech", "strategy:growth"],
        "strike": None,
        "expiry": None,
        "sector": "Technology",
        "reason": None,
    } | other


def a_metric(name: str, value: float | None = 1104.94, **other: Any) -> dict[str, Any]:
    """A risk metric."""
    return {"metric": name, "value": value, "unit": "USD", "reason": None} | other


def a_portfolio(name: str = "Book", **other: Any) -> dict[str, Any]:
    """One portfolio's answers."""
    report: dict[str, Any] = {
        "portfolio": {"name": name},
        "as_of": AS_OF.isoformat(),
        "snapshot": {
            "nav": 49415.51,
            "daily_pnl": -584.49,
            "daily_return": -0.01169,
            "cumulative_pnl": -584.49,
            "market_value": 14654.19,
            "cash": 34761.32,
            "exposures": EXPOSURES,
            "counts": {"LONG": 1},
        },
        "history": [
            {"as_of": "2022-12-27", "nav": 50000.0, "daily_return": None, "drawdown": 0.0},
            {"as_of": "2022-12-28", "nav": 49415.51, "daily_return": -0.01169}
            | {"drawdown": -0.01169},
        ],
        "greeks": {"portfolio": GREEKS, "positions": [], "reason": None},
        "factors": {"factors": [], "rate_sensitivities": [], "reason": None},
        "stress": {"scenarios": [], "left_out": [], "market_scenarios": [], "reason": None},
        "metrics": {
            "groups": [{"kind": "value_at_risk", "metrics": [a_metric("var_95_1d_historical")]}],
            "component_var": [],
            "reason": None,
        },
        "performance": [],
        "attribution": {"factors": [], "total": None, "reason": "no factor returns"},
        "limits": {},
        "market_data": {"sentence": "Prices come from the bundled files.", "sources": []},
        "coverage": {"prices": 1.0, "greeks": None},
        "left_out": [],
        "warnings": [],
        "reason": None,
    }
    return {
        "report": report,
        "name": name,
        "positions": {"items": [a_position()]},
        "sectors": {"items": []},
        "industries": {"AAPL": "Hardware"},
        "changes": {"reason": "no session before"},
        "backtest": {"judged": [], "reason": None},
        "correlations": {"reason": "not computed"},
        "limits": [],
        "quality": {"symbols": []},
        "definitions": [],
        "vectors": {"session_dates": [], "items": []},
    } | other


def a_question(
    form: str, template: TemplateWord = "full", *portfolios: dict[str, Any], **other: Any
) -> Question:
    """A question about portfolios, or about one called Book."""
    values: dict[str, Any] = {
        "report_id": UUID(int=1),
        "user_id": UUID(int=2),
        "template": template,
        "form": form,
        "sections": TEMPLATES[template][1],
        "as_of": AS_OF,
        "basis": "9f2c5d0a7b1e4c3f",
        "revisions": {},
        "figures": Answer({"portfolios": list(portfolios or [a_portfolio()])}),
    }
    return Question(**values | other)
