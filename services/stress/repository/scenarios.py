"""Scenarios: the files they come from, the house's as stored, and those of users."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update

from services.stress.tables import CustomScenario, StressScenario
from shared.database import Session, lock, merge, sql_table
from shared.errors import Misconfigured
from shared.published import factors, ingest

_SHARED_FIELDS = (
    "scenario_id",
    "name",
    "description",
    "category",
    "severity",
    "shocks",
    "rate_shock",
    "basis",
    "volatility_shock",
)
_WINDOW_FIELDS = (
    "window_start",
    "window_end",
    "measured_returns",
    "measured_rate_change",
    "measured_source",
)


@dataclass(frozen=True)
class Window:
    """What is stored about a span of sessions: (start, end) closes by factor name, (start, end)
    yield in percent.
    """

    closes: Mapping[str, tuple[float, float]]
    yields_percent: tuple[float, float] | None


def load_definitions(files: Sequence[Path]) -> list[Any]:
    """The scenario definitions of every file, in order.

    Raises `Misconfigured` for a file that is not a JSON list.
    """
    return [definition for file in files for definition in _definitions_in(file)]


def _definitions_in(file: Path) -> list[Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(
            f"{file} cannot be read: {error.strerror}; name a readable scenario file"
        ) from error
    except ValueError as error:
        raise Misconfigured(f"{file} is not JSON: {error}; correct it there") from error
    if not isinstance(found, list):
        raise Misconfigured(f"{file} holds no list of scenarios; wrap them in [ ]")
    return found


async def save_scenarios(session: Session, scenarios: Sequence[Mapping[str, Any]]) -> None:
    """Make the stored file scenarios these, in this order; those no longer among them turn
    inactive.
    """
    rows = [
        {
            **scenario,
            **{
                field: _json(scenario[field])
                for field in ("shocks", "measured_returns", "measured_shocks")
            },
            "display_order": place,
            "active": True,
            "origin": "file",
        }
        for place, scenario in enumerate(scenarios, 1)
    ]
    await merge(session, StressScenario, rows)
    table = sql_table(StressScenario)
    left = table.c.scenario_id.not_in([row["scenario_id"] for row in rows])
    await session.execute(
        update(table).where(left, table.c.origin == "file", table.c.active).values(active=False)
    )


async def load_scenarios(session: Session) -> list[dict[str, Any]]:
    """The house's active scenarios as definitions, in display order."""
    table = sql_table(StressScenario)
    statement = select(*(table.c[field] for field in _SHARED_FIELDS + _WINDOW_FIELDS)).where(
        table.c.active
    )
    found = await session.execute(statement.order_by(table.c.display_order, table.c.scenario_id))
    return [dict(row) for row in found.mappings()]


async def load_window(session: Session, start: date, end: date, maturity: str) -> Window:
    """What the factors' proxies and the yield stood at on the first and the last session of a
    window.
    """
    found = await session.execute(_window_closes(start, end))
    by_factor: dict[str, dict[date, float]] = {}
    for name, day, close in found:
        by_factor.setdefault(name, {})[day] = close
    closes = {name: (days[start], days[end]) for name, days in by_factor.items() if len(days) == 2}
    yields = [await session.scalar(_last_yield(day, maturity)) for day in (start, end)]
    known = None if yields[0] is None or yields[1] is None else (yields[0], yields[1])
    return Window(closes, known)


def _window_closes(start: date, end: date) -> Select[Any]:
    price, definition = ingest.daily_prices.c, factors.factor_definitions.c
    both = price.session_date.in_((start, end))
    return (
        select(definition.name, price.session_date, price.adjusted_close)
        .join_from(
            factors.factor_definitions, ingest.daily_prices, price.symbol == definition.proxy
        )
        .where(definition.active, both, price.adjusted_close.is_not(None))
    )


def _last_yield(day: date, maturity: str) -> Select[Any]:
    seen = ingest.treasury_yields.c
    known = select(seen.yield_percent).where(
        seen.maturity == maturity, seen.observation_date <= day
    )
    return known.order_by(seen.observation_date.desc()).limit(1)


async def lock_user(session: Session, user_id: UUID) -> None:
    """Keep other changes of this user's scenarios waiting until the transaction ends."""
    await lock(session, "stress.custom_scenarios", user_id)


async def load_custom_scenarios(
    session: Session, user_ids: Collection[UUID]
) -> dict[UUID, list[dict[str, Any]]]:
    """By user, the active scenarios of their own as definitions, by id; users without any are
    absent.
    """
    table = sql_table(CustomScenario)
    chosen = select(table.c.user_id, *(table.c[field] for field in _SHARED_FIELDS)).where(
        table.c.active
    )
    mine = chosen.where(table.c.user_id.in_(user_ids)).order_by(
        table.c.user_id, table.c.scenario_id
    )
    by_user: dict[UUID, list[dict[str, Any]]] = {}
    for row in (await session.execute(mine)).mappings():
        definition = dict(row)
        by_user.setdefault(definition.pop("user_id"), []).append(definition)
    return by_user


async def save_custom_scenario(
    session: Session, user_id: UUID, scenario: Mapping[str, Any]
) -> None:
    """Store a user's scenario, in place of the one of that id."""
    row = {field: scenario[field] for field in _SHARED_FIELDS}
    row |= {"user_id": user_id, "active": True, "shocks": _json(scenario["shocks"])}
    await merge(session, CustomScenario, [row])


async def delete_custom_scenario(session: Session, user_id: UUID, scenario_id: str) -> bool:
    """Turn a user's scenario inactive, so that older results keep their name; False when there is
    none.
    """
    table = sql_table(CustomScenario)
    mine = (table.c.user_id == user_id, table.c.scenario_id == scenario_id, table.c.active)
    changed = await session.execute(update(table).where(*mine).values(active=False))
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, allow_nan=False)
