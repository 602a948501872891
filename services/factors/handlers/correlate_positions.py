"""Weekly and on request: correlate what portfolios hold."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from uuid import UUID

from services.factors import repository
from services.factors.calculations.correlated_books import (
    BookCorrelations,
    Caveat,
    book_correlations,
)
from services.factors.calculations.records import Record
from services.factors.calculations.selection import Group, Parameters, Selection, selection
from services.factors.inputs import HeldUnderlying
from services.factors.repository import CorrelationRows
from shared.calendar import last_sessions, weekly_session
from shared.contracts.event import Notice, ShardEvent
from shared.contracts.factors import (
    CorrelationsComputed,
    FactorsComputed,
)
from shared.contracts.gateway import CorrelationParameters, CorrelationsRequested
from shared.database import Session
from shared.messaging import ServiceRouter
from shared.quant.returns import FloatArray

router = ServiceRouter("factors")


@router.emits(CorrelationsComputed)
@router.on(FactorsComputed)
async def correlate_weekly(event: FactorsComputed, session: Session) -> CorrelationsComputed | None:
    """Correlate what the shard holds in the week's first session on or after Tuesday; otherwise
    nothing.
    """
    if event.as_of != weekly_session(event.as_of):
        return None
    return await _correlate(event, CorrelationParameters(), session)


@router.emits(CorrelationsComputed)
@router.on(CorrelationsRequested)
async def correlate_on_request(
    event: CorrelationsRequested, session: Session
) -> CorrelationsComputed:
    """Correlate what was asked for, in the way it was asked for."""
    return await _correlate(event, event.parameters, session)


async def _correlate(
    event: ShardEvent, wanted: CorrelationParameters, session: Session
) -> CorrelationsComputed:
    parameters = Parameters(**wanted.model_dump())
    held = await repository.load_underlyings(session, event.portfolio_ids, event.as_of)
    chosen = {portfolio: selection(_groups(found), parameters) for portfolio, found in held.items()}
    symbols = sorted({symbol for selected in chosen.values() for symbol in selected.symbols})
    window = last_sessions(event.as_of, parameters.lookback + 1)
    closes = await repository.load_closes(session, window, symbols)
    books = await asyncio.to_thread(_correlated, chosen, symbols, closes, parameters)
    rows = await asyncio.to_thread(_correlation_rows, event, books)
    await repository.save_correlations(session, event.as_of, event.portfolio_ids, rows)
    counts = {"portfolios": len(books), "symbols": len(symbols), "clusters": _clusters(books)}
    notices = _caveat_notices([caveat for book in books.values() for caveat in book.caveats()])
    return CorrelationsComputed.about(event, warnings=notices, **counts)


def _clusters(books: Mapping[UUID, BookCorrelations]) -> int:
    return sum(len(book.clusters) for book in books.values())


def _groups(held: Sequence[HeldUnderlying]) -> list[Group]:
    names = [field.name for field in fields(Group)]
    return [Group(**{name: getattr(underlying, name) for name in names}) for underlying in held]


def _correlated(
    chosen: Mapping[UUID, Selection],
    symbols: Sequence[str],
    closes: FloatArray,
    parameters: Parameters,
) -> dict[UUID, BookCorrelations]:
    column = {symbol: index for index, symbol in enumerate(symbols)}
    return {
        portfolio: book_correlations(
            selected, closes[:, [column[symbol] for symbol in selected.symbols]], parameters
        )
        for portfolio, selected in chosen.items()
    }


def _correlation_rows(event: ShardEvent, books: Mapping[UUID, BookCorrelations]) -> CorrelationRows:
    """The matrix once a portfolio, its figures and clusters once a view."""
    views = [(portfolio, view) for portfolio, book in books.items() for view in book.views()]

    def keyed(
        parts: Iterable[tuple[UUID, BookCorrelations]],
        records_of: Callable[[BookCorrelations], Iterable[Record]],
    ) -> Iterator[Record]:
        for portfolio, part in parts:
            key = {"portfolio_id": portfolio, "as_of": event.as_of}
            for record in records_of(part):
                yield {**key, **record}

    return CorrelationRows(
        kept=[
            (portfolio, symbol)
            for portfolio, book in books.items()
            for symbol in book.chosen.symbols
        ],
        calculations=list(keyed(views, lambda view: [_calculation_record(event.price_run, view)])),
        pairs=keyed(books.items(), BookCorrelations.pair_records),
        clusters=list(keyed(views, BookCorrelations.cluster_records)),
        members=list(keyed(views, BookCorrelations.member_records)),
    )


def _calculation_record(price_run: str, book: BookCorrelations) -> Record:
    notices = [notice.model_dump(mode="json") for notice in _caveat_notices(list(book.caveats()))]
    return {"price_run": price_run, **book.record(), "warnings": notices}


def _caveat_notices(caveats: Sequence[Caveat]) -> list[Notice]:
    """One notice per kind of caveat, naming the symbols of all portfolios."""
    about: dict[tuple[str, str], set[str]] = {}
    for caveat in caveats:
        about.setdefault((caveat.code, caveat.what), set()).update(caveat.about)
    return [
        Notice.naming(code, f"{len(names)} symbols {what}", tuple(names))
        for (code, what), names in about.items()
    ]
