"""What an event says of failures and of what is missing, composed for those whom it concerns.

A sentence reaches the owners of some portfolios, so it is made here of fixed words and of the names
of what each of these portfolios holds. What services said themselves is the detail for operators.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from services.gateway.runs.shapes import Trouble
from shared.contracts.event import Notice, ShardEvent, WorkFailed

# Warnings that leave a run less than whole for those who hold what they name.
SHORTFALLS = {
    "price_quarantined": "closes were rejected as implausible, and earlier ones are used",
    "yield_not_believed": "Treasury yields were rejected as implausible",
    "action_not_believed": "splits or dividends were rejected as implausible",
    "provider_unavailable": "a provider of market data could not be reached",
    "unknown_symbol": "no provider knows these symbols: they have no price",
}
SHOWN = 20
_MATURITY = re.compile("[0-9]{1,2}[MY]")
Holders = Mapping[str, Collection[UUID]]


def named_symbols(event: ShardEvent) -> set[str]:
    """The symbols whose holders decide whom the event's shortfalls concern."""
    return {_symbol(name) for notice in _shortfalls(event) for name in notice.about}


def troubles_of_stage(
    stage: str, event: ShardEvent, holders: Holders, needed_by_all: Collection[str]
) -> tuple[Trouble, ...]:
    """The portfolios that the stage failed for, and what it succeeded without.

    `holders`: who holds a symbol, of the event's portfolios. `needed_by_all`: the symbols on which
    every portfolio's figures depend.
    """
    failed = [
        Trouble(
            stage,
            event.shard,
            each.code,
            each.reason,
            (each.portfolio_id,),
            detail=f"{each.error}: {each.detail}",
        )
        for each in event.failed_portfolios
    ]
    missing = [
        Trouble(
            stage,
            event.shard,
            notice.code,
            _sentence(notice.code, names),
            concerned,
            fatal=False,
            detail=notice.message,
        )
        for notice in _shortfalls(event)
        for concerned, names in _by_holders(notice, event, holders, needed_by_all).items()
    ]
    return (*failed, *missing)


def troubles_of_failure(stage: str, event: WorkFailed) -> tuple[Trouble, ...]:
    """Why the stage was given up for a whole shard."""
    detail = f"{event.error}: {event.message}"
    return (
        Trouble(stage, event.shard, event.code, event.reason, event.portfolio_ids, detail=detail),
    )


def _shortfalls(event: ShardEvent) -> Iterable[Notice]:
    return (notice for notice in event.warnings if notice.code in SHORTFALLS)


def _symbol(name: str) -> str:
    """The symbol that a warning names, perhaps with a day after it."""
    return name.partition(" ")[0]


def _by_holders(
    notice: Notice, event: ShardEvent, holders: Holders, needed_by_all: Collection[str]
) -> dict[tuple[UUID, ...], list[str]]:
    """The notice's names by the portfolios that each concerns; none where it is held no longer."""
    found: dict[tuple[UUID, ...], list[str]] = {}
    for name in notice.about or ("",):
        symbol = _symbol(name)
        shared = not symbol or symbol in needed_by_all or _MATURITY.fullmatch(symbol)
        concerned = event.portfolio_ids if shared else tuple(sorted(holders.get(symbol, ())))
        found.setdefault(concerned, []).append(name)
    return found


def _sentence(code: str, names: Iterable[str]) -> str:
    every = sorted(filter(None, names))
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return f"{SHORTFALLS[code]}: {', '.join(every[:SHOWN])}{more}" if every else SHORTFALLS[code]
