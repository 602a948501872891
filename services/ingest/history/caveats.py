"""What a reader of a run should know about its market data."""

from collections.abc import Collection
from datetime import date

import structlog

from services.ingest import repository
from services.ingest.providers import ProviderUnavailable
from shared.caveats import Caveat
from shared.database import Session

log = structlog.get_logger("sigmasight.ingest")


def unavailable(error: ProviderUnavailable, about: Collection[str]) -> Caveat:
    """That a provider did not answer about these names."""
    log.warning("provider unavailable", provider=error.provider, reason=error.reason)
    return Caveat.naming("provider_unavailable", f"{error.provider}: {error.reason}", about)


def not_in_plan(provider: str, what: str, about: Collection[str]) -> Caveat:
    """That a provider's plan does not include optional data, which needs no repair."""
    return Caveat.naming("not_in_plan", f"{provider}: the plan does not include {what}", about)


async def still_missing(session: Session, symbols: Collection[str], as_of: date) -> list[Caveat]:
    """The symbols that no provider knows, and those without a close on `as_of` itself."""
    known = await repository.load_known_symbols(session, symbols)
    known |= await repository.load_priced(session, set(symbols) - known)
    unknown = set(symbols) - known
    unpriced = await repository.load_unpriced(session, known, as_of)
    caveats = []
    if unknown:
        message = "no provider knows these symbols: they have no price"
        caveats.append(Caveat.naming("unknown_symbol", message, unknown))
    if unpriced:
        message = f"no price on {as_of.isoformat()}: the last one is carried forward"
        caveats.append(Caveat.naming("price_missing", message, unpriced))
    return caveats
