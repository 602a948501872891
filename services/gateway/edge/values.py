"""Types and models that answers are made of.

Rounding happens here, once: money to cents, Greeks to six significant digits.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from services.gateway.edge.shapes import MOST_DECIMALS, Number, half_away
from shared.texts import shows_all

Entry = TypeVar("Entry")
_PLAIN = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_DIGITS = 6  # significant ones of a Greek: gamma of an index is far below 0.0001
_LEAST_DECIMALS = 4
# a Greek has one decimal less from each of these on
FEWER_DECIMALS_FROM = [
    10.0**power for power in range(_DIGITS - MOST_DECIMALS, _DIGITS - _LEAST_DECIMALS)
]
_INNER = {"schema", "items_schema", "values_schema", "choices", "fields"}  # of a schema: schemas


@dataclass(frozen=True)
class Rounded:
    """Marks a type whose numbers are rounded, for what writes them without validating them.

    `decimals`: None for six significant digits.
    """

    decimals: int | None


def _rounded_to(decimals: int) -> Callable[[Number | None], float | None]:
    return lambda value: None if value is None else half_away(value, decimals)


def _significant(value: Number | None) -> float | None:
    """Rounded to at least six significant digits and four decimals, and at most twelve decimals."""
    if value is None:
        return None
    place = bisect_right(FEWER_DECIMALS_FROM, abs(float(value)))
    return half_away(value, MOST_DECIMALS - place)


def _plain(value: object) -> object:
    """A text only if it is a plain number: as an amount, `1_000` would be a thousand."""
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise ValueError("a number has digits and a decimal point, and no separators")
    return value


def _printable(text: str) -> str:
    """A text of one line that shows all it holds: it goes into lists, files and messages."""
    if not shows_all(text):
        raise ValueError("control characters, line breaks and invisible characters are not allowed")
    return text


def _named(text: str) -> str:
    if not text.strip():
        raise ValueError("a name needs at least one letter")
    return _printable(text).strip()


PRINTABLE = AfterValidator(_printable)
A_NAME = AfterValidator(_named)
Name = Annotated[str, Field(min_length=1, max_length=100), A_NAME]
FullName = Annotated[str, Field(max_length=200), PRINTABLE]
PlainDecimal = Annotated[Decimal, BeforeValidator(_plain)]
Money = Annotated[
    float, BeforeValidator(_rounded_to(2)), Rounded(2), Field(description="USD, two decimals")
]
Price = Annotated[
    float, BeforeValidator(_rounded_to(6)), Rounded(6), Field(description="USD per share")
]
Greek = Annotated[float, BeforeValidator(_significant), Rounded(None)]
Quantity = Annotated[
    float,
    BeforeValidator(_rounded_to(6)),
    Rounded(6),
    Field(description="signed: below 0 is short"),
]
ValuedBy = Annotated[
    str | None, Field(description="close, adjusted_close, quote_mid, model or intrinsic")
]


def example(**values: Any) -> ConfigDict:
    """A model's configuration with one example for the documentation."""
    return ConfigDict(extra="ignore", json_schema_extra={"examples": [values]})


def body_example(**values: Any) -> ConfigDict:
    """The same for what a request sends."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("number_expected", "send a number: true and false are none")
    return value


def _numbers_alone(schema: Any) -> Any:
    """A schema whose numbers, however deep, are not given as true or false.

    Other request bodies in it are references here, and have done so themselves.
    """
    if isinstance(schema, (list, tuple)):
        return type(schema)(_numbers_alone(each) for each in schema)
    if not isinstance(schema, dict):
        return schema
    if _is_numeric(schema):
        numeric = cast(CoreSchema, schema)
        return core_schema.no_info_before_validator_function(_no_truth, numeric)
    holds = schema.keys() & _INNER if "type" in schema else schema.keys()
    return schema | {name: _numbers_alone(schema[name]) for name in holds}


def _is_numeric(schema: Mapping[str, object]) -> bool:
    match schema:
        case {"type": "int" | "float" | "decimal"} | {"type": "enum", "sub_type": "int" | "float"}:
            return True
        case {"type": "literal", "expected": list(values)}:
            return any(type(each) is int for each in values)
    return False


class RequestBody(BaseModel):
    """What a request sends: the base of every model of a body, and of what is in one.

    An unknown field is refused by its name, since it may be a misspelling. For a number pydantic
    takes true and false as well, as 1 and 0: here they are refused by their field.
    """

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        model = cast(dict[str, object], handler.resolve_ref_schema(schema))
        model.update(_numbers_alone(model))
        return schema


SOME_ID = "7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11"


class Page(BaseModel, Generic[Entry]):
    """A part of a list: `total` is how many there are without `limit` and `offset`."""

    items: list[Entry]
    total: int
    limit: int
    offset: int


class Warned(BaseModel):
    """Something a reader should know about the numbers: what, how often, and which it concerns."""

    model_config = example(
        code="stale_price",
        message="the last known price was carried forward",
        count=1,
        about=["MTUM"],
    )

    code: str
    message: str
    count: int = 1
    about: list[str] = []


class Coverage(BaseModel):
    """Share (0 to 1) of gross notional exposure that had a current price, and Greeks."""

    prices: float | None
    greeks: float | None


class LeftOut(BaseModel):
    """A position that the answer's numbers do not contain, and why."""

    model_config = example(
        position_id=SOME_ID, symbol="NEWCO", reason="12 returns in the window; 60 are needed"
    )

    position_id: UUID
    symbol: str
    reason: str


UnmeasuredPositions = Annotated[
    list[LeftOut], Field(description="positions that some exposure measure does not contain")
]
