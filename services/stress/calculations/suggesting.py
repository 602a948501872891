"""The fewest dollars of trades that bring measures to their targets, or what is in the way.

An equality is met within half of what one lot of each instrument makes that the solution in
fractions of lots splits, unless a tolerance is given: rounding that solution meets it then.

A VaR is searched twice. Its exceptions are given first, those of the lots found so far, until that
saves nothing more; each such solution keeps to the VaR, so the last is a suggestion already. Then
all exceptions compete for what is cheaper than that; where that search ends early, the answer says
how much might be saved at most (docs/decisions/0045-*.md).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeGuard

import numpy as np

from services.stress.calculations.program import (
    Effort,
    Linear,
    Lots,
    Solved,
    Tail,
    Target,
    Task,
    fewest,
    nearest,
    reach,
)
from shared.arrays import BoolArray, FloatArray

ROUNDS = 8  # of giving a VaR its exceptions again
SPLIT = 1e-6  # lots: less is not a part of one
NEXT = 2.0  # lots on either side of a fraction that whole ones are first searched among
NEGLIGIBLE = 1e-6  # of a measure's unit
CENT = 0.01
STEPS = np.geomspace(0.001, 1.0, 60)  # of a bound: where one candidate alone is tried
BRIEF = 4.0  # parts of the seconds: one for each search of several
CELLS = 2_500  # candidates x days that may be exceptions: more would take many seconds
FEW_LOTS = 500  # of all candidates together, which one search weighs with all exceptions
LIKELIEST = 8  # candidates at least

Kind = Literal["target", "bound", "most_dollars", "conflict", "lots", "no_effect", "time"]


@dataclass(frozen=True)
class Obstacle:
    """Why a target is out of reach; `target` and `candidate` are places, None where not about one.

    `best`: how near the measure comes to its target, or the bound of the candidate.
    """

    kind: Kind
    target: int | None = None
    candidate: int | None = None
    best: float | None = None


@dataclass(frozen=True)
class Suggestion:
    """Lots by candidate, None where the `obstacles` are in the way.

    `least`: fewer USD are proven to be impossible. `targets`: with the tolerance that applied.
    """

    lots: FloatArray | None
    traded: float
    least: float
    targets: tuple[Target, ...]
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def gap(self) -> float:
        """The share of what is traded that might be saved."""
        return max(1.0 - self.least / self.traded, 0.0) if self.traded > 0.0 else 0.0


def suggestion(lots: Lots, targets: Sequence[Target], most: float, effort: Effort) -> Suggestion:
    """Whole lots that meet every target with the fewest dollars, `most` of them at the most."""
    nothing_split = np.zeros(len(lots.cost), dtype=np.bool_)
    split = Task(lots, [_tolerant(each, nothing_split) for each in targets], most, whole=False)
    relaxed = _settled(split, effort, fewest)
    if relaxed.lots is None:
        return _out_of_reach(split, effort)
    parts = np.abs(relaxed.lots - np.round(relaxed.lots)) > SPLIT
    task = Task(lots, [_tolerant(each, parts) for each in targets], most)
    found = _rounded(task, relaxed.lots, effort)
    if found is None:
        found = _whole(task, relaxed.lots, effort)
    if found is None:
        return _not_whole(task, effort)
    best, least = _proven(task, found, effort)
    return Suggestion(best, _dollars(task, best), least, tuple(task.targets))


def _dollars(task: Task, lots: FloatArray) -> float:
    return float(np.abs(lots) @ task.lots.cost)


def _rounded(task: Task, split: FloatArray, effort: Effort) -> FloatArray | None:
    """Whole lots next to those in fractions, of the same candidates; None where none will do."""
    traded = np.abs(split) > SPLIT
    lots = task.lots
    low = np.maximum(np.floor(split) - NEXT, lots.lowest)
    high = np.minimum(np.ceil(split) + NEXT, lots.highest)
    near = replace(lots, lowest=np.where(traded, low, 0.0), highest=np.where(traded, high, 0.0))
    task = replace(task, lots=near)
    if not _has_var(task):
        return fewest(task, effort).lots
    return _improved(task, split, _brief(effort), fewest).lots


def _whole(task: Task, split: FloatArray, effort: Effort) -> FloatArray | None:
    """Whole lots of any candidate, as far as one search can weigh them."""
    return _settled(_fitting(task, split), _brief(effort), fewest).lots


def _not_whole(task: Task, effort: Effort) -> Suggestion:
    """Lots in fractions would do: what holds up whole ones, unless too many days are to be weighed.

    Then it is only known that none were found.
    """
    if not _has_tail(task):
        return _out_of_reach(task, _brief(effort))
    tails = [place for place, each in enumerate(task.targets) if isinstance(each, Tail)]
    obstacles = tuple(Obstacle("time", place) for place in tails)
    return Suggestion(None, 0.0, 0.0, tuple(task.targets), obstacles)


def _brief(effort: Effort) -> Effort:
    return replace(effort, seconds=effort.seconds / BRIEF)


def _out_of_reach(task: Task, effort: Effort) -> Suggestion:
    obstacles = tuple(_obstacles(task, effort)) or (Obstacle("time", 0),)
    return Suggestion(None, 0.0, 0.0, tuple(task.targets), obstacles)


def _tolerant(target: Target, parts: BoolArray) -> Target:
    """An equality within its tolerance, else within what rounding the lots that are `parts` does.

    Never exactly: a sum of floats is not.
    """
    if isinstance(target, Tail) or target.lowest != target.highest:
        return target
    rounding = 0.5 * float(np.abs(target.effect[parts]).sum())
    by = rounding if target.tolerance is None else target.tolerance
    by = max(by, NEGLIGIBLE * target.unit)
    return replace(target, lowest=target.lowest - by, highest=target.highest + by, tolerance=by)


def _is_var(target: Target) -> TypeGuard[Tail]:
    return isinstance(target, Tail) and not target.shortfall


def _has_tail(task: Task) -> bool:
    return any(isinstance(each, Tail) for each in task.targets)


def _has_var(task: Task) -> bool:
    return any(_is_var(each) for each in task.targets)


Search = Callable[[Task, Effort], Solved]


def _settled(task: Task, effort: Effort, search: Search) -> Solved:
    """The solution whose own worst days are the exceptions of every VaR."""
    if not _has_var(task):
        return search(task, effort)
    found = [_improved(task, start, effort, search) for start in _starts(task, effort)]
    known = [each for each in found if each.lots is not None]
    return min(known, key=lambda each: _amount(task, each, search), default=found[0])


def _amount(task: Task, found: Solved, search: Search) -> float:
    """What the search makes least: dollars, or units by which targets are missed."""
    if found.lots is None:
        return np.inf
    if search is fewest:
        return _dollars(task, found.lots)
    return float(sum(missed(each, found.lots) / each.unit for each in task.targets))


def _starts(task: Task, effort: Effort) -> Iterator[FloatArray]:
    """Nothing traded; what keeps every shortfall down, which is harder; one candidate alone."""
    yield np.zeros_like(task.lots.cost)
    harder = task.of(
        [replace(each, shortfall=True) if isinstance(each, Tail) else each for each in task.targets]
    )
    found = nearest(replace(harder, whole=False), effort).lots
    if found is not None:
        yield found
    for target in filter(_is_var, task.targets):
        yield from _alone(task, target)


def _alone(task: Task, target: Tail) -> Iterator[FloatArray]:
    """The one candidate that brings a VaR down alone with the fewest dollars, if any does."""
    lots = task.lots
    whole, part = target.place
    uphill = target.downhill(np.zeros_like(lots.cost)) > 0.0
    furthest = np.where(uphill, lots.lowest, lots.highest)
    cheapest = np.inf
    best: FloatArray | None = None
    for place, count in enumerate(furthest):
        counts = count * STEPS
        days = np.sort(target.before + counts[:, None] * target.effect[place], axis=1)
        losses = (part - 1.0) * days[:, whole] - part * days[:, whole + 1]
        enough = np.abs(counts[losses <= target.highest])
        dollars = float(enough.min(initial=np.inf)) * lots.cost[place]
        if dollars < cheapest:
            cheapest = dollars
            best = np.zeros_like(lots.cost)
            best[place] = np.copysign(enough.min(), count)
    if best is not None:
        yield best


def _improved(task: Task, start: FloatArray, effort: Effort, search: Search) -> Solved:
    best = Solved(None, 0.0)
    least = np.inf
    held = start
    for _ in range(ROUNDS):
        given = replace(task, exceptions=held)
        found = search(given, effort)
        # Nothing with these exceptions: on to those of what comes nearest.
        step = nearest(given, effort).lots if found.lots is None else found.lots
        amount = _amount(task, found, search)
        if step is None or (best.lots is not None and amount > least - CENT):
            break
        if found.lots is not None:
            best = found
            least = amount
        if np.array_equal(step, held):
            break
        held = step
    return best


def _proven(task: Task, found: FloatArray, effort: Effort) -> tuple[FloatArray, float]:
    """(the cheapest lots known, the dollars below which there are none).

    Whole lots and exceptions are searched together only where there are few lots: HiGHS may take
    minutes otherwise, past its limit of time. Exceptions are chosen for lots in fractions then.
    """
    least = _least(task, effort)
    if _has_var(task) and not _is_proven(task, found, least, effort):
        cheaper = _within(task, _dollars(task, found) + float(task.lots.cost.max()))
        near = _fitting(cheaper, found)
        split = fewest(replace(near, whole=False), effort)
        least = max(least, split.bound if near is cheaper else 0.0)
        if split.lots is not None:
            found = _cheaper(task, found, _rounded(task, split.lots, effort))
    few = _within(task, _dollars(task, found))
    is_small = float((few.lots.highest - few.lots.lowest).sum()) <= FEW_LOTS
    if not _is_proven(task, found, least, effort) and (is_small or not _has_tail(task)):
        better = fewest(few, effort)
        least = max(least, _dollars(task, found) if better.impossible else better.bound)
        found = _cheaper(task, found, better.lots)
    return found, min(least, _dollars(task, found))


def _is_proven(task: Task, found: FloatArray, least: float, effort: Effort) -> bool:
    return _dollars(task, found) * (1.0 - effort.gap) <= least + CENT


def _cheaper(task: Task, found: FloatArray, other: FloatArray | None) -> FloatArray:
    """The other lots, where they meet the targets with fewer dollars."""
    if other is None or not all(_is_met(each, other) for each in task.targets):
        return found
    return min(found, other, key=lambda lots: _dollars(task, lots))


def _within(task: Task, most: float) -> Task:
    """The task with so many dollars at the most, and as many lots as they buy."""
    lots = task.lots
    count = np.floor(most / lots.cost)
    low = np.maximum(lots.lowest, -count)
    high = np.minimum(lots.highest, count)
    return replace(task, most=min(task.most, most), lots=replace(lots, lowest=low, highest=high))


def _least(task: Task, effort: Effort) -> float:
    """Dollars that are needed without whole lots, and to raise the days of each VaR alone."""
    convex = [each for each in task.targets if not _is_var(each)]
    least = fewest(replace(task.of(convex), whole=False), effort).bound if convex else 0.0
    alone = [each.least_dollars(task.lots.cost) for each in task.targets if _is_var(each)]
    return max([least, *alone])


def _fitting(task: Task, found: FloatArray) -> Task:
    """With the candidates that one search can weigh with the days of tails: the likeliest.

    Those that are traded in `found` come first; what is not chosen is not traded.
    """
    tails = [each for each in task.targets if isinstance(each, Tail)]
    days = sum(_days_of_choice(each, task) for each in tails)
    lots = task.lots
    most = max(LIKELIEST, CELLS // max(days, 1))
    if not tails or len(lots.cost) <= most:
        return task
    by_dollar = [np.abs(each.downhill(found)) / lots.cost for each in task.targets]
    likely = np.max([each / (each.max() or 1.0) for each in by_dollar], axis=0)
    likely[found != 0.0] = np.inf
    chosen = np.zeros(len(likely), dtype=np.bool_)
    chosen[np.argsort(-likely, kind="stable")[:most]] = True
    low, high = (np.where(chosen, each, 0.0) for each in (lots.lowest, lots.highest))
    return replace(task, lots=replace(lots, lowest=low, highest=high))


def _days_of_choice(target: Tail, task: Task) -> int:
    """How many days the dollars may move below or above the quantile; of a shortfall all."""
    if target.shortfall:
        return len(target.before)
    lower, upper = reach(target, task)
    whole, _ = target.place
    highest = max(float(np.sort(upper)[min(whole + 1, len(upper) - 1)]), -target.highest)
    return int((lower < highest).sum())


def missed(target: Target, lots: FloatArray) -> float:
    """By how much the measure misses its target after so many lots; 0 where it is met."""
    value = target.at(lots)
    below = target.lowest - value if isinstance(target, Linear) else 0.0
    return max(below, value - target.highest, 0.0)


def _is_met(target: Target, lots: FloatArray) -> bool:
    return missed(target, lots) <= NEGLIGIBLE * 10 * target.unit


def _obstacles(task: Task, effort: Effort) -> Iterator[Obstacle]:
    """By target that is out of reach by itself, what holds it up; else which exclude each other."""
    alone = [_settled(task.of([each]), effort, nearest).lots for each in task.targets]
    out_of_reach = [
        (place, target, lots)
        for place, (target, lots) in enumerate(zip(task.targets, alone, strict=True))
        if lots is not None and not _is_met(target, lots)
    ]
    yield from (Obstacle("time", place) for place, lots in enumerate(alone) if lots is None)
    for place, target, lots in out_of_reach:
        yield Obstacle("target", place, best=target.at(lots))
        yield from _held_up(task, place, target, lots)
    if not out_of_reach:
        yield from _conflicts(task, effort)


def _held_up(task: Task, place: int, target: Target, found: FloatArray) -> Iterator[Obstacle]:
    downhill = target.downhill(found)
    moves = np.abs(downhill) > NEGLIGIBLE * target.unit
    if not moves.any():
        yield Obstacle("no_effect", place)
        return
    lots = task.lots
    at_lowest = moves & (downhill > 0.0) & (found <= lots.lowest + SPLIT)
    at_highest = moves & (downhill < 0.0) & (found >= lots.highest - SPLIT)
    bounds = np.where(at_lowest, lots.lowest, lots.highest)
    for candidate in np.flatnonzero(at_lowest | at_highest).tolist():
        yield Obstacle("bound", place, candidate, float(bounds[candidate]))
    traded = _dollars(task, found)
    if traded + float(lots.cost.min()) > task.most:
        yield Obstacle("most_dollars", place, best=task.most)
    elif task.whole and not (at_lowest | at_highest).any():
        yield Obstacle("lots", place)


def _conflicts(task: Task, effort: Effort) -> Iterator[Obstacle]:
    """The targets without any one of which the others can be met together."""
    together = _settled(task, effort, nearest).lots
    for place in range(len(task.targets)):
        others = [each for other, each in enumerate(task.targets) if other != place]
        found = _settled(task.of(others), effort, nearest).lots if others else together
        if found is not None and all(_is_met(each, found) for each in others):
            best = None if together is None else task.targets[place].at(together)
            yield Obstacle("conflict", place, best=best)
