"""The work on portfolios and a session, cut into shards that replicas share."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from services.ingest import calculations, repository
from services.ingest.settings import ingest_settings
from shared.caveats import Caveat
from shared.contracts.event import Notice
from shared.contracts.ingest import PricesUpdated
from shared.database import Session
from shared.unchanged import hashed


async def shards_of(
    session: Session,
    run_id: UUID,
    as_of: date,
    edits: Mapping[UUID, int],
    caveats: Sequence[Caveat],
    trigger: str | None = None,
) -> list[PricesUpdated]:
    """One event per shard of the portfolios, each with all caveats.

    `edits`: by portfolio, how many it had had before anything of it was read.
    """
    price_run = calculations.price_run(as_of, await repository.latest_revision(session, as_of))
    version = await repository.load_version(session)
    warnings = tuple(_notice(caveat) for caveat in caveats)
    return [
        PricesUpdated.new(
            run_id,
            as_of,
            part=shard.number,
            price_run=price_run,
            shard=shard.number,
            shards=shard.count,
            portfolio_ids=shard.portfolio_ids,
            edits={portfolio_id: edits[portfolio_id] for portfolio_id in shard.portfolio_ids},
            trigger=trigger,
            basis=None if trigger else _basis(price_run, version, edits, shard.portfolio_ids),
            warnings=warnings,
            counts={"portfolios": len(shard.portfolio_ids)},
        )
        for shard in await _shards(session, edits, as_of)
    ]


async def _shards(
    session: Session, portfolio_ids: Mapping[UUID, int], as_of: date
) -> list[calculations.Shard]:
    own = ingest_settings()
    positions = await repository.load_positions(session, portfolio_ids, as_of)
    return calculations.shards(positions, own.shard_size, own.shard_positions)


def _basis(
    price_run: str, version: str, edits: Mapping[UUID, int], portfolio_ids: Sequence[UUID]
) -> str:
    """What a shard is calculated from: the market data as they are now, and the edits so far."""
    edited = [f"{portfolio_id} {edits[portfolio_id]}" for portfolio_id in portfolio_ids]
    return hashed([price_run, version, *edited])


def _notice(caveat: Caveat) -> Notice:
    """The caveat with every symbol it is about: the holders of each are to be found by it."""
    about = calculations.named_symbols(caveat.about)
    return Notice.of(caveat).model_copy(update={"about": about})
