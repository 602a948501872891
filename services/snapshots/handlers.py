"""What snapshots does when factors are computed."""

import asyncio
from collections.abc import Iterable
from datetime import date

from services.snapshots import calculations, repository
from services.snapshots.calculations import Caveat, Snapshots, Take
from shared import calendar
from shared.contracts.event import Notice
from shared.contracts.factors import FactorsComputed
from shared.contracts.snapshots import SnapshotsCreated
from shared.database import Session
from shared.errors import NotASession
from shared.messaging import ServiceRouter

router = ServiceRouter("snapshots")


@router.emits(SnapshotsCreated)
@router.on(FactorsComputed)
async def take_snapshots(event: FactorsComputed, session: Session) -> SnapshotsCreated:
    """Value the shard's portfolios at the session's end, and again on every later day that depends on it."""
    _require_session(event.as_of)
    portfolios = await repository.lock_portfolios(session, event.portfolio_ids)
    history = await repository.load_history(session, portfolios, event.as_of)
    takes = calculations.snapshots_to_take(event.as_of, history)
    work = await repository.load_work(session, portfolios, takes)
    snapshots = await asyncio.to_thread(calculations.portfolio_snapshots, work)
    await repository.save_snapshots(session, portfolios, work, snapshots)
    return _told(event, takes, snapshots)


def _require_session(as_of: date) -> None:
    if not calendar.is_session(as_of):
        raise NotASession(as_of, calendar.session_on_or_before(as_of))


def _told(event: FactorsComputed, takes: tuple[Take, ...], snapshots: Snapshots) -> SnapshotsCreated:
    """The event: counts and warnings speak of its own session, `restated` counts later ones retaken."""
    own = [index for index, take in enumerate(takes) if take.session == event.as_of]
    return SnapshotsCreated.about(
        event,
        warnings=_notices(caveat for index in own for caveat in snapshots.caveats[index]),
        snapshots=len(own),
        positions=int(snapshots.counts[own].sum()),
        restated=len(takes) - len(own),
    )


def _notices(caveats: Iterable[Caveat]) -> list[Notice]:
    merged = calculations.gathered(caveats)
    return [Notice.naming(caveat.code, caveat.message, caveat.about) for caveat in merged]
