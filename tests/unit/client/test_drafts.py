"""A draft of the client is calculated, its impacts read, and it is discarded unless it is kept."""

import json
from typing import Any

import httpx2
import pytest

from sigmasight_client import ApiError, NotCalculated, SigmaSight, new_draft

DRAFT = "7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11"
SUGGESTED = "0e0f6ed5-6f9c-4bb4-8a35-0b9a9f9f9f11"
RUN = "5d0c8a51-5a0b-4d6c-8a5f-0a1b2c3d4e5f"


class Modelling:
    """Modelling sessions of an API in which every run ends as it is given."""

    def __init__(self, status: str = "completed", impacts: Any = "figures") -> None:
        self.status = status
        self.impacts = impacts
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/api/v1/")
        if path != "auth/login":
            self.asked.append(f"{request.method} {path}".replace(DRAFT, "{id}"))
        match path.rpartition("/")[2]:
            case "login":
                return httpx2.Response(200, json={"access_token": "t", "refresh_token": "r"})
            case "trades":
                return httpx2.Response(422, json={"code": "invalid_trade", "detail": "no price"})
            case "suggestions":
                suggestion = {"draft": {"draft_id": SUGGESTED}, "trades": []}
                return httpx2.Response(201, json={"suggestions": [suggestion]})
            case "calculate":
                return httpx2.Response(202, json={"run": {"run_id": RUN, "status": "running"}})
            case "events":
                ended = {"status": self.status, "problems": [{"message": "no prices"}]}
                text = f"id: 1\nevent: run\ndata: {json.dumps(ended)}\n\n"
                return httpx2.Response(
                    200, text=text, headers={"Content-Type": "text/event-stream"}
                )
            case "impacts":
                return httpx2.Response(200, json={"impacts": self.impacts, "reason": "not yet"})
        status = 204 if request.method == "DELETE" else 201
        return httpx2.Response(status, json={"draft_id": DRAFT} if status == 201 else None)

    def client(self) -> SigmaSight:
        return SigmaSight(
            "http://api", "ann@example.com", "secret", transport=httpx2.MockTransport(self)
        )


def test_a_draft_is_calculated_to_its_end_and_discarded() -> None:
    api = Modelling()

    with api.client() as client, new_draft(client, DRAFT) as draft:
        found = draft.calculate()

    assert str(found["impacts"]) == "figures"
    assert api.asked == [
        "POST modelling/sessions",
        "POST modelling/sessions/{id}/calculate",
        "GET events",
        "GET modelling/sessions/{id}/impacts",
        "DELETE modelling/sessions/{id}",
    ]


def test_a_draft_that_is_kept_is_not_discarded() -> None:
    api = Modelling()

    with api.client() as client, new_draft(client, DRAFT) as draft:
        draft.keep()

    assert api.asked == ["POST modelling/sessions"]


def test_a_draft_of_refused_trades_is_discarded() -> None:
    api = Modelling()

    with api.client() as client, pytest.raises(ApiError), new_draft(client, DRAFT) as draft:
        draft.trade({"action": "close", "symbol": "AAPL"})

    assert api.asked[-1] == "DELETE modelling/sessions/{id}"


def test_a_suggestion_takes_the_place_of_the_draft() -> None:
    api = Modelling()

    with api.client() as client, new_draft(client, DRAFT) as draft:
        draft.suggest({"targets": [{"measure": "beta", "equal": 0}]})

    assert api.asked == [
        "POST modelling/sessions",
        "POST modelling/sessions/{id}/suggestions",
        "DELETE modelling/sessions/{id}",
        f"DELETE modelling/sessions/{SUGGESTED}",
    ]


@pytest.mark.parametrize(
    ("api", "why"),
    [
        (Modelling(status="failed"), "the draft's run failed: no prices"),
        (Modelling(impacts=None), "not yet"),
    ],
)
def test_a_draft_without_figures_says_why(api: Modelling, why: str) -> None:
    with (
        api.client() as client,
        new_draft(client, DRAFT) as draft,
        pytest.raises(NotCalculated) as refused,
    ):
        draft.calculate()

    assert str(refused.value) == why
