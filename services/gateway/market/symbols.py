"""Which symbols a user may find, and in which order."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from services.gateway.market.queries import listed_or_held
from services.gateway.tables import Portfolio, Position
from shared.database import Session, has_part, sql_table
from shared.instruments import canonical_symbol
from shared.published import ingest
from shared.published.gateway import BOOK

securities = ingest.securities
positions = sql_table(Position)
portfolios = sql_table(Portfolio)


@dataclass(frozen=True)
class Symbol:
    """A symbol and what it is; `held`: whether an open lot of the user's is of it or on it.

    `portfolio_ids`: the user's portfolios, drafts aside, that have such a lot, by name.
    """

    symbol: str
    kind: str
    name: str | None
    sector: str | None
    held: bool
    portfolio_ids: list[UUID] = field(default_factory=list)


_OPTION = "option"
_PRIVATE = "private"
_Columns = tuple[str, str, str | None, str | None, bool]


async def find_symbols(session: Session, search: str, limit: int) -> tuple[list[Symbol], int]:
    """The symbols that begin with a text, or whose names have words that begin with its words.

    How many match in all beside them. The symbol itself is first, then symbols that begin so, then
    names, then options; of these what is held, and the shorter.
    """
    text = search.strip()
    found = _listed(text).union_all(_own(text)).subquery("found")
    column = found.c
    rank = case(
        (column.symbol == canonical_symbol(text), 0),
        (column.kind == _OPTION, 3),
        (_begins(column.symbol, text), 1),
        else_=2,
    )
    order = (rank, column.held.desc(), func.length(column.symbol), column.symbol)
    rows = await session.execute(select(found).order_by(*order).limit(limit))
    total = await session.scalar(select(func.count()).select_from(found))
    symbols = [Symbol(*row) for row in rows]
    holders = await _holders(session, [each.symbol for each in symbols if each.held])
    placed = [replace(each, portfolio_ids=holders.get(each.symbol, [])) for each in symbols]
    return placed, int(total or 0)


async def _holders(session: Session, symbols: Collection[str]) -> dict[str, list[UUID]]:
    """The user's portfolios, by name, that hold each of the symbols now, or options on it."""
    if not symbols:
        return {}
    row = positions.c
    owner = portfolios.c
    held = (
        select(owner.portfolio_id, row.symbol, row.underlying, owner.name)
        .join_from(positions, portfolios, owner.portfolio_id == row.portfolio_id)
        .where(
            row.exit_date.is_(None),
            owner.kind == BOOK,
            or_(row.symbol.in_(symbols), row.underlying.in_(symbols)),
        )
        .distinct()
        .order_by(owner.name, owner.portfolio_id)
    )
    found: defaultdict[str, list[UUID]] = defaultdict(list)
    for portfolio_id, symbol, underlying, _ in await session.execute(held):
        for each in {symbol, underlying}:
            if portfolio_id not in found[each]:
                found[each].append(portfolio_id)
    return found


def _listed(text: str) -> Select[*_Columns]:
    """Of what files list, the factors' funds and underlyings that the user holds."""
    row = securities.c
    is_held = (
        select(positions.c.symbol)
        .where(positions.c.underlying == row.symbol, positions.c.exit_date.is_(None))
        .exists()
    )
    named = or_(_begins(row.symbol, text), _named(row.name, text))
    columns = (row.symbol, row.kind, row.name, row.sector, is_held.label("held"))
    return select(*columns).where(listed_or_held(), named)


def _own(text: str) -> Select[*_Columns]:
    """The options and private holdings of the user, whose rows alone the transaction finds."""
    row = positions.c
    private = row.investment_class == "PRIVATE"
    kind = case((row.instrument == _OPTION, _OPTION), else_=_PRIVATE)
    is_held = func.bool_or(row.exit_date.is_(None))
    columns = (
        row.symbol,
        kind.label("kind"),
        cast(null(), String).label("name"),
        cast(null(), String).label("sector"),
        is_held.label("held"),
    )
    own = or_(row.instrument == _OPTION, private)
    return select(*columns).where(own, _begins(row.symbol, text)).group_by(row.symbol, kind)


def _begins(symbol: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a symbol begins with the text, in any spelling of it."""
    spellings = {text.upper(), canonical_symbol(text)}
    return or_(*(symbol.startswith(each, autoescape=True) for each in sorted(spellings)))


def _named(name: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether every word of the text begins a word of the name."""
    words = text.split()
    if not words:
        return true()
    spaced = literal(" ") + func.translate(name, "-(/", "   ")
    return and_(*(has_part(spaced, f" {word}") for word in words))
