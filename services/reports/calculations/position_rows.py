"""One row per position, in the 26 columns that other systems read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.reports.inputs import Answer, Column, Kind, Question, Value

_GREEKS = ("delta", "gamma", "theta", "vega", "rho")
POSITION_COLUMNS = (
    Column("Symbol"),
    Column("Position_Type"),
    Column("Quantity", Kind.QUANTITY),
    Column("Entry_Price", Kind.PRICE),
    Column("Current_Price", Kind.PRICE),
    Column("Market_Value", Kind.MONEY),
    Column("Cost_Basis", Kind.MONEY),
    Column("Unrealized_PnL", Kind.MONEY),
    Column("Realized_PnL", Kind.MONEY),
    *(Column(name.capitalize(), Kind.GREEK) for name in _GREEKS),
    Column("Delta_Dollars", Kind.MONEY),
    Column("Gamma_Dollars", Kind.MONEY),
    Column("Tags"),
    Column("Strategy_Tags"),
    Column("Underlying_Symbol"),
    Column("Strike_Price", Kind.PRICE),
    Column("Expiry_Date"),
    Column("Days_To_Expiry", Kind.COUNT),
    Column("Implied_Volatility", Kind.RATIO),
    Column("Entry_Date"),
    Column("Sector"),
    Column("Industry"),
)
STRATEGY = "strategy:"


@dataclass(frozen=True)
class _Known:
    """What a portfolio's other answers know of its positions.

    `volatilities`: by position; `industries`: by underlying; `as_of`: the session of all of them,
    which in a report of several portfolios need not be the report's.
    """

    volatilities: Mapping[str, float | None]
    industries: Answer
    as_of: date


def position_rows(question: Question) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """The name of its portfolio and the values of each position, in the order of the columns."""
    for found in question.figures["portfolios"]:
        options = found["report"]["greeks"]["positions"]
        known = _Known(
            {each["position_id"].text: each["volatility"].number for each in options},
            found["industries"],
            date.fromisoformat(found["report"]["as_of"].text),
        )
        for each in found["positions"]["items"]:
            yield found["report"]["portfolio"]["name"].text, _row(each, known)


def _row(each: Answer, known: _Known) -> tuple[Value, ...]:
    is_option = each["instrument"].text == "option"
    return (
        each["symbol"].text,
        each["position_type"].text,
        each["quantity"].number,
        each["entry_price"].number,
        each["price"].number,
        each["market_value"].number,
        each["cost"].number,
        each["unrealised_pnl"].number,
        each["realised_pnl"].number,
        *(each["greeks"][name].number for name in _GREEKS),
        each["delta_adjusted_exposure"].number,
        _gamma_dollars(each),
        ", ".join(_tags(each, strategies=False)),
        ", ".join(_tags(each, strategies=True)),
        each["underlying"].text if is_option else None,
        each["strike"].number,
        each["expiry"].text or None,
        _days_left(each["expiry"].text, known.as_of),
        known.volatilities.get(each["position_id"].text),
        each["entry_date"].text,
        each["sector"].text or None,
        known.industries[each["underlying"].text].text or None,
    )


def _gamma_dollars(each: Answer) -> float | None:
    """What dollar delta changes by, USD, when the underlying moves by 1 %: q·m·gamma·S² / 100."""
    gamma = each["greeks"]["gamma"].number
    price = each["underlying_price"].number
    if gamma is None:
        return None
    if gamma == 0.0:
        return 0.0
    return None if price is None else round(gamma * price * price / 100, 2)


def _tags(each: Answer, *, strategies: bool) -> list[str]:
    tags = [tag.text for tag in each["tags"]]
    named = [tag for tag in tags if tag.lower().startswith(STRATEGY)]
    if strategies:
        return sorted(tag[len(STRATEGY) :] for tag in named)
    return sorted(tag for tag in tags if tag not in named)


def _days_left(expiry: str, as_of: date) -> float | None:
    return max((date.fromisoformat(expiry) - as_of).days, 0) if expiry else None
