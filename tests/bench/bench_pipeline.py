"""Seconds per stage of one session through the six processes of the real stack, for 3 and for 300
portfolios.

`python -m tests.bench.bench_pipeline`. The 300 are synthetic books of 100 positions each over the
panel, long and short, every tenth position an option; the 3 are the first of them. A session before
it warms the processes up.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.bench.evening import save_books
from tests.stack import RunningStack, running_stack

WARM_UP, FEW_SESSION, MANY_SESSION = date(2022, 12, 23), date(2022, 12, 27), date(2022, 12, 28)
FEW, MANY, POSITIONS = 3, 300, 100


def run() -> list[dict[str, Any]]:
    """Per stage: busy seconds for 300 portfolios, against 100 times those for 3."""
    with running_stack() as stack:
        few = _session(stack, 0, FEW, FEW_SESSION)
        many = _session(stack, FEW, MANY, MANY_SESSION)
    return [_comparison(stage, few[stage], many[stage]) for stage in many]


def _session(stack: RunningStack, first: int, last: int, session_date: date) -> Mapping[str, float]:
    """Add the books up to `last`, warm up on another session, then run one.

    Seconds by stage and from end to end.
    """
    save_books(stack, range(first, last), POSITIONS)
    stack.finished([stack.close(WARM_UP)])
    run_id = stack.close(session_date)
    [status] = stack.finished([run_id]).values()
    assert status["status"] == "completed", status
    return {stage["stage"]: float(stage["busy_seconds"]) for stage in status["stages"]} | {
        "close to last result": _elapsed(status)
    }


def _elapsed(run: Mapping[str, Any]) -> float:
    from datetime import datetime

    started, finished = (
        datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at")
    )
    return (finished - started).total_seconds()


def _comparison(stage: str, few: float, many: float) -> dict[str, Any]:
    return {
        "name": f"{stage}: {MANY} portfolios of {POSITIONS} positions ({few:.3f} s for {FEW})",
        "value": many,
        "unit": "s",
        "peer": f"{MANY // FEW} times the seconds of {FEW} portfolios",
        "ratio": few * MANY / FEW / many if many else None,
        "accuracy": None,
    }


if __name__ == "__main__":
    from tests.bench import show

    show(run())
