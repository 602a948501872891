"""Sentences about failures and missing data name only what their readers hold."""

from datetime import date
from uuid import UUID, uuid4

from services.gateway.runs.troubles import named_symbols, troubles_of_failure, troubles_of_stage
from shared.contracts.event import Notice, PortfolioFailure
from shared.contracts.greeks import GreeksComputed, GreeksFailed
from shared.contracts.ingest import PricesUpdated

AS_OF = date(2022, 12, 28)
MINE, THEIRS = UUID(int=1), UUID(int=2)


def prices(*warnings: Notice) -> PricesUpdated:
    return PricesUpdated.new(
        uuid4(),
        AS_OF,
        price_run="p",
        shard=0,
        shards=1,
        portfolio_ids=(MINE, THEIRS),
        warnings=warnings,
    )


def quarantined(*names: str) -> Notice:
    return Notice.naming("price_quarantined", "closes of polygon were rejected", names)


def test_each_sentence_names_what_all_its_readers_hold() -> None:
    event = prices(quarantined("AAPL 2022-12-27", "AAPL 2022-12-28", "SECRET 2022-12-28"))
    holders = {"AAPL": [MINE, THEIRS], "SECRET": [THEIRS]}

    found = troubles_of_stage("prices", event, holders, set())

    assert named_symbols(event) == {"AAPL", "SECRET"}
    assert [(t.portfolio_ids, t.message.partition(": ")[2], t.fatal) for t in found] == [
        ((MINE, THEIRS), "AAPL 2022-12-27, AAPL 2022-12-28", False),
        ((THEIRS,), "SECRET 2022-12-28", False),
    ]


def test_what_no_portfolio_holds_any_longer_concerns_none() -> None:
    [trouble] = troubles_of_stage("prices", prices(quarantined("SECRET 2022-12-28")), {}, set())

    assert trouble.portfolio_ids == ()


def test_factor_proxies_and_yields_concern_every_portfolio() -> None:
    yields = Notice.naming("yield_not_believed", "yields of fred were rejected", ["10Y 2022-12-28"])
    outage = Notice(code="provider_unavailable", message="fred: GET /series/SECRET: 500")
    event = prices(quarantined("SPY 2022-12-28"), yields, outage)

    found = troubles_of_stage("prices", event, {}, {"SPY"})

    assert {trouble.portfolio_ids for trouble in found} == {(MINE, THEIRS)}
    assert not any("SECRET" in trouble.message for trouble in found)
    assert found[-1].detail == outage.message


def test_long_lists_are_cut() -> None:
    names = [f"S{number:03}" for number in range(30)]
    notice = Notice.naming("unknown_symbol", "unknown", names, shown=30)

    [trouble] = troubles_of_stage("prices", prices(notice), {name: [MINE] for name in names}, set())

    assert trouble.message.endswith("S019 and 10 more")


def test_other_warnings_are_no_problem_of_the_run() -> None:
    assert (
        troubles_of_stage("prices", prices(Notice(code="price_missing", message="x")), {}, set())
        == ()
    )


def test_a_failed_portfolio_is_named_with_a_reason_and_the_cause_is_apart() -> None:
    failure = PortfolioFailure(
        portfolio_id=THEIRS, reason="too large", error="DataError", detail="SECRET sql"
    )
    event = GreeksComputed.about(prices()).model_copy(
        update={"portfolio_ids": (MINE,), "failed_portfolios": (failure,)}
    )

    [trouble] = troubles_of_stage("greeks", event, {}, set())

    assert (trouble.portfolio_ids, trouble.message, trouble.fatal) == ((THEIRS,), "too large", True)
    assert trouble.detail == "DataError: SECRET sql"
    assert "SECRET" not in str(trouble.as_news())


def test_a_failed_shard_says_what_its_event_says_to_users() -> None:
    event = GreeksFailed.new(
        uuid4(),
        AS_OF,
        heard="prices.updated",
        portfolio_ids=(MINE, THEIRS),
        attempts=4,
        error="ValueError",
        message="SECRET",
    )

    [trouble] = troubles_of_failure("greeks", event)

    assert (trouble.code, trouble.portfolio_ids) == ("calculation_failed", (MINE, THEIRS))
    assert "SECRET" not in str(trouble.as_news())
    assert trouble.detail == "ValueError: SECRET"
