"""What symbols are, and which providers are configured."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.dialects.postgresql import insert

from services.ingest.inputs import ConfiguredProvider, SecurityFacts
from services.ingest.tables import DataProvider, Security
from shared.database import Session, merge, sql_table
from shared.rows import Row, columns_of, rows_of

_securities = sql_table(Security)


async def save_securities(session: Session, facts: Sequence[SecurityFacts]) -> int:
    """Upsert what symbols are; returns how many rows changed."""
    return await merge(session, Security, rows_of(Security, columns_of(facts, SecurityFacts)))


async def save_unlisted_securities(session: Session, symbols: Collection[str], source: str) -> None:
    """Record symbols that an administrator priced and that no provider lists."""
    rows = [{"symbol": symbol, "kind": "stock", "source": source} for symbol in sorted(symbols)]
    if rows:
        await session.execute(insert(_securities).on_conflict_do_nothing(), rows)


async def save_providers(
    session: Session, by_kind: Mapping[str, Sequence[ConfiguredProvider]]
) -> None:
    """Record which providers are queried for each kind of data, in order."""
    rows = [
        {"kind": kind, "rank": rank, **_provider(provider)}
        for kind, providers in by_kind.items()
        for rank, provider in enumerate(providers)
    ]
    await merge(session, DataProvider, rows, within={"kind": sorted(by_kind)})


def _provider(provider: ConfiguredProvider) -> Row:
    days = provider.coverage
    known = days is not None and days.first <= days.last
    return {
        "name": provider.name,
        "live": provider.live,
        "first_session": days.first if days and known else None,
        "last_session": days.last if days and known else None,
    }
