"""Columns as the bytes of Postgres' binary COPY, encoded a whole column at a time.

The format (https://www.postgresql.org/docs/current/sql-copy.html): a header; per row the number of
its fields, and per field its length and its bytes, big-endian, a null being a length of -1 without
bytes; a trailer. The bytes of a field are those that its type's `recv` function reads.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, repeat
from struct import pack

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Integer,
    Numeric,
    String,
    Uuid,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from shared.arrays import BoolArray, Columns, FloatArray, IntArray, Values

Fields = list[bytes]  # of a column: one entry per row, its length in front of it

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)  # no flags, no extension
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_EPOCH = np.datetime64("2000-01-01")
_FLOAT8 = 701  # object ids of the elements of arrays
_DATE = 1082
_VARCHAR = 1043
_NEGATIVE = 0x4000  # the sign of a numeric
_BASE = 10_000  # of its digits
_PLACES = 8  # decimals that two digits hold


def encoded(table: SqlTable, columns: Columns, same: Mapping[str, object]) -> bytes:
    """One row per entry of the `columns`; `same` holds the values that all rows share.

    Values are stored as `shared.rows.rows_of` has them: decimals of a numeric column's scale, null
    for what is not finite, JSON as text; only the elements of vectors stay NaN. The order of the
    fields is that of `columns` and then `same`. Raises `ValueError` when the columns differ in
    length, `OverflowError` for an integer that its column cannot hold, and `TypeError` for a column
    of a kind that is not known here.
    """
    fields = [_fields(table.c[name], values) for name, values in columns.items()]
    count = len(fields[0])
    shared = [_fields(table.c[name], [value]) * count for name, value in same.items()]
    width = repeat(pack(">h", len(fields) + len(shared)), count)
    rows = chain.from_iterable(zip(width, *fields, *shared, strict=True))
    return b"".join((_HEADER, *rows, _TRAILER))


def _fields(column: Column[object], values: Values) -> Fields:
    kind = column.type
    match kind:
        case ARRAY():
            return _arrays(kind.item_type, values)
        case JSONB():
            return _by_object(values, lambda each: b"\x01" + _json(each))
        case Double():
            numbers = np.asarray(values, dtype=np.float64)
            return _of_one_size(numbers, ">f8", np.isfinite(numbers))
        case Numeric():
            return _decimals(values, kind.scale or 0)
        case Integer():
            return _integers(column, values, 8 if isinstance(kind, BigInteger) else 4)
        case Boolean():
            known = np.array([each is not None for each in values], dtype=np.bool_)
            return _of_one_size(np.array([bool(each) for each in values]), "?", known)
        case Date():
            return _days(values)
        case Uuid():
            return _by_value(values, lambda each: each.bytes)
        case String():
            return _by_value(values, str.encode)
    raise TypeError(f"{column} is of the kind {kind!r}, which no column is copied as; merge rows")


def _listed(values: Values) -> Sequence[object]:
    listed: Sequence[object] = values.tolist() if isinstance(values, np.ndarray) else values
    return listed


def _field(content: bytes) -> bytes:
    return pack(">i", len(content)) + content


class _ByValue(dict[object, bytes]):
    """The fields of distinct values, each encoded when it is first looked up."""

    def __init__(self, encode: Callable[..., bytes]) -> None:
        super().__init__({None: _NULL})
        self._encode = encode

    def __missing__(self, value: object) -> bytes:
        field = self[value] = _field(self._encode(value))
        return field


def _by_value(values: Values, encode: Callable[..., bytes]) -> Fields:
    """Each distinct value is encoded once: a shard has few portfolios and symbols."""
    fields = _ByValue(encode)
    return [fields[value] for value in _listed(values)]


def _by_object(values: Values, encode: Callable[..., bytes]) -> Fields:
    """Each object is encoded once: many rows share one, which cannot always be looked up."""
    listed = _listed(values)
    distinct = {id(value): value for value in listed}
    fields = {
        place: _NULL if value is None else _field(encode(value))
        for place, value in distinct.items()
    }
    return [fields[id(value)] for value in listed]


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False).encode()


def _of_one_size(values: npt.NDArray[np.generic], kind: npt.DTypeLike, known: BoolArray) -> Fields:
    """Fields of a fixed number of bytes, null where not `known`."""
    records = np.empty(len(values), dtype=[("length", ">i4"), ("value", kind)])
    records["length"] = records.dtype["value"].itemsize
    records["value"] = values
    return _cut(records, known)


def _cut(records: npt.NDArray[np.void], known: BoolArray) -> Fields:
    fields: Fields = records.view(f"V{records.dtype.itemsize}").tolist()
    for place in np.flatnonzero(~known).tolist():
        fields[place] = _NULL
    return fields


def _integers(column: Column[object], values: Values, size: int) -> Fields:
    listed = _listed(values)
    known = np.array([each is not None for each in listed], dtype=np.bool_)
    numbers = np.array([0 if each is None else each for each in listed], dtype=np.int64)
    if size == 4 and (numbers.astype(np.int32) != numbers).any():
        raise OverflowError(f"{column} holds integers of 4 bytes: make it a BigInteger for larger")
    return _of_one_size(numbers, f">i{size}", known)


def _days(values: Values) -> Fields:
    days = np.asarray(values, dtype="datetime64[D]")
    known = ~np.isnat(days)
    since = np.where(known, days, _EPOCH) - _EPOCH
    return _of_one_size(since.astype(np.int64), ">i4", known)


def _decimals(values: Values, scale: int) -> Fields:
    """Numbers as they are, and floats rounded to `scale` decimals, null where not finite."""
    if not _is_floats(values):
        return _by_value([_rounded(each, scale) for each in _listed(values)], _numeric)
    numbers = np.asarray(values, dtype=np.float64)
    known = np.isfinite(numbers)
    units, certain = _units(np.where(known, numbers, 0.0), scale)
    fields = _of_one_size(_digits(units, scale), _DIGITS, known)
    for place in np.flatnonzero(known & ~certain).tolist():
        fields[place] = _field(_numeric(Decimal(f"{numbers[place]:.{scale}f}")))
    return fields


def _is_floats(values: Values) -> bool:
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return True
    return all(each is None or isinstance(each, float) for each in values)


def _rounded(value: object, scale: int) -> Decimal | None:
    if isinstance(value, Decimal | int):
        return Decimal(value)
    number = np.nan if value is None else float(str(value))
    return Decimal(f"{number:.{scale}f}") if np.isfinite(number) else None


def _units(numbers: FloatArray, scale: int) -> tuple[IntArray, BoolArray]:
    """The numbers in units of their last decimal, and whether rounding them so is certain.

    It is for the double closest to a number of so many decimals, and for what is not halfway
    between two of them by more than the error of the product.
    """
    scaled = numbers * 10.0**scale
    units = np.rint(scaled)
    most = min(2.0**52, 9e18 / 10.0 ** (_PLACES - scale))
    closest = (np.abs(units) < most) & (units / 10.0**scale == numbers)
    halfway = np.abs(scaled - np.floor(scaled) - 0.5) < 2.0**-8
    certain = closest | (~halfway & (np.abs(units) < min(2.0**43, most)))
    return np.where(certain, units, 0.0).astype(np.int64), certain


_DIGITS = np.dtype(
    [("count", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">i2"), ("digits", ">i2", 5)]
)


def _digits(units: IntArray, scale: int) -> npt.NDArray[np.void]:
    """Three digits before the point and two after it; Postgres drops zeros at both ends."""
    numbers = np.empty(len(units), dtype=_DIGITS)
    numbers["count"] = 5
    numbers["weight"] = 2
    numbers["scale"] = scale
    numbers["sign"] = np.where(units < 0, _NEGATIVE, 0)
    rest = np.abs(units) * 10 ** (_PLACES - scale)
    for place in reversed(range(5)):
        rest, numbers["digits"][:, place] = np.divmod(rest, _BASE)
    return numbers


def _numeric(number: Decimal) -> bytes:
    """A number of any size: its digits to the base of 10,000, the weight of the first first."""
    sign, digits, exponent = number.as_tuple()
    scale = max(-int(exponent), 0)
    after = -(-scale // 4)
    rest = int("".join(map(str, digits))) * 10 ** (int(exponent) + 4 * after)
    groups: list[int] = []
    while rest:
        rest, group = divmod(rest, _BASE)
        groups.insert(0, group)
    head = (len(groups), len(groups) - after - 1, _NEGATIVE if sign else 0, scale)
    return pack(f">hhHh{len(groups)}h", *head, *groups)


def _arrays(kind: TypeEngine[object], values: Values) -> Fields:
    match kind:
        case Double():
            return _vectors(values)
        case Date():
            return _by_object(values, lambda each: _array(_DATE, _days(each)))
        case String():
            return _by_object(values, lambda each: _array(_VARCHAR, _by_value(each, str.encode)))
    raise TypeError(f"arrays of {kind!r} are not copied as columns; merge rows")


def _array(element: int, fields: Fields) -> bytes:
    """One dimension, its elements counted from 1; none without elements."""
    if not fields:
        return pack(">iii", 0, 0, element)
    has_null = int(_NULL in fields)
    return pack(">iiiii", 1, has_null, element, len(fields), 1) + b"".join(fields)


def _vectors(values: Values) -> Fields:
    """Vectors of numbers, those of one length at once; None is null, NaN stays NaN."""
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for place, vector in enumerate(values):
        if vector is not None:
            by_length[len(vector)].append(place)
    fields = [_NULL] * len(values)
    for length, places in by_length.items():
        for place, field in zip(places, _equally_long(values, places, length), strict=True):
            fields[place] = field
    return fields


def _equally_long(values: Values, places: Sequence[int], length: int) -> Fields:
    if length == 0:
        return [_field(_array(_FLOAT8, []))] * len(places)
    vectors = np.empty(len(places), dtype=_vector_of(length))
    size = vectors.dtype.itemsize - 4
    for name, value in zip(_HEAD, (size, 1, 0, _FLOAT8, length, 1), strict=True):
        vectors[name] = value
    vectors["elements"]["length"] = 8
    vectors["elements"]["value"] = np.array([values[place] for place in places], dtype=np.float64)
    return _cut(vectors, np.ones(len(places), dtype=np.bool_))


_HEAD = ("size", "dimensions", "nulls", "kind", "length", "first")


def _vector_of(length: int) -> np.dtype[np.void]:
    head = [(name, ">i4") for name in _HEAD]
    element = [("length", ">i4"), ("value", ">f8")]
    return np.dtype([*head, ("elements", element, (length,))])
