"""Trades with the prices of a session, checked by the rules of the ledger: their legs."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from services.gateway.books.dependencies import owned_portfolio
from services.gateway.books.entering import Lots, entered
from services.gateway.books.ledger import Market
from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.books.schemas.ledger import NewTransaction
from services.gateway.drafts.queries import market as queries
from services.gateway.drafts.schemas.trades import TradeAction
from services.gateway.drafts.shapes import Draft
from services.gateway.drafts.trading.legs import Holdings, Leg, Price
from services.gateway.drafts.trading.resolving import (
    Errors,
    Exposed,
    Line,
    Order,
    Resolver,
    Wanted,
    misplaced,
    orders_of,
    refuse,
)
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem
from services.gateway.edge.values import Warned
from services.gateway.tables import User
from shared.contracts.greeks import MOST_OPTIONS, OptionToPrice, PricedOption, PriceOptions
from shared.contracts.ingest import FetchSymbols
from shared.database import Database, Session
from shared.instruments import OptionContract

MOST_LEGS = 500
MOST_FETCHED = 50
_NO_PRICE = "no_price"


@dataclass(frozen=True)
class Asking:
    """Who asks: whose transactions are opened, and who prices options."""

    caller: User
    database: Database
    gateway: Gateway


class Branch(Protocol):
    """What trades change: a portfolio as it was on a session. A draft is one."""

    @property
    def base_id(self) -> UUID:
        """The portfolio."""

    @property
    def base_session(self) -> date:
        """The session whose holdings and prices count."""


@dataclass(frozen=True)
class Priced:
    """Trades as lines before the ledger's rules have checked them, and what is unusual."""

    lines: Sequence[Line]
    warnings: Sequence[Warned]


@dataclass(frozen=True)
class _Facts:
    """What trades depend on: what is held, what their instruments cost, and exposures."""

    orders: Sequence[Sequence[Order]]
    held: Sequence[tuple[str, Decimal]]
    prices: Mapping[str, Price]
    exposed: Exposed


async def priced(asking: Asking, draft: Branch, wanted: Sequence[Wanted]) -> Priced:
    """The lines of all trades of a draft, in order; 422 with everything that is wrong with them.

    Options are priced by the greeks service, as held ones are: outside of any transaction.
    """
    errors = misplaced(wanted)
    refuse(errors)
    async with asking.database.transaction() as session:
        facts = await _load_facts(session, asking.caller, draft, wanted, errors)
    refuse(errors)
    known = await with_fetched(asking, draft.base_session, _underlyings(facts), facts.prices)
    facts = replace(facts, prices=known)
    prices = {**facts.prices, **await _option_prices(asking, draft.base_session, facts)}
    warnings: list[Warned] = []
    for each, orders in zip(wanted, facts.orders, strict=True):
        errors += _unpriced(each, orders, prices, draft.base_session)
        warnings += _stale(each, orders, prices, draft.base_session)
    refuse(errors)
    known = {symbol: price for symbol, price in prices.items() if isinstance(price, Price)}
    lines = await asyncio.to_thread(_lines, wanted, facts, known, errors)
    refuse(errors)
    if len(lines) > MOST_LEGS:
        detail = f"the trades are {len(lines)} lines: at most {MOST_LEGS} in one draft"
        raise Problem(422, "too_many_legs", detail)
    return Priced(lines, warnings)


def _lines(
    wanted: Sequence[Wanted], facts: _Facts, prices: Mapping[str, Price], errors: Errors
) -> list[Line]:
    resolver = Resolver(Holdings(facts.held), prices, facts.exposed, errors)
    return [
        line
        for place, (each, orders) in enumerate(zip(wanted, facts.orders, strict=True))
        for line in resolver.lines(place, each, orders)
    ]


async def _load_facts(
    session: Session, caller: User, draft: Branch, wanted: Sequence[Wanted], errors: Errors
) -> _Facts:
    named = {each.trade.portfolio_id for each in wanted if each.trade.portfolio_id is not None}
    for portfolio_id in sorted(named):
        await owned_portfolio(session, caller, portfolio_id)
    day = draft.base_session
    held = await queries.load_held(session, [draft.base_id, *sorted(named)], day)
    others = {portfolio_id: _net(held.get(portfolio_id, ())) for portfolio_id in named}
    orders = [orders_of(each, others, errors) for each in wanted]
    flat = [order for each in orders for order in each]
    prices = await queries.load_prices(session, {order.underlying for order in flat}, day)
    hedged = any(each.trade.action is TradeAction.HEDGE for each in wanted)
    exposed = await _load_exposed(session, draft, flat) if hedged else Exposed(None, None)
    return _Facts(orders, held.get(draft.base_id, ()), prices, exposed)


def _underlyings(facts: _Facts) -> set[str]:
    return {order.underlying for orders in facts.orders for order in orders}


async def with_fetched(
    asking: Asking, day: date, symbols: Collection[str], known: Mapping[str, Price]
) -> Mapping[str, Price]:
    """The prices with those of symbols that no portfolio has held yet, as far as there are."""
    missing = sorted(set(symbols) - known.keys())[:MOST_FETCHED]
    if not missing:
        return known
    await asking.gateway.ask(FetchSymbols(as_of=day, symbols=tuple(missing)))
    async with asking.database.transaction() as session:
        fetched = await queries.load_prices(session, missing, day)
    return {**known, **fetched}


def _net(held: Iterable[tuple[str, Decimal]]) -> list[tuple[str, Decimal]]:
    net: dict[str, Decimal] = {}
    for symbol, quantity in held:
        net[symbol] = net.get(symbol, Decimal(0)) + quantity
    return [(symbol, quantity) for symbol, quantity in sorted(net.items()) if quantity]


async def _load_exposed(session: Session, draft: Branch, orders: Iterable[Order]) -> Exposed:
    day = draft.base_session
    betas = await queries.load_market_betas(session, {order.underlying for order in orders}, day)
    dollars = await queries.load_exposed(session, draft.base_id, day)
    return Exposed(dollars.delta_adjusted, dollars.market_beta, betas)


async def _option_prices(
    asking: Asking, day: date, facts: _Facts
) -> dict[str, Price | PricedOption]:
    """By contract, what it is worth at the close of the session; what has no price, why."""
    contracts = sorted(
        {
            order.symbol
            for orders in facts.orders
            for order in orders
            if isinstance(order.instrument, OptionContract) and order.underlying in facts.prices
        }
    )
    options = await priced_options(asking, day, contracts)
    return {contract: option_price(option, day) for contract, option in options.items()}


async def priced_options(
    asking: Asking, day: date, contracts: Sequence[str]
) -> dict[str, PricedOption]:
    """By contract, its value and Greeks at the close of the session, or why there are none."""
    found: dict[str, PricedOption] = {}
    for start in range(0, len(contracts), MOST_OPTIONS):
        some = contracts[start : start + MOST_OPTIONS]
        options = tuple(OptionToPrice(contract=contract) for contract in some)
        answer = await asking.gateway.ask(PriceOptions(as_of=day, options=options))
        found |= dict(zip(some, answer.options, strict=True))
    return found


def option_price(option: PricedOption, day: date) -> Price | PricedOption:
    """A quote's middle where there is one, else the model's value: as positions are valued."""
    quoted = option.market_price is not None
    value = option.market_price if quoted else option.price
    if not value or option.underlying_price is None:
        return option
    source = "quote_mid" if quoted else "model"
    spot = Decimal(str(option.underlying_price))
    return Price(Decimal(str(value)), day, source, option.delta, spot)


def _unpriced(
    wanted: Wanted,
    orders: Sequence[Order],
    prices: Mapping[str, Price | PricedOption],
    day: date,
) -> Errors:
    name = "symbol" if wanted.trade.symbol else "portfolio_id"
    name = "underlying" if wanted.trade.underlying else name
    found: Errors = []
    for order in orders:
        known = prices.get(order.symbol)
        if isinstance(known, Price):
            continue
        why = known.reason if known is not None else None
        message = f"{order.symbol} has no price at or before {day}" + (f": {why}" if why else "")
        found.append({"field": f"{wanted.label}.{name}", "code": _NO_PRICE, "message": message})
    return found


def _stale(
    wanted: Wanted,
    orders: Sequence[Order],
    prices: Mapping[str, Price | PricedOption],
    day: date,
) -> list[Warned]:
    old = sorted(
        {
            order.symbol
            for order in orders
            for price in [prices.get(order.symbol)]
            if isinstance(price, Price) and price.day < day
        }
    )
    message = f"{wanted.label} trades at the last known price, which is older than {day}"
    return [Warned(code="stale_price", message=message, count=len(old), about=old)] if old else []


async def checked_legs(
    session: Session, draft: Branch, lines: Sequence[Line], wanted: Collection[Wanted]
) -> tuple[list[list[Leg]], list[Warned]]:
    """The legs of every trade and what is unusual about them, by the rules of the ledger.

    422 with every line that no ledger takes.
    """
    terms = [(place, _transaction(line, draft)) for place, line in enumerate(lines)]
    nothing_held = Lots({}, Market(date.max))
    try:
        found = await entered(session, draft.base_id, terms, draft.base_session, nothing_held)
    except Problem as problem:
        refuse([_of_trade(lines, dict(vars(error))) for error in problem.errors])
        raise
    legs: list[list[Leg]] = [[] for _ in wanted]
    for line, row in zip(lines, found.rows, strict=True):
        legs[line.place].append(_leg(line, row))
    return legs, found.warnings


def _transaction(line: Line, draft: Branch) -> NewTransaction:
    return NewTransaction(
        kind=line.kind,
        trade_date=str(draft.base_session),
        symbol=line.order.symbol,
        quantity=abs(line.quantity),
        price=line.price,
        fees=line.fees or None,
        note=line.note,
    )


def _of_trade(lines: Sequence[Line], error: Mapping[str, object]) -> dict[str, str]:
    """An error about a line of the ledger as one about the trade that it is of."""
    _, place, name = str(error["field"]).split(".", 2)
    field = f"{lines[int(place)].label}.{name}"
    return {"field": field, "code": str(error["code"]), "message": str(error["message"])}


def _leg(line: Line, row: TransactionRow) -> Leg:
    given = line.order.given is not None
    return Leg(
        row.transaction_id,
        row.kind,
        row.symbol or "",
        row.underlying or "",
        row.option_type,
        row.strike,
        row.expiry,
        row.multiplier,
        row.investment_class or "PUBLIC",
        row.quantity or Decimal(0),
        row.price or Decimal(0),
        row.fees,
        "given" if given else line.quoted.source,
        line.quoted.day,
        line.delta_adjusted,
    )


def lines_of(draft: Draft, portfolio_id: UUID, legs: Iterable[Leg]) -> list[TransactionRow]:
    """Legs as lines of a portfolio's ledger, dated on the draft's session.

    They are known by their ids: an upload of the draft's exported file enters none of them twice.
    """
    day = draft.base_session
    return [
        TransactionRow(
            leg.transaction_id,
            portfolio_id,
            leg.kind,
            day,
            day,
            "api",
            symbol=leg.symbol,
            underlying=leg.underlying,
            option_type=leg.option_type,
            strike=leg.strike,
            expiry=leg.expiry,
            multiplier=leg.multiplier,
            investment_class=leg.investment_class,
            quantity=leg.quantity,
            price=leg.price,
            fees=leg.fees,
            external_id=str(leg.transaction_id),
            note=f"draft: {draft.name}"[:200],
        )
        for leg in legs
    ]
