"""Alerts: each is stored once, and withdrawn when its session says otherwise."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Select, Uuid, and_, func, select, update

from services.limits.repository.states import Firsts, asked
from services.limits.tables import Alert
from shared.arrays import Columns
from shared.database import Session, among, append, prepared, sql_table, tuples
from shared.rows import rows_of

_alerts = sql_table(Alert)


async def save_alerts(
    session: Session, firsts: Firsts, limit_ids: Collection[UUID], columns: Columns
) -> dict[UUID, int]:
    """Let these be the alerts of the limits since each portfolio's first session.

    Returns how many are new, by portfolio. One that is stored stays as it is; it is withdrawn when
    it is not among these, and no longer when it is again. The caller holds the portfolios.
    """
    if not limit_ids:
        return {}
    row = _alerts.c
    since = (list(firsts), list(firsts.values()))
    stored = dict(await tuples(session, *_stored(*since, list(limit_ids))))
    rows = rows_of(Alert, columns)
    raised = {each["alert_id"] for each in rows}
    new = [each for each in rows if each["alert_id"] not in stored]
    await append(session, Alert, new)
    for withdrawn in (True, False):
        changed = [
            alert_id
            for alert_id, was in stored.items()
            if was is not withdrawn and (alert_id not in raised) is withdrawn
        ]
        if changed:
            own = update(_alerts).where(among(row.alert_id, changed))
            await session.execute(own.values(withdrawn=withdrawn, changed_at=func.now()))
    return dict(Counter(UUID(str(each["portfolio_id"])) for each in new))


@prepared(portfolios=ARRAY(Uuid), days=ARRAY(Date), limit_ids=ARRAY(Uuid))
def _stored(
    portfolios: Sequence[UUID], days: Sequence[date], limit_ids: Sequence[UUID]
) -> Select[UUID, bool]:
    row = _alerts.c
    since = asked(portfolios, days)
    of_portfolio = and_(row.portfolio_id == since.c.portfolio_id, row.as_of >= since.c.as_of)
    query = select(row.alert_id, row.withdrawn).select_from(since.join(_alerts, of_portfolio))
    return query.where(among(row.limit_id, limit_ids))
