"""Ledgers: transactions and the market behind them as inputs, lots as they are stored."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter
from uuid import UUID

from sqlalchemy import Date, and_, case, func, insert, literal, null, or_, select, update

from services.gateway.books.ledger import Instrument, Kind, LotMethod, Market, Split, Trade
from services.gateway.tables import IS_BOOK, Portfolio, Position, PositionSpan, Transaction
from services.gateway.tables.portfolios import COUNTS
from shared.calendar import session_on_or_before
from shared.database import Session, among, append, merge, sql_table
from shared.published import ingest, snapshots

transactions = sql_table(Transaction)
portfolios = sql_table(Portfolio)
positions = sql_table(Position)
spans = sql_table(PositionSpan)
MANY_LOTS = 5_000  # of one import; statistics for some hundred would cost more than they save


@dataclass(frozen=True)
class Terms:
    """How a portfolio's ledger is kept; `draft_id`: its own id, if it is a draft."""

    lot_method: LotMethod
    cash_settlement: bool
    draft_id: UUID | None = None


@dataclass  # not frozen: docs/performance.md says why
class LotRow:
    """A row of the positions table."""

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    instrument: str
    underlying: str
    option_type: str | None
    strike: Decimal | None
    expiry: date | None
    multiplier: int
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    exit_price: Decimal | None
    exit_date: date | None
    investment_class: str
    investment_subtype: str | None
    stated_on: date
    opened_by: UUID | None


@dataclass  # not frozen: docs/performance.md says why
class SpanRow:
    """A row of the position_spans table."""

    position_id: UUID
    held_from: date
    portfolio_id: UUID
    held_until: date | None
    quantity: Decimal
    from_price: Decimal | None
    until_price: Decimal | None


@dataclass  # not frozen: docs/performance.md says why
class TransactionRow:
    """A row of the transactions table, before it is written."""

    transaction_id: UUID
    portfolio_id: UUID
    kind: Kind
    trade_date: date
    stated_on: date
    source: str
    symbol: str | None = None
    underlying: str | None = None
    option_type: str | None = None
    strike: Decimal | None = None
    expiry: date | None = None
    multiplier: int = 1
    investment_class: str | None = None
    investment_subtype: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal = Decimal(0)
    lot_id: UUID | None = None
    lot_method: LotMethod | None = None
    source_line: int | None = None
    external_id: str | None = None
    note: str = ""
    reverses: UUID | None = None


async def count_kept(session: Session, portfolio_id: UUID) -> tuple[int, int]:
    """How many lots and lines the owner of a portfolio has, in all portfolios and drafts."""
    owner = select(portfolios.c.user_id).where(portfolios.c.portfolio_id == portfolio_id)
    owned = portfolios.c.user_id == owner.scalar_subquery()
    every = select(portfolios.c.portfolio_id).where(owned)
    counts = (
        select(func.count()).where(table.c.portfolio_id.in_(every)).scalar_subquery()
        for table in (positions, transactions)
    )
    lots, lines = (await session.execute(select(*counts))).one()
    return int(lots), int(lines)


async def append_transactions(session: Session, rows: Sequence[TransactionRow]) -> None:
    """Write transactions, in this order."""
    await append(session, Transaction, [vars(row) for row in rows], guarded=True)


async def save_reversals(
    session: Session, portfolio_id: UUID, transaction_ids: Collection[UUID], source: str
) -> list[UUID]:
    """Undo those of a portfolio's transactions that count; the ids of those that were undone.

    A reversal repeats the line with quantity and amount negated.
    """
    row = transactions.c
    own = {
        row.transaction_id: func.gen_random_uuid(),
        row.quantity: -row.quantity,
        row.amount: -row.amount,
        row.source: literal(source),
        row.source_line: null(),
        row.external_id: null(),
        row.reverses: row.transaction_id,
    }
    left_out = (row.sequence, row.created_at)
    written = [column for column in row if all(column is not other for other in left_out)]
    undone = select(*(own.get(column, column) for column in written)).where(
        row.portfolio_id == portfolio_id, among(row.transaction_id, transaction_ids), COUNTS
    )
    names = [column.name for column in written]
    reversal = insert(transactions).from_select(names, undone).returning(row.reverses)
    return list(await session.scalars(reversal))


async def load_terms(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, Terms]:
    """How the ledgers of those portfolios that exist are kept."""
    row = portfolios.c
    draft_id = case((~IS_BOOK, row.portfolio_id))
    query = select(row.portfolio_id, row.lot_method, row.settlement, draft_id)
    return {
        portfolio_id: Terms(LotMethod(method), settlement == "cash", draft)
        for portfolio_id, method, settlement, draft in await session.execute(
            query.where(among(row.portfolio_id, portfolio_ids))
        )
    }


async def load_trades(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, list[Trade]]:
    """The transactions that open or close lots, and count, by portfolio; none has an empty list."""
    columns = (transactions.c[name] for name in (*_TRADE, *_TERMS))
    row = transactions.c
    query = select(*columns).where(
        among(row.portfolio_id, portfolio_ids), row.quantity.is_not(None), COUNTS
    )
    found: dict[UUID, list[Trade]] = {portfolio_id: [] for portfolio_id in portfolio_ids}
    named: dict[tuple[object, ...], Instrument] = {}  # each once, on however many lines
    for portfolio_id, identity, kind, day, stated_on, lot, method, *rest in await session.execute(
        query
    ):
        quantity, price, *instrument = rest
        lot_method = LotMethod(method) if method else None
        terms = tuple(instrument)
        if terms not in named:
            named[terms] = Instrument(*instrument)
        traded = (identity, Kind(kind), day, named[terms], quantity, price)
        found[portfolio_id].append(Trade(*traded, stated_on, lot, lot_method))
    return found


def trades_of(rows: Iterable[TransactionRow]) -> list[Trade]:
    """The lines that open or close lots, as `load_trades` has them once they are written."""
    named: dict[tuple[object, ...], Instrument] = {}  # each once, on however many lines
    found = []
    for row in rows:
        if row.quantity is None:
            continue
        terms = _terms(row)
        if terms not in named:
            named[terms] = Instrument(*terms)
        traded = (row.transaction_id, row.kind, row.trade_date, named[terms], row.quantity)
        found.append(Trade(*traded, row.price, row.stated_on, row.lot_id, row.lot_method))
    return found


_TRADE = (
    *("portfolio_id", "transaction_id", "kind", "trade_date", "stated_on", "lot_id", "lot_method"),
    *("quantity", "price"),
)
_TERMS = (  # in the order of Instrument
    *("symbol", "underlying", "multiplier", "option_type", "strike", "expiry"),
    *("investment_class", "investment_subtype"),
)
_terms = attrgetter(*_TERMS)


async def load_market(session: Session, trades: Iterable[Trade], as_of: date) -> Market:
    """What is known up to the session `as_of` of what the trades are on."""
    traded = {trade.instrument for trade in trades}
    underlyings = {instrument.underlying for instrument in traded}
    expired = {
        (instrument.underlying, session_on_or_before(instrument.expiry)): instrument.expiry
        for instrument in traded
        if instrument.expiry is not None
    }
    due = [(symbol, day) for symbol, day in expired if day <= as_of]
    return Market(
        as_of,
        await load_splits(session, underlyings),
        await _load_closes(session, due),
        {expiry: day for (_, day), expiry in expired.items()}
        | {
            instrument.expiry: session_on_or_before(instrument.expiry)
            for instrument in traded
            if instrument.expiry is not None
        },
        await _load_indexes(session, {symbol for symbol, _ in due}),
    )


async def load_splits(session: Session, symbols: Collection[str]) -> dict[str, list[Split]]:
    """The known splits of those symbols that have any, ascending."""
    row = ingest.splits.c
    query = select(row.symbol, row.ex_date, row.ratio).where(among(row.symbol, symbols))
    found: dict[str, list[Split]] = defaultdict(list)
    for symbol, ex_date, ratio in await session.execute(query.order_by(row.symbol, row.ex_date)):
        found[symbol].append(Split(ex_date, ratio))
    return dict(found)


async def _load_closes(
    session: Session, due: Sequence[tuple[str, date]]
) -> dict[tuple[str, date], Decimal]:
    """The closes of those symbols on those very sessions, where they are known."""
    if not due:
        return {}
    row = ingest.daily_prices.c
    symbols, days = zip(*due, strict=True)
    query = select(row.symbol, row.session_date, row.close).where(
        among(row.symbol, set(symbols)), among(row.session_date, set(days))
    )
    wanted = set(due)
    return {
        (symbol, day): close
        for symbol, day, close in await session.execute(query)
        if (symbol, day) in wanted
    }


async def _load_indexes(session: Session, symbols: Collection[str]) -> frozenset[str]:
    row = ingest.securities.c
    query = select(row.symbol).where(among(row.symbol, symbols), row.kind == "index")
    return frozenset(await session.scalars(query)) if symbols else frozenset()


async def load_lots(
    session: Session, portfolio_ids: Collection[UUID]
) -> tuple[dict[UUID, LotRow], dict[UUID, list[SpanRow]]]:
    """The stored lots by id, and the spans of those closed in parts, ascending."""
    columns = [positions.c[field.name] for field in fields(LotRow)]
    query = select(*columns).where(among(positions.c.portfolio_id, portfolio_ids))
    lots = {row.position_id: LotRow(*row) for row in await session.execute(query)}
    columns = [spans.c[field.name] for field in fields(SpanRow)]
    theirs = among(spans.c.portfolio_id, portfolio_ids)
    held: dict[UUID, list[SpanRow]] = defaultdict(list)
    query = select(*columns).where(theirs).order_by(spans.c.position_id, spans.c.held_from)
    for row in await session.execute(query):
        held[row.position_id].append(SpanRow(*row))
    return lots, dict(held)


async def save_lots(
    session: Session,
    portfolio_ids: Sequence[UUID],
    lots: Sequence[LotRow],
    held: Sequence[SpanRow],
    *,
    empty: bool = False,
) -> None:
    """Replace the lots of the portfolios by these; a lot that stays keeps its tags.

    `empty`: the portfolios have none. Where there are many, statements that follow, in this
    transaction too, are planned by their number: by that of before, the dividends of a first large
    import took half a minute.
    """
    if empty:
        await append(session, Position, [vars(row) for row in lots], guarded=True)
        await append(session, PositionSpan, [vars(row) for row in held], guarded=True)
        if len(lots) >= MANY_LOTS:
            await session.execute(select(func.gateway.analyze_books()))
        return
    within = {"portfolio_id": list(portfolio_ids)}
    await merge(session, Position, [vars(row) for row in lots], within)
    await merge(session, PositionSpan, [vars(row) for row in held], within)


async def lock_portfolios(session: Session, portfolio_ids: Collection[UUID]) -> None:
    """Let edits of the portfolios wait for each other until the transaction ends."""
    row = portfolios.c
    held = select(row.portfolio_id).where(among(row.portfolio_id, portfolio_ids))
    await session.execute(held.order_by(row.portfolio_id).with_for_update(key_share=True))


async def save_valued_from(
    session: Session, portfolio_id: UUID, day: date, latest: date | None
) -> Decimal | None:
    """Set the session that NAV starts from unless there is one; the equity given for it, if any.

    One to come, after the session `latest`, gives way to an earlier one; without a session there
    is none to come. The caller writes the equity as a statement of the day: the column is emptied.
    """
    row = portfolios.c
    to_come = and_(row.valued_from > literal(latest, Date()), row.valued_from > day)
    replaced = or_(row.valued_from.is_(None), to_come)
    unset = and_(row.portfolio_id == portfolio_id, replaced)
    given: Decimal | None = await session.scalar(
        select(row.equity_balance).where(unset).with_for_update(key_share=True)
    )
    await session.execute(
        update(portfolios).where(unset).values(valued_from=day, equity_balance=None)
    )
    return given


async def active_transactions(
    session: Session, portfolio_id: UUID, kinds: Collection[Kind]
) -> Mapping[UUID, tuple[date, Decimal | None]]:
    """The lines of some kinds that count, by id in order of entry: day and amount."""
    row = transactions.c
    query = select(row.transaction_id, row.trade_date, row.amount).where(
        row.portfolio_id == portfolio_id, row.kind.in_([str(kind) for kind in kinds]), COUNTS
    )
    found = await session.execute(query.order_by(row.sequence))
    return {identity: (day, amount) for identity, day, amount in found}


async def lines_naming(session: Session, portfolio_id: UUID, lot_id: UUID) -> list[UUID]:
    """The lines of a portfolio that count and name a lot: what opens it, or closes it alone."""
    row = transactions.c
    naming = and_(row.portfolio_id == portfolio_id, row.lot_id == lot_id, COUNTS)
    return list(await session.scalars(select(row.transaction_id).where(naming)))


async def load_unanchored(session: Session) -> list[tuple[UUID, date]]:
    """The portfolios with snapshots whose NAV starts from no session yet, with the first one."""
    taken = snapshots.portfolio_snapshots.c
    row = portfolios.c
    own = and_(taken.portfolio_id == row.portfolio_id, row.valued_from.is_(None))
    first = select(row.portfolio_id, func.min(taken.as_of)).join_from(
        portfolios, snapshots.portfolio_snapshots, own
    )
    first = first.where(IS_BOOK)
    found = await session.execute(first.group_by(row.portfolio_id).order_by(row.portfolio_id))
    return list(found.tuples())


async def load_amount_moved(session: Session, portfolio_id: UUID) -> Decimal:
    """The sum of what a portfolio's cash lines moved, either way, and of all fees, USD."""
    row = transactions.c
    moved = func.sum(func.coalesce(func.abs(row.amount), 0) + row.fees)
    query = select(func.coalesce(moved, 0)).where(row.portfolio_id == portfolio_id, COUNTS)
    return Decimal(await session.scalar(query) or 0)
