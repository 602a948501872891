"""Closes adjusted for splits and dividends, from raw closes and what companies did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Action:
    """What a company did before the open of `ex_date`.

    `kind` "split": `value` is new shares per old one; "dividend": USD per share.
    """

    ex_date: date
    kind: str
    value: float


def adjusted_closes(
    sessions: Sequence[date],
    closes: Floats,
    already_adjusted: NDArray[np.bool_],
    actions: Sequence[Action],
) -> Floats:
    """One symbol's closes as if every split and dividend up to the last had happened before the
    first session.

    `sessions`: n dates, ascending; `closes`: n, USD per share, raw, or adjusted up to the last such
    session where `already_adjusted`. Each action multiplies the closes before its ex-date by
    1/shares (split) or by 1 - dividend / close on the session before (CRSP's method, "Total
    returns", CRSP data descriptions guide), so that the simple return of the adjusted closes over
    an ex-date is (close + dividend) / previous close - 1 to first order. A dividend at least as
    large as that close cannot be one and is left out. Returns n closes.
    """
    days = np.array(sessions, dtype="datetime64[D]")
    adjusted_up_to = days[already_adjusted][-1] if already_adjusted.any() else None
    adjusted = closes.astype(np.float64).copy()
    for action in actions:
        earlier = days < np.datetime64(action.ex_date)
        if not earlier.any():
            continue
        if adjusted_up_to is not None and np.datetime64(action.ex_date) <= adjusted_up_to:
            earlier &= ~already_adjusted
        factor = _factor(action, float(closes[days < np.datetime64(action.ex_date)][-1]))
        adjusted[earlier] *= factor
    return adjusted


def _factor(action: Action, close_before: float) -> float:
    if action.kind == "split":
        return 1.0 / action.value
    return 1.0 - action.value / close_before if action.value < close_before else 1.0
