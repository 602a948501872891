"""Data that ingest has stored and data still to come, for one portfolio or all of them."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import providers as provider_queries
from services.gateway.analytics.shapes import progress, provenance, quality
from services.gateway.analytics.shapes.progress import Asking, LastQuery, Progress
from services.gateway.analytics.shapes.quality import Known
from services.gateway.edge.queries import Row
from services.gateway.market import queries as market_queries
from services.gateway.market.dependencies import NO_SESSION
from services.gateway.runs.stages import triggers_without
from shared.calendar import session_on_or_before, sessions
from shared.database import Session

_DAYS_OF_WINDOW = 400  # more than 253 sessions take
_NOTHING: dict[str, Any] = {
    "as_of": None,
    "window_start": None,
    "sessions": quality.YEAR_OF_PRICES,
    "progress": progress.totals([], [], quality.YEAR_OF_PRICES),
    "symbols": [],
    "yields": [],
    "providers": {},
    "reason": NO_SESSION,
}


async def data_quality(session: Session, portfolio_id: UUID, as_of: date | None) -> dict[str, Any]:
    """Data stored for a portfolio's calculations, data to come, and which are possible."""
    words = (quality.COMPLETE, quality.STALE, quality.MISSING)
    day = await _day(session, as_of)
    if day is None:
        blank = {**_NOTHING, **dict.fromkeys(words, 0)}
        return {"portfolio_id": portfolio_id, **blank, "calculations": []}
    held = await market_queries.load_held_symbols(session, portfolio_id, day)
    proxies = await _proxies(session)
    known, stored = await _stored(session, held, proxies, day, portfolio_id)
    statuses = [each.status for each in known]
    optioned = {row["underlying"] for row in held if row["optioned"]}
    yields = {row["maturity"]: row["stored"] for row in stored["yields"]}
    return {
        "portfolio_id": portfolio_id,
        **stored,
        **{word: statuses.count(word) for word in words},
        "calculations": quality.feasible_calculations(known, optioned, proxies, yields["10Y"]),
    }


async def fetch_progress(session: Session, as_of: date | None) -> dict[str, Any]:
    """Data stored and data still to come for the holdings of all portfolios on a session."""
    day = await _day(session, as_of)
    if day is None:
        return _NOTHING
    held = await market_queries.load_held_symbols(session, None, day)
    _, stored = await _stored(session, held, await _proxies(session), day, None)
    return stored


async def _day(session: Session, as_of: date | None) -> date | None:
    latest = await market_queries.latest_session(session)
    if latest is None:
        return None
    return await asyncio.to_thread(session_on_or_before, min(as_of or latest, latest))


async def _proxies(session: Session) -> list[str]:
    return [
        row["proxy"] for row in await factors_queries.load_definitions(session) if row["active"]
    ]


async def _stored(
    session: Session,
    held: Sequence[Row],
    proxies: Collection[str],
    day: date,
    portfolio_id: UUID | None,
) -> tuple[list[Known], dict[str, Any]]:
    """What is known of each symbol, and the part of the answer that says so."""
    days = await asyncio.to_thread(sessions, day - timedelta(days=_DAYS_OF_WINDOW), day)
    window = days[-quality.YEAR_OF_PRICES :]
    wanted = {row["underlying"] for row in held} | set(proxies)
    recent = window[-quality.RECENT_PRICES :][0]
    histories = await market_queries.load_histories(session, wanted, window[0], recent, day)
    private = {row["underlying"] for row in held if row["private"]} - set(proxies)
    known = quality.known_symbols(wanted, histories, private, window)
    providers = provenance.by_kind(await provider_queries.load_providers(session))
    asking = await _asking(session, providers.get("prices", []), known, window, portfolio_id)
    states = [progress.symbol_progress(each, asking, window) for each in known]
    yields = await market_queries.load_yields(session, window[0], day)
    doubted = [each.symbol for each in known if each.quarantined]
    rejected = (
        await provider_queries.load_rejected(session, doubted, window[0], day) if doubted else {}
    )
    symbols = [
        {
            **_symbol(each, state),
            "age_sessions": quality.age_sessions(each, window),
            "rejected": [vars(close) for close in rejected.get(each.symbol, ())],
        }
        for each, state in zip(known, states, strict=True)
    ]
    return known, {
        "as_of": day,
        "window_start": window[0],
        "sessions": len(window),
        "progress": progress.totals(known, states, len(window)),
        "symbols": symbols,
        "yields": progress.yield_progress(yields),
        "providers": providers,
        "reason": None,
    }


async def _asking(
    session: Session,
    providers: Sequence[Row],
    known: Sequence[Known],
    window: Sequence[date],
    portfolio_id: UUID | None,
) -> Asking:
    unfinished = progress.incomplete(known)
    if not unfinished:
        return Asking()
    live = [row["name"] for row in providers if row["live"]]
    answered: dict[str, list[LastQuery]] = {}
    for row in (
        await provider_queries.load_answered(session, unfinished, window[0], window[-1])
        if live
        else ()
    ):
        answered.setdefault(row["symbol"], []).append(_last_query(row))
    others = triggers_without("prices")
    return Asking(
        live=live,
        files=[row["name"] for row in providers if not row["live"]],
        claimed=await provider_queries.load_claimed(session, unfinished),
        answered=answered,
        files_were_read=not live
        and await provider_queries.files_were_read(session, window[-1], portfolio_id, others),
    )


def _last_query(row: Row) -> LastQuery:
    return LastQuery(
        provider=row["provider"],
        known=row["known"],
        asked_at=row["asked_at"],
        asked_from=row["asked_from"],
        asked_until=row["asked_until"],
        stored=row["stored"],
    )


def _symbol(known: Known, state: Progress) -> dict[str, Any]:
    return {**vars(known), **vars(state), "answered": [vars(each) for each in state.answered]}


def market_data_of(sources: Sequence[Row], configured: Sequence[Row]) -> dict[str, Any]:
    """Which data the prices of a session's valuations are, and who is asked for such data.

    `sources`: of closes and quotes; `configured`: the providers of each kind of data.
    """
    providers = provenance.by_kind(configured)
    spans = provenance.spans(configured)
    sentence = provenance.sentence(sources, providers.get("prices", []), spans)
    return {"sources": sources, "providers": providers, "sentence": sentence}
