"""Closes adjusted for splits and dividends, from raw closes and what companies did."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np

from services.ingest.inputs import Bar, CorporateAction, History
from shared.arrays import BoolArray, FloatArray


def adjusted_closes(
    sessions: Sequence[date],
    closes: FloatArray,
    already_adjusted: BoolArray,
    actions: Sequence[CorporateAction],
) -> FloatArray:
    """One symbol's closes as if every split and dividend had happened before the first session.

    `sessions`: n dates, ascending; `closes`: n, USD per share, raw, or adjusted up to the last such
    session where `already_adjusted`. Each action multiplies the closes before its ex-date by
    1/shares (split) or by 1 - dividend / close on the session before (CRSP's method, "Total
    returns", CRSP data descriptions guide), so that the simple return of the adjusted closes over
    an ex-date is (close + dividend) / previous close - 1 to first order. A dividend is per share of
    its ex-date, and so is that close where the shares are split on the same day. A dividend at
    least as large as it is impossible and is left out. Returns n closes.
    """
    days = np.array(sessions, dtype="datetime64[D]")
    adjusted_up_to = days[already_adjusted][-1] if already_adjusted.any() else None
    adjusted = closes.astype(np.float64).copy()
    for action in actions:
        ex_date = np.datetime64(action.ex_date)
        earlier = days < ex_date
        if not earlier.any():
            continue
        if adjusted_up_to is not None and ex_date <= adjusted_up_to:
            earlier &= ~already_adjusted
        eve = int(np.searchsorted(days, ex_date)) - 1
        split = _split_between(actions, sessions[eve], action.ex_date) if earlier[eve] else 1.0
        adjusted[earlier] *= _factor(action, float(closes[eve]) / split)
    return adjusted


def _split_between(actions: Sequence[CorporateAction], after: date, until: date) -> float:
    """How many shares of `until` one of `after` is."""
    splits = (each for each in actions if each.kind == "split" and after < each.ex_date <= until)
    return math.prod(float(each.value) for each in splits)


def _factor(action: CorporateAction, close_before: float) -> float:
    value = float(action.value)
    if action.kind == "split":
        return 1.0 / value
    return 1.0 - value / close_before if value < close_before else 1.0


def readjusted_bars(
    histories: Iterable[History], actions: Mapping[str, Sequence[CorporateAction]]
) -> list[Bar]:
    """The stored closes whose adjusted close changes, with the new one; `actions` by symbol."""
    return [bar for history in histories for bar in _readjusted(history, actions[history.symbol])]


def _readjusted(history: History, actions: Sequence[CorporateAction]) -> list[Bar]:
    closes = np.array(history.closes, dtype=np.float64)
    adjusted = adjusted_closes(history.session_dates, closes, history.already_adjusted, actions)
    return [
        Bar(history.symbol, day, close, new, basis, source)
        for day, close, old, new, basis, source in zip(
            history.session_dates,
            history.closes,
            history.adjusted_closes,
            adjusted.tolist(),
            history.close_bases,
            history.sources,
            strict=True,
        )
        if new != old
    ]
