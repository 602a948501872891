"""Greeks on request over REST: the gateway asks, the greeks service's own code answers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.aio.client import Client

from services.greeks.handlers.price_options import price_options
from shared.contracts.greeks import PriceOptions
from tests.builders import AS_OF
from tests.integration.gateway.answering import handling
from tests.integration.gateway.people import Person
from tests.servers import Role

pytestmark = pytest.mark.usefixtures("market")
PATH = "risk/greeks/calculate"
CHECK = {
    "contract": "XYZ231228C00100000",
    "underlying_price": 100,
    "volatility": 0.2,
    "rate": 0.05,
    "dividend_yield": 0,
}


@pytest.fixture
async def greeks(bus: Client, role: Role) -> AsyncIterator[None]:
    """The greeks service's answer to what is asked on the bus, in its own role."""
    async with handling(bus, role("greeks"), PriceOptions, price_options):
        yield


async def calculated(person: Person, *options: dict[str, Any], **given: Any) -> dict[str, Any]:
    response = await person.post(PATH, {"options": options, **given})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_check_value_over_rest_with_engine_and_inputs_echoed(
    ann: Person, greeks: None
) -> None:
    answer = await calculated(ann, CHECK, engine="european")

    [option] = answer["options"]
    assert (answer["engine"], answer["as_of"]) == ("european", AS_OF.isoformat())
    assert option["price"] == 10.450584
    assert [option[greek] for greek in ("delta", "gamma", "theta", "vega", "rho")] == [
        0.636831, 0.018762, -0.0175727, 0.37524, 0.532325,
    ]  # fmt: skip
    assert (option["volatility"], option["iv_source"]) == (0.2, "given")
    assert (option["underlying_price"], option["underlying_price_source"]) == (100.0, "given")
    assert (option["exercise"], option["model"]) == ("american", "black_scholes_merton")
    assert option["strike"] == 100.0


async def test_equity_put_is_american_by_default(ann: Person, greeks: None) -> None:
    put = {**CHECK, "contract": "XYZ231228P00100000"}

    american = (await calculated(ann, put))["options"][0]
    european = (await calculated(ann, put, engine="mibian"))["options"][0]

    assert (american["price"], american["model"]) == (
        pytest.approx(6.0904, abs=1e-4),
        "american_collocation",
    )
    assert (european["price"], european["model"]) == (pytest.approx(5.5735, abs=1e-4), "mibian")


async def test_impossible_option_is_null_beside_a_possible_one(ann: Person, greeks: None) -> None:
    answer = await calculated(ann, {"contract": "XYZ231328C00100000"}, CHECK)

    impossible, possible = answer["options"]
    assert "does not exist" in impossible["reason"]
    assert impossible["delta"] is None
    assert possible["delta"] is not None


async def test_closed_day_is_refused(ann: Person, greeks: None) -> None:
    response = await ann.post(PATH, {"options": [CHECK], "as_of": "2022-12-26"})

    assert response.status_code == 422
    assert "not a NYSE session" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"options": []},
        {"options": [{**CHECK, "volatility": -1}]},
        {"options": [CHECK], "engine": "abacus"},
    ],
)
async def test_senseless_request_is_refused_by_field(ann: Person, body: dict[str, Any]) -> None:
    response = await ann.post(PATH, body)

    assert response.status_code == 422
    assert response.json()["errors"]


async def test_without_the_greeks_service_the_caller_may_retry(ann: Person) -> None:
    response = await ann.post(PATH, {"options": [CHECK]})

    assert response.status_code == 503
    assert response.headers["Retry-After"]
