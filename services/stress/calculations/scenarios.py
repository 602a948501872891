"""What a scenario is, and what makes its definition wrong."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

MARKET = "Market"
FACTOR_NAMES = (MARKET, "Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility")
CATEGORIES = ("market", "rates", "rotation", "volatility", "historical", "custom")
SEVERITIES = ("mild", "moderate", "severe", "extreme")
BASES = ("relative", "absolute")


@dataclass(frozen=True)
class Scenario:
    """One hypothetical day.

    `shocks`: decimal return by factor name (-0.35 is a fall of 35 %). `basis` "relative": a style's shock is
    its return over the market; "absolute": its own return. `rate_shock`: change of the Treasury yield in
    decimals (0.01 is +100 bp), None when rates stay.
    """

    scenario_id: str
    name: str
    description: str
    category: str
    severity: str
    shocks: Mapping[str, float]
    rate_shock: float | None = None
    basis: str = "relative"


class InvalidScenarios(ValueError):
    """Definitions that cannot be used; every problem names the scenario, the field and the fix."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def scenarios(definitions: object) -> tuple[Scenario, ...]:
    """The scenarios that `definitions` (a list of objects, as read from JSON) describe, in their order.

    Raises `InvalidScenarios` with every problem of every definition at once.
    """
    if not isinstance(definitions, list | tuple):
        raise InvalidScenarios(["scenarios: must be a list of objects: wrap them in [ ]"])
    problems = [problem for place, each in enumerate(definitions, 1) for problem in _problems(each, place)]
    problems += _repetitions(definitions)
    if problems:
        raise InvalidScenarios(problems)
    return tuple(_scenario(each) for each in definitions)


def valuable(
    every: Sequence[Scenario], factor_names: Collection[str]
) -> tuple[tuple[Scenario, ...], tuple[Scenario, ...]]:
    """(those that shock known factors only, the others): a factor without a source cannot be valued."""
    kept = tuple(each for each in every if set(each.shocks) <= set(factor_names))
    return kept, tuple(each for each in every if each not in kept)


def _scenario(definition: Mapping[str, Any]) -> Scenario:
    shocks = {factor: float(shock) for factor, shock in definition.get("shocks", {}).items()}
    rate_shock = definition.get("rate_shock")
    return Scenario(
        **{**definition, "shocks": shocks, "rate_shock": None if rate_shock is None else float(rate_shock)}
    )


def _problems(definition: object, place: int) -> Iterator[str]:
    if not isinstance(definition, Mapping):
        yield f"scenario {place}: must be an object with {', '.join(_CHECKS)}"
        return
    label = definition.get("scenario_id")
    subject = f"scenario {label!r}" if isinstance(label, str) and label else f"scenario {place}"
    for field in sorted(set(definition) - set(_CHECKS)):
        yield f"{subject}, {field}: unknown field: remove it or use one of {', '.join(_CHECKS)}"
    for field, check in _CHECKS.items():
        for problem in _field_problems(definition, field, check):
            yield f"{subject}, {problem}"
    if not definition.get("shocks") and definition.get("rate_shock") is None:
        yield f"{subject}, shocks: nothing is shocked: give at least one factor or a rate_shock"


def _field_problems(
    definition: Mapping[str, Any], field: str, check: Callable[[Any], Iterator[str]]
) -> Iterator[str]:
    if field in definition:
        for problem in check(definition[field]):
            yield problem if problem.startswith(f"{field}.") else f"{field}: {problem}"
    elif field in _REQUIRED:
        yield f"{field}: missing: add it"


def _repetitions(definitions: Sequence[object]) -> list[str]:
    ids = Counter(
        str(each.get("scenario_id"))
        for each in definitions
        if isinstance(each, Mapping) and "scenario_id" in each
    )
    return [
        f"scenario {name!r}, scenario_id: used {times} times: give each scenario its own"
        for name, times in ids.items()
        if times > 1
    ]


def _text(value: object) -> Iterator[str]:
    if not isinstance(value, str) or not value.strip():
        yield f"{value!r} is not a text: write one"


def _one_of(choices: Sequence[str]) -> Callable[[object], Iterator[str]]:
    def check(value: object) -> Iterator[str]:
        if value not in choices:
            yield f"{value!r} is unknown: use one of {', '.join(choices)}"

    return check


def _shocks(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f'{value!r} is not an object: write {{"Market": -0.10}}'
        return
    for factor, shock in value.items():
        for problem in _factor_problems(factor, shock):
            yield f"shocks.{factor}: {problem}"


def _factor_problems(factor: object, shock: object) -> Iterator[str]:
    if factor not in FACTOR_NAMES:
        yield f"unknown factor: use one of {', '.join(FACTOR_NAMES)}, and rate_shock for interest rates"
    if not _is_finite(shock):
        yield f"{shock!r} is not a finite number: write a decimal return, -0.10 for a fall of 10 %"
    elif shock < -1:
        yield f"{shock!r} is a fall of more than 100 %: write a decimal return of -1 or more"


def _rate_shock(value: object) -> Iterator[str]:
    if value is None:
        return
    if not _is_finite(value):
        yield f"{value!r} is not a finite number: write a change of yield in decimals, 0.01 for +100 bp"
    elif abs(value) > 1:
        yield f"{value!r} is a change of {value * 100:g} percentage points: write decimals, 0.01 for +100 bp"


def _is_finite(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_REQUIRED = ("scenario_id", "name", "description", "category", "severity")
_CHECKS: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "scenario_id": _text,
    "name": _text,
    "description": _text,
    "category": _one_of(CATEGORIES),
    "severity": _one_of(SEVERITIES),
    "shocks": _shocks,
    "rate_shock": _rate_shock,
    "basis": _one_of(BASES),
}
