"""The tables: a tool's answer as rows, and its description in `widgets.json`.

Rows have the described columns and no others: Workspace shows every key that it receives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.gateway.agents.calling import Tool
from services.gateway.agents.schemas import (
    Answer,
    CheckedLimits,
    History,
    PortfolioRisk,
    Portfolios,
    Positions,
)
from services.gateway.agents.shapes import amount, level
from services.gateway.agents.tools.figures import get_history, get_portfolio_risk
from services.gateway.agents.tools.holdings import list_portfolios, list_positions
from services.gateway.agents.tools.standing import check_limits
from services.gateway.agents.workspace.columns import (
    ALL_DIGITS,
    HIDDEN,
    PINNED,
    SIGNED,
    Column,
    chooses,
    coloured,
    money,
    rounded_share,
    share,
)

BELOW = "/workspace/"
CHOICES = "choices"
PORTFOLIO = "portfolio_id"
WIDTH = 40  # of Workspace's grid
HEIGHT = 10
Row = Mapping[str, object]


@dataclass(frozen=True)
class Table:
    """A tool's answer as rows.

    `limit`: how many the tool is to give; `of_one`: of a portfolio; `days`: the tool's arguments
    that are dates, each with its label and description.
    """

    name: str
    description: str
    group: str
    tool: Tool
    rows: Callable[[Answer], list[Row]]
    columns: Sequence[Column]
    limit: int | None = None
    of_one: bool = True
    days: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def arguments(self, query: Mapping[str, str]) -> dict[str, object]:
        """What the tool is called with; an empty value is none."""
        names = [*([PORTFOLIO] if self.of_one else []), *self.days]
        given = {name: query[name] for name in names if query.get(name)}
        return given | ({"limit": self.limit} if self.limit else {})

    def flat(self, answer: Answer) -> list[Row]:
        """The answer's rows with the described columns, in their order."""
        names = [each.field for each in self.columns]
        return [{name: row.get(name) for name in names} for row in self.rows(answer)]

    def widget(self, path: str) -> dict[str, object]:
        """The table as `widgets.json` has it."""
        return {
            "name": self.name,
            "description": self.description,
            "category": "SigmaSight",
            "subCategory": self.group,
            "type": "table",
            "endpoint": f"{BELOW}{path}".removeprefix("/"),
            "gridData": {"w": WIDTH, "h": HEIGHT},
            "source": ["SigmaSight"],
            "data": {"table": {"columnsDefs": [each.described() for each in self.columns]}},
            "params": [
                _choice(self.of_one),
                *(_day(name, *about) for name, about in self.days.items()),
            ],
        }


def _choice(shown: bool) -> dict[str, object]:
    """The parameter that names a portfolio; the list of them has it for clicks alone, hidden."""
    return {
        "paramName": PORTFOLIO,
        "label": "Portfolio",
        "description": "default: the first one",
        "type": "endpoint",
        "optionsEndpoint": f"{BELOW}{CHOICES}".removeprefix("/"),
        "value": "",
        "show": shown,
    }


def _day(name: str, label: str, description: str) -> dict[str, object]:
    about = {"paramName": name, "label": label, "description": description}
    return {**about, "type": "date", "value": None, "show": True}


def _portfolios(answer: Answer) -> list[Row]:
    assert isinstance(answer, Portfolios)
    return [
        {
            PORTFOLIO: str(each.portfolio_id),
            "name": each.name,
            "as_of": str(each.as_of) if each.as_of else None,
            "nav": each.nav,
            "daily_pnl": each.daily_pnl,
            "daily_return": rounded_share(each.daily_return),
            "var_95_1d_historical": each.var_95_1d_historical,
            "worst_scenario": each.worst_scenario.name if each.worst_scenario else None,
            "worst_scenario_pnl": each.worst_scenario.total_pnl if each.worst_scenario else None,
            "limits_breached": each.limits.get("breached", 0),
        }
        for each in answer.portfolios
    ]


def _choices(answer: Answer) -> list[Row]:
    assert isinstance(answer, Portfolios)
    return [{"label": each.name, "value": str(each.portfolio_id)} for each in answer.portfolios]


def _figures(answer: Answer) -> list[Row]:
    """Units differ from row to row, so each value is also written out with its own."""
    assert isinstance(answer, PortfolioRisk)
    return [
        {
            **each.model_dump(mode="json"),
            "shown": None if each.value is None else amount(each.value, each.unit),
        }
        for each in answer.figures
    ]


def _positions(answer: Answer) -> list[Row]:
    assert isinstance(answer, Positions)
    return [
        {**each.model_dump(mode="json"), "weight": rounded_share(each.weight)}
        for each in answer.positions
    ]


_LEVELS = ("value", "breach", "room")


def _limits(answer: Answer) -> list[Row]:
    assert isinstance(answer, CheckedLimits)
    rows: list[Row] = []
    for each in answer.limits:
        of_nav = each.unit == "share_of_nav"
        unit = "share of NAV" if of_nav else each.measure_unit
        worst = each.worst.model_dump(mode="json") if each.worst else {}
        shown = {
            f"{name}_shown": level(worst[name], each.unit, each.measure_unit)
            for name in _LEVELS
            if worst.get(name) is not None
        }
        named = {"name": each.name, "measure": each.measure_title, "unit": unit}
        rows.append({**worst, **shown, **named})
    return rows


def _history(answer: Answer) -> list[Row]:
    assert isinstance(answer, History)
    columns = {each.measure: each.values for each in answer.report.series}
    return [
        {"session_date": str(day), **{name: values[place] for name, values in columns.items()}}
        for place, day in enumerate(answer.report.session_dates)
    ]


_AS_OF = {"as_of": ("As of", "the last session at or before; default: the last one")}
_SPAN = {
    "start": ("From", "default: six weeks before the last session"),
    "end": ("To", "default: the last session"),
}
_DAY = Column("as_of", "As of", "dateString")
_REASON = Column("reason", "Reason")
_VAR = money("var_95_1d_historical", "VaR 95 %, one day")
_STATE = coloured({"breached": "red", "warning": "#D97706", "ok": "green"})
TABLES: Mapping[str, Table] = {
    "portfolios": Table(
        "Portfolios",
        "NAV, day's P&L, VaR, worst scenario and limits of every portfolio; a click on a name "
        "shows it in the other tables of the group",
        "Portfolio",
        list_portfolios,
        _portfolios,
        [
            Column(PORTFOLIO, "Portfolio id", display=HIDDEN),
            Column("name", "Portfolio", display={**PINNED, **chooses(PORTFOLIO)}),
            *(_DAY, money("nav", "NAV"), money("daily_pnl", "Daily P&L", SIGNED)),
            *(share("daily_return", "Daily return", SIGNED), _VAR),
            Column("worst_scenario", "Worst scenario"),
            money("worst_scenario_pnl", "Its P&L", SIGNED),
            Column("limits_breached", "Limits breached", "number"),
        ],
        limit=100,
        of_one=False,
    ),
    "figures": Table(
        "Risk figures",
        "The main figures of a portfolio on a session, each with its unit",
        "Risk",
        get_portfolio_risk,
        _figures,
        [
            *(Column("title", "Figure", display=PINNED), Column("shown", "Value")),
            *(_DAY, _REASON, Column("unit", "Unit", display=HIDDEN)),
            Column("value", "Value, in the unit", "number", {**ALL_DIGITS, **HIDDEN}),
            Column("id", "Measure", display=HIDDEN),
        ],
        days=_AS_OF,
    ),
    "positions": Table(
        "Positions",
        "Open positions of a portfolio, the largest first",
        "Portfolio",
        list_positions,
        _positions,
        [
            Column("symbol", "Symbol", display=PINNED),
            *(Column("position_type", "Type"), Column("sector", "Sector")),
            Column("quantity", "Quantity", "number", ALL_DIGITS),
            *(money("price", "Price"), money("market_value", "Market value")),
            share("weight", "Weight"),
            money("unrealised_pnl", "Unrealised P&L", SIGNED),
            money("daily_pnl", "Daily P&L", SIGNED),
            money("delta_adjusted_exposure", "Delta-adjusted exposure"),
            _REASON,
        ],
        limit=1000,
        days=_AS_OF,
    ),
    "limits": Table(
        "Limits",
        "Limits with the portfolio that stands worst in each",
        "Risk",
        check_limits,
        _limits,
        [
            *(Column("name", "Limit", display=PINNED), Column("measure", "Measure")),
            Column("portfolio_name", "Portfolio"),
            Column("state", "State", display=_STATE),
            *(Column("value_shown", "Value"), Column("breach_shown", "Breach level")),
            *(Column("room_shown", "Room"), Column("since", "Since", "dateString"), _DAY),
            *(_REASON, Column("unit", "Unit", display=HIDDEN)),
            *(
                Column(name, f"{title}, in the unit", "number", {**ALL_DIGITS, **HIDDEN})
                for name, title in zip(_LEVELS, ("Value", "Breach level", "Room"), strict=True)
            ),
        ],
    ),
    "history": Table(
        "History",
        "NAV, daily P&L and VaR of a portfolio, session by session",
        "Risk",
        get_history,
        _history,
        [
            Column("session_date", "Session", "dateString", PINNED),
            *(money("nav", "NAV"), money("daily_pnl", "Daily P&L", SIGNED), _VAR),
        ],
        days=_SPAN,
    ),
}
CHOICE = Table(
    "Choices",
    "The portfolios to choose from",
    "Portfolio",
    list_portfolios,
    _choices,
    [Column("label", "Name"), Column("value", "Id")],
    limit=100,
    of_one=False,
)
