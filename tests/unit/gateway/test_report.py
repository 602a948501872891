"""Reports are laid out from rows: money rounds once, shares need a NAV."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.gateway.analytics.schemas.portfolio import PnlByPosition, SnapshotOut
from services.gateway.analytics.shapes import report
from services.gateway.analytics.shapes.greeks import valuation_warnings
from services.gateway.analytics.shapes.limits import LimitState, least_room_first
from services.gateway.books.schemas.portfolios import Exposure, GreekSet
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.values import PlainDecimal

AMOUNTS = st.decimals(-(10**11), 10**11, places=6, allow_nan=False)
SHOWN = [
    *SnapshotOut.model_fields,
    *("stated_equity", "price_coverage", "greeks_coverage"),
    *edge_shapes.GREEKS,
]


@pytest.mark.parametrize("nav", [None, Decimal(0), Decimal(-5)])
def test_nothing_is_a_share_of_a_nav_that_is_not_positive(nav: Decimal | None) -> None:
    assert edge_shapes.share_of(100.0, nav) is None
    assert edge_shapes.no_share(nav) is not None


def test_a_warning_is_said_once_however_often_it_was_given() -> None:
    stale = {"code": "stale", "message": "old"}

    assert report.distinct_warnings(
        [[stale], [], [dict(stale), {"code": "new", "message": "x"}]]
    ) == [
        stale,
        {"code": "new", "message": "x"},
    ]


def test_money_is_rounded_half_up_to_cents_once() -> None:
    exposure = Exposure.model_validate(
        {"long": Decimal("2.675"), "short": Decimal("-0.001"), "gross": 1.005, "net": 0}
    )

    assert (exposure.long, str(exposure.short), exposure.gross) == (2.68, "0.0", 1.01)


def test_greeks_have_six_significant_digits_and_four_decimals_at_least() -> None:
    greeks = GreekSet(delta=0.63683065, gamma=None, theta=-0.01757268, vega=1.0, rho=0)
    book = GreekSet(delta=-16284.86417, gamma=0.0004921738, theta=-1e-9, vega=3e-15, rho=-0.0)

    assert (greeks.delta, greeks.theta) == (0.636831, -0.0175727)
    assert (greeks.vega, greeks.rho, greeks.gamma) == (1.0, 0.0, None)
    assert (book.delta, book.gamma) == (-16284.8642, 0.000492174)
    assert (book.theta, book.vega, str(book.rho)) == (-1e-9, 0.0, "0.0")


@given(nav=AMOUNTS, market_value=AMOUNTS)
def test_cash_and_value_make_the_nav_to_the_cent(nav: Decimal, market_value: Decimal) -> None:
    row = {
        **dict.fromkeys(SHOWN),
        "as_of": date(2022, 12, 28),
        "nav": nav,
        "market_value": market_value,
        "cash": nav,
    }

    shown = SnapshotOut.model_validate(report.snapshot_summary(row))

    assert shown.cash is not None
    cents = [Decimal(str(value)) for value in (shown.cash, shown.market_value, shown.nav)]
    assert cents[0] + cents[1] == cents[2]


def test_an_exposure_is_a_share_of_nav_with_its_sign_and_none_of_a_debt() -> None:
    exposures = {"dollar": {"long": 150.0, "short": -50.0, "gross": 200.0, "net": 100.0}}

    shares = report.of_nav(exposures, Decimal(100))
    of_debt = report.of_nav(exposures, Decimal(-100))

    assert shares == {"dollar": {"long": 1.5, "short": -0.5, "gross": 2.0, "net": 1.0}}
    assert of_debt == {"dollar": dict.fromkeys(("long", "short", "gross", "net"))}
    assert report.of_nav(None, Decimal(100)) is None


def test_the_largest_parts_of_a_pnl_and_the_others_make_the_total_to_the_cent() -> None:
    amounts = [Decimal("0.005") * (-1) ** place * place for place in range(1, 14)]
    valued = [
        {"position_id": UUID(int=place), "symbol": f"S{place:02}", "daily_pnl": amount}
        for place, amount in enumerate(amounts)
    ]

    found = report.pnl_by_position([*valued, {**valued[0], "daily_pnl": None}], Decimal("9.999"))

    day = PnlByPosition.model_validate(found)
    shown = [each.pnl for each in day.largest]
    assert len(shown) == report.LARGEST
    assert shown == sorted(shown, reverse=True)
    assert day.others is not None
    assert round(sum(shown) + day.others, 2) == day.total == 10.0


def test_without_a_total_the_others_are_unknown() -> None:
    assert report.pnl_by_position([], None) == {"largest": [], "others": None, "total": None}


def test_limits_beyond_a_level_come_first_then_those_with_least_room() -> None:
    def a_limit(name: str, level: str, room: float | None) -> LimitState:
        terms = (UUID(int=1), name, "nav", "USD", "portfolio", "own")
        return LimitState(*terms, level, level, None, None, None, None, -2.0, room, None, None)

    limits = [
        a_limit("wide", "ok", 1.0),
        a_limit("unknown", "ok", None),
        a_limit("narrow", "ok", 0.1),
        a_limit("broken", "breached", -0.1),
        a_limit("warned", "warning", 0.3),
    ]

    ordered = [each.name for each in least_room_first(limits)]

    assert ordered == ["broken", "warned", "narrow", "wide", "unknown"]


def test_without_a_nav_there_is_no_cash() -> None:
    assert report.cash_beside(None, Decimal(1)) is None


def an_option(contract: str, **more: object) -> dict[str, object]:
    """An option valued with nothing assumed."""
    sources = {"iv_source": "implied", "rate_source": "treasury_2022-12-28"}
    given = {"model": "american_collocation", "dividend_source": "projected", "note": None}
    underlying = contract[:-15]
    return {"contract": contract, "underlying": underlying, **sources, **given, **more}


def test_report_warns_once_of_each_assumption_and_names_whose() -> None:
    options = [
        an_option("XOM230120C00100000"),
        an_option("T230120C00020000", dividend_source="unknown_assumed_0"),
        an_option(
            "T230120P00020000", dividend_source="unknown_assumed_0", iv_source="realised_21d"
        ),
        an_option("BA230120C00200000", dividend_source="unknown_assumed_0", note="below exercise"),
        an_option("F230120C00010000", rate_source="configured"),
        an_option("GE221216C00010000", model=None, iv_source=None, rate_source=None),
    ]

    found = {each["code"]: (each["count"], each["about"]) for each in valuation_warnings(options)}

    assert found == {
        "volatility_realised": (1, ["T230120P00020000"]),
        "quote_not_used": (1, ["BA230120C00200000"]),
        "rate_configured": (1, ["F230120C00010000"]),
        "dividend_yield_unknown": (2, ["BA", "T"]),
    }
    assert valuation_warnings(options[:1]) == []


@pytest.mark.parametrize("text", ["1000", " 1000.50 ", "+.5", "1e3", "-7"])
def test_a_plain_number_may_be_a_text(text: str) -> None:
    assert TypeAdapter(PlainDecimal).validate_python(text) == Decimal(text.strip())


@pytest.mark.parametrize("text", ["1_000", "1,000", "١٠", "Infinity", "NaN", "0x10", "", "1e1000"])
def test_other_texts_are_no_numbers(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PlainDecimal).validate_python(text)
