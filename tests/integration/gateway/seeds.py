"""A book with everything the calculators would have stored for it, small enough to add up by
hand.
"""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from services.factors import tables as factors
from services.gateway.runs.queries.revisions import raise_revision
from services.greeks import tables as greeks
from services.snapshots import tables as snapshots
from services.stress import tables as stress
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import HEADER, Person

BEFORE = date(2022, 12, 27)
CALL = "AAPL230616C00150000"
BOOK = (
    HEADER
    + "AAPL,100,120,2022-06-01,\nMSFT,-50,200,2022-06-01,\n"
    + f"XOM,10,90,2022-06-01,\n{CALL},2,8,2022-06-01,\n"
)
NAV = Decimal(50_000)
ACTIVE = ("market", "value", "growth", "momentum", "quality", "size", "low_volatility")
NO_BETAS = "12 returns in the window; 60 are needed"


@dataclass(frozen=True)
class StoredBook:
    """The portfolio and its positions by symbol: AAPL and a call long, MSFT short; XOM has no
    betas.
    """

    portfolio_id: str
    positions: dict[str, UUID]


async def a_stored_book(person: Person, admin: Database) -> StoredBook:
    """Upload the book and store what one run would have left for it."""
    portfolio_id = await person.uploaded_book(BOOK)
    items = (await person.get("positions", portfolio_id=portfolio_id)).json()["items"]
    book = StoredBook(portfolio_id, {item["symbol"]: UUID(item["position_id"]) for item in items})
    rows = [*_values(book), *_greeks(book), *_factors(book), *_metrics(book), *_stress(book)]
    async with admin.transaction() as session:
        session.add_all(rows)
        await raise_revision(session, [UUID(portfolio_id)])  # as every stage does that is recorded
    return book


def _row(kind: type[SQLModel], book: StoredBook, /, **values: Any) -> SQLModel:
    return _made(kind, **{"portfolio_id": UUID(book.portfolio_id), "as_of": AS_OF, **values})


def _made(kind: type[SQLModel], /, **values: Any) -> SQLModel:
    return kind(**values)


# symbol: underlying, type, quantity, market value, notional, delta-adjusted exposure
HELD: dict[str, tuple[str, str, int, float, float, float | None]] = {
    "AAPL": ("AAPL", "LONG", 100, 13_000, 13_000, 13_000),
    "MSFT": ("MSFT", "SHORT", -50, -12_000, -12_000, -12_000),
    "XOM": ("XOM", "LONG", 10, 1_000, 1_000, None),
    CALL: ("AAPL", "LC", 2, 2_000, 26_000, 13_000),
}
COST = {"AAPL": 12_000, "MSFT": -10_000, "XOM": 900, CALL: 1_600}  # as the book states it


def _values(book: StoredBook) -> list[SQLModel]:
    side = {"long": 16_000, "short": -12_000, "gross": 28_000, "net": 4_000}
    days = {BEFORE: (None, None, 0), AS_OF: (BEFORE, Decimal("-123.45"), 0)}
    shots = [
        _row(
            snapshots.PortfolioSnapshot,
            book,
            as_of=day,
            previous_session=previous,
            market_value=Decimal(4_000),
            daily_pnl=pnl,
            closed_pnl=Decimal(0),
            net_flow=Decimal(flow),
            unrealised_pnl=Decimal(0),
            exposures={"dollar": side, "notional": side, "delta_adjusted": side},
            delta=151.0,
            gamma=3.0,
            theta=-4.0,
            vega=50.0,
            rho=20.0,
            counts={"LONG": 2, "SHORT": 1, "LC": 1},
            price_coverage=1.0,
            greeks_coverage=1.0,
            warnings=[],
        )
        for day, (previous, pnl, flow) in days.items()
    ]
    return [*shots, *(_valuation(book, symbol) for symbol in HELD)]


def _about(book: StoredBook, symbol: str) -> dict[str, Any]:
    """Which position a row is of."""
    named = {"position_id": book.positions[symbol], "symbol": symbol}
    return {**named, "underlying": HELD[symbol][0]}


def _valuation(book: StoredBook, symbol: str) -> SQLModel:
    _, kind, quantity, value, notional, exposed = HELD[symbol]
    return _row(
        snapshots.PositionValuation,
        book,
        **_about(book, symbol),
        position_type=kind,
        quantity=Decimal(quantity),
        price=Decimal(130),
        price_date=AS_OF,
        price_source="close",
        stale=False,
        market_value=Decimal(value),
        cost=Decimal(COST[symbol]),
        unrealised_pnl=Decimal(value) - COST[symbol],
        notional_exposure=Decimal(notional),
        delta_adjusted_exposure=None if exposed is None else Decimal(exposed),
        reason="no delta on the session" if exposed is None else None,
    )


def _greeks(book: StoredBook) -> list[SQLModel]:
    unit = {"delta": 0.5, "gamma": 0.015, "theta": -0.02, "vega": 0.25, "rho": 0.1}
    contract = _made(
        greeks.ContractGreeks,
        **{
            "contract": CALL,
            "as_of": AS_OF,
            "price_run": "1",
            "underlying": "AAPL",
            "option_type": "C",
        },
        strike=Decimal(150),
        expiry=date(2023, 6, 16),
        underlying_price=Decimal(130),
        years_to_expiry=0.46,
        volatility=0.3,
        iv_source="realised_120d",
        model="black_scholes_merton",
        price=10.0,
        **unit,
    )
    held = {name: value * 200 for name, value in unit.items()}
    terms = {"position_id": book.positions[CALL], "contract": CALL, "underlying": "AAPL"}
    own = _row(greeks.PositionGreeks, book, **terms, quantity=Decimal(2), multiplier=100, **held)
    return [contract, own]


def _factors(book: StoredBook) -> list[SQLModel]:
    betas = [
        _beta(symbol, model, factor)
        for symbol in ("AAPL", "MSFT", "XOM")
        for model in ("market_relative", "joint", "univariate")
        for factor in ACTIVE
    ]
    return [*betas, *_position_exposures(book), *_portfolio_exposures(book), *_rates()]


MARKET_BETA = {"AAPL": 1.2, "MSFT": 1.1}
MODEL_SHIFT = {"market_relative": 0.0, "joint": 0.5, "univariate": 1.0}


def beta_of(symbol: str, model: str, factor: str) -> float | None:
    """Market as in MARKET_BETA and the styles 0.1, moved by the model; XOM has none."""
    if symbol not in MARKET_BETA:
        return None
    return (MARKET_BETA[symbol] if factor == "market" else 0.1) + MODEL_SHIFT[model]


def _beta(symbol: str, model: str, factor: str) -> SQLModel:
    beta = beta_of(symbol, model, factor)
    missing = beta is None
    return _made(
        factors.SymbolFactorBeta,
        **{"symbol": symbol, "as_of": AS_OF, "model": model, "factor": factor, "price_run": "1"},
        beta=beta,
        raw_beta=beta,
        standard_error=None if missing else 0.2,
        t_statistic=None if missing else 5.0,
        capped=False,
        r_squared=None if missing else 0.6,
        observations=12 if missing else 252,
        condition_number=16.0,
        quality="insufficient" if missing else "full_history",
        reason=NO_BETAS if missing else None,
    )


def _position_exposures(book: StoredBook) -> list[SQLModel]:
    return [
        _row(
            factors.PositionFactorExposure,
            book,
            **_about(book, symbol),
            exposure=exposed,
            factors=list(ACTIVE),
            betas=[_element(beta) for beta in betas],
            factor_exposures=[_element(_product(exposed, beta)) for beta in betas],
            quality="insufficient" if underlying == "XOM" else "full_history",
            reason=NO_BETAS if underlying == "XOM" else None,
        )
        for symbol, (underlying, _, _, _, _, exposed) in HELD.items()
        for betas in [[beta_of(underlying, "market_relative", factor) for factor in ACTIVE]]
    ]


def _element(number: float | None) -> float:
    """Of a vector, in which NaN is what is missing."""
    return math.nan if number is None else number


def _product(exposure: float | None, beta: float | None) -> float | None:
    return None if exposure is None or beta is None else exposure * beta


def exposure_to(
    factor: str, model: str = "market_relative", symbols: tuple[str, ...] = tuple(HELD)
) -> float:
    """What the symbols' exposures to a factor add up to."""
    parts = (_product(HELD[each][5], beta_of(HELD[each][0], model, factor)) for each in symbols)
    return sum(part for part in parts if part is not None)


def _portfolio_exposures(book: StoredBook) -> list[SQLModel]:
    return [
        _row(
            factors.FactorExposure,
            book,
            model=model,
            factor=factor,
            dollar_exposure=exposure_to(factor, model),
            gross_exposure=38_000.0,
            coverage=1.0,
            positions=4,
            positions_left_out=1,
        )
        for model in MODEL_SHIFT
        for factor in ACTIVE
    ]


def _rates() -> list[SQLModel]:
    numbers = {"standard_error": 1.0, "t_statistic": -4.0, "lags": 4, "observations": 252}
    return [
        _made(
            factors.RateSensitivity,
            **{"symbol": symbol, "as_of": AS_OF, "maturity": maturity, "price_run": "1"},
            beta=-4.0,
            quality="full_history",
            **numbers,
        )
        for symbol in ("AAPL", "MSFT")
        for maturity in ("3M", "2Y", "10Y", "30Y")
    ]


def _metrics(book: StoredBook) -> list[SQLModel]:
    numbers = {
        "var_95_1d_historical": (500.0, "USD", "portfolio"),
        "es_95_1d_historical": (650.0, "USD", "portfolio"),
        "hhi": (0.4, "ratio", "portfolio"),
        "performance_1d": (-0.002469, "decimal", "portfolio"),
    }
    sided = {("var_95_1d_historical", "longs"): 800.0, ("var_95_1d_historical", "shorts"): 300.0}
    metrics = [
        _row(
            snapshots.RiskMetric,
            book,
            metric=name,
            view=view,
            value=value,
            unit=unit,
            observations=252,
        )
        for name, (value, unit, view) in numbers.items()
    ]
    metrics += [
        _row(
            snapshots.RiskMetric,
            book,
            metric=name,
            view=view,
            value=value,
            unit="USD",
            observations=252,
        )
        for (name, view), value in sided.items()
    ]
    short: dict[str, Any] = {
        "value": None,
        "unit": "ratio",
        "observations": 12,
        "reason": "12 returns, 60 needed",
    }
    metrics.append(
        _row(snapshots.RiskMetric, book, metric="sharpe_252d", view="portfolio", **short)
    )
    return [*metrics, *_components(book), *_attributions(book)]


def _components(book: StoredBook) -> list[SQLModel]:
    parts = {"AAPL": 400.004, "MSFT": -300.002, CALL: 399.998, "XOM": None}
    return [
        _row(
            snapshots.ComponentVar,
            book,
            position_id=book.positions[symbol],
            symbol=symbol,
            **dict.fromkeys(("var_95", "var_99"), part),
            **dict.fromkeys(("es_95", "es_99"), part),
            reason=None if part is not None else "12 days of P&L, 60 needed",
        )
        for symbol, part in parts.items()
    ]


def _attributions(book: StoredBook) -> list[SQLModel]:
    parts = {**dict.fromkeys(ACTIVE, Decimal("-10.004")), "specific": Decimal("-53.422")}
    first = dict.fromkeys(parts)
    return [
        _row(
            snapshots.PnlAttribution,
            book,
            as_of=day,
            factor=factor,
            previous_session=None if pnl is None else BEFORE,
            pnl=pnl,
            reason="the first snapshot has no P&L" if pnl is None else None,
        )
        for day, rows in ((BEFORE, first), (AS_OF, parts))
        for factor, pnl in rows.items()
    ]


SCENARIO_PNL = {
    "crash": {"AAPL": -4000.0, "MSFT": 3000.0, "XOM": float("nan"), CALL: -2000.0},
    "doom": {"AAPL": -40_000.0, "MSFT": 3000.0, "XOM": float("nan"), CALL: -20_000.0},
}


def a_scenario(scenario_id: str, order: int = 1, **more: Any) -> SQLModel:
    """A stored house scenario."""
    terms = {
        "name": scenario_id.title(),
        "description": "",
        "category": "market",
        "severity": "severe",
    }
    more = {"shocks": {"market": -0.2}, "basis": "absolute", "origin": "file", **more}
    return _made(
        stress.StressScenario,
        scenario_id=scenario_id,
        display_order=order,
        active=True,
        **terms,
        **more,
    )


def _stress(book: StoredBook) -> list[SQLModel]:
    measured: dict[str, Any] = {
        "measured_shocks": {"market": -0.3372},
        "measured_returns": {"market": -0.3372},
        "window_start": date(2020, 2, 19),
        "window_end": date(2020, 3, 23),
    }
    pairs = [(scenario, method) for scenario in SCENARIO_PNL for method in ("direct", "correlated")]
    axis = _row(
        stress.PnlAxis,
        book,
        session_dates=[BEFORE, AS_OF],
        scenario_ids=[scenario for scenario, _ in pairs],
        methods=[method for _, method in pairs],
    )
    positions = [
        _row(
            stress.PositionPnl,
            book,
            position_id=position,
            symbol=symbol,
            historical_pnl=None if symbol == "XOM" else [1.0, 2.0],
            reason=NO_BETAS if symbol == "XOM" else None,
            scenario_pnl=[SCENARIO_PNL[scenario][symbol] for scenario, _ in pairs],
        )
        for symbol, position in book.positions.items()
    ]
    results = [_result(book, scenario, method) for scenario, method in pairs]
    ladder = _row(
        stress.MarketRiskScenario,
        book,
        kind="market",
        shock=-0.1,
        exposure=15_000.0,
        pnl=Decimal(-1500),
        coverage=1.0,
    )
    return [
        a_scenario("crash", **measured),
        a_scenario("doom", 2),
        axis,
        *positions,
        *results,
        ladder,
    ]


def _result(book: StoredBook, scenario: str, method: str) -> SQLModel:
    total = sum(pnl for symbol, pnl in SCENARIO_PNL[scenario].items() if symbol != "XOM")
    warning = {"code": "no_betas", "message": "no factor betas: left out of the factor shocks"}
    return _row(
        stress.StressResult,
        book,
        scenario_id=scenario,
        method=method,
        total_pnl=Decimal(total),
        factor_impacts={"market": total - 100.0},
        nonlinear=Decimal(100),
        delta_gamma_pnl=Decimal(total - 50),
        correlation_effect=None if method == "direct" else Decimal(0),
        effective_shocks={"market": -0.2},
        option_valuation="full",
        coverage=0.97,
        warnings=[{**warning, "count": 1, "about": ["XOM"]}],
        left_out=[{"symbol": "XOM", "code": "no_betas", "reason": NO_BETAS}],
    )
