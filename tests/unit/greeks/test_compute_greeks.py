"""The handler alone, on plain fakes: what it asks for, what it saves, what it publishes."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid5

import pytest

from services.greeks.handlers.compute_greeks import compute_greeks
from services.greeks.inputs import (
    Basis,
    Close,
    ContractTerms,
    ContractValuation,
    HeldOption,
    Market,
    Work,
)
from shared.arrays import Columns
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import PricesUpdated
from shared.database import Session
from shared.instruments import parse_occ
from tests.unit.builders import AS_OF, PORTFOLIO, a_shard, handled

EXPIRED = "AAPL221216C00130000"


def an_option(contract: str = EXPIRED, quantity: int = 2) -> HeldOption:
    terms = parse_occ(contract)
    return HeldOption(
        uuid5(EVENT_NAMESPACE, f"{contract}/{quantity}"),
        PORTFOLIO,
        contract,
        terms.underlying,
        Decimal(quantity),
        100,
    )


class Repository:
    """Replaces the database: returns `work` and records what is saved."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.valued: list[ContractValuation] = []
        self.positions: Columns = {}

    async def claim_work(self, session: Session, ids: Sequence[UUID], basis: Basis) -> Work:
        self.basis = basis
        return self.work

    async def save_greeks(
        self,
        session: Session,
        ids: Sequence[UUID],
        basis: Basis,
        valued: Sequence[ContractValuation],
        positions: Columns,
    ) -> None:
        self.valued = list(valued)
        self.positions = positions


async def handle(work: Work, monkeypatch: pytest.MonkeyPatch) -> tuple[Repository, GreeksComputed]:
    repository, shard = Repository(work), a_shard(PricesUpdated)
    return repository, await handled(shard, compute_greeks, repository, monkeypatch)


def work(
    *held: HeldOption, missing: Sequence[str] = (), current: Sequence[ContractValuation] = ()
) -> Work:
    terms = [ContractTerms.of(parse_occ(contract), AS_OF) for contract in missing]
    closes = {(each.underlying, each.priced_on(AS_OF)): Close(135.0, AS_OF) for each in terms}
    market = Market(AS_OF, closes, {}, None, 0.03, {})
    return Work(held, {valuation.contract: valuation for valuation in current}, terms, market)


async def test_only_missing_contracts_are_valued_and_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = ContractValuation("AAPL230616C00130000", 0.46, delta=0.5)
    shard = work(an_option(), an_option("AAPL230616C00130000"), missing=[EXPIRED], current=[known])

    repository, event = await handle(shard, monkeypatch)

    assert [valuation.contract for valuation in repository.valued] == [EXPIRED]
    assert repository.positions["delta"][1] == 0.5 * 200
    assert event.counts == {"contracts": 2, "positions": 2}


async def test_contract_without_value_passes_its_reason_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = ContractValuation("AAPL230616C00130000", 0.46, reason="no price for AAPL")

    repository, event = await handle(
        work(an_option("AAPL230616C00130000"), current=[unknown]), monkeypatch
    )

    assert repository.positions["reason"] == ["no price for AAPL"]
    (notice,) = event.warnings
    assert (notice.code, notice.about) == ("greeks_missing", ("AAPL230616C00130000",))


async def test_basis_names_the_session_and_its_market_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository, _ = await handle(work(), monkeypatch)

    assert (repository.basis.as_of, repository.basis.price_run) == (AS_OF, "run-1")
