"""What a reader of a run should know about its market data."""

from collections.abc import Collection, Set
from dataclasses import dataclass
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


@dataclass(frozen=True)
class MissingFacts:
    """What is not stored of some symbols.

    `unknown`: those without facts about what they are; `priceless`: those of them without any
    close; `unpriced`: those without a close on the session itself.
    """

    unknown: Set[str]
    priceless: Set[str]
    unpriced: Set[str]

    def caveats(self, as_of: date) -> list[Caveat]:
        """The symbols that no provider knows, and those without a close on `as_of` itself."""
        caveats = []
        if self.priceless:
            message = "no provider knows these symbols: they have no price"
            caveats.append(Caveat.naming("unknown_symbol", message, self.priceless))
        if unpriced := self.unpriced - self.priceless:
            message = f"no price on {as_of.isoformat()}: the last one is carried forward"
            caveats.append(Caveat.naming("price_missing", message, unpriced))
        return caveats


async def missing_facts(session: Session, symbols: Collection[str], as_of: date) -> MissingFacts:
    """What is not stored of the symbols now."""
    unknown, unpriced = await repository.load_incomplete(session, symbols, as_of)
    return MissingFacts(unknown, unknown - await repository.load_priced(session, unknown), unpriced)
