"""A user models a trade in a symbol that no portfolio holds: fetch what its price needs."""

from services.ingest import history
from services.ingest.history.coverage import require_covered
from shared.contracts.event import Notice
from shared.contracts.ingest import FetchSymbols, SymbolsFetched
from shared.database import Database
from shared.instruments import parse_ticker
from shared.messaging import ServiceRouter

router = ServiceRouter("ingest")


@router.answers(FetchSymbols)
async def fetch_symbols(request: FetchSymbols, database: Database) -> SymbolsFetched:
    """Fetch the missing closes of the symbols, and what else pricing them needs."""
    async with database.transaction() as session:
        await require_covered(session, request.as_of)
    symbols = {parse_ticker(symbol) for symbol in request.symbols}
    caveats = await history.fetch_history(history.feed_into(database), symbols, request.as_of)
    return SymbolsFetched(warnings=tuple(Notice.of(caveat) for caveat in caveats))
