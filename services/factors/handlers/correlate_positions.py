"""Weekly, and when a user asks: correlate what portfolios hold."""

import asyncio
from collections.abc import Sequence

from services.factors import repository
from services.factors.calculations.caveats import counted
from services.factors.calculations.correlated_books import (
    BookCorrelations,
    Cluster,
    ClusterMember,
    CorrelationFigures,
    shard_correlations,
)
from services.factors.calculations.selection import Parameters, kept_symbols, selection
from services.factors.repository import CorrelationColumns
from shared.calendar import weekly_session
from shared.contracts.event import Notice, ShardEvent
from shared.contracts.factors import CorrelationsComputed, FactorsComputed
from shared.contracts.gateway import CorrelationParameters, CorrelationsRequested
from shared.database import Session
from shared.messaging import ServiceRouter
from shared.rows import columns_of

router = ServiceRouter("factors")


@router.emits(CorrelationsComputed)
@router.on(FactorsComputed)
async def correlate_weekly(event: FactorsComputed, session: Session) -> CorrelationsComputed | None:
    """Correlate what the shard holds in the week's first session on or after Tuesday.

    Drafts on every session, since their owner compares them with what they branch from.
    """
    weekly = event.as_of == weekly_session(event.as_of)
    if not weekly and not await repository.are_drafts(session, event.portfolio_ids):
        return None
    return await _correlate(event, CorrelationParameters(), session)


@router.emits(CorrelationsComputed)
@router.on(CorrelationsRequested)
async def correlate_on_request(
    event: CorrelationsRequested, session: Session
) -> CorrelationsComputed:
    """Correlate what the portfolios of the request hold, with its parameters."""
    return await _correlate(event, event.parameters, session)


async def _correlate(
    event: ShardEvent, wanted: CorrelationParameters, session: Session
) -> CorrelationsComputed:
    parameters = Parameters(**wanted.model_dump())
    held = await repository.claim_underlyings(session, event.portfolio_ids, event.as_of)
    chosen = [selection(portfolio, parameters) for portfolio in held]
    symbols = kept_symbols(chosen)
    closes = await repository.load_closes(session, event.as_of, parameters.lookback, symbols)
    books = await asyncio.to_thread(shard_correlations, chosen, closes, parameters)
    columns = await asyncio.to_thread(_columns, event.price_run, books)
    await repository.save_correlations(session, event.portfolio_ids, event.as_of, columns)
    return CorrelationsComputed.about(
        event,
        warnings=_notices(books),
        portfolios=len(books),
        symbols=len(symbols),
        clusters=sum(len(book.clusters) for book in books),
    )


def _columns(price_run: str, books: Sequence[BookCorrelations]) -> CorrelationColumns:
    """The matrix once per portfolio, its figures and clusters once per view."""
    views = [view for book in books for view in book.views()]
    warnings = [[notice.model_dump(mode="json") for notice in _notices([view])] for view in views]
    return CorrelationColumns(
        kept={
            "portfolio_id": [book.chosen.portfolio_id for book in books for _ in book.chosen.kept],
            "symbol": [symbol for book in books for symbol in book.chosen.symbols],
        },
        calculations={
            **columns_of((view.figures() for view in views), CorrelationFigures),
            "price_run": [price_run] * len(views),
            "warnings": warnings,
        },
        pairs=(part for book in books for part in book.pair_columns()),
        clusters=columns_of((each for view in views for each in view.named_clusters()), Cluster),
        members=columns_of(
            (each for view in views for each in view.cluster_members()), ClusterMember
        ),
    )


def _notices(books: Sequence[BookCorrelations]) -> list[Notice]:
    """One notice per kind of caveat, naming the symbols of all books."""
    return [Notice.of(each) for each in counted(each for book in books for each in book.caveats())]
