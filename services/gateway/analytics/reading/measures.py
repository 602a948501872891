"""Which measures have a series, by the names that a request gives them.

`nav` and the other names that definitions mark; metrics also of a side (`beta.longs`);
`exposure.<measure>.<side>`; `factor.<id>`, dollars in the default model, or `factor.<id>.<model>`;
`scenario.<id>`, correlated, or `scenario.<id>.<method>`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import product
from uuid import UUID

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import stress as stress_queries
from services.gateway.analytics.reading.definitions import definitions, figure_title
from services.gateway.analytics.schemas.factors import Model
from services.gateway.analytics.shapes.exposures import DEFAULT_MODEL
from services.gateway.analytics.shapes.scenarios import METHODS
from services.gateway.books.shapes import MEASURES
from services.gateway.edge.problems import Problem
from services.gateway.edge.shapes import View
from shared.database import Session
from shared.published.snapshots import portfolio_snapshots

MOST_MEASURES = 100
DEFAULT_MEASURES = (
    "nav",
    "daily_pnl",
    "daily_return",
    "exposure.dollar.gross",
    "exposure.delta_adjusted.net",
    "beta",
    "volatility_63d",
    "max_drawdown",
    "var_95_1d_historical",
    "es_95_1d_historical",
)
_SIDES = ("long", "short", "gross", "net")
_DEFAULT_METHOD = "correlated"
# What limits may be about, and no series has.
_ONLY = {
    "worst_scenario": "Worst scenario",
    "worst_scenario.correlated": "Worst scenario",
    "worst_scenario.direct": "Worst scenario, by the specified shocks alone",
    **{f"component_var_{level}": f"Part of VaR, {level} %" for level in (95, 99)},
    **{f"component_es_{level}": f"Part of expected shortfall, {level} %" for level in (95, 99)},
}
_EXPOSED = {"dollar": "market value", "notional": "notional", "delta_adjusted": "delta-adjusted"}
_DATA = ("factor.", "scenario.")  # beginnings of names that depend on stored definitions


class Source(StrEnum):
    """The kind of row that a measure is read from."""

    SNAPSHOT = "snapshot"
    METRIC = "metric"
    FACTOR = "factor"
    SCENARIO = "scenario"


@dataclass(frozen=True)
class Measure:
    """One measure: its name in requests and answers, and where its values are stored.

    `key`: of a snapshot, the column (and the keys within it); of a metric, name and view; of a
    factor, id and model; of a scenario, id and method. `unit`: as definitions have it.
    """

    name: str
    source: Source
    key: tuple[str, ...]
    title: str
    unit: str


async def measures_named(
    session: Session, user_id: UUID, names: Sequence[str]
) -> tuple[Measure, ...]:
    """The measures in the order given, each once; 422 that names those that do not exist.

    `names`: one measure each, or several with commas between them; none: the default ones.
    """
    wanted = list(dict.fromkeys(_split(names))) or list(DEFAULT_MEASURES)
    if len(wanted) > MOST_MEASURES:
        message = f"{len(wanted)} measures are wanted at once, at most {MOST_MEASURES} can be"
        raise _refused([{"field": "measures", "code": "too_many", "message": message}])
    known = await _known_measures(session, user_id, wanted)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise await _unknown(session, user_id, unknown)
    return tuple(known[name] for name in wanted)


async def measure_titles(session: Session, user_id: UUID, names: Collection[str]) -> dict[str, str]:
    """What readers call each measure; a name that has none is its own title."""
    known = await _known_measures(session, user_id, names)
    titles = {name: measure.title for name, measure in known.items()} | _ONLY
    return {name: titles.get(name, name) for name in names}


def _split(names: Sequence[str]) -> Iterator[str]:
    yield from (part.strip() for each in names for part in each.split(",") if part.strip())


async def _known_measures(
    session: Session, user_id: UUID, wanted: Collection[str]
) -> Mapping[str, Measure]:
    """Every measure, those of factors and scenarios only as far as names of such are wanted."""
    known = defined_measures()
    if any(name.startswith("factor.") for name in wanted):
        proxies = await factors_queries.load_proxies(session)
        known |= factor_measures({factor: name for factor, (name, _) in proxies.items()})
    if any(name.startswith("scenario.") for name in wanted):
        rows = await stress_queries.load_scenarios(session, user_id)
        known |= scenario_measures({row["scenario_id"]: row["name"] for row in rows})
    return known


async def _unknown(session: Session, user_id: UUID, names: Sequence[str]) -> Problem:
    """The 422 that names what does not exist, with what is close to it and what there is."""
    known = await _known_measures(session, user_id, _DATA)
    errors = []
    for name in names:
        close = get_close_matches(name, known, n=1)
        hint = f": did you mean {close[0]!r}?" if close else ""
        message = f"there is no measure {name!r}{hint}"
        errors.append({"field": "measures", "code": "unknown_measure", "message": message})
    return _refused(errors, f"; there are {', '.join(known)}")


def _refused(errors: Sequence[Mapping[str, str]], more: str = "") -> Problem:
    message = "; ".join(error["message"] for error in errors)
    return Problem(422, "invalid_request", message + more, errors)


def defined_measures() -> dict[str, Measure]:
    """The measures that definitions mark, and the exposures, by name."""
    found: dict[str, Measure] = {}
    for name, meaning in definitions().items():
        if not meaning.series:
            continue
        if name in portfolio_snapshots.c:
            found[name] = Measure(name, Source.SNAPSHOT, (name,), meaning.title, meaning.unit)
        else:
            sided = {f"{name}.{view}": view for view in (View.LONGS, View.SHORTS)}
            for own, view in ({name: View.PORTFOLIO} | sided).items():
                key = (name, view)
                found[own] = Measure(own, Source.METRIC, key, figure_title(own), meaning.unit)
    for measure, side in product(MEASURES, _SIDES):
        name = f"exposure.{measure}.{side}"
        title = f"{definitions()[side].title}, {_EXPOSED[measure]}"
        found[name] = Measure(name, Source.SNAPSHOT, ("exposures", measure, side), title, "USD")
    return found


def factor_measures(names: Mapping[str, str]) -> dict[str, Measure]:
    """Of every factor (id to name), its dollars in each model."""
    return {
        each.name: each
        for factor, title in names.items()
        for suffix, model in (("", DEFAULT_MODEL), *((f".{model}", model) for model in Model))
        for each in (_measure(Source.FACTOR, f"{factor}{suffix}", (factor, model), title),)
    }


def scenario_measures(names: Mapping[str, str]) -> dict[str, Measure]:
    """Of every scenario (id to name), its P&L by each method."""
    suffixes = (("", _DEFAULT_METHOD), *((f".{method}", method) for method in METHODS))
    return {
        each.name: each
        for scenario, title in names.items()
        for suffix, method in suffixes
        for each in (_measure(Source.SCENARIO, f"{scenario}{suffix}", (scenario, method), title),)
    }


def _measure(source: Source, name: str, key: tuple[str, ...], title: str) -> Measure:
    return Measure(f"{source}.{name}", source, key, title, "USD")
