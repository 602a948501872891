"""Every SQL statement of ingest."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    String,
    Uuid,
    and_,
    any_,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlmodel import SQLModel

from services.ingest.tables import (
    CorporateAction,
    DailyPrice,
    DataProvider,
    FetchLogEntry,
    MarketSession,
    OptionQuote,
    PriceClaim,
    QuarantinedPrice,
    Security,
    TreasuryYield,
    UnadjustedSymbol,
)
from shared.database import Rows, Session, append, lock, merge, sql_table
from shared.published import factors, gateway

SAME_SESSION: Mapping[date, date] = MappingProxyType({})
_sessions = sql_table(MarketSession)
_prices = sql_table(DailyPrice)
_yields = sql_table(TreasuryYield)
_quotes = sql_table(OptionQuote)
_securities = sql_table(Security)
_actions, _asked = sql_table(CorporateAction), sql_table(FetchLogEntry)
_unadjusted = sql_table(UnadjustedSymbol)
_doubted, _claims = sql_table(QuarantinedPrice), sql_table(PriceClaim)


async def load_portfolio_ids(session: Session) -> list[UUID]:
    """Every portfolio there is."""
    return list(await session.scalars(select(gateway.portfolios.c.portfolio_id)))


async def load_symbols(session: Session, portfolio_ids: Collection[UUID], as_of: date) -> set[str]:
    """What needs prices: underlyings the portfolios hold or held by `as_of`, and the factors'
    proxies.

    Not private holdings: what their owners call them may be a listed symbol by chance.
    """
    positions, definitions = gateway.positions.c, factors.factor_definitions.c
    held = select(positions.underlying).where(
        _among(positions.portfolio_id, portfolio_ids),
        positions.entry_date <= as_of,
        positions.investment_class != "PRIVATE",
    )
    proxies = select(definitions.proxy).where(definitions.active, definitions.proxy.is_not(None))
    return set(await session.scalars(held.union(proxies)))


async def load_contracts(
    session: Session, portfolio_ids: Collection[UUID], as_of: date
) -> set[str]:
    """The option contracts that the portfolios hold on `as_of`, as they are named then, and that
    are still traded.
    """
    held = gateway.positions_on(as_of).c
    contracts = select(held.symbol).where(
        _among(held.portfolio_id, portfolio_ids),
        held.instrument == "option",
        held.investment_class != "PRIVATE",
        held.entry_date <= as_of,
        or_(held.exit_date.is_(None), held.exit_date > as_of),
        held.expiry >= as_of,
    )
    return set(await session.scalars(contracts.distinct()))


async def load_holders(session: Session, symbols: Collection[str], as_of: date) -> list[UUID]:
    """The portfolios that hold, or held by `as_of`, one of the symbols or an option on it."""
    positions = gateway.positions.c
    held = (_among(positions.underlying, symbols), positions.entry_date <= as_of)
    return list(await session.scalars(select(positions.portfolio_id).where(*held).distinct()))


async def load_held_sessions(
    session: Session, symbols: Collection[str], first: date, last: date, expected: int
) -> dict[str, set[date]]:
    """Sessions stored per symbol between two dates; symbols with all `expected` of them are told by
    count alone.

    The usual case is that nothing is missing or the last session is: one row per symbol, dates only
    where some miss.
    """
    enough, days = func.count() >= expected, func.array_agg(_prices.c.session_date)
    statement = (
        select(_prices.c.symbol, enough, case((~enough, days)))
        .where(_among(_prices.c.symbol, symbols), _prices.c.session_date.between(first, last))
        .group_by(_prices.c.symbol)
    )
    held: dict[str, set[date]] = {symbol: set() for symbol in symbols}
    for symbol, complete, stored in await session.execute(statement):
        if complete:
            del held[symbol]
        else:
            held[symbol] = set(stored)
    return held


async def load_known_symbols(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols that have a security row."""
    return set(
        await session.scalars(
            select(_securities.c.symbol).where(_among(_securities.c.symbol, symbols))
        )
    )


async def load_priced(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols that have any price."""
    each = _each(symbols)
    priced = select(_prices.c.symbol).where(_prices.c.symbol == each.c.symbol).exists()
    return set(await session.scalars(select(each.c.symbol).where(priced)))


async def load_unpriced(session: Session, symbols: Collection[str], as_of: date) -> set[str]:
    """Those of the symbols without a price on `as_of` itself."""
    priced = select(_prices.c.symbol).where(
        _among(_prices.c.symbol, symbols), _prices.c.session_date == as_of
    )
    return set(symbols) - set(await session.scalars(priced))


async def load_held_yields(
    session: Session, maturities: Collection[str], first: date, last: date
) -> dict[str, set[date]]:
    """The days between two dates on which a yield is stored, by maturity; an entry for each."""
    observed = _yields.c.observation_date
    statement = (
        select(_yields.c.maturity, func.array_agg(observed))
        .where(_among(_yields.c.maturity, maturities), observed.between(first, last))
        .group_by(_yields.c.maturity)
    )
    held: dict[str, set[date]] = {maturity: set() for maturity in maturities}
    return held | {maturity: set(days) for maturity, days in await session.execute(statement)}


async def load_quoted(session: Session, contracts: Collection[str], as_of: date) -> set[str]:
    """Those of the contracts that have a quote of the session."""
    quoted = (_among(_quotes.c.contract, contracts), _quotes.c.session_date == as_of)
    return set(await session.scalars(select(_quotes.c.contract).where(*quoted)))


async def latest_revision(session: Session, as_of: date) -> int:
    """The newest change among market data dated on or before `as_of`; 0 when there are none."""
    newest = select(func.max(_sessions.c.revision)).where(_sessions.c.session_date <= as_of)
    return await session.scalar(newest) or 0


async def save_prices(session: Session, bars: Rows) -> int:
    """Upsert closes; sessions whose data changed take the next revision. Returns how many rows
    changed.
    """
    return await _save_dated(session, DailyPrice, bars)


async def save_new_prices(session: Session, bars: Rows) -> int:
    """Store closes where there is none: whoever stored one while these were fetched keeps it.
    Returns how many.
    """
    return await _save_new(session, DailyPrice, bars)


async def save_yields(
    session: Session, observations: Rows, session_by_date: Mapping[date, date]
) -> int:
    """Upsert yields; `session_by_date` names the session from which each observation counts.
    Returns rows changed.
    """
    return await _save_dated(session, TreasuryYield, observations, session_by_date)


async def save_new_yields(
    session: Session, observations: Rows, session_by_date: Mapping[date, date]
) -> int:
    """Store yields where there is none; what is stored stays. Returns how many."""
    return await _save_new(session, TreasuryYield, observations, session_by_date)


async def save_option_quotes(session: Session, quotes: Rows) -> int:
    """Upsert option quotes; sessions whose data changed take the next revision. Returns how many
    rows changed.
    """
    return await _save_dated(session, OptionQuote, quotes)


async def save_new_option_quotes(session: Session, quotes: Rows) -> int:
    """Store quotes where there is none; what is stored stays. Returns how many."""
    return await _save_new(session, OptionQuote, quotes)


async def _save_new(
    session: Session,
    model: type[SQLModel],
    rows: Rows,
    session_by_date: Mapping[date, date] = SAME_SESSION,
) -> int:
    """Store those of the rows, of something on a day, that are not there, and mark their sessions;
    returns how many.
    """
    if not rows:
        return 0
    revision = await _next_revision(session)
    new = await _not_stored(session, model, rows)
    await append(session, model, [{**row, "revision": revision} for row in new])
    await _mark(session, revision, {row[_day_of(model).name] for row in new}, session_by_date)
    return len(new)


async def _not_stored(session: Session, model: type[SQLModel], rows: Rows) -> Rows:
    name, day = sql_table(model).primary_key.columns
    days = [row[day.name] for row in rows]
    near = (_among(name, {row[name.name] for row in rows}), day.between(min(days), max(days)))
    stored = {tuple(row) for row in await session.execute(select(name, day).where(*near))}
    return (
        [row for row in rows if (row[name.name], row[day.name]) not in stored] if stored else rows
    )


async def _save_dated(
    session: Session,
    model: type[SQLModel],
    rows: Rows,
    session_by_date: Mapping[date, date] = SAME_SESSION,
) -> int:
    """Upsert rows, of something on a day, under the next revision, and mark the sessions they
    changed with it.
    """
    if not rows:
        return 0
    revision, day = await _next_revision(session), _day_of(model)
    changed = await merge(
        session, model, [{**row, "revision": revision} for row in rows], ignoring=("revision",)
    )
    days = [row[day.name] for row in rows]
    written = (
        select(day)
        .where(day.between(min(days), max(days)), day.table.c.revision == revision)
        .distinct()
    )
    await _mark(session, revision, await session.scalars(written), session_by_date)
    return changed


def _day_of(model: type[SQLModel]) -> Column[Any]:
    """The column of the day that rows are about: what they are about comes first in the key, the
    day second.
    """
    _, day = sql_table(model).primary_key.columns
    return day


async def _mark(
    session: Session, revision: int, days: Iterable[date], session_by_date: Mapping[date, date]
) -> None:
    """Sessions whose data changed take the revision."""
    touched = {session_by_date.get(day, day) for day in days}
    await merge(
        session, MarketSession, [{"session_date": day, "revision": revision} for day in touched]
    )


async def save_securities(session: Session, facts: Rows) -> int:
    """Upsert what symbols are."""
    return await merge(session, Security, facts)


async def save_providers(
    session: Session, names_by_kind: Mapping[str, Sequence[tuple[str, bool]]]
) -> None:
    """Say who is asked for what: (name, live) per kind of data, in order."""
    rows = [
        {"kind": kind, "rank": rank, "name": name, "live": live}
        for kind, names in names_by_kind.items()
        for rank, (name, live) in enumerate(names)
    ]
    await merge(session, DataProvider, rows, within={"kind": sorted(names_by_kind)})


async def save_unlisted_securities(session: Session, symbols: Collection[str], source: str) -> None:
    """Remember symbols that came with prices of their own and that no provider lists."""
    rows = [{"symbol": symbol, "kind": "stock", "source": source} for symbol in sorted(symbols)]
    if rows:
        await session.execute(insert(_securities).on_conflict_do_nothing(), rows)


async def save_known_sessions(session: Session, session_dates: Collection[date]) -> None:
    """Make sure each session has its row."""
    rows = [{"session_date": session_date} for session_date in sorted(session_dates)]
    if rows:
        await session.execute(insert(_sessions).on_conflict_do_nothing(), rows)


async def latest_due(session: Session) -> date | None:
    """The newest session whose close the clock found; None when it never looked."""
    found = _sessions.c.due_at.is_not(None)
    newest: date | None = await session.scalar(
        select(func.max(_sessions.c.session_date)).where(found)
    )
    return newest


async def save_due(session: Session, session_dates: Collection[date]) -> None:
    """Remember that the sessions' closes are to be announced; the first time counts."""
    await save_known_sessions(session, session_dates)
    mine = (_among(_sessions.c.session_date, session_dates), _sessions.c.due_at.is_(None))
    await session.execute(update(_sessions).where(*mine).values(due_at=func.now()))


async def load_announced(session: Session, first: date, last: date) -> list[date]:
    """The sessions between two dates whose close was announced, ascending."""
    within = (_sessions.c.announced_at.is_not(None), _sessions.c.session_date.between(first, last))
    return list(
        await session.scalars(
            select(_sessions.c.session_date).where(*within).order_by(_sessions.c.session_date)
        )
    )


async def next_unannounced(session: Session) -> date | None:
    """The oldest session that is due and was not announced; other replicas look once our
    transaction has ended.
    """
    await lock(session, "ingest", "clock")
    waiting = (
        select(_sessions.c.session_date)
        .where(_sessions.c.due_at.is_not(None), _sessions.c.announced_at.is_(None))
        .order_by(_sessions.c.session_date)
        .limit(1)
    )
    oldest: date | None = await session.scalar(waiting)
    return oldest


async def save_announced(session: Session, session_date: date) -> None:
    """Remember that the session's close was announced; the first time counts."""
    await save_known_sessions(session, [session_date])
    mine = (_sessions.c.session_date == session_date, _sessions.c.announced_at.is_(None))
    await session.execute(update(_sessions).where(*mine).values(announced_at=func.now()))


# --- what was asked, what is doubted, who fetches ---


async def load_asked(
    session: Session,
    provider: str,
    kind: str,
    symbols: Collection[str],
    recheck: timedelta,
    forget: timedelta,
) -> dict[str, tuple[date, date]]:
    """The range last asked per symbol, as long as asking again would be no use.

    That is for `recheck`; for a symbol the provider does not know for `forget`, and then whatever
    the session.
    """
    lately = and_(_asked.c.known, _asked.c.asked_at > func.clock_timestamp() - recheck)
    unknown = and_(~_asked.c.known, _asked.c.asked_at > func.clock_timestamp() - forget)
    about = (_asked.c.provider == provider, _asked.c.kind == kind, _among(_asked.c.symbol, symbols))
    columns = (_asked.c.symbol, _asked.c.known, _asked.c.first_session, _asked.c.last_session)
    found = await session.execute(select(*columns).where(*about, or_(lately, unknown)))
    return {
        symbol: (first, last) if known else (date.min, date.max)
        for symbol, known, first, last in found
    }


async def load_ever_asked(
    session: Session, provider: str, kind: str, symbols: Collection[str]
) -> dict[str, tuple[date, date]]:
    """The range asked per symbol, however long ago."""
    about = (_asked.c.provider == provider, _asked.c.kind == kind, _among(_asked.c.symbol, symbols))
    columns = (_asked.c.symbol, _asked.c.first_session, _asked.c.last_session)
    found = await session.execute(select(*columns).where(*about))
    return {symbol: (first, last) for symbol, first, last in found}


async def save_asked(
    session: Session,
    provider: str,
    kind: str,
    ranges: Mapping[str, tuple[date, date]],
    known: Collection[str],
) -> None:
    """Remember what a provider was asked just now, per symbol, and which symbols it knows."""
    now = await session.scalar(select(func.clock_timestamp()))
    rows = [
        {
            "provider": provider,
            "kind": kind,
            "symbol": symbol,
            "first_session": first,
            "last_session": last,
            "known": symbol in known,
            "asked_at": now,
        }
        for symbol, (first, last) in ranges.items()
    ]
    await merge(session, FetchLogEntry, rows)


async def load_neighbours(
    session: Session, symbols: Collection[str], first: date, last: date
) -> dict[str, list[tuple[date, float]]]:
    """Per symbol the newest stored close before `first` and the oldest after `last`, ascending;
    absent: neither.
    """
    before = _nearest_close(symbols, _prices.c.session_date < first, _prices.c.session_date.desc())
    after = _nearest_close(symbols, _prices.c.session_date > last, _prices.c.session_date.asc())
    found: dict[str, list[tuple[date, float]]] = {}
    for query in (before, after):
        for symbol, session_date, close in await session.execute(query):
            found.setdefault(symbol, []).append((session_date, float(close)))
    return found


def _nearest_close(symbols: Collection[str], side: Any, order: Any) -> Any:
    """One look into the index per symbol: its history is long."""
    each = _each(symbols)
    closes = select(_prices.c.session_date, _prices.c.close).where(
        _prices.c.symbol == each.c.symbol, side
    )
    nearest = closes.order_by(order).limit(1).lateral()
    return select(each.c.symbol, nearest.c.session_date, nearest.c.close).join_from(
        each, nearest, true()
    )


def _each(symbols: Collection[str]) -> Any:
    """The symbols as a table of one column."""
    values = func.unnest(literal(sorted(symbols), ARRAY(String)))
    return select(values.label("symbol")).subquery()


async def load_actions(
    session: Session, symbols: Collection[str]
) -> dict[str, list[tuple[date, str, float]]]:
    """(ex-date, kind, value) of each symbol's splits and dividends, ascending; absent: none."""
    columns = (_actions.c.symbol, _actions.c.ex_date, _actions.c.kind, _actions.c.value)
    query = select(*columns).where(_among(_actions.c.symbol, symbols)).order_by(*columns[:3])
    found: dict[str, list[tuple[date, str, float]]] = {}
    for symbol, ex_date, kind, value in await session.execute(query):
        found.setdefault(symbol, []).append((ex_date, kind, float(value)))
    return found


async def save_actions(session: Session, actions: Rows) -> int:
    """Upsert splits and dividends; returns how many rows changed. Who told of one is no change of
    it.
    """
    return await merge(session, CorporateAction, actions, ignoring=("told_by",))


async def save_told(session: Session, run_id: UUID, as_of: date) -> dict[str, date]:
    """Have the run tell of the splits and dividends up to `as_of` that nobody told of.

    Returns, by symbol, the first day changed by what is this run's to tell: the same when it is run
    again. Positions that were stated after a split change as far back as they are held.
    """
    held = gateway.positions.c
    stated_after = (held.underlying == _actions.c.symbol, held.stated_on >= _actions.c.ex_date)
    entered = select(func.min(held.entry_date)).where(*stated_after, _actions.c.kind == "split")
    changed = func.least(_actions.c.ex_date, entered.correlate(_actions).scalar_subquery())
    untold = (_actions.c.told_by.is_(None), _actions.c.ex_date <= as_of)
    await session.execute(update(_actions).where(*untold).values(told_by=run_id))
    first = select(_actions.c.symbol, func.min(changed)).where(_actions.c.told_by == run_id)
    found = await session.execute(first.group_by(_actions.c.symbol))
    return {row.symbol: row[1] for row in found}


async def load_unadjusted(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols whose closes are to be adjusted, locked: who changes one waits for
    us.
    """
    waiting = select(_unadjusted.c.symbol).where(_among(_unadjusted.c.symbol, symbols))
    return set(await session.scalars(waiting.order_by(_unadjusted.c.symbol).with_for_update()))


async def save_unadjusted(session: Session, symbols: Collection[str]) -> None:
    """Remember that the symbols' closes are to be adjusted: again, if somebody is at it, for whom
    we wait.
    """
    each = _each(symbols)
    marked = insert(_unadjusted).from_select(
        ["symbol"], select(each.c.symbol).order_by(each.c.symbol)
    )
    again = marked.on_conflict_do_update(
        index_elements=["symbol"], set_={"symbol": marked.excluded.symbol}
    )
    if symbols:
        await session.execute(again)


async def delete_unadjusted(session: Session, symbols: Collection[str]) -> None:
    """The symbols' closes are adjusted."""
    await session.execute(delete(_unadjusted).where(_among(_unadjusted.c.symbol, symbols)))


async def load_doubted(
    session: Session, symbols: Collection[str], first: date, last: date, other_than: str
) -> dict[tuple[str, date], float]:
    """Closes that other sources sent and that were not believed, by symbol and session."""
    within = (_among(_doubted.c.symbol, symbols), _doubted.c.session_date.between(first, last))
    columns = (_doubted.c.symbol, _doubted.c.session_date, _doubted.c.close)
    found = await session.execute(select(*columns).where(*within, _doubted.c.source != other_than))
    return {(symbol, session_date): float(close) for symbol, session_date, close in found}


async def save_doubted(session: Session, rows: Rows) -> None:
    """Lay closes aside with the reason."""
    now = await session.scalar(select(func.clock_timestamp()))
    await merge(
        session, QuarantinedPrice, [{**row, "seen_at": now} for row in rows], ignoring=("seen_at",)
    )


async def load_histories(session: Session, symbols: Collection[str]) -> list[Any]:
    """Every stored close of the symbols, a row per symbol with arrays in order of session."""
    by_day = _prices.c.session_date
    columns = [
        func.array_agg(aggregate_order_by(column, by_day)).label(column.name)
        for column in (
            by_day,
            _prices.c.close,
            _prices.c.adjusted_close,
            _prices.c.close_basis,
            _prices.c.source,
        )
    ]
    query = (
        select(_prices.c.symbol, *columns)
        .where(_among(_prices.c.symbol, symbols))
        .group_by(_prices.c.symbol)
    )
    return list(await session.execute(query))


async def save_claims(
    session: Session, symbols: Collection[str], claimant: UUID, seconds: float
) -> set[str]:
    """Claim the symbols nobody else is fetching, or whose claim has run out; returns those that are
    ours now.
    """
    until = func.clock_timestamp() + timedelta(seconds=seconds)
    each = func.unnest(cast(sorted(symbols), ARRAY(String)))
    wanted = insert(_claims).from_select(
        _claims.c.keys(), select(each, literal(claimant, Uuid), until)
    )
    free = or_(_claims.c.claimed_until < func.clock_timestamp(), _claims.c.claimant == claimant)
    taken = wanted.on_conflict_do_update(
        index_elements=[_claims.c.symbol],
        set_={"claimant": claimant, "claimed_until": wanted.excluded.claimed_until},
        where=free,
    )
    return set(await session.scalars(taken.returning(_claims.c.symbol)))


async def renew_claims(session: Session, claimant: UUID, seconds: float) -> None:
    """Hold what we claimed for as long again."""
    until = func.clock_timestamp() + timedelta(seconds=seconds)
    await session.execute(
        update(_claims).where(_claims.c.claimant == claimant).values(claimed_until=until)
    )


async def delete_claims(session: Session, claimant: UUID) -> None:
    """Let others fetch what we claimed."""
    await session.execute(delete(_claims).where(_claims.c.claimant == claimant))


async def reserve_slot(
    session: Session, provider: str, limit: int, window_seconds: float, margin_seconds: float
) -> float:
    """Reserve the earliest moment from now on that lies the window and the margin after the
    `limit`-th newest one.

    So never more than `limit` slots lie within a window and a margin of each other. Returns the
    seconds until it, by the database's clock. Replicas take turns until the end of the transaction,
    which is to come before any waiting.
    """
    await lock(session, "ingest", "pace", provider)
    reservation = """
        with moment as (select clock_timestamp() as now),
        spent as (
            delete from ingest.provider_requests using moment
            where provider = :provider and slot <= now - make_interval(secs => :apart)
        ),
        nth as (
            select slot from ingest.provider_requests where provider = :provider
            order by slot desc limit 1 offset cast(:limit as integer) - 1
        ),
        chosen as (
            select now, greatest(now, (select slot from nth) + make_interval(secs => :apart)) as slot from moment
        ),
        reserved as (insert into ingest.provider_requests (provider, slot) select :provider, slot from chosen)
        select extract(epoch from slot - now) from chosen
    """
    terms = {"provider": provider, "limit": limit, "apart": window_seconds + margin_seconds}
    return float(await session.scalar(text(reservation), terms) or 0.0)


def _among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column = any(values)`: one statement, and one plan, whatever the number of values."""
    return column == any_(literal(list(values), ARRAY(column.type)))


async def _next_revision(session: Session) -> int:
    """One more than any revision so far; changes of market data take turns, so numbers follow
    commits.
    """
    await lock(session, "ingest", "revision")
    return int(
        await session.scalar(
            text("select coalesce(max(revision), 0) + 1 from ingest.market_sessions")
        )
        or 1
    )
