"""The columns of a file of transactions by the names that brokers give them."""

from collections.abc import Iterable, Mapping, Sequence

from services.gateway.books.files.layouts import (
    MODIFIERS,
    POSITION_COLUMNS,
    Layout,
    Source,
    snake_case,
)
from services.gateway.books.files.problems import UnreadableFile
from services.gateway.books.files.trade_words import meaning

TRANSACTIONS = Layout(
    Source.TRANSACTIONS,
    symbol="symbol",
    entry_price="price",
    optional=(
        *("investment_class", "underlying_symbol", "strike_price", "expiration_date"),
        *("option_type", "amount", "id", "note"),
    ),
)
# The first of these that the header has is read; the others are not.
NAMES: Mapping[str, tuple[str, ...]] = {
    "date": (
        *("trade_date", "tradedate", "date", "run_date", "activity_date", "transaction_date"),
        *("execution_date", "executed_at", "date/time", "datetime", "exec_time", "trade_time"),
        *("date_of_trade", "order_execution_time"),
    ),
    "symbol": (
        *("symbol", "ticker", "instrument", "symbol/_cusip", "symbol/cusip", "stock_symbol"),
        *("ticker_symbol", "security_symbol"),
    ),
    "quantity": (
        *("quantity", "qty", "shares", "units", "contracts", "filled_qty", "filled_quantity"),
        *("number_of_shares", "trade_quantity", "share_quantity", "exec_qty", "size"),
    ),
    "price": (
        *("price", "trade_price", "tradeprice", "t._price", "share_price", "price_per_share"),
        *("unit_price", "execution_price", "exec_price", "fill_price", "filled_price"),
        *("average_price", "avg_price", "avg._price", "price_($)"),
    ),
    "amount": (
        *("net_amount", "net_amount_($)", "amount", "amount_($)", "net_cash", "total_amount"),
        *("cash_amount", "principal_amount", "net_value", "total", "proceeds"),
    ),
    "id": (
        *("id", "trade_id", "tradeid", "transaction_id", "transactionid", "execution_id"),
        *("exec_id", "fill_id", "activity_id", "external_id", "reference_number", "reference"),
        *("ref", "trade_number", "transaction_number"),
    ),
    "note": (
        *("description", "transaction_description", "note", "notes", "memo", "comment"),
        *("details", "comments"),
    ),
    "strike_price": ("strike_price", "strike"),
    "expiration_date": ("expiration_date", "expiration", "expiry", "expiry_date", "exp_date"),
    "option_type": ("option_type", "call/put", "put/call", "right", "c/p", "p/c"),
    "underlying_symbol": ("underlying_symbol", "underlying"),
    "investment_class": ("investment_class",),
    "stated_on": ("stated_on",),  # in our exports
}
# What a line is; several of them must not contradict each other.
TYPE_COLUMNS = (
    *("trans_code", "transaction_code", "action", "transaction_type", "trade_type"),
    *("trade_action", "activity_type", "buy/sell", "buy_sell", "buy_or_sell", "side"),
    *("trade_side", "b/s", "transaction", "activity", "direction", "type", "sub_type"),
    *("sell/buy", "order_side", "side_code", "direction_indicator"),
)
# Whether a purchase or sale opens or closes, or which side of the market the position is on.
EFFECT_COLUMNS = (
    *("open/close", "open_close", "position_effect", "pos_effect", "effect"),
    *("long/short", "long_short", "long_or_short", "l/s", "position_type", "position_side"),
    *("short/long", "pos_type", "long/short_indicator"),
)
FEE_COLUMNS = (
    *("fees", "fee", "commission", "commissions", "comm", "comm.", "commission_fees"),
    *("commission_($)", "fees_($)", "fees_&_comm", "fees_and_commissions", "comm/fee", "reg_fee"),
    *("reg_fees", "regulatory_fees", "sec_fee", "other_fees", "ibcommission", "comms", "misc_fees"),
    *("commissions_and_fees", "fees_and_comm", "brokerage"),
)
_SIGNS = {"sign", "quantity_sign", "qty_sign"}  # of positions: transactions say it by their type
_KEPT = frozenset((*TYPE_COLUMNS, *EFFECT_COLUMNS, *FEE_COLUMNS, *(MODIFIERS - _SIGNS)))
_TRADED = {"symbol", "quantity", "price"}
_AS_IN_POSITIONS = (("symbol", "ticker"), ("quantity", "qty"), ("price",), ("trade_date",))
_SIDES_OF_POSITIONS = ("long", "short", "l")


def may_be_transactions(header: Sequence[str]) -> bool:
    """Whether a header has a day, a type, and what was traded or an amount; and no entry price."""
    names = [snake_case(cell) for cell in header]
    found = _found(names)
    if "date" not in found or not set(TYPE_COLUMNS) & set(names) or POSITION_COLUMNS & set(names):
        return False
    return found >= _TRADED or "amount" in found


def is_transactions(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bool:
    """Whether a file that may be one of transactions is one.

    A header that positions may have too (symbol, quantity, price, trade date and a side) is one of
    positions when its sides say nothing but long and short.
    """
    names = [snake_case(cell) for cell in header]
    if not all(set(spellings) & set(names) for spellings in _AS_IN_POSITIONS):
        return True
    places = [place for place, name in enumerate(names) if name in TYPE_COLUMNS]
    return any(
        _is_trade(names[place], cells[place])
        for cells in rows
        for place in places
        if place < len(cells)
    )


def _found(names: Sequence[str]) -> set[str]:
    return {column for column in NAMES if _first(names, column)}


def _is_trade(column: str, cell: str) -> bool:
    """Whether a cell is a word of trades; one letter of a type may be the kind of a security."""
    if column == "type" and len(cell) < 2:
        return False
    return cell.lower() not in _SIDES_OF_POSITIONS and meaning(cell) is not None


def columns_of(line: int, header: Sequence[str]) -> list[str]:
    """The column name of each cell, blank where no rule reads the column.

    Raises `UnreadableFile` when a column that is read is there twice.
    """
    names = [snake_case(cell) for cell in header]
    ours = {first: column for column in NAMES if (first := _first(names, column))}
    columns = [ours.get(name) or (name if name in _KEPT else "") for name in names]
    for column in (*NAMES, *sorted(_KEPT)):
        if columns.count(column) > 1:
            message = f"the header names {column} more than once"
            raise UnreadableFile(line, "duplicate_column", message, field=column)
    return columns


def _first(names: Sequence[str], column: str) -> str | None:
    return next((name for name in NAMES[column] if name in names), None)
