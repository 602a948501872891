"""For operators: close a market session, follow runs, store market data. Needs the role admin."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from services.gateway.analytics.reading.quality import fetch_progress
from services.gateway.analytics.schemas.market_data import HistoryProgress
from services.gateway.books.editing import exchange_day
from services.gateway.edge.dependencies import (
    Admin,
    AsOf,
    CallersDatabase,
    ChosenPage,
    Gateway,
    GatewayParts,
    OpenSession,
)
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.values import Page
from services.gateway.market.queries import private_names
from services.gateway.operators import queries
from services.gateway.operators.schemas import (
    ROWS_PER_REQUEST,
    OptionQuotes,
    Prices,
    QuarantinedClose,
    Yields,
)
from shared.contracts import ingest
from shared.contracts.event import Request, utc_now
from shared.errors import InvalidRows
from shared.instruments import canonical_symbol, normalise
from shared.market_rows import (
    in_future,
    not_closed_yet,
    price_problems,
    quote_problems,
    yield_problems,
)
from shared.messaging import Refused, Unanswered

router = once_router("/admin", "admin", 401, 403, 422)
AnyRow = TypeVar("AnyRow", ingest.PriceRow, ingest.YieldRow, ingest.OptionQuoteRow)


@router.get("/market-data/progress", response_model=HistoryProgress)
async def get_progress(_: Admin, session: OpenSession, as_of: AsOf = None) -> dict[str, Any]:
    """Progress of fetching a year of closes for every held symbol."""
    return await fetch_progress(session, as_of)


@router.get("/market-data/quarantine")
async def list_quarantined(
    _: Admin,
    session: OpenSession,
    page: ChosenPage,
    symbol: Annotated[
        str | None, Query(max_length=100, description="of this symbol only, in any spelling")
    ] = None,
) -> Page[QuarantinedClose]:
    """Closes that were rejected as implausible, and why, the newest sessions first."""
    wanted = None if symbol is None else canonical_symbol(symbol)
    rows, total = await queries.load_quarantined(session, wanted, page.limit, page.offset)
    items = [QuarantinedClose(**vars(row)) for row in rows]
    return Page(items=items, total=total, limit=page.limit, offset=page.offset)


@router.put("/market-data/prices", responses=documented(503))
async def put_prices(
    prices: Prices, _: Admin, database: CallersDatabase, gateway: GatewayParts
) -> ingest.RowsStored:
    """Store daily prices of closed sessions: ingest's to write, so it is asked.

    A symbol is a ticker, or the name of a private holding. Repeating changes nothing. A row that
    cannot be stored refuses all of them, by its number.
    """
    days = [row.session_date for row in prices.rows]
    async with database.transaction() as session:
        private = await private_names(session, {normalise(row.symbol) for row in prices.rows})
    _refuse(price_problems(prices.rows, private), not_closed_yet(days, utc_now()))
    return await _stored(
        gateway, [ingest.StorePrices(rows=tuple(part)) for part in _parts(prices.rows)]
    )


@router.put("/market-data/yields", responses=documented(503))
async def put_yields(yields: Yields, _: Admin, gateway: GatewayParts) -> ingest.RowsStored:
    """Store Treasury yields: ingest's to write, so it is asked.

    Repeating changes nothing. A row that cannot be stored refuses all of them, by its number.
    """
    days = [row.observation_date for row in yields.rows]
    _refuse(yield_problems(yields.rows), in_future(days, exchange_day()))
    return await _stored(
        gateway, [ingest.StoreYields(rows=tuple(part)) for part in _parts(yields.rows)]
    )


@router.put("/market-data/option-quotes", responses=documented(503))
async def put_option_quotes(
    quotes: OptionQuotes, _: Admin, gateway: GatewayParts
) -> ingest.RowsStored:
    """Store option quotes of closed sessions: ingest's to write, so it is asked.

    Repeating changes nothing. A row that cannot be stored refuses all of them, by its number.
    """
    days = [row.session_date for row in quotes.rows]
    _refuse(quote_problems(quotes.rows), not_closed_yet(days, utc_now()))
    return await _stored(
        gateway, [ingest.StoreOptionQuotes(rows=tuple(part)) for part in _parts(quotes.rows)]
    )


def _refuse(*found: Mapping[int, str]) -> None:
    """422 with every row that has problems, each once; parts of the rows are never stored alone."""
    problems = {row: message for each in reversed(found) for row, message in each.items()}
    if problems:
        refused = InvalidRows(dict(sorted(problems.items())))
        errors = [{**problem, "code": refused.code} for problem in refused.problems]
        raise Problem(422, refused.code, str(refused), errors)


def _parts(rows: Sequence[AnyRow]) -> list[Sequence[AnyRow]]:
    return [
        rows[start : start + ROWS_PER_REQUEST] for start in range(0, len(rows), ROWS_PER_REQUEST)
    ]


async def _stored(
    gateway: Gateway, requests: Sequence[Request[ingest.RowsStored]]
) -> ingest.RowsStored:
    """Ask for one part after the other; each is stored wholly or not at all."""
    answers: list[ingest.RowsStored] = []
    for request in requests:
        try:
            answers.append(await gateway.ask(request))
        except (Refused, Unanswered) as error:
            error.add_note(f"{sum(each.received for each in answers)} rows were stored before")
            raise
    return _summed(answers)


def _summed(answers: Sequence[ingest.RowsStored]) -> ingest.RowsStored:
    first = [each.first_session for each in answers if each.first_session]
    last = [each.last_session for each in answers if each.last_session]
    return ingest.RowsStored(
        received=sum(each.received for each in answers),
        changed=sum(each.changed for each in answers),
        first_session=min(first, default=None),
        last_session=max(last, default=None),
        warnings=tuple(warning for each in answers for warning in each.warnings),
    )
