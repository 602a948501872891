"""Which of the two events of a run's shard have been handled."""

from datetime import date
from uuid import UUID

from sqlalchemy import Date, Integer, Select, Uuid, select

from services.limits.inputs import Half, Progress
from services.limits.tables import EvaluatedHalf
from shared.database import Session, lock, merge, prepared, sql_table, tuples


async def claim_progress(
    session: Session, run_id: UUID, as_of: date, shard: int, half: Half
) -> Progress:
    """Record a half as handled; the other half of the shard waits until the transaction ends.

    So whichever comes second knows of the first, and reads what the first has stored.
    """
    await lock(session, "limits", run_id, as_of, shard)
    key = {"run_id": run_id, "as_of": as_of, "shard": shard}
    await merge(session, EvaluatedHalf, [{**key, "half": half.value}])
    found = await tuples(session, *_handled(run_id, as_of, shard))
    return Progress(frozenset(Half(half) for (half,) in found))


@prepared(run_id=Uuid(), as_of=Date(), shard=Integer())
def _handled(run_id: UUID, as_of: date, shard: int) -> Select[str]:
    row = sql_table(EvaluatedHalf).c
    own = (row.run_id == run_id, row.as_of == as_of, row.shard == shard)
    return select(row.half).where(*own)
