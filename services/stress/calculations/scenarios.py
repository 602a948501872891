"""What a scenario is, and what makes its definition wrong."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeGuard

from services.stress.inputs import MARKET, Scenario

FACTOR_IDS = (MARKET, "value", "growth", "momentum", "quality", "size", "low_volatility")
HISTORICAL = "historical"
CATEGORIES = ("market", "rates", "rotation", "volatility", HISTORICAL, "custom")
SEVERITIES = ("mild", "moderate", "severe", "extreme")
OVER_MARKET = "over_market"
BASES = ("absolute", OVER_MARKET)
LARGEST_RISE = 10.0
Definition = Mapping[str, object]  # as read from JSON
Flaw = tuple[str, str]  # (field, what is wrong with it and the fix)


@dataclass(frozen=True)
class ScenarioProblem:
    """What is wrong with a field of a definition, and the fix; "" where none can be named."""

    scenario: str
    field: str
    message: str

    def __str__(self) -> str:
        place = ", ".join(name for name in (self.scenario, self.field) if name)
        return f"{place}: {self.message}"


class InvalidScenarios(ValueError):
    """Definitions that cannot be used; every problem names the scenario, the field and the fix."""

    def __init__(self, problems: Sequence[ScenarioProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def scenarios(definitions: object) -> tuple[Scenario, ...]:
    """The scenarios that `definitions` (a list of objects, as read from JSON) describe, in order.

    Raises `InvalidScenarios` with every problem of every definition at once.
    """
    if not isinstance(definitions, list | tuple):
        whole = ScenarioProblem("", "scenarios", "must be a list of objects: wrap them in [ ]")
        raise InvalidScenarios([whole])
    problems = [
        problem for place, each in enumerate(definitions, 1) for problem in _problems(each, place)
    ]
    problems += _repetitions(definitions)
    if problems:
        raise InvalidScenarios(problems)
    return tuple(_scenario(each) for each in definitions)


def custom_scenario(definition: Definition) -> Scenario:
    """The scenario a user describes: as in a file, but without windows and measurements.

    Raises `InvalidScenarios` with every problem at once.
    """
    foreign = "only a scenario of the house has it: remove it"
    problems = [ScenarioProblem("", field, foreign) for field in _MEASURED if field in definition]
    problems += _problems(definition, 1)
    if definition.get("category") == HISTORICAL:
        others = ", ".join(each for each in CATEGORIES if each != HISTORICAL)
        message = f"only a scenario of the house is historical, as measured: use one of {others}"
        problems.append(ScenarioProblem("", "category", message))
    if problems:
        raise InvalidScenarios(problems)
    return _scenario(definition)


def valuable(
    every: Sequence[Scenario], factor_ids: Collection[str]
) -> tuple[tuple[Scenario, ...], tuple[Scenario, ...]]:
    """(those that shock `factor_ids` only, the others): other factors cannot be valued."""
    kept = tuple(each for each in every if set(each.shocks) <= set(factor_ids))
    return kept, tuple(each for each in every if each not in kept)


def _scenario(definition: Definition) -> Scenario:
    """A definition without flaws as a scenario."""
    given: dict[str, Any] = {k: v for k, v in definition.items() if v is not None}
    given["shocks"] = {factor: float(each) for factor, each in given.get("shocks", {}).items()}
    given |= {field: float(given[field]) for field in _NUMBERS if field in given}
    given |= {field: _as_day(given[field]) for field in _DAYS if field in given}
    return Scenario(**given)


def _problems(definition: object, place: int) -> Iterator[ScenarioProblem]:
    if not isinstance(definition, Mapping):
        yield ScenarioProblem(
            f"scenario {place}", "", f"must be an object with {', '.join(_CHECKS)}"
        )
        return
    label = definition.get("scenario_id")
    subject = f"scenario {label!r}" if isinstance(label, str) and label else f"scenario {place}"
    for field, message in _flaws(definition):
        yield ScenarioProblem(subject, field, message)


def _flaws(definition: Definition) -> Iterator[Flaw]:
    for field in sorted(set(definition) - set(_CHECKS)):
        yield field, f"unknown field: remove it or use one of {', '.join(_CHECKS)}"
    for field in _CHECKS:
        yield from _field_flaws(definition, field)
    if not definition.get("shocks") and all(definition.get(field) is None for field in _SHOCKS):
        yield (
            "shocks",
            "nothing is shocked: give at least one factor, a rate_shock or a volatility_shock",
        )
    yield from _window_flaws(definition)
    yield from _sum_flaws(definition)


def _sum_flaws(definition: Definition) -> Iterator[Flaw]:
    """Over the market, a style's shock and the market's add up to its proxy's return."""
    shocks = definition.get("shocks")
    if definition.get("basis") != OVER_MARKET or not isinstance(shocks, Mapping):
        return
    market = shocks.get(MARKET, 0.0)
    for factor, shock in shocks.items():
        if factor != MARKET and _is_finite(market) and _is_finite(shock) and market + shock < -1:
            message = f"with the market's {market:g} its proxy would fall by more than 100 %"
            yield f"shocks.{factor}", f"{message}: their sum must be -1 or more"


def _field_flaws(definition: Definition, field: str) -> Iterator[Flaw]:
    if field in definition:
        yield from ((field, message) for message in _CHECKS[field](definition[field]))
    elif field in _REQUIRED:
        yield field, "missing: add it"
    by_factor = definition.get(field) if field in _BY_FACTOR else None
    if isinstance(by_factor, Mapping):
        for factor, shock in by_factor.items():
            yield from (
                (f"{field}.{factor}", message) for message in _factor_problems(factor, shock)
            )


def _window_flaws(definition: Definition) -> Iterator[Flaw]:
    first, last = (definition.get(field) for field in _DAYS)
    if (first is None) != (last is None):
        yield "window_end", "a window has a start and an end: give both or neither"
    elif first is not None and _is_day(first) and _is_day(last) and _as_day(first) >= _as_day(last):
        yield "window_end", f"{last} is not after {first}: correct one of them"
    elif first is None and any(definition.get(field) is not None for field in _MEASURED):
        yield "window_start", "missing: say when it was measured"


def _repetitions(definitions: Sequence[object]) -> list[ScenarioProblem]:
    ids = Counter(
        str(each.get("scenario_id"))
        for each in definitions
        if isinstance(each, Mapping) and "scenario_id" in each
    )
    return [
        ScenarioProblem(
            f"scenario {name!r}", "scenario_id", f"used {times} times: give each scenario its own"
        )
        for name, times in ids.items()
        if times > 1
    ]


def _text(value: object) -> Iterator[str]:
    if not isinstance(value, str) or not value.strip():
        yield f"{value!r} is not a text: write one"


def _short(length: int) -> Callable[[object], Iterator[str]]:
    def check(value: object) -> Iterator[str]:
        yield from _text(value)
        if isinstance(value, str) and len(value) > length:
            yield f"{len(value)} characters long: use at most {length}"

    return check


def _identifier(value: object) -> Iterator[str]:
    yield from _short(80)(value)
    if isinstance(value, str) and not set(value) <= _IDENTIFIER_CHARACTERS:
        yield f"{value!r} is not an identifier: use letters, digits and _ - . only"


def _one_of(choices: Sequence[str]) -> Callable[[object], Iterator[str]]:
    def check(value: object) -> Iterator[str]:
        if value not in choices:
            yield f"{value!r} is unknown: use one of {', '.join(choices)}"

    return check


def _shocks(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f'{value!r} is not an object: write {{"market": -0.10}}'


def _factor_problems(factor: object, shock: object) -> Iterator[str]:
    if factor not in FACTOR_IDS:
        yield (
            f"unknown factor: use one of {', '.join(FACTOR_IDS)}, and rate_shock for interest rates"
        )
    yield from return_problems(shock)


def return_problems(shock: object) -> Iterator[str]:
    """What keeps a value from being a decimal return that a shock may have."""
    if not _is_finite(shock):
        yield f"{shock!r} is not a finite number: write a decimal return, -0.10 for a fall of 10 %"
    elif shock < -1:
        yield f"{shock!r} is a fall of more than 100 %: write a decimal return of -1 or more"
    elif shock > LARGEST_RISE:
        yield (
            f"{shock!r} is a rise of more than {LARGEST_RISE:.0%}: "
            "write a decimal return, 0.10 for 10 %"
        )


def _rate_shock(value: object) -> Iterator[str]:
    write = "write a change of yield in decimals, 0.01 for +100 bp"
    yield from _no_number(value, write)
    if _is_finite(value) and abs(value) > 1:
        yield f"{value!r} is a change of {value * 100:g} percentage points: {write}"


def _volatility_shock(value: object) -> Iterator[str]:
    write = "write a relative change of one-month implied volatility, 0.50 for half as much again"
    yield from _no_number(value, write)
    if _is_finite(value) and not -1 < value <= LARGEST_RISE:
        yield f"{value!r} is not above -1 and at most {LARGEST_RISE:g}: {write}"


def _no_number(value: object, write: str) -> Iterator[str]:
    """What is wrong with an optional number that is none."""
    if value is not None and not _is_finite(value):
        yield f"{value!r} is not a finite number: {write}"


def _day(value: object) -> Iterator[str]:
    if value is not None and not _is_day(value):
        yield f"{value!r} is not a date: write YYYY-MM-DD"


def _is_day(value: object) -> bool:
    try:
        _as_day(value)
    except (TypeError, ValueError):
        return False
    return True


def _as_day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    raise TypeError(f"{value!r} is not a date")


def _optionally(check: Callable[[object], Iterator[str]]) -> Callable[[object], Iterator[str]]:
    return lambda value: iter(()) if value is None else check(value)


def _is_finite(value: object) -> TypeGuard[float]:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= _LARGEST_NUMBER
    )


_LARGEST_NUMBER = 1e300  # a whole number in JSON may be beyond what a float holds
_IDENTIFIER_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
)
_REQUIRED = ("scenario_id", "name", "description", "category", "severity")
_SHOCKS = ("rate_shock", "volatility_shock")
_BY_FACTOR = ("shocks", "measured_returns")
_NUMBERS = (*_SHOCKS, "measured_rate_change")
_DAYS = ("window_start", "window_end")
_MEASURED = (*_DAYS, "measured_returns", "measured_rate_change", "measured_source")
_CHECKS: Mapping[str, Callable[[object], Iterator[str]]] = {
    "scenario_id": _identifier,
    "name": _short(200),
    "description": _short(2000),
    "category": _one_of(CATEGORIES),
    "severity": _one_of(SEVERITIES),
    "shocks": _shocks,
    "rate_shock": _rate_shock,
    "basis": _one_of(BASES),
    "volatility_shock": _volatility_shock,
    "window_start": _day,
    "window_end": _day,
    "measured_returns": _optionally(_shocks),
    "measured_rate_change": _rate_shock,
    "measured_source": _optionally(_text),
}
