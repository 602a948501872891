"""What trades mean: each as quantities of instruments, in the order in which they are entered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from services.gateway.books.files.instruments import (
    Instrument,
    contract_of,
    listed_instrument,
    multiplier_of,
    symbol_of,
    underlying_of,
)
from services.gateway.books.ledger import Kind
from services.gateway.drafts.schemas.trades import NewTrade, TradeAction
from services.gateway.drafts.trading.legs import Holdings, Price
from services.gateway.drafts.trading.strategies import InvalidStrategy, strategy_legs
from services.gateway.edge.problems import Problem
from shared.instruments import (
    InvalidSymbol,
    OptionContract,
    parse_occ,
)

PRICE_DECIMALS = 6
_COMMON = frozenset({"action", "note", "fees"})
_ONE = _COMMON | {"symbol", "price"}
_STRATEGY = frozenset({"strategy", "underlying", "expiry", "strikes", "option_type"})
# The fields that each action has, and those that it needs.
FIELDS: dict[TradeAction, tuple[frozenset[str], tuple[str, ...]]] = {
    TradeAction.OPEN: (_ONE | {"quantity", "exposure"}, ("symbol",)),
    TradeAction.CLOSE: (_ONE | {"quantity"}, ("symbol",)),
    TradeAction.ADJUST: (_ONE | {"quantity", "exposure"}, ("symbol",)),
    TradeAction.HEDGE: (_ONE | {"measure", "share"}, ("symbol",)),
    TradeAction.STRATEGY: (
        _COMMON | _STRATEGY | {"quantity", "shares", "prices"},
        ("strategy", "underlying", "expiry", "strikes", "quantity"),
    ),
    TradeAction.ADD_PORTFOLIO: (_COMMON | {"portfolio_id"}, ("portfolio_id",)),
    TradeAction.SUBTRACT_PORTFOLIO: (_COMMON | {"portfolio_id"}, ("portfolio_id",)),
}
Errors = list[dict[str, str]]


@dataclass(frozen=True)
class Wanted:
    """A trade, and how errors and warnings name it (such as "trades.0")."""

    label: str
    trade: NewTrade


@dataclass(frozen=True)
class Order:
    """One instrument of a trade.

    `quantity` None: it follows from the trade, what is held and the prices.
    """

    instrument: Instrument
    quantity: Decimal | None = None
    given: Decimal | None = None

    @property
    def symbol(self) -> str:
        """The symbol under which it is held."""
        return symbol_of(self.instrument)

    @property
    def underlying(self) -> str:
        """The symbol whose price drives it."""
        return underlying_of(self.instrument)

    @property
    def multiplier(self) -> int:
        """100 for options, 1 otherwise."""
        return multiplier_of(self.instrument)


@dataclass(frozen=True)
class Line:
    """A line of the ledger that a trade is, before it is checked by the ledger's rules."""

    label: str
    place: int
    order: Order
    kind: Kind
    quantity: Decimal
    price: Decimal
    fees: Decimal
    note: str
    quoted: Price
    delta_adjusted: float | None


def refuse(errors: Errors) -> None:
    """422 with everything that is wrong with trades, if anything is."""
    if errors:
        detail = f"{errors[0]['field']}: {errors[0]['message']}"
        raise Problem(422, "invalid_trade", detail, errors)


def _error(label: str, name: str, code: str, message: str) -> dict[str, str]:
    return {"field": f"{label}.{name}", "code": code, "message": message}


def misplaced(wanted: Sequence[Wanted]) -> Errors:
    """Fields that the actions of trades do not have, and those that they miss."""
    found: Errors = []
    for each in wanted:
        action = each.trade.action
        allowed, needed = FIELDS[action]
        given = each.trade.model_fields_set
        found += [
            _error(each.label, name, "unexpected", f"{action} has no {name}: leave it out")
            for name in sorted(given - allowed)
        ]
        found += [
            _error(each.label, name, "missing_value", f"{action} needs {name}")
            for name in needed
            if not getattr(each.trade, name)
        ]
    return found


def orders_of(
    wanted: Wanted, others: Mapping[UUID, Sequence[tuple[str, Decimal]]], errors: Errors
) -> list[Order]:
    """The instruments of a trade; what is wrong with their names is added to `errors`.

    `others`: what the portfolios that are added or subtracted hold, by symbol.
    """
    trade = wanted.trade
    if trade.action is TradeAction.STRATEGY:
        return _strategy_orders(wanted, errors)
    if trade.portfolio_id is not None:
        sign = 1 if trade.action is TradeAction.ADD_PORTFOLIO else -1
        return [
            Order(_held(symbol), sign * quantity) for symbol, quantity in others[trade.portfolio_id]
        ]
    instrument = listed_instrument(trade.symbol or "")
    if isinstance(instrument, InvalidSymbol):
        errors.append(_error(wanted.label, "symbol", "invalid_symbol", str(instrument)))
        return []
    return [Order(instrument, None, trade.price)]


def _held(symbol: str) -> Instrument:
    try:
        return parse_occ(symbol)
    except InvalidSymbol:
        return symbol


def _strategy_orders(wanted: Wanted, errors: Errors) -> list[Order]:
    trade = wanted.trade
    if trade.strategy is None or trade.expiry is None or not trade.quantity or not trade.underlying:
        return []  # said already
    if trade.quantity != trade.quantity.to_integral_value():
        message = "a strategy is traded in whole numbers"
        errors.append(_error(wanted.label, "quantity", "not_whole", message))
        return []
    legs = strategy_legs(trade.strategy, trade.strikes, trade.option_type, shares=trade.shares)
    if isinstance(legs, InvalidStrategy):
        errors.append(_error(wanted.label, legs.field, "invalid_strategy", legs.message))
        return []
    if trade.prices and len(trade.prices) != len(legs):
        message = f"{len(legs)} legs are traded, and {len(trade.prices)} prices given"
        errors.append(_error(wanted.label, "prices", "invalid_strategy", message))
        return []
    given: Sequence[Decimal | None] = trade.prices or [None] * len(legs)
    orders: list[Order] = []
    for leg, price in zip(legs, given, strict=True):
        if leg.option_type is None or leg.strike is None:
            instrument = listed_instrument(trade.underlying)
        else:
            instrument = contract_of(trade.underlying, trade.expiry, leg.option_type, leg.strike)
        if isinstance(instrument, InvalidSymbol):
            errors.append(_error(wanted.label, "underlying", "invalid_symbol", str(instrument)))
            return []
        orders.append(Order(instrument, leg.quantity * trade.quantity, price))
    return orders


@dataclass
class Exposed:
    """Signed USD that hedges are against, as it changes from trade to trade; None: unknown.

    `betas`: market beta by underlying; `unknown`: whose beta or delta is missing.
    """

    delta_adjusted: float | None
    market_beta: float | None
    betas: Mapping[str, float | None] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def add(self, order: Order, quantity: Decimal, price: Price) -> float | None:
        """A trade is added; what it adds to the delta-adjusted exposure, USD."""
        if price.delta is None or price.underlying_price is None:
            self.delta_adjusted = self.market_beta = None
            self.unknown.add(order.symbol)
            return None
        dollars = float(quantity * order.multiplier * price.underlying_price) * price.delta
        beta = self.betas.get(order.underlying)
        if self.delta_adjusted is not None:
            self.delta_adjusted += dollars
        if self.market_beta is not None:
            self.market_beta = None if beta is None else self.market_beta + beta * dollars
        if beta is None:
            self.unknown.add(order.underlying)
        return dollars


def _paid(order: Order, price: Price) -> Decimal:
    """What it is traded at: the price given, else that of the session."""
    return round(price.price, PRICE_DECIMALS) if order.given is None else order.given


class Resolver:
    """Turns orders into lines, one after the other, with what is held in between."""

    def __init__(
        self, holdings: Holdings, prices: Mapping[str, Price], exposed: Exposed, errors: Errors
    ) -> None:
        self._holdings = holdings
        self._prices = prices
        self._exposed = exposed
        self._errors = errors

    def lines(self, place: int, wanted: Wanted, orders: Sequence[Order]) -> list[Line]:
        """The lines of one trade; none where something is wrong with it."""
        found: list[Line] = []
        fees = wanted.trade.fees
        for order in orders:
            price = self._prices[order.symbol]
            for quantity in self._quantities(wanted, order, price):
                for kind, part in self._holdings.trade(order.symbol, quantity):
                    paid = _paid(order, price)
                    exposed = self._exposed.add(order, part, price)
                    terms = (kind, part, paid, fees, wanted.trade.note, price, exposed)
                    found.append(Line(wanted.label, place, order, *terms))
                    fees = Decimal(0)
        return found

    def _quantities(self, wanted: Wanted, order: Order, price: Price) -> list[Decimal]:
        """What is bought (above 0) and sold of the instrument."""
        trade = wanted.trade
        if order.quantity is not None:
            return [order.quantity]
        held = self._holdings.of(order.symbol)
        match trade.action:
            case TradeAction.CLOSE:
                return self._closed(wanted, order, trade.quantity)
            case TradeAction.HEDGE:
                found = self._hedge(wanted, order, price)
            case TradeAction.ADJUST:
                target = self._amount(wanted, order, price)
                found = None if target is None else target - held.net
            case _:
                found = self._amount(wanted, order, price)
        if found is not None and not found and trade.action is TradeAction.OPEN:
            self._complain("quantity", "nothing_to_trade", "this trades nothing", wanted)
        return [found] if found else []

    def _amount(self, wanted: Wanted, order: Order, price: Price) -> Decimal | None:
        """The quantity that is given, or that so many dollars are."""
        trade = wanted.trade
        if (trade.quantity is None) == (trade.exposure is None):
            message = "say either a quantity or an exposure in dollars"
            self._complain("quantity", "missing_value", message, wanted)
            return None
        if trade.exposure is None:
            return trade.quantity
        # What is bought is as much as the dollars pay; what is held counts at the close.
        is_held = trade.action is TradeAction.ADJUST
        each = round(price.price, PRICE_DECIMALS) if is_held else _paid(order, price)
        whole = (trade.exposure / (each * order.multiplier)).quantize(Decimal(1), ROUND_DOWN)
        if not whole and trade.exposure:
            message = f"one {order.symbol} is {each * order.multiplier:,.2f} USD: more than that"
            self._complain("exposure", "exposure_too_small", message, wanted)
            return None
        return whole

    def _closed(self, wanted: Wanted, order: Order, quantity: Decimal | None) -> list[Decimal]:
        held = self._holdings.of(order.symbol)
        if not held.long and not held.short:
            message = f"no {order.symbol} is held to close"
            self._complain("symbol", "nothing_held", message, wanted)
            return []
        if quantity is None:
            return [-part for part in (held.long, held.short) if part]
        most = abs(held.net)
        if not 0 < abs(quantity) <= most:
            message = f"{most.normalize():f} {order.symbol} are held: close at most that many"
            self._complain("quantity", "more_than_held", message, wanted)
            return []
        return [-abs(quantity) if held.net > 0 else abs(quantity)]

    def _hedge(self, wanted: Wanted, order: Order, price: Price) -> Decimal | None:
        if isinstance(order.instrument, OptionContract):
            message = f"{order.symbol} is an option: hedge with a stock or a fund"
            self._complain("symbol", "not_a_hedge", message, wanted)
            return None
        is_beta = wanted.trade.measure == "market_beta"
        against = self._exposed.market_beta if is_beta else self._exposed.delta_adjusted
        beta = self._exposed.betas.get(order.symbol) if is_beta else 1.0
        if against is None or not beta:
            unknown = self._exposed.unknown | ({order.symbol} if not beta else set())
            names = ", ".join(sorted(unknown)) or "the portfolio"
            message = (
                f"what it would hedge is not known yet ({names}): calculate the draft without the "
                "hedge, then add it"
            )
            self._complain("measure", "not_measured", message, wanted)
            return None
        dollars = -against * (wanted.trade.share or 1.0) / beta
        # A share takes off the exposure what it is worth at the close, not what is paid for it.
        shares = Decimal(dollars) / price.price
        return shares.quantize(Decimal(1))

    def _complain(self, name: str, code: str, message: str, wanted: Wanted) -> None:
        self._errors.append(_error(wanted.label, name, code, message))
