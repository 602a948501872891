"""The map of a portfolio's option Greeks, from what is stored of a session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.analytics.queries import options as queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.schemas.options import OptionMap
from services.gateway.analytics.shapes.options import HeldOption, Sides, by_key, with_shares
from services.gateway.books.shapes import NO_SNAPSHOT, explained
from services.gateway.edge import shapes as edge_shapes
from services.gateway.runs.tracking import standing_of
from shared.database import Session

RowKey = tuple[str, Decimal | None]


@dataclass(frozen=True)
class Optioned:
    """What a map is of: options, the dollar delta of shares, and the names that have options."""

    day: date | None = None
    held: Sequence[HeldOption] = ()
    stock: float | None = None
    underlyings: Sequence[str] = ()
    left_out: Sequence[Mapping[str, object]] = ()
    reason: str | None = None


async def option_map(
    session: Session, portfolio_id: UUID, as_of: date | None, underlying: str | None
) -> OptionMap:
    """The map on the portfolio's last snapshot at or before `as_of`.

    Rows are the strikes of the `underlying`; without one, the underlyings.
    """
    snapshot = await snapshots_queries.latest_snapshot(session, portfolio_id, as_of)
    if snapshot is None:
        standing = await standing_of(session, portfolio_id)
        found = Optioned(reason=explained(NO_SNAPSHOT, standing))
    else:
        found = await _load_optioned(session, portfolio_id, snapshot["as_of"], underlying)
    return _laid_out(portfolio_id, underlying, found)


async def _load_optioned(
    session: Session, portfolio_id: UUID, day: date, underlying: str | None
) -> Optioned:
    stored = await queries.load_options(session, portfolio_id, day)
    chosen = [each for each in stored if underlying in (None, each.held.underlying)]
    return Optioned(
        day=day,
        held=[each.held for each in chosen],
        stock=await queries.load_shares_delta(session, portfolio_id, day, underlying),
        underlyings=sorted({each.held.underlying for each in stored}),
        left_out=edge_shapes.left_out(
            {"position_id": each.held.position_id, "symbol": each.contract, "reason": each.reason}
            for each in chosen
            if each.reason
        ),
    )


def _laid_out(portfolio_id: UUID, underlying: str | None, found: Optioned) -> OptionMap:
    def row_of(each: HeldOption) -> RowKey:
        return each.underlying, each.strike if underlying else None

    held = sorted(found.held, key=lambda each: (each.underlying, -each.strike, each.expiry))
    by_expiry = sorted(by_key(held, lambda each: each.expiry).items())
    by_cell = by_key(held, lambda each: (row_of(each), each.expiry))
    options = Sides.of(held)
    return OptionMap.model_validate(
        {
            "portfolio_id": portfolio_id,
            "as_of": found.day,
            "underlying": underlying,
            "underlyings": found.underlyings,
            "expiries": [
                {"expiry": expiry, "days": _days(found.day, expiry), **_sums(inside)}
                for expiry, inside in by_expiry
            ],
            "rows": [_row(key, inside) for key, inside in by_key(held, row_of).items()],
            "cells": [_cell(*key, inside) for key, inside in by_cell.items()],
            "options": vars(options),
            "stock": found.stock,
            "total": with_shares(options, found.stock),
            "left_out": found.left_out,
            "reason": found.reason,
        }
    )


def _days(day: date | None, expiry: date) -> int:
    return 0 if day is None else (expiry - day).days


def _sums(held: Sequence[HeldOption]) -> dict[str, object]:
    return dict(vars(Sides.of(held)))


def _row(key: RowKey, held: Sequence[HeldOption]) -> dict[str, object]:
    priced = max(held, key=lambda each: each.priced_on or date.min)
    return {
        "underlying": key[0],
        "strike": key[1],
        "underlying_price": priced.underlying_price,
        "underlying_price_date": priced.priced_on,
        **_sums(held),
    }


def _cell(key: RowKey, expiry: date, held: Sequence[HeldOption]) -> dict[str, object]:
    return {
        "underlying": key[0],
        "strike": key[1],
        "expiry": expiry,
        "position_ids": [each.position_id for each in held],
        **_sums(held),
    }
