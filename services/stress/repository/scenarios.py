"""Scenarios: the files they come from, the house's as stored, and those that users saved."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, select, update

from services.stress.inputs import Catalogue, Move, Scenario, ScenarioIds, Window
from services.stress.tables import CustomScenario, StressScenario
from shared.database import Session, among, fetched, lock, merge, prepared, sql_table, tuples
from shared.errors import Misconfigured
from shared.published import factors, gateway, ingest
from shared.published.stress import SCENARIO_TERMS
from shared.rows import columns_of, rows_of

_MEASURED = (
    "window_start",
    "window_end",
    "measured_returns",
    "measured_rate_change",
    "measured_source",
)


def load_definitions(files: Sequence[Path]) -> list[object]:
    """The scenario definitions of every file, in order.

    Raises `Misconfigured` for a file that is not a JSON list.
    """
    return [definition for file in files for definition in _definitions_in(file)]


def _definitions_in(file: Path) -> list[object]:
    try:
        found: object = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(
            f"{file} cannot be read: {error.strerror}; name a readable scenario file"
        ) from error
    except ValueError as error:
        raise Misconfigured(f"{file} is not JSON: {error}; correct it there") from error
    if not isinstance(found, list):
        raise Misconfigured(f"{file} holds no list of scenarios; wrap them in [ ]")
    return found


async def load_windows(
    session: Session, scenarios: Iterable[Scenario], maturity: str
) -> dict[str, Window]:
    """By scenario id, what is stored about its window; a scenario without a window is absent."""
    return {
        scenario.scenario_id: await _load_window(
            session, scenario.window_start, scenario.window_end, maturity
        )
        for scenario in scenarios
        if scenario.window_start is not None and scenario.window_end is not None
    }


async def _load_window(session: Session, start: date, end: date, maturity: str) -> Window:
    price = ingest.daily_prices.c
    definition = factors.factor_definitions.c
    query = (
        select(definition.factor, price.session_date, price.adjusted_close)
        .join_from(
            factors.factor_definitions, ingest.daily_prices, price.symbol == definition.proxy
        )
        .where(
            definition.active,
            price.session_date.in_((start, end)),
            price.adjusted_close.is_not(None),
        )
    )
    by_factor: dict[str, dict[date, float]] = {}
    for factor, day, close in await session.execute(query):
        by_factor.setdefault(factor, {})[day] = close
    closes = {
        factor: Move(days[start], days[end]) for factor, days in by_factor.items() if len(days) == 2
    }
    first = await _load_yield(session, start, maturity)
    last = await _load_yield(session, end, maturity)
    return Window(closes, None if first is None or last is None else Move(first, last))


async def _load_yield(session: Session, day: date, maturity: str) -> float | None:
    """The last yield on or before the day, in percent."""
    row = ingest.treasury_yields.c
    known = select(row.yield_percent).where(row.maturity == maturity, row.observation_date <= day)
    found: float | None = await session.scalar(known.order_by(row.observation_date.desc()).limit(1))
    return found


async def save_scenarios(session: Session, scenarios: Sequence[Scenario]) -> None:
    """Make the stored file scenarios these, in this order; the others become inactive."""
    columns = {
        **columns_of(scenarios, Scenario),
        "measured_shocks": [scenario.measured_shocks for scenario in scenarios],
        "display_order": range(1, len(scenarios) + 1),
    }
    await merge(
        session, StressScenario, rows_of(StressScenario, columns, active=True, origin="file")
    )
    table = sql_table(StressScenario)
    others = table.c.scenario_id.not_in([scenario.scenario_id for scenario in scenarios])
    await session.execute(
        update(table).where(others, table.c.origin == "file", table.c.active).values(active=False)
    )


async def load_catalogue(session: Session, portfolio_ids: Sequence[UUID]) -> Catalogue:
    """The active scenarios of the house, and those of the portfolios' owners, by id."""
    owners = await _load_owners(session, portfolio_ids)
    custom = await _load_custom(session, list(set(owners.values())))
    return Catalogue(await _load_house(session), owners, custom)


async def load_catalogue_for(session: Session, user_id: UUID, portfolio_id: UUID) -> Catalogue:
    """The active scenarios of the house, and those of a user who may not own the portfolio."""
    owners = await _load_owners(session, [portfolio_id])
    custom = await _load_custom(session, [user_id])
    return Catalogue(await _load_house(session), owners, custom)


async def _load_owners(session: Session, portfolio_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    return dict(await tuples(session, *_owners(portfolio_ids)))


@prepared(portfolio_ids=ARRAY(Uuid))
def _owners(portfolio_ids: Sequence[UUID]) -> Select[UUID, UUID]:
    book = gateway.portfolios.c
    return select(book.portfolio_id, book.user_id).where(among(book.portfolio_id, portfolio_ids))


async def _load_house(session: Session) -> tuple[Scenario, ...]:
    found = await fetched(session, *_house())
    return tuple(Scenario(**{**row, "shocks": _shocks(row["shocks"])}) for row in found)


@prepared()
def _house() -> Select[*tuple[object, ...]]:
    table = sql_table(StressScenario).c
    query = select(*(table[field] for field in SCENARIO_TERMS + _MEASURED)).where(table.active)
    return query.order_by(table.display_order, table.scenario_id)


async def _load_custom(
    session: Session, user_ids: Sequence[UUID]
) -> dict[UUID, tuple[Scenario, ...]]:
    """By user; users without custom scenarios are absent."""
    by_user: dict[UUID, tuple[Scenario, ...]] = {}
    for row in await fetched(session, *_custom(user_ids)):
        user_id = row.pop("user_id")
        scenario = Scenario(**{**row, "shocks": _shocks(row["shocks"])})
        by_user[user_id] = (*by_user.get(user_id, ()), scenario)
    return by_user


@prepared(user_ids=ARRAY(Uuid))
def _custom(user_ids: Sequence[UUID]) -> Select[*tuple[object, ...]]:
    table = sql_table(CustomScenario).c
    return (
        select(table.user_id, *(table[field] for field in SCENARIO_TERMS))
        .where(table.active, among(table.user_id, user_ids))
        .order_by(table.user_id, table.scenario_id)
    )


def _shocks(stored: Mapping[str, float]) -> dict[str, float]:
    """JSON has whole numbers for some shocks."""
    return {factor: float(shock) for factor, shock in stored.items()}


async def claim_ids(session: Session, user_id: UUID) -> ScenarioIds:
    """The ids in use; until the transaction ends, other changes of the user's scenarios wait."""
    await _lock_user(session, user_id)
    house = sql_table(StressScenario).c
    custom = sql_table(CustomScenario).c
    saved = select(custom.scenario_id, custom.name).where(custom.active, custom.user_id == user_id)
    return ScenarioIds(
        frozenset(await session.scalars(select(house.scenario_id).where(house.active))),
        dict((await session.execute(saved)).tuples().all()),
    )


async def save_custom_scenario(session: Session, user_id: UUID, scenario: Scenario) -> None:
    """Store a user's scenario, in place of the one of that id."""
    columns = {field: [getattr(scenario, field)] for field in SCENARIO_TERMS}
    await merge(
        session, CustomScenario, rows_of(CustomScenario, columns, user_id=user_id, active=True)
    )


async def delete_custom_scenario(session: Session, user_id: UUID, scenario_id: str) -> bool:
    """Make a user's scenario inactive, so that older results keep its name; False without one."""
    await _lock_user(session, user_id)
    table = sql_table(CustomScenario)
    saved = (table.c.user_id == user_id, table.c.scenario_id == scenario_id, table.c.active)
    changed = await session.execute(update(table).where(*saved).values(active=False))
    return bool(changed.rowcount)  # type: ignore[attr-defined]


async def _lock_user(session: Session, user_id: UUID) -> None:
    """Other changes of this user's scenarios wait until the transaction ends."""
    await lock(session, "stress.custom_scenarios", user_id)
