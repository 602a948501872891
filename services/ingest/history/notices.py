"""What a run has to say about its market data."""

from collections.abc import Collection, Sequence
from datetime import date

import structlog

from services.ingest import repository
from services.ingest.providers import ProviderUnavailable
from shared.contracts.event import Notice
from shared.database import Session

log = structlog.get_logger("sigmasight.ingest")


def unavailable(error: ProviderUnavailable, about: Sequence[str]) -> Notice:
    """That a provider did not answer for these symbols."""
    log.warning("provider unavailable", provider=error.provider, reason=error.reason)
    return Notice.naming("provider_unavailable", f"{error.provider}: {error.reason}", about)


def not_in_plan(provider: str, what: str, about: Sequence[str]) -> Notice:
    """That a provider's plan does not include something that can be done without: nobody needs to
    mend anything.
    """
    return Notice.naming("not_in_plan", f"{provider}: the plan does not include {what}", about)


async def still_missing(session: Session, symbols: Collection[str], as_of: date) -> list[Notice]:
    """The symbols nobody knows, and those without a close on `as_of` itself."""
    known = await repository.load_known_symbols(session, symbols)
    known |= await repository.load_priced(session, set(symbols) - known)
    unknown = set(symbols) - known
    unpriced = await repository.load_unpriced(session, known, as_of)
    notices = []
    if unknown:
        message = "no provider knows these symbols: they have no price"
        notices.append(Notice.naming("unknown_symbol", message, sorted(unknown)))
    if unpriced:
        message = f"no price on {as_of.isoformat()}: the last one is carried forward"
        notices.append(Notice.naming("price_missing", message, sorted(unpriced)))
    return notices
