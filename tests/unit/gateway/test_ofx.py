"""Investment statements in OFX, of either version: what is held, or what was done."""

from datetime import date
from decimal import Decimal

import pytest

from services.gateway.books.files import (
    Entries,
    Rules,
    entries_of,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.mapping import Use
from services.gateway.books.files.recognising import recognise
from shared.calendar import is_session

RULES = Rules(date(2022, 12, 28), None, is_session)
OPTION = "AAPL230120C00150000"


def done(text: str) -> Entries:
    return entries_of(sheet_of(text.encode(), use=Use.TRANSACTIONS), RULES)


SECURITIES = """\
<SECLISTMSGSRSV1><SECLIST>
<STOCKINFO><SECINFO><SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID>
<SECNAME>APPLE INC<TICKER>AAPL</SECINFO></STOCKINFO>
<OPTINFO><SECINFO><SECID><UNIQUEID>0AAPL.AK30150000<UNIQUEIDTYPE>OTHER</SECID>
<SECNAME>AAPL JAN 20 150 C<TICKER>AAPL</SECINFO><OPTTYPE>CALL<STRIKEPRICE>150.00
<DTEXPIRE>20230120<SHPERCTRCT>100<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID></OPTINFO>
<MFINFO><SECINFO><SECID><UNIQUEID>922906300<UNIQUEIDTYPE>CUSIP</SECID>
<SECNAME>Federal Money Market Fund<TICKER>VMFXX</SECINFO></MFINFO>
<DEBTINFO><SECINFO><SECID><UNIQUEID>912796XX0<UNIQUEIDTYPE>CUSIP</SECID>
<SECNAME>T BILL &amp; CO</SECINFO></DEBTINFO>
</SECLIST></SECLISTMSGSRSV1>
"""
HOLDINGS = """\
<INVPOSLIST>
<POSSTOCK><INVPOS><SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><HELDINACCT>CASH
<POSTYPE>LONG<UNITS>100.0<UNITPRICE>126.04<MKTVAL>12604.00<DTPRICEASOF>20221228160000.000[-5:EST]
</INVPOS></POSSTOCK>
<POSOPT><INVPOS><SECID><UNIQUEID>0AAPL.AK30150000<UNIQUEIDTYPE>OTHER</SECID><HELDINACCT>MARGIN
<POSTYPE>SHORT<UNITS>-2<UNITPRICE>0.18<MKTVAL>-36.00<AVGCOSTBASIS>4.20
<DTPRICEASOF>20221228</INVPOS></POSOPT>
<POSMF><INVPOS><SECID><UNIQUEID>922906300<UNIQUEIDTYPE>CUSIP</SECID><POSTYPE>LONG<UNITS>812.44
<UNITPRICE>1.00<MKTVAL>812.44<DTPRICEASOF>20221228</INVPOS></POSMF>
<POSDEBT><INVPOS><SECID><UNIQUEID>912796XX0<UNIQUEIDTYPE>CUSIP</SECID><POSTYPE>LONG<UNITS>10000
<UNITPRICE>99.51<MKTVAL>9951.00<DTPRICEASOF>20221228</INVPOS></POSDEBT>
<POSSTOCK><INVPOS><SECID><UNIQUEID>unlisted<UNIQUEIDTYPE>CUSIP</SECID><POSTYPE>LONG<UNITS>1
<UNITPRICE>1<MKTVAL>1</INVPOS></POSSTOCK>
</INVPOSLIST>
<INVBAL><AVAILCASH>100.50<MARGINBALANCE>-20.00<SHORTBALANCE>0</INVBAL>
"""
LIST = """\
<INVTRANLIST><DTSTART>20221101<DTEND>20221228
<BUYSTOCK><INVBUY><INVTRAN><FITID>F1<DTTRADE>20221101120000<MEMO></INVTRAN>
<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><UNITS>100<UNITPRICE>150.25<COMMISSION>4.95
<TOTAL>-15029.95<SUBACCTSEC>CASH<SUBACCTFUND>CASH</INVBUY><BUYTYPE>BUY</BUYSTOCK>
<SELLOPT><INVSELL><INVTRAN><FITID>F2<DTTRADE>20221201</INVTRAN>
<SECID><UNIQUEID>0AAPL.AK30150000<UNIQUEIDTYPE>OTHER</SECID><UNITS>-2<UNITPRICE>4.20
<TOTAL>840.00</INVSELL><OPTSELLTYPE>SELLTOOPEN<SHPERCTRCT>100</SELLOPT>
<INCOME><INVTRAN><FITID>F3<DTTRADE>20221110<MEMO>DIVIDEND</INVTRAN>
<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><INCOMETYPE>DIV<TOTAL>23.00</INCOME>
<REINVEST><INVTRAN><FITID>F4<DTTRADE>20221110</INVTRAN>
<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><INCOMETYPE>DIV
<TOTAL>-15.00
<UNITS>0.1<UNITPRICE>150.00</REINVEST>
<INVBANKTRAN><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20221102<TRNAMT>+1000,00<FITID>F5
<NAME>ACH &lt;in&gt;</STMTTRN><SUBACCTFUND>CASH</INVBANKTRAN>
<SPLIT><INVTRAN><FITID>F6<DTTRADE>20221103</INVTRAN>
<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><UNITS>1</SPLIT>
<BUYSTOCK><INVBUY><INVTRAN><FITID>F7<DTTRADE>20221101</INVTRAN>
<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><UNITS>1<UNITPRICE>150
<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY><TOTAL>-150</INVBUY><BUYTYPE>BUY</BUYSTOCK>
</INVTRANLIST>
"""


def ofx(*parts: str) -> str:
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nCHARSET:1252\n\n<OFX>\n<INVSTMTMSGSRSV1>"
        "<INVSTMTTRNRS><INVSTMTRS><DTASOF>20221228<CURDEF>USD<INVACCTFROM><BROKERID>x"
        f"<ACCTID>12</INVACCTFROM>\n{''.join(parts)}</INVSTMTRS></INVSTMTTRNRS>"
        f"</INVSTMTMSGSRSV1>\n{SECURITIES}</OFX>\n"
    )


def as_xml(text: str) -> str:
    """The same with an end for every value, as version 2 has it."""
    lines = []
    for line in text.partition("<OFX>")[2].splitlines():
        for tag in line.split("<")[1:]:
            name, _, value = tag.partition(">")
            lines.append(f"<{name}>{value}</{name}>" if value else f"<{name}>")
    head = '<?xml version="1.0"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n<OFX>\n'
    return head + "\n".join(lines).replace("<MEMO>\n", "<MEMO/>\n")


@pytest.mark.parametrize("version", [1, 2])
def test_ofx_positions_are_named_by_the_list_of_securities(version: int) -> None:
    text = ofx(LIST, HOLDINGS) if version == 1 else as_xml(ofx(LIST, HOLDINGS))
    sheet = sheet_of(text.encode())
    found = holdings_of(sheet, RULES)

    assert [(each.symbol, each.quantity, each.entry_price) for each in found.accepted] == [
        ("AAPL", Decimal(100), Decimal("126.04")),
        (OPTION, Decimal(-2), Decimal("4.2")),
    ]
    assert [(each.field, each.code) for each in found.problems] == [
        ("investment_class", "unknown_class"),
        ("symbol", "missing_value"),
    ]
    assert [each.code for each in found.warnings] == [
        "entry_date_assumed",
        "entry_price_from_market",
    ]
    assert sheet.export is not None
    assert sheet.export.cash == Decimal("892.94")
    assert (sheet.export.exported_on, sheet.export.accounts) == (date(2022, 12, 28), ("12",))


@pytest.mark.parametrize("version", [1, 2])
def test_ofx_transactions_have_the_broker_s_ids(version: int) -> None:
    found = done(ofx(LIST, HOLDINGS) if version == 1 else as_xml(ofx(LIST, HOLDINGS)))

    assert [
        (each.external_id, each.kind, each.quantity, each.price, each.amount, each.fees)
        for each in found.accepted
    ] == [
        ("F1", "buy", Decimal(100), Decimal("150.25"), None, Decimal("4.95")),
        ("F2", "sell_short", Decimal(-2), Decimal("4.2"), None, Decimal(0)),
        ("F3", "dividend", None, None, Decimal(23), Decimal(0)),
        ("F4", "dividend", None, None, Decimal(15), Decimal(0)),
        ("F4 reinvested", "buy", Decimal("0.1"), Decimal(150), None, Decimal(0)),
        ("F5", "deposit", None, None, Decimal(1000), Decimal(0)),
    ]
    assert [each.code for each in found.problems] == ["unsupported_currency"]
    assert [line.code for line in found.skipped] == ["derived"]


def test_an_ofx_file_may_be_in_the_encoding_that_it_says() -> None:
    text = ofx(HOLDINGS).replace("T BILL", "T\u00fc BILL")

    sheet = sheet_of(text.encode("cp1252"))

    assert sheet.layout == "OFX investment statement"


def test_a_statement_is_recognised_with_what_it_lists() -> None:
    found = recognise(ofx(LIST, HOLDINGS).encode())

    assert (found.columns, found.suggested) == ((), None)
    assert found.sheet is not None
    assert found.sheet.lists == (Use.POSITIONS, Use.TRANSACTIONS)
