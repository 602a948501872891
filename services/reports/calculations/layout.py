"""A report from its figures: chapters of sections, in the order that their template has."""

from collections.abc import Callable, Mapping

from services.reports.calculations.context import correlations, limits, notes, quality
from services.reports.calculations.drafts import draft
from services.reports.calculations.holdings import exposures, greeks, positions
from services.reports.calculations.risk import factors, scenarios, value_at_risk
from services.reports.calculations.summary import changes, performance, summary
from services.reports.inputs import Answer, Block, Chapter, Meter, Question, Report, Section

Builder = Callable[..., list[Block]]
SECTIONS: Mapping[str, tuple[str, Builder]] = {
    "summary": ("Summary", summary),
    "changes": ("Since the session before", changes),
    "performance": ("Performance", performance),
    "exposures": ("Exposures", exposures),
    "positions": ("Positions", positions),
    "greeks": ("Greeks", greeks),
    "factors": ("Factors and attribution", factors),
    "var": ("Risk and backtest", value_at_risk),
    "scenarios": ("Scenarios", scenarios),
    "correlations": ("Correlations", correlations),
    "limits": ("Limits", limits),
    "quality": ("Data quality", quality),
    "notes": ("Notes on method", notes),
    "draft": ("What the draft changes", draft),
}
TITLES = {
    "daily": "Daily report",
    "full": "Risk report",
    "investor": "Investor report",
    "draft": "What-if report",
}
BRIEF = ("daily", "investor")  # templates whose sections show the most important rows only
LAID_OUT = 0.3  # the share of the work that laying out is


def laid_out(question: Question, meter: Meter) -> Report:
    """The report that answers a question; the meter is notified after each section."""
    portfolios = list(question.figures["portfolios"])
    wanted = [name for name in SECTIONS if name in question.sections]
    steps = len(portfolios) * len(wanted)
    chapters = []
    for place, found in enumerate(portfolios):
        sections = []
        for number, name in enumerate(wanted, start=1):
            sections.append(_section(name, found, brief=question.template in BRIEF))
            meter.reached(LAID_OUT * (place * len(wanted) + number) / steps)
        chapters.append(Chapter(_name(found), _day(found), tuple(sections)))
    return Report(
        title=TITLES[question.template],
        template=question.template,
        as_of=question.as_of.isoformat(),
        basis=question.basis,
        chapters=tuple(chapters),
    )


def _section(name: str, found: Answer, *, brief: bool) -> Section:
    title, build = SECTIONS[name]
    return Section(name, title, tuple(build(found, brief=brief)))


def _name(found: Answer) -> str:
    return found["report"]["portfolio"]["name"].text or found["name"].text


def _day(found: Answer) -> str:
    return found["report"]["as_of"].text or found["impacts"]["as_of"].text
