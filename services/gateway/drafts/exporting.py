"""Trades as files: in the columns of transactions, as JSON, or as orders in FIX 4.4."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID, uuid5

from services.gateway.books import files
from services.gateway.books.files import PRIVATE, TradeLine
from services.gateway.books.files.fix import NotInFix
from services.gateway.books.files.orders import (
    ACCOUNT,
    ENCODED_TEXT,
    SENDER,
    TARGET,
    TEXT,
    Envelope,
    Order,
    order_list_file,
    orders_file,
)
from services.gateway.drafts.schemas.exports import (
    ExportedTrade,
    FixTerms,
    OrderType,
    TimeInForce,
    TradesExport,
)
from services.gateway.drafts.trading.legs import Leg
from services.gateway.edge.downloads import Exported, ExportedFile, TradeForm, safe_name
from services.gateway.edge.problems import Problem

ORDER_NAMESPACE = UUID("3c4b1f0a-9f1e-5d0b-8a57-2f6b7a9d1e54")
_TIME_IN_FORCE = {
    TimeInForce.DAY: "0",
    TimeInForce.GOOD_TILL_CANCELLED: "1",
    TimeInForce.AT_THE_OPEN: "2",
    TimeInForce.IMMEDIATE_OR_CANCEL: "3",
    TimeInForce.FILL_OR_KILL: "4",
    TimeInForce.AT_THE_CLOSE: "7",
}
_GIVEN = "given"
# Which field of the request has the text of a field of FIX.
_FIELDS: Mapping[int, str] = {SENDER: "fix.sender", TARGET: "fix.target", ACCOUNT: "fix.account"}


@dataclass(frozen=True)
class TradeLegs:
    """A trade's own note, and the lines that it is."""

    note: str
    legs: Sequence[Leg]


@dataclass(frozen=True)
class Trades:
    """Trades of a draft, or of a portfolio on a session (`draft_id` None), in order.

    `note`: of the trades without one, where the file is one of transactions.
    """

    name: str
    portfolio_id: UUID
    session_date: date
    trades: Sequence[TradeLegs]
    draft_id: UUID | None = None
    note: str = ""

    @property
    def about(self) -> UUID:
        """The draft, or the portfolio."""
        return self.draft_id or self.portfolio_id

    @property
    def lines(self) -> list[TradeLine]:
        """The trades as lines of a file of transactions."""
        return [
            TradeLine(
                self.session_date,
                leg.kind,
                leg.symbol,
                leg.quantity,
                leg.price,
                leg.fees,
                str(leg.transaction_id),
                trade.note or self.note,
            )
            for trade in self.trades
            for leg in trade.legs
        ]


@dataclass(frozen=True)
class Branched:
    """A portfolio on a session, without a draft."""

    base_id: UUID
    base_session: date


def with_stable_ids(branch: Branched, trades: Sequence[TradeLegs]) -> list[TradeLegs]:
    """The trades with ids that are the same whenever these trades are exported again."""

    def stable(place: int, number: int, leg: Leg) -> Leg:
        price = f"{leg.price:f}" if leg.price_source == _GIVEN else "market"
        about = f"{branch.base_id}/{branch.base_session}/{place}/{number}"
        terms = f"{about}/{leg.symbol}/{leg.quantity.normalize():f}/{price}"
        return replace(leg, transaction_id=uuid5(ORDER_NAMESPACE, terms))

    return [
        replace(trade, legs=[stable(place, number, leg) for number, leg in enumerate(trade.legs)])
        for place, trade in enumerate(trades)
    ]


def trades_export(found: Trades, form: TradeForm, terms: FixTerms, now: datetime) -> ExportedFile:
    """The file; `now`: the moment of orders whose terms give none. 422 where FIX has no word."""
    name = f"trades-{safe_name(found.name, found.about)}-{found.session_date}"
    content = _WRITERS[form](found, terms, now)
    return ExportedFile(Exported.TRADES, form, content, len(found.lines), name, found.about)


def _csv(found: Trades, terms: FixTerms, now: datetime) -> str:
    return files.trades_file(found.lines)


def _json(found: Trades, terms: FixTerms, now: datetime) -> str:
    return TradesExport(
        draft_id=found.draft_id,
        name=found.name,
        portfolio_id=found.portfolio_id,
        transactions=[
            ExportedTrade.model_validate({**vars(line), "external_id": line.line_id})
            for line in found.lines
        ],
    ).model_dump_json()


def _fix(found: Trades, terms: FixTerms, now: datetime) -> bytes:
    sent_at = terms.sending_time or now
    envelope = Envelope(
        terms.sender,
        terms.target,
        terms.account,
        sent_at,
        terms.transact_time or sent_at,
        terms.first_number,
        _TIME_IN_FORCE[terms.time_in_force],
    )
    orders = list(_orders(found, terms.order_type))
    _refuse_unwritable(found, orders, envelope)
    every = [order for _, order in orders]
    if terms.as_list:
        list_id = uuid5(ORDER_NAMESPACE, "/".join(order.order_id for order in every))
        return order_list_file(every, envelope, str(list_id))
    return orders_file(every, envelope)


def _orders(found: Trades, kind: OrderType | None) -> Iterator[tuple[int, Order]]:
    """The orders, each with the place of its trade."""
    for place, trade in enumerate(found.trades):
        for leg in trade.legs:
            is_limit = leg.price_source == _GIVEN if kind is None else kind is OrderType.LIMIT
            yield (
                place,
                Order(
                    str(leg.transaction_id),
                    leg.kind,
                    leg.symbol,
                    leg.underlying,
                    leg.quantity,
                    leg.price if is_limit else None,
                    leg.option_type,
                    leg.strike,
                    leg.expiry,
                    leg.multiplier,
                    trade.note,
                ),
            )


def _refuse_unwritable(
    found: Trades, orders: Sequence[tuple[int, Order]], envelope: Envelope
) -> None:
    """422 with every text that FIX cannot have, and every holding that no broker trades."""
    if not orders:
        raise Problem(422, "nothing_to_export", "there is no trade to write an order for")
    errors = {
        f"trades.{place}.symbol": ("not_tradable", f"{leg.symbol} is private: no broker trades it")
        for place, trade in enumerate(found.trades)
        for leg in trade.legs
        if leg.investment_class == PRIVATE
    }
    for place, order in orders:
        try:
            orders_file([order], envelope)
        except NotInFix as error:
            own = "note" if error.tag in (TEXT, ENCODED_TEXT) else "symbol"
            field = _FIELDS.get(error.tag, f"trades.{place}.{own}")
            errors[field] = ("not_in_fix", str(error))
    if errors:
        every = [
            {"field": field, "code": code, "message": message}
            for field, (code, message) in errors.items()
        ]
        detail = f"{every[0]['field']}: {every[0]['message']}"
        raise Problem(422, "not_in_fix", detail, every)


# What writes each format: another one is added here and to `TradeForm`.
_WRITERS: Mapping[TradeForm, Callable[[Trades, FixTerms, datetime], str | bytes]] = {
    TradeForm.CSV: _csv,
    TradeForm.JSON: _json,
    TradeForm.FIX: _fix,
}
