"""What greeks does when prices arrive."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from services.greeks import repository
from services.greeks.calculations import positions
from services.greeks.calculations.contracts import (
    DIVIDEND_UNKNOWN,
    GIVEN,
    RATE_CONFIGURED,
    Close,
    ContractTerms,
    ContractValuation,
    Given,
    Market,
    contract_valuations,
)
from services.greeks.calculations.engines import (
    AMERICAN_COLLOCATION,
    AMERICAN_TREE,
    INTRINSIC,
    Engine,
    model_of,
)
from services.greeks.calculations.quotes import Quote
from services.greeks.calculations.rates import TreasuryCurve
from services.greeks.calculations.volatility import LONGEST_WINDOW
from services.greeks.repository import HeldOption
from services.greeks.settings import get_settings
from shared.calendar import is_session, previous_session, session_on_or_before, sessions
from shared.contracts.event import Notice
from shared.contracts.greeks import (
    GreeksComputed,
    OptionsPriced,
    OptionToPrice,
    PricedOption,
    PriceOptions,
)
from shared.contracts.ingest import PricesUpdated
from shared.database import Session
from shared.errors import NotASession
from shared.instruments import InvalidSymbol, OptionContract, parse_occ, parse_ticker
from shared.messaging import ServiceRouter

router = ServiceRouter("greeks")

Row = Mapping[str, Any]
GREEKS = ("delta", "gamma", "theta", "vega", "rho")
CALENDAR_DAYS_FOR_HISTORY = 400  # more than LONGEST_WINDOW + 1 sessions ever take


@router.emits(GreeksComputed)
@router.on(PricesUpdated)
async def compute_greeks(event: PricesUpdated, session: Session) -> GreeksComputed:
    """Value every option held by the shard's portfolios and record its sensitivities."""
    await repository.lock_portfolios(session, event.portfolio_ids, event.as_of)
    held = await repository.load_held_options(session, event.portfolio_ids, event.as_of)
    contracts = await _contract_rows(event, session, held)
    rows = _position_rows(event.as_of, held, contracts)
    await repository.save_positions(session, event.portfolio_ids, event.as_of, rows)
    notices = _notices(contracts.values())
    return GreeksComputed.about(
        event, warnings=notices, contracts=len(contracts), positions=len(rows)
    )


async def _contract_rows(
    event: PricesUpdated, session: Session, held: Sequence[HeldOption]
) -> dict[str, Row]:
    """A current row for every contract held: read where somebody has computed it, computed where
    not.
    """
    distinct = {option.contract: option for option in held}
    current = await _current_rows(event, session, distinct)
    if current.keys() == distinct.keys():
        return current
    await repository.lock_contracts(session, event.as_of)
    current = await _current_rows(event, session, distinct)
    missing = [option for contract, option in sorted(distinct.items()) if contract not in current]
    return current | await _computed_rows(event, session, missing)


async def _current_rows(
    event: PricesUpdated, session: Session, contracts: Iterable[str]
) -> dict[str, Row]:
    """Stored rows of this version of the market data, except those another engine than today's
    valued.
    """
    stored = await repository.load_contracts(session, contracts, event.as_of, event.price_run)
    return {contract: row for contract, row in stored.items() if row["model"] in _models(contract)}


def _models(contract: str) -> tuple[str | None, ...]:
    """What a row of the contract may say of its model under today's engine."""
    model = model_of(Engine(get_settings().engine), parse_occ(contract).is_european)
    trees = (AMERICAN_TREE,) if model == AMERICAN_COLLOCATION else ()
    return (None, INTRINSIC, model, *trees)


async def _computed_rows(
    event: PricesUpdated, session: Session, options: Sequence[HeldOption]
) -> dict[str, Row]:
    contracts = [parse_occ(option.contract) for option in options]
    terms = await asyncio.to_thread(_terms, contracts, event.as_of)
    market = await _load_market(session, terms, event.as_of)
    engine = Engine(get_settings().engine)
    valuations = await asyncio.to_thread(contract_valuations, terms, market, engine)
    computed = {
        option.contract: _contract_row(event, option, asdict(valuation))
        for option, valuation in zip(options, valuations, strict=True)
    }
    await repository.save_contracts(session, list(computed.values()))
    return computed


def _terms(contracts: Sequence[OptionContract], as_of: date) -> list[ContractTerms]:
    """What is valued, with the exchange's calendar applied to each distinct expiry."""
    lives = {expiry: _life(as_of, expiry) for expiry in {contract.expiry for contract in contracts}}
    return [
        ContractTerms(
            contract.symbol,
            contract.underlying,
            contract.option_type,
            float(contract.strike),
            contract.expiry,
            *lives[contract.expiry],
            european=contract.is_european,
        )
        for contract in contracts
    ]


def _life(as_of: date, expiry: date) -> tuple[date, int]:
    """The session at whose close the option expires, and how many sessions are left until then."""
    last_session = session_on_or_before(expiry)
    return last_session, len(
        sessions(as_of + timedelta(days=1), last_session)
    ) if last_session > as_of else 0


async def _load_market(session: Session, contracts: Sequence[ContractTerms], as_of: date) -> Market:
    underlyings = {terms.underlying for terms in contracts}
    history = sessions(as_of - timedelta(days=CALENDAR_DAYS_FOR_HISTORY), as_of)[
        -LONGEST_WINDOW - 1 :
    ]
    closes = await repository.load_closes(
        session, {(c.underlying, c.priced_on(as_of)) for c in contracts}
    )
    curve = await repository.latest_curve(session, as_of)
    quotes = await repository.load_quotes(session, {terms.contract for terms in contracts}, as_of)
    return Market(
        as_of=as_of,
        closes={asked: Close(*found) for asked, found in closes.items()},
        adjusted_closes=await repository.load_close_history(session, underlyings, history),
        curve=TreasuryCurve(**vars(curve)) if curve else None,
        configured_rate=get_settings().configured_rate,
        dividend_yields=await repository.load_dividend_yields(session, underlyings),
        quotes={contract: Quote(*found) for contract, found in quotes.items()},
    )


def _contract_row(event: PricesUpdated, option: HeldOption, valuation: dict[str, Any]) -> Row:
    price = valuation["underlying_price"]
    return valuation | {
        "as_of": event.as_of,
        "price_run": event.price_run,
        "underlying": option.underlying,
        "option_type": option.option_type,
        "strike": option.strike,
        "expiry": option.expiry,
        "underlying_price": None if price is None else Decimal(f"{price:.6f}"),
    }


def _position_rows(
    as_of: date, held: Sequence[HeldOption], contracts: Mapping[str, Row]
) -> list[Row]:
    """Each position's Greeks, or the reason its contract has none."""
    units = np.array(
        [[contracts[option.contract][greek] for greek in GREEKS] for option in held], dtype=float
    )
    greeks = positions.position_greeks(
        units.reshape(-1, len(GREEKS)),
        np.array([option.quantity for option in held], dtype=float),
        np.array([option.multiplier for option in held], dtype=float),
    )
    return [
        _position_row(as_of, option, contracts[option.contract]["reason"], numbers)
        for option, numbers in zip(held, greeks.tolist(), strict=True)
    ]


def _position_row(
    as_of: date, option: HeldOption, reason: str | None, numbers: Sequence[float]
) -> Row:
    known = (None if reason else number for number in numbers)
    return {
        "position_id": option.position_id,
        "as_of": as_of,
        "portfolio_id": option.portfolio_id,
        "contract": option.contract,
        "underlying": option.underlying,
        "quantity": option.quantity,
        "multiplier": option.multiplier,
        **dict(zip(GREEKS, known, strict=True)),
        "reason": reason,
    }


def _notices(contracts: Iterable[Row]) -> list[Notice]:
    """What a reader of these Greeks should know; read from the rows, so a rerun tells the same."""
    rows = list(contracts)
    living = [row for row in rows if row["years_to_expiry"] > 0.0]
    unvalued = {row["contract"] for row in rows if row["reason"]}
    stale = {
        row["underlying"]
        for row in living
        if (row["underlying_price_date"] or row["as_of"]) < row["as_of"]
    }
    undividended = {
        row["underlying"] for row in living if row["dividend_source"] == DIVIDEND_UNKNOWN
    }
    configured = {row["contract"] for row in living if row["rate_source"] == RATE_CONFIGURED}
    noted = {row["contract"] for row in rows if row["note"]}
    found = [
        ("greeks_missing", "no Greeks for these contracts; each row says why", unvalued),
        ("underlying_price_carried_forward", "valued from a close older than the session", stale),
        ("dividend_yield_unknown", "dividend yield unknown: taken as 0", undividended),
        ("rate_configured", "no Treasury curve stored: the configured rate was used", configured),
        (
            "quote_not_used",
            "the contract's quote implies no volatility; each row's note says why",
            noted,
        ),
    ]
    return [Notice.naming(code, message, sorted(names)) for code, message, names in found if names]


# --- on request ---


@router.answers(PriceOptions)
async def price_options(request: PriceOptions, session: Session) -> OptionsPriced:
    """Value options that perhaps nobody holds, from what is given and, for the rest, what is
    stored.
    """
    await asyncio.to_thread(_require_session, request.as_of)
    engine = Engine(get_settings().engine if request.engine == "default" else request.engine)
    sought = [_identified(option) for option in request.options]
    known = [contract for contract in sought if isinstance(contract, OptionContract)]
    terms = await asyncio.to_thread(_terms, known, request.as_of)
    market = await _load_market(session, terms, request.as_of)
    given = [
        _given(o)
        for o, c in zip(request.options, sought, strict=True)
        if isinstance(c, OptionContract)
    ]
    valuations = iter(await asyncio.to_thread(contract_valuations, terms, market, engine, given))
    priced = [
        PricedOption(contract=option.contract, reason=contract)
        if isinstance(contract, str)
        else _priced(option, contract, next(valuations))
        for option, contract in zip(request.options, sought, strict=True)
    ]
    return OptionsPriced(as_of=request.as_of, engine=engine, options=tuple(priced))


def _require_session(as_of: date) -> None:
    """Raise `NotASession` on a closed exchange; the first call loads the calendar, which takes a
    while.
    """
    if not is_session(as_of):
        raise NotASession(as_of, previous_session(as_of))


def _identified(option: OptionToPrice) -> OptionContract | str:
    """The contract that is meant, or a sentence that says why none is."""
    try:
        if option.contract is not None:
            return parse_occ(option.contract)
        if option.underlying is None:
            return "neither an OCC symbol nor an underlying is given"
        root = parse_ticker(option.underlying)
    except InvalidSymbol as error:
        return str(error)
    if option.strike is None or option.expiry is None or option.option_type is None:
        return "without an OCC symbol, strike, expiry and option_type are needed"
    return OptionContract(root, option.expiry, option.option_type, option.strike)


def _given(option: OptionToPrice) -> Given:
    return Given(
        underlying_price=option.underlying_price,
        volatility=option.volatility,
        rate=option.rate,
        dividend_yield=option.dividend_yield,
        market_price=option.market_price,
        dividends=tuple((dividend.ex_date, dividend.amount) for dividend in option.dividends),
    )


def _priced(
    option: OptionToPrice, contract: OptionContract, valuation: ContractValuation
) -> PricedOption:
    found = asdict(valuation)
    price_date, market_price = found.pop("underlying_price_date"), found.pop("quote_mid")
    spot_source = None if price_date is None else f"close_{price_date.isoformat()}"
    price_source = None if market_price is None else "quote_mid"
    return PricedOption(
        **found,
        underlying=contract.underlying,
        option_type=contract.option_type,
        strike=contract.strike,
        expiry=contract.expiry,
        exercise="european" if contract.is_european else "american",
        underlying_price_source=spot_source if option.underlying_price is None else GIVEN,
        dividends=option.dividends,
        market_price=market_price,
        market_price_source=price_source if option.market_price is None else GIVEN,
    )
