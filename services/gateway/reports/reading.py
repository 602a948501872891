"""The figures of a report, frozen: the API's own answers, each of the same session.

They are read in one transaction, so they are of one moment, and kept with the request: what is
rendered later is what the API answered then.
"""

import asyncio
import hashlib
import json
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import cast
from uuid import UUID

from pydantic import BaseModel
from pydantic.main import IncEx

from services.gateway.analytics.reading.backtest import var_backtest
from services.gateway.analytics.reading.changes import changes_report
from services.gateway.analytics.reading.correlations import correlation_report
from services.gateway.analytics.reading.definitions import definitions
from services.gateway.analytics.reading.history import pnl_vectors
from services.gateway.analytics.reading.impacts import impacts_report
from services.gateway.analytics.reading.quality import data_quality
from services.gateway.analytics.reading.report import portfolio_report
from services.gateway.analytics.schemas.market_data import DataQualityReport
from services.gateway.analytics.schemas.report import PortfolioReport
from services.gateway.books.answers import etag_of
from services.gateway.books.queries import portfolios
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.reading import book_on, grouped_positions, position_page
from services.gateway.books.shapes import GroupBy
from services.gateway.drafts.shapes import Draft
from services.gateway.edge.dependencies import Paging, Period
from services.gateway.edge.problems import Problem, not_found
from services.gateway.edge.shapes import View
from services.gateway.market import queries as market_queries
from services.gateway.reports import queries
from services.gateway.tables import OWNER
from shared.contracts.reports import FormWord, SectionWord, TemplateWord
from shared.database import Session

EVERY_POSITION = 1_000_000
PARTS_SHOWN = 20
COMPRESSION_LEVEL = 4
Figures = dict[str, object]
VECTORS = "vectors"


@dataclass(frozen=True)
class Wanted:
    """What a report is to be. `draft`: the modelling session that it is about."""

    portfolio_ids: Sequence[UUID]
    template: TemplateWord
    form: FormWord
    sections: Sequence[SectionWord]
    as_of: date | None
    draft: Draft | None = None


@dataclass(frozen=True)
class Frozen:
    """Figures as they are kept: `basis` is their hash, `revisions` those of the portfolios.

    `shared_ids`: the portfolios that are another user's; the report is there while they are shared.
    """

    names: Sequence[str]
    as_of: date
    basis: str
    revisions: Mapping[str, str]
    figures: bytes
    shared_ids: Sequence[UUID] = ()


async def frozen(session: Session, user_id: UUID, wanted: Wanted) -> Frozen:
    """The figures of the portfolios; 404 for one that is not the user's, 422 for one without any.

    A report's session is the last one of its portfolios.
    """
    names: list[str] = []
    days: list[date] = []
    revisions: dict[str, str] = {}
    found: list[Figures] = []
    shared: list[UUID] = []
    for portfolio_id in wanted.portfolio_ids:
        row = await portfolios.load_portfolio(session, user_id, portfolio_id)
        if row is None:
            raise not_found("portfolio", portfolio_id)
        figures = await _figures(session, row, wanted)
        names.append(str(row["name"]))
        days.append(_day(figures, str(row["name"])))
        revisions[str(portfolio_id)] = etag_of(portfolio_id, row["revision"])
        found.append(figures)
        shared += [] if row["access"] == OWNER else [portfolio_id]
    if wanted.draft is not None:
        shared += wanted.draft.shown_while_shared
    packed = await asyncio.to_thread(_packed, names, max(days), revisions, found)
    return replace(packed, shared_ids=shared)


def _packed(
    names: Sequence[str], day: date, revisions: Mapping[str, str], found: Sequence[Figures]
) -> Frozen:
    text = json.dumps({"portfolios": found}, separators=(",", ":"), ensure_ascii=False).encode()
    basis = hashlib.sha256(text).hexdigest()
    return Frozen(names, day, basis, revisions, zlib.compress(text, COMPRESSION_LEVEL))


def _day(figures: Figures, name: str) -> date:
    """The session of the figures; 422 when nothing is measured yet."""
    about = cast(Mapping[str, object], figures.get("impacts") or figures["report"])
    if about["as_of"] is None:
        reason = about.get("reason") or "nothing is measured"
        raise Problem(422, "not_calculated", f"there is no report of '{name}': {reason}")
    return date.fromisoformat(str(about["as_of"]))


async def _figures(session: Session, row: Mapping[str, object], wanted: Wanted) -> Figures:
    """One portfolio's answers that the sections need."""
    text = await portfolio_report(session, dict(row), wanted.as_of)
    report = PortfolioReport.model_validate_json(text)
    day = report.as_of
    found: Figures = {"report": _without_what_is_elsewhere(report), "name": report.portfolio.name}
    if wanted.draft is not None:
        found["impacts"] = dumped(await impacts_report(session, wanted.draft))
    if day is None:
        return found
    portfolio_id = report.portfolio.portfolio_id
    user_id = cast(UUID, row["user_id"])
    readers: Mapping[str, Callable[[], Awaitable[object]]] = {
        "changes": partial(_changes, session, (user_id, portfolio_id), day),
        "exposures": partial(_sectors, session, portfolio_id, day),
        "positions": partial(_positions, session, portfolio_id, day),
        "var": partial(_backtest, session, portfolio_id, day),
        "correlations": partial(_correlations, session, portfolio_id, day),
        "limits": partial(_limits, session, (user_id, portfolio_id), day),
        "quality": partial(_quality, session, portfolio_id, day),
        VECTORS: partial(_vectors, session, portfolio_id, day),
    }
    for name in _needed(wanted):
        if name in readers:
            found[_KEYS.get(name, name)] = await readers[name]()
    if "positions" in found:
        found["industries"] = await _industries(session, found["positions"])
    if "notes" in wanted.sections:
        found["definitions"] = _meanings(report)
    return found


_KEYS = {"exposures": "sectors", "var": "backtest"}


def _needed(wanted: Wanted) -> Collection[str]:
    """The parts to read: those of the sections, and what the format has beside them."""
    beside = {"csv": ("positions",), "parquet": ("positions", VECTORS)}.get(wanted.form, ())
    return list(dict.fromkeys((*wanted.sections, *beside)))


def _without_what_is_elsewhere(report: PortfolioReport) -> object:
    """The report without its positions, which have a part with more columns, and its last run."""
    return report.model_dump(mode="json", exclude={"positions", "last_run"})


def dumped(answer: BaseModel) -> object:
    """An answer as the API sends it."""
    return answer.model_dump(mode="json")


async def _changes(session: Session, owner: tuple[UUID, UUID], day: date) -> object:
    return dumped(await changes_report(session, owner, (None, day), [], PARTS_SHOWN))


async def _sectors(session: Session, portfolio_id: UUID, day: date) -> object:
    book = await book_on(session, portfolio_id, day)
    held = PositionFilter(open_on=day)
    page = Paging(limit=EVERY_POSITION)
    grouped = await grouped_positions(session, book, held, GroupBy.SECTOR, page)
    return grouped.model_dump(mode="json", include={"items"}, exclude={"items": _PLACES})


_PLACES = {"__all__": {"position_ids", "left_out", "greeks", "coverage"}}


async def _positions(session: Session, portfolio_id: UUID, day: date) -> object:
    book = await book_on(session, portfolio_id, day)
    held = PositionFilter(open_on=day)
    found = await position_page(session, book, held, "symbol", Paging(limit=EVERY_POSITION))
    return found.model_dump(mode="json", include={"items"})


async def _industries(session: Session, held: object) -> object:
    items = cast(Mapping[str, Sequence[Mapping[str, object]]], held)["items"]
    underlyings = sorted({str(each["underlying"]) for each in items})
    known, _ = await market_queries.load_securities(session, underlyings, None, len(items), 0)
    return {each["symbol"]: each["industry"] for each in known} if underlyings else {}


async def _backtest(session: Session, portfolio_id: UUID, day: date) -> object:
    return dumped(await var_backtest(session, portfolio_id, Period(None, day)))


async def _correlations(session: Session, portfolio_id: UUID, day: date) -> object:
    return dumped(await correlation_report(session, portfolio_id, day, View.PORTFOLIO))


async def _limits(session: Session, owner: tuple[UUID, UUID], day: date) -> object:
    rows = await queries.load_limit_standings(session, *owner, day)
    return [
        {name: str(value) if isinstance(value, date) else value for name, value in row.items()}
        for row in rows
    ]


async def _quality(session: Session, portfolio_id: UUID, day: date) -> object:
    found = DataQualityReport.model_validate(await data_quality(session, portfolio_id, day))
    return found.model_dump(mode="json", include=_STORED)


# What is stored: which providers are queried at the moment is not of any revision.
_STORED: Mapping[str, IncEx | bool] = {
    **dict.fromkeys(("sessions", "complete", "stale", "missing"), True),
    "symbols": {"__all__": {"symbol", "status", "last_session", "prices", "missing"}},
}


async def _vectors(session: Session, portfolio_id: UUID, day: date) -> object:
    return dumped(await pnl_vectors(session, portfolio_id, day, Paging(limit=EVERY_POSITION)))


def _meanings(report: PortfolioReport) -> list[object]:
    """What the metrics of the report mean, each text once."""
    known = definitions()
    names = ["nav", "daily_pnl", "market_value", "dollar", "notional", "delta_adjusted"]
    names += [metric.metric for group in report.metrics.groups for metric in group.metrics]
    found = [known[name] for name in names if name in known]
    texts = {each.meaning: each.model_dump(mode="json") for each in found}
    return list(texts.values())
