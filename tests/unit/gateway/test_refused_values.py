"""What pydantic refuses is named by the path that the sender gave it."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from services.gateway.edge.problems import invalid_values
from services.gateway.edge.values import RequestBody


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("a number is even")
    return number


Even = Annotated[int, AfterValidator(_even)]


class Share(BaseModel):
    """One alternative."""

    kind: Literal["share"]
    symbol: Annotated[str, Field(min_length=1)]


class Option(BaseModel):
    """The other."""

    kind: Literal["option"]
    strikes: list[Even | Literal["atm"]]


class Basket(BaseModel):
    """Alternatives of several kinds."""

    first: Share | Option | None = None
    tagged: Annotated[Share | Option, Field(discriminator="kind")] | None = None
    shocks: dict[Annotated[str, Field(max_length=4)], Even | Literal["none"]] = {}


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({"first": 5}, ["first"]),
        ({"first": {"kind": "option", "strikes": ["atm", 3]}}, ["first.strikes.1"]),
        ({"first": {"kind": "share"}}, ["first.symbol"]),
        ({"tagged": {"kind": "share"}}, ["tagged.symbol"]),
        ({"tagged": {"kind": "option", "strikes": [3]}}, ["tagged.strikes.0"]),
        ({"tagged": {"kind": "bond"}}, ["tagged"]),
        ({"shocks": {"AAPL": 3, "MSFT": 4}}, ["shocks.AAPL"]),
        ({"shocks": {"GOOGL": 4}}, ["shocks.GOOGL"]),
        ([], [None]),
    ],
)
def test_the_path_holds_what_was_sent_and_nothing_else(sent: Any, fields: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Basket.model_validate(sent)

    problem = invalid_values(refused.value.errors(), sent)

    named = [each.field for each in problem.errors]
    assert set(fields) <= set(named)
    assert len(named) == len(set(named))
    parts = {part for each in named if each for part in each.split(".")}
    assert parts <= {"first", "tagged", "shocks", "kind", "symbol", "strikes"} | {
        *("0", "1", "AAPL", "GOOGL")
    }


def test_a_value_that_is_none_of_two_alternatives_is_one_error_with_both_reasons() -> None:
    sent = {"shocks": {"AAPL": 3}}
    with pytest.raises(ValidationError) as refused:
        Basket.model_validate(sent)

    problem = invalid_values(refused.value.errors(), sent)

    (error,) = problem.errors
    assert problem.detail == "1 value in the request cannot be used"
    assert "a number is even" in error.message
    assert "; or: " in error.message
    assert "'none'" in error.message


class Numbers(RequestBody):
    """Numbers in everything that holds some."""

    plain: float = 0.0
    perhaps: Annotated[int | None, Field(ge=0)] = None
    listed: list[tuple[int, float]] = Field(default=[])
    named: dict[str, float] = Field(default={})
    chosen: Literal[1, 5] = 1
    either: float | Literal["all"] = "all"
    word: Literal["day", "week"] = "day"
    switch: bool = False


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"plain": True}, "plain"),
        ({"perhaps": False}, "perhaps"),
        ({"listed": [[1, 2], [3, True]]}, "listed.1.1"),
        ({"named": {"AAPL": False}}, "named.AAPL"),
        ({"chosen": True}, "chosen"),
        ({"either": True}, "either"),
    ],
)
def test_true_and_false_are_no_numbers(sent: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Numbers.model_validate(sent)

    (error,) = invalid_values(refused.value.errors(), sent).errors
    assert (error.field, error.code) == (field, "number_expected")


def test_numbers_texts_and_switches_are_taken_as_before() -> None:
    sent = {"plain": "1.5", "listed": [[1, 2]], "chosen": 5, "either": 3, "switch": True}

    taken = Numbers.model_validate(sent)

    assert (taken.plain, taken.listed, taken.chosen) == (1.5, [(1, 2.0)], 5)
    assert (taken.either, taken.switch) == (3.0, True)
    described = TypeAdapter(Numbers).json_schema()["properties"]
    assert described["plain"] == {"default": 0.0, "title": "Plain", "type": "number"}
    with pytest.raises(ValidationError, match="'day' or 'week'"):
        Numbers.model_validate({"word": True})
