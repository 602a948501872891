"""What a portfolio's value is made of: which measure of its positions adds up to it, or drives it.

The parts of a member are among the members that were read with it; these are for limits on whole
portfolios.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.limits.calculations.evaluation import Evaluated
from services.limits.inputs import (
    Day,
    Direction,
    Level,
    Limit,
    Measure,
    Per,
    Question,
    Reading,
    Source,
    Valued,
    measure_named,
    member_measure,
)

_BY_PARTS = {
    **{
        f"{risk}_{confidence}_1d_{kind}": f"component_{risk}_{confidence}"
        for risk in ("var", "es")
        for confidence in ("95", "99")
        for kind in ("historical", "smoothed")
    },
    **dict.fromkeys(("nav", "daily_return", "performance_1d", "cumulative_pnl"), "daily_pnl"),
    **dict.fromkeys(("beta", "market_exposure", "dollar_delta_beta_weighted"), "factor.market"),
    **dict.fromkeys(("hhi", "top_3_weight", "top_10_weight"), "exposure.dollar.gross"),
    "vega": "dollar_vega_1pt",
    "theta": "dollar_theta_1d",
    "rho": "dollar_rho_1pct",
}


def questions_of(evaluated: Sequence[Evaluated]) -> dict[Question, list[Day]]:
    """What is to be read of positions, where something is the matter and nothing is known yet."""
    wanted: dict[Question, list[Day]] = {}
    for each in evaluated:
        question = _question(each)
        if question is not None:
            wanted.setdefault(question, []).append(each.day)
    return wanted


def with_contributors(
    evaluated: Sequence[Evaluated], found: Mapping[tuple[Question, Day], Reading]
) -> list[Evaluated]:
    """The same, with what their values are made of."""
    return [_completed(each, found) for each in evaluated]


def _completed(each: Evaluated, found: Mapping[tuple[Question, Day], Reading]) -> Evaluated:
    question = _question(each)
    reading = None if question is None else found.get((question, each.day))
    if reading is None:
        return each
    return replace(each, valued=replace(each.valued, contributors=reading.contributors))


def _question(each: Evaluated) -> Question | None:
    is_well = each.standing.after.level is Level.OK and each.standing.alert is None
    if is_well or each.valued.value is None or each.valued.contributors is not None:
        return None
    if each.watched.limit.per is not Per.PORTFOLIO:
        return None
    measure = _measure_of_parts(each.watched.limit.measure, each.valued)
    if measure is None:
        return None
    return Question(measure, Per.POSITION, _direction(each.watched.limit, each.valued.value))


def _measure_of_parts(measure: Measure, valued: Valued) -> Measure | None:
    """The positions' measure behind a portfolio's; None where there is none."""
    if measure.source is Source.WORST:
        return measure_named(f"scenario.{valued.member}.{measure.key[0]}")
    if measure.name in _BY_PARTS:
        return measure_named(_BY_PARTS[measure.name])
    return measure if member_measure(measure) is not None else None


def _direction(limit: Limit, value: float) -> Direction:
    """The parts come first that bring the value to where it is worse."""
    if limit.direction is Direction.OUTSIDE:
        return Direction.ABOVE if value >= 0 else Direction.BELOW
    return limit.direction
