"""Which of the two events of a run's shard have been handled."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.limits.inputs import Half, Progress
from services.limits.tables import EvaluatedHalf
from shared.database import Session, lock, merge, sql_table


async def claim_progress(
    session: Session, run_id: UUID, as_of: date, shard: int, half: Half
) -> Progress:
    """Record a half as handled; the other half of the shard waits until the transaction ends.

    So whichever comes second knows of the first, and reads what the first has stored.
    """
    await lock(session, "limits", run_id, as_of, shard)
    key = {"run_id": run_id, "as_of": as_of, "shard": shard}
    await merge(session, EvaluatedHalf, [{**key, "half": half.value}])
    table = sql_table(EvaluatedHalf).c
    own = [table[name] == value for name, value in key.items()]
    found = await session.scalars(select(table.half).where(*own))
    return Progress(frozenset(map(Half, found)))
