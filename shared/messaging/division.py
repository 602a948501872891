"""A portfolio fails alone: a shard that fails is divided until the portfolios at fault are known.

    an outage                       -> raised: the message is redelivered
    an empty shard fails as well    -> raised: the fault is the session's, not a portfolio's
    anything else                   -> the shard's halves are tried, and theirs

Every part is a separate transaction, so what is at fault leaves no rows and the rest is stored.
The parts' events become one, the event of the shard, which names the portfolios that failed.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from shared.contracts.event import (
    CALCULATION_FAILED,
    NOT_CALCULATED,
    Event,
    Notice,
    PortfolioFailure,
    ShardEvent,
)
from shared.database import is_outage, is_too_large
from shared.errors import BusUnavailable, Misconfigured, SigmaSightError, Transient

LONGEST_DETAIL = 500  # characters of an error, for each portfolio
TOO_LARGE = "a figure is too large to be stored: check the quantities and prices"

Attempt = Callable[[ShardEvent], Awaitable[list[Event]]]


def is_portfolios_fault(error: Exception, *, last_attempt: bool) -> bool:
    """Whether the error may be due to some of a shard's portfolios.

    What may pass by itself is due to none before the last attempt, and an outage never is.
    """
    if isinstance(error, Transient):
        return last_attempt
    return not (isinstance(error, BusUnavailable | Misconfigured) or is_outage(error))


def public_reason(error: Exception) -> tuple[str, str]:
    """A stable code and a sentence that name no user's things, as the error's text may do."""
    if isinstance(error, SigmaSightError) and error.public_code is not None:
        return error.public_code, str(error)
    if is_too_large(error):
        return "figure_too_large", TOO_LARGE
    return CALCULATION_FAILED, NOT_CALCULATED


async def divided(
    attempt: Attempt, event: ShardEvent, error: Exception, *, last_attempt: bool
) -> list[ShardEvent]:
    """What a shard's handler publishes once the portfolios that made it fail are left out.

    `error`: how the whole shard failed. It is raised again when no portfolio can be done; an error
    that is not due to a portfolio is raised as soon as it occurs.
    """
    await _require_sound_session(attempt, event, error)
    results: list[Event] = []
    failures: list[PortfolioFailure] = []
    waiting = _halves(event.portfolio_ids)
    while waiting:
        part = waiting.pop(0)
        try:
            results += await attempt(event.of_portfolios(part))
        except Exception as problem:
            if not is_portfolios_fault(problem, last_attempt=last_attempt):
                raise
            if len(part) > 1:
                waiting[:0] = _halves(part)
            else:
                failures.append(_failure(part[0], problem))
    joined = joined_events(results, failures)
    if not joined:
        raise error
    return joined


async def _require_sound_session(attempt: Attempt, event: ShardEvent, error: Exception) -> None:
    """Raise the shard's error when it fails without any portfolio, too."""
    try:
        await attempt(event.of_portfolios(()))
    except Exception:  # noqa: BLE001 - any error means the same, and the shard's says more
        raise error from None


def _halves(portfolio_ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    middle = (len(portfolio_ids) + 1) // 2
    return [portfolio_ids[:middle], portfolio_ids[middle:]]


def _failure(portfolio_id: UUID, error: Exception) -> PortfolioFailure:
    code, reason = public_reason(error)
    return PortfolioFailure(
        portfolio_id=portfolio_id,
        code=code,
        reason=reason,
        error=type(error).__name__,
        detail=str(error)[:LONGEST_DETAIL],
    )


def joined_events(
    results: Sequence[Event], failures: Sequence[PortfolioFailure]
) -> list[ShardEvent]:
    """The parts' events as one of each class, as if the shard had not been divided."""
    by_class: dict[type[ShardEvent], list[ShardEvent]] = {}
    for result in results:
        if isinstance(result, ShardEvent):
            by_class.setdefault(type(result), []).append(result)
    return [_joined(parts, failures) for parts in by_class.values()]


def _joined(parts: Sequence[ShardEvent], failures: Sequence[PortfolioFailure]) -> ShardEvent:
    counts: dict[str, int] = {}
    for part in parts:
        for kind, count in part.counts.items():
            counts[kind] = counts.get(kind, 0) + count
    together = {
        "portfolio_ids": tuple(each for part in parts for each in part.portfolio_ids),
        "failed_portfolios": tuple(failures),
        "counts": counts,
        "warnings": _joined_notices([notice for part in parts for notice in part.warnings]),
        "basis": None,  # each part has its own
    }
    return parts[0].model_copy(update=together)


def _joined_notices(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Notices of one code and sentence as one: counts added, names united."""
    found: dict[tuple[str, str], Notice] = {}
    for notice in notices:
        key = (notice.code, notice.message)
        if key in found:
            names = tuple(sorted({*found[key].about, *notice.about}))
            more = {"count": found[key].count + notice.count, "about": names}
            found[key] = found[key].model_copy(update=more)
        else:
            found[key] = notice
    return tuple(found.values())
