"""SQL of drafts. Every statement is narrowed to one user's own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, and_, case, delete, func, insert, literal, select, update

from services.gateway import tables
from services.gateway.books.ledger import Kind
from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.drafts.shapes import BaseLine, Draft
from services.gateway.drafts.trading.legs import Leg, leg_of
from services.gateway.tables.portfolios import COUNTS
from shared.database import Session, append, lock, sql_table
from shared.published import snapshots
from shared.published.gateway import DIVIDEND_PAID_WITHIN, DRAFT

drafts = sql_table(tables.Draft)
trades = sql_table(tables.DraftTrade)
portfolios = sql_table(tables.Portfolio)
revisions = sql_table(tables.PortfolioRevision)
runs = sql_table(tables.BatchRun)
lines = sql_table(tables.Transaction)
positions = sql_table(tables.Position)
position_tags = sql_table(tables.PositionTag)
LONGEST_CHANGES = 20


_counted = select(func.count()).where(trades.c.draft_id == drafts.c.draft_id).scalar_subquery()
# drafts with their base's name and edits, the status of their run, and how many trades
_DRAFTS = select(
    *(column for column in drafts.c if column.name not in ("kept", "shared_with")),
    portfolios.c.name.label("base_name"),
    portfolios.c.user_id.label("base_owner_id"),
    func.coalesce(revisions.c.edits, 0).label("edits_now"),
    runs.c.status.label("run_status"),
    _counted.label("trades_entered"),
).select_from(
    drafts.join(portfolios, portfolios.c.portfolio_id == drafts.c.base_id)
    .outerjoin(revisions, revisions.c.portfolio_id == drafts.c.base_id)
    .outerjoin(runs, runs.c.run_id == drafts.c.run_id)
)


async def load_drafts(
    session: Session, user_id: UUID, base_id: UUID | None, limit: int, offset: int
) -> tuple[list[Draft], int]:
    """A page of the user's drafts (of one base), newest first, and how many there are."""
    mine = _DRAFTS.where(drafts.c.user_id == user_id)
    mine = mine if base_id is None else mine.where(drafts.c.base_id == base_id)
    ordered = mine.order_by(drafts.c.created_at.desc(), drafts.c.draft_id)
    found = await session.execute(ordered.limit(limit).offset(offset))
    counted = mine.with_only_columns(func.count(), maintain_column_froms=True)
    return [_draft(row) for row in found.mappings()], int(await session.scalar(counted) or 0)


def _draft(row: RowMapping) -> Draft:
    return Draft(**{str(name): value for name, value in row.items()})


async def lock_drafts(session: Session, user_id: UUID) -> None:
    """Let other new drafts of the user wait until the transaction ends."""
    await lock(session, "drafts", user_id)


async def count_drafts(session: Session, user_id: UUID) -> int:
    """How many drafts the user has."""
    mine = select(func.count()).where(drafts.c.user_id == user_id)
    return int(await session.scalar(mine) or 0)


async def load_draft(session: Session, user_id: UUID, draft_id: UUID) -> Draft | None:
    """The user's draft; None when it is not the user's."""
    mine = _DRAFTS.where(drafts.c.user_id == user_id, drafts.c.draft_id == draft_id)
    row = (await session.execute(mine)).mappings().one_or_none()
    return None if row is None else _draft(row)


async def lock_draft(session: Session, draft_id: UUID) -> None:
    """Let changes of one draft wait for each other until the transaction ends."""
    held = select(drafts.c.draft_id).where(drafts.c.draft_id == draft_id)
    await session.execute(held.with_for_update())


async def load_branch_point(session: Session, portfolio_id: UUID) -> tuple[int, int]:
    """A portfolio's edits so far and its last line's place: what a draft is a branch of."""
    edited = select(revisions.c.edits).where(revisions.c.portfolio_id == portfolio_id)
    last = select(func.max(lines.c.sequence)).where(lines.c.portfolio_id == portfolio_id)
    found = (await session.execute(select(edited.scalar_subquery(), last.scalar_subquery()))).one()
    return found[0] or 0, found[1] or 0


async def latest_valued(session: Session, portfolio_id: UUID, as_of: date | None) -> date | None:
    """The portfolio's last session with a snapshot, at or before `as_of`."""
    taken = snapshots.portfolio_snapshots.c
    last = select(func.max(taken.as_of)).where(taken.portfolio_id == portfolio_id)
    found: date | None = await session.scalar(
        last if as_of is None else last.where(taken.as_of <= as_of)
    )
    return found


async def save_draft(session: Session, terms: Mapping[str, object]) -> UUID:
    """A new draft of these columns with an empty portfolio; its id."""
    draft_id = uuid4()
    await session.execute(insert(drafts).values(draft_id=draft_id, **terms))
    await save_branch(session, draft_id)
    return draft_id


async def save_branch(session: Session, draft_id: UUID) -> None:
    """Give a draft an empty portfolio that is kept like its base's, in place of the one before.

    Its revision goes on: answers about the one before are outdated, and runs that have read it.
    """
    own = revisions.c.portfolio_id == draft_id
    raised = select(revisions.c.revision, revisions.c.edits).where(own)
    revision, edits = (await session.execute(raised)).one_or_none() or (0, 0)
    await session.execute(delete(portfolios).where(portfolios.c.portfolio_id == draft_id))
    kept = ("valued_from", "equity_balance", "lot_method", "settlement")
    of_draft = ("base_session", "user_id", "shared_with")
    base = portfolios.c.portfolio_id == drafts.c.base_id
    branch = select(
        *(drafts.c.draft_id, literal(DRAFT), drafts.c.name, drafts.c.base_id),
        *(drafts.c[name] for name in of_draft),
        *(portfolios.c[name] for name in kept),
    ).join_from(drafts, portfolios, base)
    names = ["portfolio_id", "kind", "name", "base_id", *of_draft, *kept]
    written = insert(portfolios).from_select(names, branch.where(drafts.c.draft_id == draft_id))
    await session.execute(written)
    raised_again = {"portfolio_id": draft_id, "revision": revision + 1, "edits": edits + 1}
    await session.execute(insert(revisions).values(raised_again))


async def save_terms(session: Session, draft_id: UUID, terms: Mapping[str, object]) -> None:
    """Change a draft, which raises its version."""
    mine = update(drafts).where(drafts.c.draft_id == draft_id)
    await session.execute(mine.values(version=drafts.c.version + 1, **terms))
    if "name" in terms:
        named = update(portfolios).where(portfolios.c.portfolio_id == draft_id)
        await session.execute(named.values(name=terms["name"]))


async def save_named(session: Session, draft: Draft, terms: Mapping[str, object]) -> None:
    """Change a draft's name or note: its version rises, and figures of it as it is stay so."""
    of_it = draft.calculated_version == draft.version
    kept = {"calculated_version": draft.version + 1} if of_it else {}
    await save_terms(session, draft.draft_id, {**terms, **kept})


Impacts = Mapping[str, object]


async def save_as(
    session: Session,
    draft_id: UUID,
    name: str | None,
    impacts: Impacts | None,
    *,
    booked: bool = False,
) -> None:
    """Keep a draft with its impacts as they are from now on; its name, None: stays.

    Without `impacts`, those of an earlier save stay, and its time does.
    """
    kept: dict[str, object] = {"saved_at": func.coalesce(drafts.c.saved_at, func.now())}
    kept |= {} if impacts is None else {"kept": impacts}
    kept |= {"name": name} if name else {}
    mine = update(drafts).where(drafts.c.draft_id == draft_id)
    await session.execute(mine.values(**kept, **({"booked_at": func.now()} if booked else {})))
    if name:
        named = update(portfolios).where(portfolios.c.portfolio_id == draft_id)
        await session.execute(named.values(name=name))


async def load_kept(session: Session, draft_id: UUID) -> Impacts | None:
    """The impacts of a draft when it was saved; None where it was not calculated then."""
    kept: Impacts | None = await session.scalar(
        select(drafts.c.kept).where(drafts.c.draft_id == draft_id)
    )
    return kept


async def delete_draft(session: Session, draft_id: UUID) -> None:
    """Delete a draft with its trades and its portfolio."""
    await session.execute(delete(portfolios).where(portfolios.c.portfolio_id == draft_id))
    await session.execute(delete(drafts).where(drafts.c.draft_id == draft_id))


async def load_changes(session: Session, draft: Draft) -> list[BaseLine]:
    """The lines entered into the base since it was branched, up to its session, oldest first."""
    line = lines.c
    since = and_(
        line.portfolio_id == draft.base_id,
        line.sequence > draft.base_sequence,
        line.trade_date <= draft.base_session,
    )
    entered = select(*(line[field.name] for field in fields(BaseLine))).where(since)
    found = await session.execute(entered.order_by(line.sequence).limit(LONGEST_CHANGES))
    return [BaseLine(*row) for row in found]


@dataclass(frozen=True)
class StoredTrade:
    """A trade as it is stored: its terms as JSON, and its legs."""

    trade_id: UUID
    terms: Mapping[str, object]
    legs: Sequence[Leg]


async def load_trades(session: Session, draft_id: UUID) -> list[StoredTrade]:
    """The draft's trades in order."""
    row = trades.c
    mine = select(row.trade_id, row.terms, row.legs).where(row.draft_id == draft_id)
    return [
        StoredTrade(trade_id, terms, [leg_of(leg) for leg in legs])
        for trade_id, terms, legs in await session.execute(mine.order_by(row.place))
    ]


async def save_trades(session: Session, draft_id: UUID, entered: Sequence[StoredTrade]) -> None:
    """Let these be the draft's trades, in this order."""
    await session.execute(delete(trades).where(trades.c.draft_id == draft_id))
    rows = [
        {
            "trade_id": trade.trade_id,
            "draft_id": draft_id,
            "place": place,
            "terms": trade.terms,
            "legs": [leg.stored() for leg in trade.legs],
        }
        for place, trade in enumerate(entered, start=1)
    ]
    if rows:
        await session.execute(insert(trades), rows)


async def save_shared(session: Session, draft_id: UUID, shared_ids: Collection[UUID]) -> None:
    """Let a draft end with the shares of these portfolios, too."""
    mine = update(drafts).where(drafts.c.draft_id == draft_id)
    await session.execute(mine.values(shared_ids=sorted(shared_ids)))


async def load_shown_while_shared(session: Session, draft_ids: Collection[UUID]) -> set[UUID]:
    """The portfolios of others whose holdings any of these drafts shows; others are no drafts."""
    found = await session.execute(_DRAFTS.where(drafts.c.draft_id.in_(draft_ids)))
    return {each for row in found.mappings() for each in _draft(row).shown_while_shared}


async def save_calculation(session: Session, draft: Draft, run_id: UUID) -> None:
    """The run that calculates a draft as it is."""
    mine = update(drafts).where(drafts.c.draft_id == draft.draft_id)
    await session.execute(mine.values(run_id=run_id, calculated_version=draft.version))


async def load_lines(session: Session, draft: Draft) -> list[TransactionRow]:
    """The base's lines that count and say what was by the draft's session, in order of entry.

    Later ones, too, that were entered for dividends: each replaces one of an ex-date before it.
    """
    named = [field.name for field in fields(TransactionRow)]
    line = lines.c
    paid_by = draft.base_session + timedelta(days=DIVIDEND_PAID_WITHIN)
    until = case((line.kind == Kind.DIVIDEND.value, paid_by), else_=draft.base_session)
    own = and_(line.portfolio_id == draft.base_id, line.trade_date <= until)
    query = select(*(line[name] for name in named)).where(own, COUNTS)
    return [TransactionRow(*row) for row in await session.execute(query.order_by(line.sequence))]


async def load_nav_before(session: Session, draft: Draft) -> tuple[date, Decimal] | None:
    """The session before the draft's (its own without any) and the base's NAV on it.

    None unless equity is entered for a day after the draft's session: the base's NAV before that is
    carried back from there.
    """
    line = lines.c
    entered = and_(line.portfolio_id == draft.base_id, line.kind == Kind.EQUITY.value)
    later = select(line.sequence).where(entered, line.trade_date > draft.base_session, COUNTS)
    taken = snapshots.portfolio_snapshots.c
    known = (taken.portfolio_id == draft.base_id, taken.as_of <= draft.base_session)
    query = select(taken.as_of, taken.nav).where(*known, taken.nav.is_not(None), later.exists())
    is_before = taken.as_of < draft.base_session
    found = await session.execute(query.order_by(is_before.desc(), taken.as_of.desc()).limit(1))
    return found.tuples().one_or_none()


async def load_tagged(session: Session, portfolio_id: UUID) -> list[tuple[UUID, UUID]]:
    """The tags that a portfolio's positions carry: pairs of position and tag."""
    carried = position_tags.c
    own = positions.c.portfolio_id == portfolio_id
    joined = position_tags.join(positions, positions.c.position_id == carried.position_id)
    query = select(carried.position_id, carried.tag_id).select_from(joined).where(own)
    return list((await session.execute(query)).tuples())


async def save_tagged(
    session: Session, draft_id: UUID, carried: Collection[tuple[UUID, UUID]]
) -> None:
    """Let a draft's positions carry tags, as far as it holds them."""
    own = select(positions.c.position_id).where(positions.c.portfolio_id == draft_id)
    held = set(await session.scalars(own)) if carried else set()
    rows = [
        {"position_id": position_id, "tag_id": tag_id}
        for position_id, tag_id in sorted(carried)
        if position_id in held
    ]
    await append(session, tables.PositionTag, rows, guarded=True)
