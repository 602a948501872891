"""Factors are computed: value every scenario on the shard's books. And what users ask: their
scenarios, what if.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Row

from services.stress import calculations, repository
from services.stress.calculations import (
    Book,
    Contracts,
    Floats,
    InvalidScenarios,
    Places,
    Plan,
    Run,
    Scenario,
    Shard,
)
from services.stress.repository import Factors
from services.stress.settings import get_settings
from shared.calendar import sessions
from shared.contracts.event import Notice
from shared.contracts.factors import FactorsComputed
from shared.contracts.stress import (
    DeleteScenario,
    EvaluateWhatIf,
    PositionImpact,
    SaveScenario,
    ScenarioDeleted,
    ScenarioOutcome,
    ScenarioSaved,
    StressComputed,
    WhatIfEvaluated,
)
from shared.database import Session
from shared.errors import InvalidScenario, Unanswerable
from shared.instruments import parse_occ
from shared.messaging import ServiceRouter

WHAT_IF = "what_if"
LISTED_POSITIONS = (
    8_000  # of all outcomes together: an answer stays well below the bus's limit of a megabyte
)

router = ServiceRouter("stress")


@dataclass(frozen=True)
class Market:
    """What every portfolio of the session shares."""

    as_of: date
    factors: Factors
    covariance: Floats | None


@dataclass(frozen=True)
class Holdings:
    """The shard's books, whose they are, and what their options and stocks rest on (a symbol per
    position).
    """

    shard: Shard
    book: Book
    underlyings: Sequence[str]


@dataclass(frozen=True)
class Past:
    """The last sessions, and (symbols, sessions) returns with each position's place among the
    symbols.
    """

    session_dates: Sequence[date]
    returns: Floats
    underlying: Places


async def mirror_scenarios(session: Session) -> None:
    """Before the first message: make the stored scenarios those of the files; a wrong one stops the
    start.
    """
    definitions = repository.load_definitions(get_settings().scenario_files())
    every = [await _measured(session, each) for each in calculations.scenarios(definitions)]
    rows = [asdict(each) | {"measured_shocks": each.measured_shocks} for each in every]
    await repository.save_scenarios(session, rows)


async def _measured(session: Session, scenario: Scenario) -> Scenario:
    """The scenario with what stored prices say about its window; where they are silent, as its file
    has it.
    """
    if scenario.window_start is None or scenario.window_end is None:
        return scenario
    window = await repository.load_window(
        session, scenario.window_start, scenario.window_end, get_settings().rate_maturity
    )
    return calculations.with_measurements(scenario, window.closes, window.yields_percent)


@router.emits(StressComputed)
@router.on(FactorsComputed)
async def stress_portfolios(event: FactorsComputed, session: Session) -> StressComputed:
    """Value every scenario on every position, direct and correlated, the plain ladders, and the
    past 252 days.
    """
    await repository.lock_portfolios(session, event.portfolio_ids, event.as_of)
    market = await _load_market(session, event.as_of)
    held = await _load_holdings(session, market, event.portfolio_ids)
    plans, set_aside = await _load_plans(session, market, event.portfolio_ids)
    past = await _load_past(session, held)

    runs = await asyncio.to_thread(
        calculations.runs, held.book, plans, market.factors.names, market.covariance
    )
    historical = await asyncio.to_thread(
        calculations.historical_pnl, held.book, past.returns, past.underlying
    )
    reasons = calculations.history_reasons(held.book, historical, held.underlyings)
    ladders = calculations.market_risk(held.book, market.factors.names.index(calculations.MARKET))

    records = [
        row
        for run in runs
        for row in calculations.result_records(held.shard, run, market.factors.names)
    ]
    await repository.save_results(session, event.portfolio_ids, event.as_of, records)
    steps = [row for each in ladders for row in calculations.ladder_records(held.shard, each)]
    await repository.save_market_risk(session, event.portfolio_ids, event.as_of, steps)
    vectors = calculations.pnl_records(held.shard, held.book, historical, reasons, runs)
    axes = calculations.axis_records(held.shard, past.session_dates, runs)
    await repository.save_pnl(session, event.portfolio_ids, event.as_of, vectors, axes)

    warnings = [
        *_omitted(runs),
        *_uncorrelated(market),
        *_unvalued(set_aside),
        *_gaps(held.book, reasons),
    ]
    counts = {
        "scenarios": len(plans[0].scenarios),
        "results": len(records),
        "positions": len(reasons),
    }
    return StressComputed.about(event, warnings=warnings, **counts)


@router.answers(SaveScenario)
async def save_scenario(request: SaveScenario, session: Session) -> ScenarioSaved:
    """Store a user's own scenario, or refuse it with every problem it has."""
    scenario = _described(request.definition)
    await repository.lock_user(session, request.user_id)
    owned = await repository.load_custom_scenarios(session, [request.user_id])
    house = await repository.load_scenarios(session)
    mine = {each["scenario_id"] for each in owned.get(request.user_id, [])}
    _refuse(_conflicts(scenario.scenario_id, mine, {each["scenario_id"] for each in house}))
    await repository.save_custom_scenario(session, request.user_id, asdict(scenario))
    return ScenarioSaved(scenario_id=scenario.scenario_id, created=scenario.scenario_id not in mine)


@router.answers(DeleteScenario)
async def delete_scenario(request: DeleteScenario, session: Session) -> ScenarioDeleted:
    """Evaluate a user's own scenario no more."""
    await repository.lock_user(session, request.user_id)
    if not await repository.delete_custom_scenario(session, request.user_id, request.scenario_id):
        raise Unanswerable("unknown_scenario", f"you have no scenario {request.scenario_id!r}")
    return ScenarioDeleted(scenario_id=request.scenario_id)


@router.answers(EvaluateWhatIf)
async def evaluate_what_if(request: EvaluateWhatIf, session: Session) -> WhatIfEvaluated:
    """Evaluate stored or stated scenarios on one portfolio from what is stored; nothing is
    written.
    """
    every = await _asked(session, request)
    if not await repository.load_calculated(session, request.portfolio_id, request.as_of):
        message = f"no factor exposures of the portfolio are stored for {request.as_of}: run the session first"
        raise Unanswerable("not_calculated", message)
    market = await _load_market(session, request.as_of)
    _require_covariance(request, market)
    held = await _load_holdings(session, market, [request.portfolio_id])
    scenarios, set_aside = calculations.valuable(every, market.factors.names)
    plan = Plan(np.arange(1), scenarios)
    covariance = None if request.method == "direct" else market.covariance
    [run] = await asyncio.to_thread(
        calculations.runs, held.book, [plan], market.factors.names, covariance
    )
    outcomes = tuple(_outcomes(request, held, run, market.factors.names))
    uncorrelated = _uncorrelated(market) if request.method != "direct" else ()
    warnings = [*_omitted([run]), *uncorrelated, *_unvalued(set_aside)]
    return WhatIfEvaluated(
        portfolio_id=request.portfolio_id,
        as_of=request.as_of,
        outcomes=outcomes,
        warnings=tuple(warnings),
    )


# --- loading ---


async def _load_market(session: Session, as_of: date) -> Market:
    factors = await repository.load_factors(session, as_of)
    return Market(as_of, factors, await repository.load_covariance(session, as_of, factors.ids))


async def _load_holdings(
    session: Session, market: Market, portfolio_ids: Sequence[UUID]
) -> Holdings:
    positions = await repository.load_positions(
        session, portfolio_ids, market.as_of, market.factors.ids, get_settings().rate_maturity
    )
    symbols = sorted({row.symbol for row in positions if row.symbol != row.underlying})
    contracts = _contracts(symbols, await repository.load_contracts(session, symbols, market.as_of))
    shard = Shard(market.as_of, portfolio_ids, [row.position_id for row in positions])
    book = _book(portfolio_ids, positions, contracts, len(market.factors.ids))
    return Holdings(shard, book, [row.underlying for row in positions])


def _book(
    portfolio_ids: Sequence[UUID], positions: Sequence[Row[Any]], contracts: Contracts, factors: int
) -> Book:
    portfolio = {portfolio_id: place for place, portfolio_id in enumerate(portfolio_ids)}
    contract = {str(symbol): place for place, symbol in enumerate(contracts.symbols)}
    return Book(
        portfolios=len(portfolio_ids),
        portfolio=np.array([portfolio[row.portfolio_id] for row in positions], dtype=np.intp),
        symbols=[row.symbol for row in positions],
        exposure=_floats([row.exposure for row in positions]),
        betas=_floats([row.betas for row in positions]).reshape(len(positions), factors),
        rate_beta=_floats([row.rate_beta for row in positions]),
        gamma=_floats([row.gamma for row in positions]),
        underlying_price=_floats([row.underlying_price for row in positions]),
        contract=np.array(
            [contract.get(row.symbol, calculations.STOCK) for row in positions], dtype=np.intp
        ),
        units=_floats([row.units for row in positions]),
        contracts=contracts,
    )


def _contracts(symbols: Sequence[str], stored: Mapping[str, Any]) -> Contracts:
    """The terms are in the symbol; what the market says is null where greeks had nothing."""
    terms = [parse_occ(symbol) for symbol in symbols]

    def column(name: str) -> Floats:
        return _floats([getattr(stored.get(symbol), name, None) for symbol in symbols])

    return Contracts(
        symbols=np.array(symbols, dtype=np.str_),
        call=np.array([each.option_type == "C" for each in terms], dtype=np.bool_),
        american=np.array([not each.is_european for each in terms], dtype=np.bool_),
        underlying_price=column("underlying_price"),
        strike=_floats([float(each.strike) for each in terms]),
        years_to_expiry=column("years_to_expiry"),
        volatility=column("volatility"),
        rate=column("rate"),
        dividend_yield=column("dividend_yield"),
    )


def _floats(column: Sequence[Any]) -> Floats:
    """The column with NaN for null."""
    return np.array(column, dtype=np.float64)


async def _load_plans(
    session: Session, market: Market, portfolio_ids: Sequence[UUID]
) -> tuple[list[Plan], list[Scenario]]:
    """(what to evaluate on whom: the house's for all, owners' for theirs; scenarios that cannot be
    valued).
    """
    stored = calculations.scenarios(await repository.load_scenarios(session))
    house, set_aside = calculations.valuable(stored, market.factors.names)
    owner_by_portfolio = await repository.load_owners(session, portfolio_ids)
    owners = [owner_by_portfolio.get(portfolio_id) for portfolio_id in portfolio_ids]
    custom = await repository.load_custom_scenarios(session, set(owner_by_portfolio.values()))
    own = {
        user: calculations.valuable(calculations.scenarios(definitions), market.factors.names)[0]
        for user, definitions in custom.items()
    }
    return calculations.plans(house, owners, own), list(set_aside)


async def _load_past(session: Session, held: Holdings) -> Past:
    as_of, days = held.shard.as_of, calculations.DAYS
    window = sessions(as_of - timedelta(days=2 * days), as_of)[-days - 1 :]
    symbols, place = np.unique(np.array(held.underlyings, dtype=np.str_), return_inverse=True)
    returns = await repository.load_daily_returns(session, symbols.tolist(), window)
    return Past(window[1:], returns, place.astype(np.intp))


# --- requests ---


def _described(definition: Mapping[str, Any]) -> Scenario:
    """The user's scenario; refuses a wrong one with every problem."""
    try:
        return calculations.custom_scenario(definition)
    except InvalidScenarios as error:
        raise InvalidScenario(
            [(each.field or None, each.message) for each in error.problems]
        ) from error


def _conflicts(
    scenario_id: str, mine: Collection[str], house: Collection[str]
) -> Iterator[tuple[str | None, str]]:
    most = get_settings().custom_scenarios_per_user
    if scenario_id in house or scenario_id == WHAT_IF:
        yield "scenario_id", f"{scenario_id!r} is one of the house's: choose another"
    if scenario_id not in mine and len(mine) >= most:
        yield None, f"you have {len(mine)} scenarios, and {most} is the most: delete one first"


def _refuse(problems: Iterator[tuple[str | None, str]]) -> None:
    if found := tuple(problems):
        raise InvalidScenario(found)


async def _asked(session: Session, request: EvaluateWhatIf) -> list[Scenario]:
    """The scenarios of the request, those stored first; refuses when one is unknown or none is
    named.
    """
    owners = await repository.load_owners(session, [request.portfolio_id])
    if request.portfolio_id not in owners:
        raise Unanswerable("unknown_portfolio", "there is no such portfolio")
    custom = await repository.load_custom_scenarios(session, owners.values())
    own = [definition for definitions in custom.values() for definition in definitions]
    known = {
        each["scenario_id"]: each for each in [*own, *await repository.load_scenarios(session)]
    }
    if unknown := sorted(set(request.scenario_ids) - set(known)):
        raise Unanswerable(
            "unknown_scenario", f"no scenario {', '.join(unknown)} is stored for the portfolio"
        )
    chosen = [known[scenario_id] for scenario_id in dict.fromkeys(request.scenario_ids)]
    return [*calculations.scenarios(chosen), *_stated(request)]


def _stated(request: EvaluateWhatIf) -> list[Scenario]:
    """The scenario that the request itself describes, if it does or names no other."""
    shocks = request.model_dump(include={"shocks", "rate_shock", "volatility_shock"})
    if request.scenario_ids and not any(shocks.values()):
        return []
    about = {"scenario_id": WHAT_IF, "name": "What if", "description": "Stated in the request."}
    kind = {"category": "custom", "severity": "moderate", "basis": request.basis}
    return [_described({**about, **kind, **shocks})]


def _require_covariance(request: EvaluateWhatIf, market: Market) -> None:
    if request.method == "correlated" and market.covariance is None:
        raise Unanswerable("no_covariance", f"no factor covariance is stored for {market.as_of}")


def _outcomes(
    request: EvaluateWhatIf, held: Holdings, run: Run, factor_names: Sequence[str]
) -> Iterator[ScenarioOutcome]:
    """Scenario by scenario, each by the methods asked for."""
    methods = [each for each in run.test.methods if request.method in (each, "comprehensive")]
    outcomes = len(methods) * len(run.test.scenarios)
    shown = min(request.positions_shown, LISTED_POSITIONS // max(outcomes, 1))
    shocks = {
        method: calculations.effective_shocks(run.test.methods[method].shocks, factor_names)
        for method in methods
    }
    for place, scenario in enumerate(run.test.scenarios):
        for method in methods:
            measured = calculations.measurements(run.test, method, 0, place, factor_names)
            yield ScenarioOutcome(
                **{name: getattr(scenario, name) for name in _DESCRIBED},
                **{name: _cents(measured.pop(name)) for name in _AMOUNTS},
                **measured,
                method=method,
                effective_shocks=shocks[method][place],
                option_valuation=calculations.OPTION_VALUATION,
                left_out=tuple(_notice(each) for each in run.test.omissions[0][place]),
                **_listed(held, run.test.methods[method].positions[:, place], shown),
            )


_DESCRIBED = (
    "scenario_id",
    "name",
    "category",
    "severity",
    "shocks",
    "rate_shock",
    "volatility_shock",
    "basis",
)
_AMOUNTS = ("total_pnl", "nonlinear", "delta_gamma_pnl", "correlation_effect")


def _listed(held: Holdings, pnl: Floats, shown: int) -> dict[str, Any]:
    """The positions with the largest impacts, and what the others add up to."""
    order = np.argsort(-np.abs(np.nan_to_num(pnl)), kind="stable")
    listed, others = order[:shown], order[shown:]
    return {
        "positions": tuple(
            PositionImpact(
                position_id=held.shard.position_ids[place],
                symbol=held.book.symbols[place],
                pnl=_cents(calculations.number_or_none(float(pnl[place]))),
            )
            for place in listed
        ),
        "positions_not_shown": len(others),
        "pnl_not_shown": _cents(float(np.nansum(pnl[others]))),
    }


def _cents(dollars: float | None) -> Decimal | None:
    return None if dollars is None else Decimal(f"{dollars:.2f}")


# --- warnings ---


def _omitted(runs: Sequence[Run]) -> Iterator[Notice]:
    """What the results leave out: one notice per reason."""
    symbols: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in (
        each
        for run in runs
        for portfolio in run.test.omissions
        for case in portfolio
        for each in case
    ):
        symbols[each.code, each.reason].update(each.symbols)
    for (code, reason), names in sorted(symbols.items()):
        yield Notice.naming(code, reason, sorted(names))


def _uncorrelated(market: Market) -> Iterator[Notice]:
    if market.covariance is None:
        message = "no factor covariance for the session: no correlated results"
        yield Notice(code="no_covariance", message=message)


def _unvalued(set_aside: Sequence[Scenario]) -> Iterator[Notice]:
    if set_aside:
        names = [each.scenario_id for each in set_aside]
        yield Notice.naming(
            "scenario_not_valued", "shocks a factor that is not active: no result", names
        )


def _gaps(book: Book, reasons: Sequence[str | None]) -> Iterator[Notice]:
    """Positions whose past days are not all measured."""
    names = {book.symbols[place] for place, reason in enumerate(reasons) if reason}
    if names:
        message = "past days missing: the vectors of profit and loss say why"
        yield Notice.naming("history_incomplete", message, sorted(names))


def _notice(omission: calculations.Omission) -> Notice:
    return Notice.naming(omission.code, omission.reason, omission.symbols)
