"""Trades suggested for a portfolio: candidates and targets as a program, and what comes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.stress.calculations.candidates import lot_effects, lot_pnl
from services.stress.calculations.program import Effort, Linear, Lots, Tail, Target
from services.stress.calculations.suggesting import Kind, Suggestion, suggestion
from services.stress.inputs import Candidate, Scenario, Surroundings
from shared.arrays import BoolArray, FloatArray
from shared.caveats import Caveat
from shared.conventions import MINIMUM_OBSERVATIONS
from shared.instruments import OPTION_MULTIPLIER

TAILS = {
    f"{kind}_{confidence}_1d_historical": (confidence, kind == "es")
    for kind in ("var", "es")
    for confidence in (95, 99)
}


@dataclass(frozen=True)
class WantedMeasure:
    """Where a measure shall be, USD; None where it is open."""

    measure: str
    lowest: float | None
    highest: float | None
    tolerance: float | None


@dataclass(frozen=True)
class Question:
    """What is asked of a portfolio.

    `held`: (positions, days) what its positions made on past days, USD, NaN where not known.
    `before`: its measures, None where not known. `most`: USD that may be traded.
    """

    candidates: Sequence[Candidate]
    around: Surroundings
    held: FloatArray
    scenarios: Sequence[Scenario]
    wanted: Sequence[WantedMeasure]
    before: Mapping[str, float | None]
    most: float
    effort: Effort


class NotMeasured(ValueError):
    """A target's measure is not known of the portfolio."""


@dataclass(frozen=True)
class MeasureMoved:
    """A measure before and after, None where not known, and the tolerance of an equality."""

    measure: str
    before: float | None
    after: float | None
    tolerance: float | None


@dataclass(frozen=True)
class Reason:
    """Why there are no trades: an obstacle with the measure or symbol that it is about."""

    kind: Kind
    about: str
    best: float | None


@dataclass(frozen=True)
class Suggested:
    """Lots by symbol, None where the `reasons` are in the way; dollars as in `Suggestion`."""

    trades: Mapping[str, int] | None
    traded: float
    least: float
    gap: float
    measures: tuple[MeasureMoved, ...]
    reasons: tuple[Reason, ...]
    left_out: tuple[Caveat, ...]


def suggested(question: Question) -> Suggested:
    """The trades with the fewest dollars; raises `NotMeasured`."""
    measures = _Measures.of(question)
    known = measures.known([each.measure for each in question.wanted])
    left_out = _left_out(question.candidates, known)
    candidates = [each for each, kept in zip(question.candidates, known, strict=True) if kept]
    if not candidates:
        reasons = tuple(Reason("no_effect", each.measure, None) for each in question.wanted)
        return Suggested(None, 0.0, 0.0, 0.0, (), reasons, left_out)
    usable = measures.of_candidates(known)
    targets = [usable.target(each) for each in question.wanted]
    found = suggestion(_lots(candidates), targets, question.most, question.effort)
    trades = None
    if found.lots is not None:
        lots = zip(candidates, found.lots.tolist(), strict=True)
        trades = {each.symbol: round(count) for each, count in lots if count}
    return Suggested(
        trades,
        found.traded,
        found.least,
        found.gap,
        tuple(usable.moved(question.wanted, found)),
        tuple(_reasons(question.wanted, candidates, found)),
        left_out,
    )


def _lots(candidates: Sequence[Candidate]) -> Lots:
    cost = [each.price * (1 if each.option is None else OPTION_MULTIPLIER) for each in candidates]
    bounds = np.array([(each.lowest, each.highest) for each in candidates], dtype=np.float64)
    return Lots(np.array(cost, dtype=np.float64), bounds[:, 0], bounds[:, 1])


def _left_out(candidates: Sequence[Candidate], known: BoolArray) -> tuple[Caveat, ...]:
    names = [each.symbol for each, kept in zip(candidates, known, strict=True) if not kept]
    message = "what it would do to a target is not measured: not considered"
    return (Caveat.naming("not_a_candidate", message, names),) if names else ()


def _reasons(
    wanted: Sequence[WantedMeasure], candidates: Sequence[Candidate], found: Suggestion
) -> Iterator[Reason]:
    for each in found.obstacles:
        target = "" if each.target is None else wanted[each.target].measure
        about = target if each.candidate is None else candidates[each.candidate].symbol
        yield Reason(each.kind, about, each.best)


@dataclass(frozen=True)
class _Measures:
    """The portfolio's measures, and what a lot of each candidate adds to them.

    `days`: (days,) its P&L on past days, None where it has none; `pnl`: (candidates, days).
    """

    before: Mapping[str, float | None]
    effects: Mapping[str, FloatArray]
    days: FloatArray | None
    pnl: FloatArray

    @classmethod
    def of(cls, question: Question) -> "_Measures":
        """What is known of the candidates of a question."""
        effects = lot_effects(question.candidates, question.around, question.scenarios)
        pnl = lot_pnl(question.candidates, question.around)
        days, places = _together(question.held)
        return cls(question.before, effects, days, pnl[:, places])

    def of_candidates(self, chosen: BoolArray) -> "_Measures":
        """The same of some of the candidates."""
        effects = {name: each[chosen] for name, each in self.effects.items()}
        return _Measures(self.before, effects, self.days, self.pnl[chosen])

    def known(self, measures: Sequence[str]) -> BoolArray:
        """(candidates,) True where what a lot adds to each of the measures is known."""
        known = np.ones(len(self.pnl), dtype=np.bool_)
        for name in measures:
            if name in TAILS:
                known &= np.isfinite(self.pnl).any(axis=1)
            elif name in self.effects:
                known &= np.isfinite(self.effects[name])
            else:
                raise NotMeasured(f"{name} is not measured: no factor covariance is stored")
        return known

    def target(self, wanted: WantedMeasure) -> Target:
        """The target of a measure; raises `NotMeasured` where the portfolio has none."""
        highest = np.inf if wanted.highest is None else wanted.highest
        if wanted.measure in TAILS:
            return self._tail(wanted.measure, highest)
        before = self.before.get(wanted.measure)
        if before is None:
            raise NotMeasured(f"{wanted.measure} is not known of the portfolio")
        lowest = -np.inf if wanted.lowest is None else wanted.lowest
        effect = self.effects[wanted.measure]
        return Linear(before, effect, lowest, highest, wanted.tolerance)

    def _tail(self, measure: str, highest: float) -> Tail:
        if self.days is None:
            raise NotMeasured(f"{measure} is not known: the portfolio has too few days of P&L")
        confidence, shortfall = TAILS[measure]
        return Tail(self.days, np.nan_to_num(self.pnl), confidence, shortfall, highest)

    def moved(self, wanted: Sequence[WantedMeasure], found: Suggestion) -> Iterator[MeasureMoved]:
        """The measures of the targets first, then the others that are known of the portfolio."""
        tolerances = {
            each.measure: target.tolerance
            for each, target in zip(wanted, found.targets, strict=True)
            if isinstance(target, Linear)
        }
        lots = np.zeros(len(self.pnl)) if found.lots is None else found.lots
        for name in dict.fromkeys((*(each.measure for each in wanted), *self.before)):
            before, after = self._both(name, lots)
            yield MeasureMoved(name, before, after, tolerances.get(name))

    def _both(self, name: str, lots: FloatArray) -> tuple[float | None, float | None]:
        if name in TAILS:
            if self.days is None:
                return None, None
            tail = self._tail(name, np.inf)
            return tail.at(np.zeros_like(lots)), tail.at(lots)
        before = self.before.get(name)
        effect = self.effects.get(name)
        if before is None or effect is None:
            return before, None
        after = before + float((effect * lots)[lots != 0.0].sum())
        return before, after if np.isfinite(after) else None


def _together(held: FloatArray) -> tuple[FloatArray | None, BoolArray]:
    """(P&L of the portfolio on the days that its historical figures are of, which days).

    As historical VaR has it: positions with 60 days, on days that any of them is known.
    """
    known = np.isfinite(held)
    measured = known.sum(axis=1) >= MINIMUM_OBSERVATIONS
    days: BoolArray = known[measured].any(axis=0)
    if days.sum() < MINIMUM_OBSERVATIONS:
        return None, days
    return np.nansum(held[measured][:, days], axis=0), days
