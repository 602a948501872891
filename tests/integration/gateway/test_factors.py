"""Factors by model and side: numbers add up from the positions, what is left out is named."""

from typing import Any
from uuid import UUID

import pytest

from services.factors.tables import FactorCovariance
from services.snapshots.tables import RiskMetric
from shared.database import Database
from tests.builders import AS_OF, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import (
    ACTIVE,
    CALL,
    NO_BETAS,
    StoredBook,
    a_stored_book,
    exposure_to,
)

pytestmark = pytest.mark.usefixtures("market")


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


def market_of(report: dict[str, Any]) -> dict[str, Any]:
    factor: dict[str, Any] = next(each for each in report["factors"] if each["factor"] == "market")
    return factor


async def test_definitions_are_listed_with_their_proxies(ann: Person) -> None:
    listed = (await ann.get("factors/definitions")).json()

    assert [each["proxy"] for each in listed["items"]][:2] == ["SPY", "VTV"]
    assert (listed["total"], listed["items"][-1]["active"]) == (8, False)


@pytest.mark.parametrize("model", ["market_relative", "joint", "univariate"])
async def test_exposures_are_given_in_each_model(ann: Person, book: StoredBook, model: str) -> None:
    report = (await ann.get("risk/factors", model=model)).json()

    market = market_of(report)
    assert (report["model"], report["nav"]) == (model, 50_000)
    assert market["dollar_exposure"] == pytest.approx(exposure_to("market", model))
    assert market["beta"] == pytest.approx(exposure_to("market", model) / 50_000)
    assert ("must not be added" in (report["note"] or "")) == (model == "univariate")


async def test_sides_add_up_to_the_portfolio(ann: Person, book: StoredBook) -> None:
    whole, longs, shorts = [
        (await ann.get("risk/factors", view=view)).json()
        for view in ("portfolio", "longs", "shorts")
    ]

    dollars = [market_of(report)["dollar_exposure"] for report in (whole, longs, shorts)]
    assert dollars[0] == pytest.approx(dollars[1] + dollars[2])
    assert dollars[2] == pytest.approx(exposure_to("market", symbols=("MSFT",)))
    assert [market_of(report)["positions"] for report in (whole, longs, shorts)] == [4, 3, 1]
    per_bp = [report["rates"]["dollars_per_basis_point"] for report in (whole, longs, shorts)]
    assert per_bp[0] == pytest.approx(per_bp[1] + per_bp[2])


async def test_four_maturities_come_with_errors(ann: Person, book: StoredBook) -> None:
    report = (await ann.get("risk/factors")).json()

    rates = report["rate_sensitivities"]
    assert [rate["maturity"] for rate in rates] == ["3M", "2Y", "10Y", "30Y"]
    assert report["rates"] == rates[2]
    assert rates[2]["dollars_per_basis_point"] == pytest.approx((26_000 - 12_000) * -4.0 * 0.0001)
    assert rates[2]["standard_error"] == pytest.approx(
        (26_000**2 + 12_000**2) ** 0.5 * 0.0001, abs=0.01
    )


@pytest.mark.parametrize("path", ["risk/factors", "risk/factors/positions"])
@pytest.mark.parametrize("model", ["market_relative", "univariate"])
async def test_a_position_without_betas_is_left_out_with_its_reason(
    ann: Person, book: StoredBook, path: str, model: str
) -> None:
    longs = (await ann.get(path, model=model, view="longs")).json()
    shorts = (await ann.get(path, model=model, view="shorts")).json()

    assert longs["left_out"] == [
        {"position_id": str(book.positions["XOM"]), "symbol": "XOM", "reason": NO_BETAS}
    ]
    assert shorts["left_out"] == []


async def test_positions_show_the_regressions_behind_them(ann: Person, book: StoredBook) -> None:
    page = (await ann.get("risk/factors/positions", model="joint")).json()

    by_symbol = {item["symbol"]: item for item in page["items"]}
    call = by_symbol[CALL]["factors"][0]
    exxon = by_symbol["XOM"]["factors"][0]
    assert page["total"] == 4
    assert (call["factor"], call["beta"], call["factor_exposure"]) == ("market", 1.7, 13_000 * 1.7)
    assert (call["standard_error"], call["observations"], call["condition_number"]) == (
        0.2,
        252,
        16.0,
    )
    assert (exxon["factor_exposure"], exxon["reason"]) == (None, NO_BETAS)
    assert [rate["maturity"] for rate in by_symbol["AAPL"]["rates"]] == ["3M", "2Y", "10Y", "30Y"]
    assert by_symbol["XOM"]["rates"] == []


async def test_positions_come_by_the_page(ann: Person, book: StoredBook) -> None:
    pages = [
        (await ann.get("risk/factors/positions", limit=3, offset=offset)).json()
        for offset in (0, 3, 6)
    ]

    assert [[item["symbol"] for item in page["items"]] for page in pages] == [
        ["AAPL", CALL, "MSFT"],
        ["XOM"],
        [],
    ]
    assert {page["total"] for page in pages} == {4}


async def test_the_factors_routes_say_the_same_as_risk(ann: Person, book: StoredBook) -> None:
    pairs = [
        ("risk/factors", f"factors/exposures/{book.portfolio_id}"),
        ("risk/factors/positions", f"factors/exposures/{book.portfolio_id}/positions"),
    ]
    for risk, factors in pairs:
        query = {"model": "joint", "view": "longs"}
        assert (await ann.get(risk, **query)).json() == (await ann.get(factors, **query)).json()


async def test_attributed_pnl_adds_up_to_the_cent(ann: Person, book: StoredBook) -> None:
    report = (await ann.get(f"factors/attribution/{book.portfolio_id}")).json()

    parts = [factor["pnl"] for factor in report["factors"]]
    assert (report["start"], report["as_of"], report["sessions"]) == ("2022-12-28", "2022-12-28", 1)
    assert parts == [-10.0] * 7
    assert round(sum(parts) + report["specific"], 2) == report["total"] == -123.45


async def test_a_period_names_the_sessions_it_could_not_split(
    ann: Person, book: StoredBook
) -> None:
    path = f"factors/attribution/{book.portfolio_id}"

    period = (await ann.get(path, start="2022-12-01")).json()
    first = (await ann.get(path, as_of="2022-12-27")).json()

    assert (period["total"], period["sessions_left_out"]) == (-123.45, ["2022-12-27"])
    assert (first["total"], first["reason"]) == (None, "the first snapshot has no P&L")


async def test_before_the_first_run_there_is_a_reason(ann: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]
    paths = ["risk/factors", "risk/factors/positions", f"factors/attribution/{portfolio_id}"]

    answers = [(await ann.get(path)).json() for path in paths]

    assert all(answer["reason"] and answer["as_of"] is None for answer in answers)


@pytest.mark.parametrize("query", ["model=magic", "view=middle", "limit=0"])
async def test_unknown_choices_are_refused(ann: Person, book: StoredBook, query: str) -> None:
    answer = await ann.get(f"risk/factors/positions?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_coefficients_within_two_errors_of_zero_are_flagged(
    ann: Person, book: StoredBook
) -> None:
    page = (await ann.get("risk/factors/positions")).json()
    report = (await ann.get("risk/factors")).json()
    longs = (await ann.get("risk/factors", view="longs")).json()

    factors = {each["factor"]: each for each in page["items"][0]["factors"]}
    assert (factors["market"]["raw_beta"], factors["value"]["raw_beta"]) == (1.2, 0.1)
    assert factors["market"]["indistinguishable_from_zero"] is False
    assert factors["value"]["indistinguishable_from_zero"] is True
    assert {each["indistinguishable_from_zero"] for each in page["items"][0]["rates"]} == {False}
    # Held on AAPL: 26,000 USD; short MSFT: 12,000 USD; every error is 0.2.
    error = (26_000**2 + 12_000**2) ** 0.5 * 0.2
    by_factor = {each["factor"]: each for each in report["factors"]}
    assert by_factor["value"]["standard_error"] == pytest.approx(error, abs=0.01)
    assert by_factor["value"]["indistinguishable_from_zero"] is True
    assert by_factor["market"]["indistinguishable_from_zero"] is False
    assert by_factor["short_interest"]["standard_error"] is None
    assert market_of(longs)["standard_error"] == pytest.approx(26_000 * 0.2, abs=0.01)
    assert {each["indistinguishable_from_zero"] for each in report["rate_sensitivities"]} == {True}


async def a_parametric_var(admin: Database, book: StoredBook, value: float) -> None:
    """A session's parametric VaR, and factors that move alone by 1 % a day."""
    metric = {"metric": "var_95_1d_parametric", "view": "portfolio", "unit": "USD", "value": value}
    about = {"portfolio_id": UUID(book.portfolio_id), "as_of": AS_OF, "coverage": 0.96}
    await save(admin, RiskMetric, [{**about, **metric}])
    of_all = {"as_of": AS_OF, "space": "market_relative", "price_run": "p1", "decay": 0.94}
    numbers = {"lookback": 252, "observations": 252, "correlation": None, "shrinkage": None}
    pairs = [
        {"factor_a": one, "factor_b": other, "covariance": 1e-4 if one == other else 0.0}
        for one in ACTIVE
        for other in ACTIVE
    ]
    every = [{**of_all, **numbers, "shrunk_covariance": None, **pair} for pair in pairs]
    await save(admin, FactorCovariance, every)


async def test_shares_of_risk_add_up_and_stand_next_to_three_models(
    ann: Person, admin: Database, book: StoredBook
) -> None:
    await a_parametric_var(admin, book, 1_644.8536269514722)

    found = (await ann.get(f"factors/risk/{book.portfolio_id}")).json()

    active = [each for each in found["factors"] if each["active"]]
    shares = [each["share_of_risk"] for each in active]
    assert found["total"] == {"contribution": 1_000.0, "share_of_risk": 1.0}
    assert sum(shares) + found["specific"]["share_of_risk"] == pytest.approx(1.0, abs=1e-12)
    market = market_of(found)
    assert market["share_of_risk"] == pytest.approx(
        exposure_to("market") ** 2 * 1e-4 / 1_000.0**2, abs=5e-5
    )
    assert (market["factor_deviation"], found["coverage"], found["reason"]) == (0.01, 0.96, None)
    for each in market["models"]:
        alone = market_of((await ann.get("risk/factors", model=each["model"])).json())
        assert {name: alone[name] for name in each if name != "model"} == {
            name: value for name, value in each.items() if name != "model"
        }
    assert [each["model"] for each in found["models"]] == ["market_relative", "joint", "univariate"]


async def test_without_parametric_var_there_are_exposures_and_a_reason(
    ann: Person, book: StoredBook
) -> None:
    found = (await ann.get(f"factors/risk/{book.portfolio_id}")).json()

    assert found["reason"] == "no parametric VaR of the session is stored"
    assert (found["total"]["share_of_risk"], market_of(found)["share_of_risk"]) == (None, None)
    assert market_of(found)["models"][0]["dollar_exposure"] == pytest.approx(exposure_to("market"))


async def test_shares_of_a_var_that_the_factors_exceed_are_refused(
    ann: Person, admin: Database, book: StoredBook
) -> None:
    await a_parametric_var(admin, book, 10.0)

    found = (await ann.get(f"factors/risk/{book.portfolio_id}")).json()

    assert "different calculations" in found["reason"]
    assert found["specific"]["share_of_risk"] is None


async def test_attributed_pnl_comes_by_period(ann: Person, book: StoredBook) -> None:
    path = f"factors/attribution/{book.portfolio_id}"

    months = (await ann.get(f"{path}/periods")).json()
    whole = (await ann.get(path, start="2022-12-01")).json()
    none = (await ann.get(f"{path}/periods", to="2022-12-27")).json()
    refused = await ann.get(f"{path}/periods", per="year")

    assert months["periods"] == [{"start": "2022-12-28", "end": "2022-12-28", "sessions": 1}]
    parts = {each["part"]: each for each in months["parts"]}
    assert {name: parts[name]["values"] for name in ACTIVE} == {name: [-10.0] for name in ACTIVE}
    assert parts["specific"]["total"] == whole["specific"]
    assert months["pnl"] == [months["total"]] == [whole["total"]]
    assert months["sessions_left_out"] == ["2022-12-27"]
    assert (none["periods"], none["total"]) == ([], None)
    assert none["reason"] == "the first snapshot has no P&L"
    assert refused.status_code == 422
