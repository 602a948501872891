"""What symbols are, and which providers are configured."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.ingest.tables import DataProvider, Security
from shared.database import Rows, Session, among, merge, sql_table

_securities = sql_table(Security)


async def load_known_symbols(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols that have a security row."""
    return set(
        await session.scalars(
            select(_securities.c.symbol).where(among(_securities.c.symbol, symbols))
        )
    )


async def save_securities(session: Session, facts: Rows) -> int:
    """Upsert what symbols are."""
    return await merge(session, Security, facts)


async def save_unlisted_securities(session: Session, symbols: Collection[str], source: str) -> None:
    """Remember symbols that came with prices of their own and that no provider lists."""
    rows = [{"symbol": symbol, "kind": "stock", "source": source} for symbol in sorted(symbols)]
    if rows:
        await session.execute(insert(_securities).on_conflict_do_nothing(), rows)


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
