"""Orders in FIX 4.4 are what two parsers of others read, by the dictionary of FIX 4.4."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import simplefix
from fixcore.message import Message, load_data_dictionary
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.books.files.fix import Field, NotInFix, message
from services.gateway.books.files.orders import (
    Envelope,
    Order,
    order_list_file,
    orders_file,
)
from services.gateway.books.ledger import Kind

DICTIONARY = load_data_dictionary("FIX44.xml")
SENT = datetime(2022, 12, 28, 16, 5, 0, 123456, timezone(timedelta(hours=-5)))
ENVELOPE = Envelope("DESK1", "BROKER", "ACC-7", SENT, SENT, 7, "0")
SHARES = Order("id-1", Kind.SELL, "AAPL", "AAPL", Decimal(-100), Decimal("126.04"))
CALL = Order(
    "id-2",
    Kind.SELL_SHORT,
    "SPXW230616C03800000",
    "SPX",
    Decimal(-2),
    option_type="C",
    strike=Decimal("3800.000"),
    expiry=date(2023, 6, 16),
    multiplier=100,
)
TRADED = (Kind.BUY, Kind.SELL, Kind.SELL_SHORT, Kind.BUY_TO_COVER)
LETTERS = st.characters(exclude_categories=("Cc", "Cs"))
amounts = st.decimals("0.000001", "9999999", places=6)


@st.composite
def any_order(draw: st.DrawFn) -> Order:
    kind = draw(st.sampled_from(TRADED))
    quantity = draw(amounts) * (1 if kind in (Kind.BUY, Kind.BUY_TO_COVER) else -1)
    limit = draw(st.none() | amounts)
    note = draw(st.text(LETTERS, max_size=30))
    order_id = draw(st.uuids()).hex
    order = Order(order_id, kind, "BRK.B", "BRK.B", quantity, limit, note=note)
    if draw(st.booleans()):
        return order
    strike, right = draw(amounts), draw(st.sampled_from("CP"))
    expiry = draw(st.dates(date(1990, 1, 1), date(2199, 12, 31)))
    return replace(order, option_type=right, strike=strike, expiry=expiry, multiplier=100)


def read(data: bytes) -> list[dict[int, bytes]]:
    """The messages by simplefix, each with its fields by tag."""
    parser = simplefix.FixParser()
    parser.add_raw(354, 355)
    parser.append_buffer(data)
    found = []
    while (each := parser.get_message()) is not None:
        found.append({int(tag): value for tag, value in each.pairs})
    return found


def parts(data: bytes) -> list[bytes]:
    """The bytes of each message."""
    return [b"8=FIX.4.4" + each for each in data.split(b"8=FIX.4.4")[1:]]


def meant(order: Order) -> dict[int, str | Decimal | None]:
    """What a broker is to read, from the order itself."""
    is_option = order.option_type is not None
    buys = order.kind in (Kind.BUY, Kind.BUY_TO_COVER)
    short = order.kind is Kind.SELL_SHORT and not is_option
    return {
        11: order.order_id,
        38: abs(order.quantity),
        40: "1" if order.limit is None else "2",
        44: order.limit,
        54: "1" if buys else "5" if short else "2",
        55: order.underlying,
        77: "O" if order.kind in (Kind.BUY, Kind.SELL_SHORT) else "C",
        167: "OPT" if is_option else None,
        200: f"{order.expiry:%Y%m}" if is_option else None,
        201: {"P": "0", "C": "1", None: None}[order.option_type],
        202: order.strike,
        231: Decimal(100) if is_option else None,
        541: f"{order.expiry:%Y%m%d}" if is_option else None,
    }


NUMBERS = {38, 44, 202, 231}


def said(fields: dict[int, bytes], tags: Sequence[int]) -> dict[int, str | Decimal | None]:
    texts = {tag: fields[tag].decode() if tag in fields else None for tag in tags}
    return {tag: Decimal(t) if t and tag in NUMBERS else t for tag, t in texts.items()}


@given(st.lists(any_order(), max_size=3))
def test_any_order_is_read_back_by_an_independent_parser(orders: list[Order]) -> None:
    data = orders_file(orders, ENVELOPE)
    found = read(data)

    assert len(found) == len(orders)
    for place, (fields, order) in enumerate(zip(found, orders, strict=True)):
        wanted = meant(order)
        assert said(fields, list(wanted)) == wanted
        assert (fields[35], fields[34]) == (b"D", str(7 + place).encode())
        assert fields.get(355, fields.get(58, b"")).decode() == order.note
    for part, order in zip(parts(data), orders, strict=True) if len(orders) == 1 else ():
        checked = Message.decode(part, DICTIONARY)  # refuses a wrong length or checksum
        DICTIONARY.validate(checked, check_field_values=True, check_has_values=True)
        known = DICTIONARY.message_def("D").all_fields
        given_tags = {tag for tag, _ in checked.body.items()}
        assert {tag for tag in given_tags if not DICTIONARY.is_header_field(tag)} <= known
        assert checked.get_field(11) == order.order_id


@given(st.lists(any_order(), min_size=1, max_size=3))
def test_a_list_has_every_order_as_an_entry_of_its_group(orders: list[Order]) -> None:
    found = Message.decode(order_list_file(orders, ENVELOPE, "list-1"), DICTIONARY)

    DICTIONARY.validate(found, check_field_values=True, check_has_values=True)
    entries = found.get_groups(73)
    assert (found.msg_type, found.get_field(66), found.get_field(68)) == (
        *("E", "list-1"),
        str(len(orders)),
    )
    for number, (entry, order) in enumerate(zip(entries, orders, strict=True), start=1):
        fields = {tag: text.encode("latin-1") for tag, text in entry.items()}
        wanted = meant(order)
        assert said(fields, list(wanted)) == wanted
        assert entry.get_field(67) == str(number)


def test_length_and_checksum_are_those_of_a_published_message() -> None:
    """An execution report that is widely printed with length 178 and checksum 128 as FIX.4.2."""
    text = (
        "49=PHLX|56=PERS|52=20071123-05:30:00.000|11=ATOMNOCCC9990900|20=3|150=E|39=E|55=MSFT|"
        "167=CS|54=1|38=15|40=2|44=15|58=PHLX EQUITY TESTING|59=0|47=C|32=0|31=0|151=15|14=0|6=0"
    )
    pairs = [field.split("=") for field in text.split("|")]

    written = message("8", [], [Field(int(tag), "any", value) for tag, value in pairs])

    assert written.startswith(b"8=FIX.4.4\x019=178\x0135=8\x01")
    assert written.endswith(b"\x0110=130\x01")  # 4.4 adds two to the sum of 4.2


def test_shares_and_an_option_are_written_to_the_byte() -> None:
    shares, call = orders_file([SHARES, CALL], ENVELOPE).decode().split("8=FIX.4.4\x01")[1:]

    assert shares.replace("\x01", "|") == (
        "9=147|35=D|49=DESK1|56=BROKER|34=7|52=20221228-21:05:00.123|11=id-1|1=ACC-7|55=AAPL|54=2|"
        "60=20221228-21:05:00.123|38=100|40=2|44=126.04|15=USD|59=0|77=C|10=050|"
    )
    option = "|55=SPX|48=SPXW230616C03800000|22=8|167=OPT|200=202306|541=20230616|201=1|202=3800|"
    assert f"{option}231=100|54=2|" in call.replace("\x01", "|")
    assert "\x0138=2\x0140=1\x0115=USD\x01" in call


@pytest.mark.parametrize(
    ("kind", "option_type", "side", "effect"),
    [
        (Kind.BUY, None, "1", "O"),
        (Kind.BUY_TO_COVER, None, "1", "C"),
        (Kind.SELL, None, "2", "C"),
        (Kind.SELL_SHORT, None, "5", "O"),
        (Kind.SELL_SHORT, "C", "2", "O"),
        (Kind.BUY_TO_COVER, "C", "1", "C"),
    ],
)
def test_only_shares_are_marked_as_sold_short(
    kind: Kind, option_type: str | None, side: str, effect: str
) -> None:
    order = replace(SHARES if option_type is None else CALL, kind=kind)

    (fields,) = read(orders_file([order], ENVELOPE))

    assert (fields[54], fields[77]) == (side.encode(), effect.encode())


CONTROLS = st.sampled_from([chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))])


@given(CONTROLS, st.text(LETTERS, max_size=3), st.text(LETTERS, max_size=3))
def test_no_text_smuggles_a_control_character(control: str, before: str, after: str) -> None:
    text = f"{before}{control}{after}"
    changed = [
        (58, replace(SHARES, note=text), ENVELOPE),
        (55, replace(SHARES, symbol=text), ENVELOPE),
        (49, SHARES, replace(ENVELOPE, sender=text)),
        (56, SHARES, replace(ENVELOPE, target=text)),
        (1, SHARES, replace(ENVELOPE, account=text)),
    ]

    for tag, order, envelope in changed:
        with pytest.raises(NotInFix, match=f"U.{ord(control):04X}") as refused:
            orders_file([order], envelope)
        assert {355: 58}.get(refused.value.tag, refused.value.tag) == tag  # encoded: the same text


def test_foreign_letters_are_for_notes_only() -> None:
    (fields,) = read(orders_file([replace(SHARES, note="Öl = 5 €")], ENVELOPE))

    assert (fields[347], fields[58], fields[355].decode()) == (b"UTF-8", b"?l = 5 ?", "Öl = 5 €")
    with pytest.raises(NotInFix, match="write it in ASCII"):
        orders_file([SHARES], replace(ENVELOPE, target="BÖRSE"))


def test_moments_are_in_utc_in_any_zone() -> None:
    same = replace(ENVELOPE, sent_at=SENT.astimezone(UTC), transacted_at=SENT.astimezone(UTC))

    assert orders_file([SHARES], same) == orders_file([SHARES], ENVELOPE)
