"""What portfolios add up to: value, exposure, P&L, Greeks, counts, coverage and caveats per
snapshot.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.snapshots.calculations.caveats import Caveat
from services.snapshots.calculations.concentration import Concentration, book_concentrations
from services.snapshots.calculations.layout import Days, Floats, Indices, Mask, Objects, Work, days
from services.snapshots.calculations.valuation import Valuations, position_valuations

GREEKS = ("delta", "gamma", "theta", "vega", "rho")
MEASURES = ("dollar", "notional", "delta_adjusted")
SIDES = ("long", "short", "gross", "net")
POSITION_TYPES = ("LONG", "SHORT", "LC", "SC", "LP", "SP")


@dataclass(frozen=True)
class Snapshots:
    """One entry per take, ordered as the takes. Money is signed USD.

    Sums leave out what is not known; the coverages and `caveats` say how much that is. `daily_pnl`
    is NaN on a portfolio's first snapshot; `closed_pnl` is the part of it earned by positions
    closed since the previous one, so that `daily_pnl` is the sum of the open positions' P&L and
    `closed_pnl`. `net_flow` is what came in after the previous snapshot up to the session, 0 on the
    first. `exposures`: (takes, MEASURES, SIDES), short negative, long and gross positive. `greeks`:
    shape (takes, GREEKS), of the whole portfolio: a share of stock has delta 1; NaN when it holds
    options and none has Greeks. `counts`: (takes, POSITION_TYPES). `price_coverage`: share of gross
    notional exposure priced on the session itself (a position whose notional is not known weighs
    with its cost, an option with its strike). `greeks_coverage`: share of the options' gross
    notional that has Greeks. Both are 1 when there is nothing to cover. `concentrations`: by view.
    """

    valuations: Valuations
    market_value: Floats
    unrealised_pnl: Floats
    daily_pnl: Floats
    closed_pnl: Floats
    net_flow: Floats
    exposures: Floats
    greeks: Floats
    counts: Indices
    price_coverage: Floats
    greeks_coverage: Floats
    caveats: tuple[tuple[Caveat, ...], ...]
    concentrations: tuple[dict[str, Concentration | None], ...]


def portfolio_snapshots(work: Work) -> Snapshots:
    """Value every position of the work and add up the snapshots taken."""
    valuations = position_valuations(work)
    sums = _Sums(valuations.take, len(work.takes))
    first = np.isnat(_previous(work))
    is_option: Mask = work.book.is_option[valuations.position]
    line_greeks = _line_greeks(work, valuations)
    with_greeks: Mask = np.logical_not(np.isnan(line_greeks).any(axis=1))
    weight = np.where(valuations.active, _weights(work, valuations), 0.0)
    return Snapshots(
        valuations=valuations,
        market_value=sums.of(valuations.market_value),
        unrealised_pnl=sums.of(valuations.unrealised_pnl),
        daily_pnl=np.where(first, np.nan, sums.of(valuations.daily_pnl)),
        closed_pnl=sums.of(valuations.daily_pnl, ~valuations.active),
        net_flow=_net_flows(work),
        exposures=_exposures(sums, valuations),
        greeks=_portfolio_greeks(sums, line_greeks, valuations.active & is_option, with_greeks),
        counts=_counts(sums, work.book.position_type[valuations.position], valuations.active),
        price_coverage=_share(
            sums, weight, valuations.price_day == _sessions(work)[valuations.take]
        ),
        greeks_coverage=_share(sums, np.where(is_option, weight, 0.0), with_greeks),
        caveats=_caveats(work, valuations, valuations.active & is_option & ~with_greeks),
        concentrations=book_concentrations(valuations, work.book, len(work.takes)),
    )


@dataclass(frozen=True)
class _Sums:
    """Sums over the lines of each take, in the order of the lines, NaN counting as nothing."""

    take: Indices
    takes: int

    def of(self, values: Floats, where: Mask | bool = True) -> Floats:
        counted = np.where(where & ~np.isnan(values), values, 0.0)
        return np.bincount(self.take, weights=counted, minlength=self.takes).astype(np.float64)


def _sessions(work: Work) -> Days:
    return days([take.session for take in work.takes])


def _previous(work: Work) -> Days:
    return days([take.previous for take in work.takes])


def _net_flows(work: Work) -> Floats:
    """Flows dated after the previous snapshot, up to the session; none at a first one, whose NAV is
    given.
    """
    if not work.flows:
        return np.zeros(len(work.takes))
    portfolio, dated, amount = zip(*work.flows, strict=True)
    day, session, previous = days(dated), _sessions(work)[:, None], _previous(work)[:, None]
    same = np.array([take.portfolio for take in work.takes])[:, None] == np.array(portfolio)
    between = same & (day > previous) & (day <= session)
    flow: Floats = np.where(between, np.array(amount, dtype=np.float64), 0.0).sum(axis=1)
    return flow


def _exposures(sums: _Sums, valuations: Valuations) -> Floats:
    measures = (valuations.market_value, valuations.notional, valuations.delta_adjusted)
    return np.stack([_sides(sums, values) for values in measures], axis=1)


def _sides(sums: _Sums, values: Floats) -> Floats:
    long, short = sums.of(values, values > 0), sums.of(values, values < 0)
    return np.stack([long, short, long - short, long + short], axis=1)


def _line_greeks(work: Work, valuations: Valuations) -> Floats:
    """The Greeks of each line, shape (lines, 5): stock has its shares as delta and nothing else."""
    is_option = work.book.is_option[valuations.position]
    greeks = np.zeros((len(valuations.take), len(GREEKS)))
    greeks[:, 0] = np.where(valuations.active, valuations.quantity, 0.0)
    unknown = (None,) * len(GREEKS)
    options = np.flatnonzero(is_option & valuations.active)
    for line in options.tolist():
        key = valuations.symbol[line], work.takes[valuations.take[line]].session
        greeks[line] = np.array(work.greeks.get(key, unknown), dtype=np.float64)
    multiplier = work.book.multiplier[valuations.position[options]]
    greeks[options] *= valuations.quantity[options, None]
    greeks[options] *= multiplier[:, None]
    return greeks


def _portfolio_greeks(sums: _Sums, greeks: Floats, options: Mask, with_greeks: Mask) -> Floats:
    held = sums.of(options.astype(np.float64))
    known = sums.of((options & with_greeks).astype(np.float64))
    totals = np.stack(
        [sums.of(greeks[:, column], with_greeks) for column in range(len(GREEKS))], axis=1
    )
    return np.where(((held > 0) & (known == 0))[:, None], np.nan, totals)


def _counts(sums: _Sums, position_type: Objects, active: Mask) -> Indices:
    columns = [
        sums.of((active & (position_type == kind)).astype(np.float64)) for kind in POSITION_TYPES
    ]
    return np.stack(columns, axis=1).astype(np.int64)


def _weights(work: Work, valuations: Valuations) -> Floats:
    book, position = work.book, valuations.position
    fallback = (
        np.where(book.is_option, book.strike, book.entry_price) * book.quantity * book.multiplier
    )
    return np.abs(np.where(np.isnan(valuations.notional), fallback[position], valuations.notional))


def _share(sums: _Sums, weight: Floats, where: Mask) -> Floats:
    total = sums.of(weight)
    covered = sums.of(weight, where)
    return np.divide(covered, total, out=np.ones(sums.takes), where=total > 0)


def _caveats(
    work: Work, valuations: Valuations, without_greeks: Mask
) -> tuple[tuple[Caveat, ...], ...]:
    """The caveats of each take: the gap before it, the splits since, then what its lines lack."""
    gaps = [_gap(work.sessions, take.previous, take.session) for take in work.takes]
    lacking = _lacking(work, valuations, without_greeks)
    return tuple(
        (*gap, *_split(work, valuations, take), *_named(lacking, take))
        for take, gap in enumerate(gaps)
    )


def _split(work: Work, valuations: Valuations, take: int) -> tuple[Caveat, ...]:
    """The splits that changed positions held over the take's span."""
    previous, session = work.takes[take].previous, work.takes[take].session
    if previous is None or not work.terms.splits:
        return ()
    lines = valuations.active & (valuations.take == take)
    held = set(
        zip(work.book.underlying[valuations.position[lines]], valuations.symbol[lines], strict=True)
    )
    message = "{}: quantity and entry price are adjusted"
    return tuple(
        Caveat.naming("split_adjusted", message.format(split), symbols)
        for split in work.terms.splits
        if previous < split.ex_date <= session
        and (symbols := [symbol for underlying, symbol in held if underlying == split.symbol])
    )


def _gap(sessions: Sequence[date], previous: date | None, session: date) -> tuple[Caveat, ...]:
    if previous is None:
        return ()
    skipped = sessions[bisect_right(sessions, previous) : bisect_left(sessions, session)]
    if not skipped:
        return ()
    message = "the P&L spans sessions that have no snapshot of their own"
    return (
        Caveat.naming("gap_since_previous_snapshot", message, [day.isoformat() for day in skipped]),
    )


_SENTENCES = {
    "price_missing": "no price is known: left out of every sum",
    "price_carried_forward": "no price on the session: the last one known stands in",
    "underlying_price_missing": "no price of the underlying is known: left out of notional exposure",
    "greeks_missing": "no Greeks on the session: left out of the portfolio's Greeks",
    "delta_missing": "no delta on the session: left out of delta-adjusted exposure",
    "pnl_missing": "no price at the previous snapshot: left out of the daily P&L",
    "exit_price_missing": "closed without an exit price: left out of the daily P&L",
}


def _lacking(work: Work, valuations: Valuations, without_greeks: Mask) -> dict[str, list[set[str]]]:
    """By code: the symbols concerned, per take."""
    active, is_option = valuations.active, work.book.is_option[valuations.position]
    unpriced, measured = np.isnan(valuations.price), ~np.isnat(_previous(work)[valuations.take])
    flagged = {
        "price_missing": active & unpriced,
        "price_carried_forward": valuations.stale,
        "underlying_price_missing": active & is_option & np.isnan(valuations.underlying_price),
        "greeks_missing": without_greeks,
        "delta_missing": active & np.isnan(valuations.delta),
        "pnl_missing": measured & ~unpriced & np.isnan(valuations.daily_pnl),
        "exit_price_missing": ~active & unpriced,
    }
    return {
        code: _symbols_by_take(work, valuations, where)
        for code, where in flagged.items()
        if where.any()
    }


def _symbols_by_take(work: Work, valuations: Valuations, where: Mask) -> list[set[str]]:
    symbols: list[set[str]] = [set() for _ in work.takes]
    taken, held = valuations.take[where], valuations.symbol[where]
    for take, symbol in zip(taken.tolist(), held.tolist(), strict=True):
        symbols[take].add(symbol)
    return symbols


def _named(lacking: dict[str, list[set[str]]], take: int) -> tuple[Caveat, ...]:
    found = {code: symbols[take] for code, symbols in lacking.items() if symbols[take]}
    return tuple(Caveat.naming(code, _SENTENCES[code], symbols) for code, symbols in found.items())
