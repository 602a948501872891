"""Books as the gateway publishes them: what every calculator reads to know who holds what."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    String,
    Subquery,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.database import among
from shared.instruments import OCC_STRIKE_DIGITS
from shared.published import AnyColumn, Day, View, columns, ingest, keys, published_view
from shared.published.strikes import listed_strike, occ_digits

BOOK = "book"
DRAFT = "draft"

# Who has an account; disabled_at: null while the user may log in.
users = published_view(
    "gateway",
    "users",
    *keys(user_id=Uuid),
    *columns(DateTime(timezone=True), "disabled_at"),
)

# kind: "book" | "draft". A draft is a branch of the portfolio base_id at the close of base_session,
# which a user models: only work that names it is about it, and its snapshots of earlier sessions
# are its base's. valued_from: the session that NAV starts from where no equity is entered; null
# before there is any transaction: then the first snapshot. equity_balance: the equity of that day
# in USD, as long as it has no statement yet. opening_cash: the cash of that day where more than
# flows moved cash until then; null elsewhere: then what came in. settlement: "physical" | "cash".
portfolios = published_view(
    "gateway",
    "portfolios",
    *keys(portfolio_id=Uuid),
    *columns(Uuid, "user_id"),
    *columns(String, "name"),
    *columns(Numeric(20, 2), "equity_balance", "opening_cash"),
    *columns(Date, "valued_from"),
    *columns(String, "settlement", "kind"),
    *columns(Uuid, "base_id"),
    *columns(Date, "base_session"),
    *columns(DateTime(timezone=True), "created_at"),
)

# Which portfolios are shared with which users besides their owners. role: "viewer" | "editor".
portfolio_shares = published_view(
    "gateway",
    "portfolio_shares",
    *keys(portfolio_id=Uuid, user_id=Uuid),
    *columns(String, "role"),
)

# symbol: the ticker, or the OCC symbol of an option (no padding). instrument: "stock" | "option".
# underlying: the option's underlying ticker, the symbol itself for stock. strike, expiry,
# option_type ("C"/"P"): options only. quantity is signed. multiplier 100 for options, 1 otherwise.
# One row per lot and span of days over which the same quantity of it was held: one row for a lot
# never closed in parts. Active on day d when held_from <= d and (held_until is null or
# held_until > d). entry_price and entry_date are the lot's: its cost. from_price, until_price: what
# a span begins and ends at: the entry price and the price of the closings at its ends, so that P&L
# of a span is that of a holding bought at from_price and sold at until_price. investment_class:
# "PUBLIC" | "OPTIONS" | "PRIVATE"; a private symbol is its owner's own word, so no provider is
# queried for it. stated_on: the day whose shares (and contracts) symbol, strike, quantity and
# prices are given in; to value a position on another day, read `positions_on(day)`.
positions = published_view(
    "gateway",
    "positions",
    *keys(position_id=Uuid, held_from=Date),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol", "instrument", "underlying", "option_type"),
    *columns(Numeric(18, 6), "strike"),
    *columns(Date, "expiry"),
    *columns(Integer, "multiplier"),
    *columns(Numeric(20, 6), "quantity"),
    *columns(Numeric(18, 6), "entry_price"),
    *columns(Date, "entry_date", "held_until"),
    *columns(Numeric(30, 12), "from_price", "until_price"),
    *columns(String, "investment_class"),
    *columns(Date, "stated_on"),
)

# edits: how often what calculators read of a portfolio has been edited; 0 without a row. A result
# is of the portfolio as it is now if the number was the same before anything was read for it.
portfolio_edits = published_view(
    "gateway",
    "portfolio_edits",
    *keys(portfolio_id=Uuid),
    *columns(BigInteger, "edits"),
)


_HALF_A_MILLIONTH = Decimal("0.0000005")  # by which stored quantities are rounded
_QUANTITIES = ("quantity", "opened_quantity")
_PRICES = ("entry_price", "exit_price", "from_price", "until_price")


def positions_on(day: Day, held: View = positions) -> Subquery:
    """The positions of `held` in the shares of `day`, a date or an expression.

    `held` is the published view or the gateway's table.

    The same columns, and `split_factor`: how many shares of that day one of `stated_on` is, 1
    without splits between them. quantity is multiplied by it and rounded to six decimals, or to
    the whole number that it is within the rounding of what was multiplied;
    prices and strike are divided; an option's symbol is that of its new strike, which exchanges
    round to the cent: after 3:1 a strike of 100 is 33.33, and one of 33.33 was 100 before. Of an
    option those splits count that came before it expired.
    """
    own = held.c
    shares_of = func.least(own.stated_on, own.expiry), func.least(cast(day, Date), own.expiry)
    split = ingest.split_factor(own.underlying, *shares_of).lateral("split")
    factor: AnyColumn = split.c.factor
    strike = listed_strike(own.strike, factor, shares_of[0] > shares_of[1])
    symbol = func.concat(func.left(own.symbol, -OCC_STRIKE_DIGITS), occ_digits(strike))
    is_option = own.strike.is_not(None)
    restated = {
        "symbol": case((is_option, symbol), else_=own.symbol),
        "strike": case((is_option, strike)),
        **{name: _restated(own[name], factor) for name in _QUANTITIES if name in own},
        **{name: own[name] / factor for name in _PRICES if name in own},
    }
    columns = [
        case((func.coalesce(factor, 1) == 1, column), else_=restated[column.name]).label(
            column.name
        )
        if column.name in restated
        else column
        for column in own
    ]
    split_factor = func.coalesce(factor, 1, type_=Numeric).label("split_factor")
    return select(*columns, split_factor).select_from(held.join(split, true())).subquery("held")


def _restated(
    quantity: ColumnElement[Decimal], factor: ColumnElement[Decimal]
) -> ColumnElement[Decimal]:
    """A third of a contract is a whole one after 3:1."""
    exact = quantity * factor
    whole = func.round(exact)
    is_whole = func.abs(exact - whole) <= _HALF_A_MILLIONTH * factor
    return case((is_whole, whole), else_=func.round(exact, 6))


def active_on(held: View, day: Day) -> ColumnElement[bool]:
    """Whether a position of `held` is open at the end of `day`."""
    row = held.c
    return and_(row.held_from <= day, or_(row.held_until.is_(None), row.held_until > day))


def active_positions(portfolio_ids: Sequence[UUID], day: date) -> Subquery:
    """The positions of the portfolios that are open at the end of `day`, in the shares of `day`.

    The columns of `positions_on`.
    """
    held = positions_on(day)
    theirs = among(held.c.portfolio_id, portfolio_ids)
    return select(held).where(theirs, active_on(held, day)).subquery("active")


# What came into a portfolio (positive) or left it, USD: deposits, withdrawals, transfers of cash
# and, at the price given, of securities. No performance.
cash_flows = published_view(
    "gateway",
    "cash_flows",
    *keys(cash_flow_id=Uuid),
    *columns(Uuid, "portfolio_id"),
    *columns(Date, "flow_date"),
    *columns(Numeric(20, 2), "amount"),
)

# Income and cost that a user entered, USD, signed as it changes cash. kind: "dividend" |
# "interest" | "borrow_fee" | "fee", the fees of trades included. symbol: whose dividend, or what
# was traded.
income = published_view(
    "gateway",
    "income",
    *columns(Uuid, "transaction_id", "portfolio_id"),
    *columns(Date, "day"),
    *columns(String, "kind", "symbol"),
    *columns(Numeric(20, 2), "amount"),
)

# "On that day the equity was so much": the anchors of NAV. stated_on is a session; of
# several of one day the one of the highest sequence counts.
equity_statements = published_view(
    "gateway",
    "equity_statements",
    *keys(transaction_id=Uuid),
    *columns(Uuid, "portfolio_id"),
    *columns(Date, "stated_on"),
    *columns(Numeric(20, 2), "amount"),
    *columns(BigInteger, "sequence"),
)

NEVER = date.min  # the ex-date of an entered dividend that replaces none
DIVIDEND_PAID_WITHIN = 60  # days: an entered dividend replaces one of an ex-date so long ago


def dividends_due(
    portfolio_ids: Sequence[UUID],
    after: date,
    last: date,
    held: View = positions,
    entered: View = income,
) -> Select[UUID, UUID, date, Decimal, str, Decimal, Decimal]:
    """position_id, portfolio_id, ex_date, amount (USD), symbol, quantity and USD per share.

    The dividends that holders are due, with ex-dates after `after` up to `last`: what was held at
    the end of the day before receives quantity x dividend, a short pays it. All lots of a symbol
    together are paid to the cent once, and their amounts add up to that. Not where the owner
    entered the dividend, which is then the one that counts: see `_replaced`. `held`, `entered`: the
    published views, or the gateway's own selects of the same.
    """
    within = and_(ingest.dividends.c.ex_date > after, ingest.dividends.c.ex_date <= last)
    row = _paid_to_lots(portfolio_ids, held, within).c
    replaced = _replaced(portfolio_ids, held, entered).c
    is_replaced = select(replaced.place).where(
        replaced.portfolio_id == row.portfolio_id,
        replaced.symbol == row.symbol,
        replaced.ex_date == row.ex_date,
    )
    return select(
        row.position_id,
        row.portfolio_id,
        row.ex_date,
        row.amount,
        row.symbol,
        row.quantity,
        row.per_share,
    ).where(~is_replaced.exists())


def _paid_to_lots(
    portfolio_ids: Sequence[UUID], held: View, wanted: ColumnElement[bool]
) -> Subquery:
    """What the wanted dividends make for each lot of the portfolios, entered by hand or not."""
    due = ingest.dividends
    theirs = held.join(due, and_(due.c.symbol == held.c.symbol, wanted))
    held_then = and_(
        among(held.c.portfolio_id, portfolio_ids),
        active_on(held, due.c.ex_date - 1),
        held.c.strike.is_(None),
    )
    dated = (
        select(held, due.c.ex_date, due.c.amount.label("per_share"))
        .select_from(theirs)
        .where(held_then)
        .subquery("dated")
    )
    row = positions_on(dated.c.ex_date, dated).c
    so_far = func.sum(row.quantity, type_=Numeric).over(
        partition_by=(row.portfolio_id, row.symbol, row.ex_date),
        order_by=(row.position_id, row.held_from),
        rows=(None, 0),
    )
    paid_before = func.round((so_far - row.quantity) * row.per_share, 2)
    return select(
        *(row.position_id, row.portfolio_id, row.ex_date, row.symbol, row.quantity, row.per_share),
        (func.round(so_far * row.per_share, 2) - paid_before).label("amount"),
    ).subquery("paid_to_lots")


def _replaced(portfolio_ids: Sequence[UUID], held: View, entered: View) -> CTE:
    """portfolio_id, symbol and ex_date of the dividends that the owners entered themselves.

    One line replaces one ex-date of its symbol, at most `DIVIDEND_PAID_WITHIN` days before it and
    of the same sign: one whose amount is the same, else the last one. Lines choose in order of
    time, so a later line changes nothing about an earlier one.
    """
    lines = _entered_dividends(portfolio_ids, entered)
    line = lines.c
    due = _due_near_entered(portfolio_ids, held, entered)
    nothing: AnyColumn = cast(literal([], ARRAY(Date)), ARRAY(Date))
    chosen = select(
        *(line.portfolio_id, line.symbol, cast(0, BigInteger).label("place")),
        *(nothing.label("taken"), cast(null(), Date).label("ex_date")),
    )
    chosen_first = chosen.where(line.place == 1).cte("replaced", recursive=True)
    before = chosen_first.c
    best = (
        select(due.c.ex_date)
        .where(
            due.c.portfolio_id == line.portfolio_id,
            due.c.symbol == line.symbol,
            line.day.between(due.c.ex_date, due.c.ex_date + DIVIDEND_PAID_WITHIN),
            func.sign(due.c.amount) == func.sign(line.amount),
            due.c.ex_date != func.all(before.taken),
        )
        .order_by((due.c.amount == line.amount).desc(), due.c.ex_date.desc())
        .limit(1)
        .lateral("best")
    )
    following = and_(
        line.portfolio_id == before.portfolio_id,
        line.symbol == before.symbol,
        line.place == before.place + 1,
    )
    step = select(
        *(line.portfolio_id, line.symbol, line.place),
        func.array_append(before.taken, func.coalesce(best.c.ex_date, NEVER), type_=ARRAY(Date)),
        best.c.ex_date,
    ).select_from(chosen_first.join(lines, following).outerjoin(best, true()))
    return chosen_first.union_all(step)


def _due_near_entered(portfolio_ids: Sequence[UUID], held: View, entered: View) -> CTE:
    """What a symbol paid a portfolio by ex-date, USD, where a line may have been entered for it."""
    paid = ingest.dividends.c
    near = select(entered.c.transaction_id).where(
        entered.c.portfolio_id == held.c.portfolio_id,
        entered.c.kind == "dividend",
        entered.c.symbol == paid.symbol,
        entered.c.day.between(paid.ex_date, paid.ex_date + DIVIDEND_PAID_WITHIN),
    )
    lots = _paid_to_lots(portfolio_ids, held, near.exists()).c
    terms = (lots.portfolio_id, lots.symbol, lots.ex_date)
    total = func.sum(lots.amount).label("amount")
    return select(*terms, total).group_by(*terms).cte("due_entered")


def _entered_dividends(portfolio_ids: Sequence[UUID], entered: View) -> CTE:
    """The dividends that owners entered, numbered by portfolio and symbol in order of time."""
    row = entered.c
    place = func.row_number().over(
        partition_by=(row.portfolio_id, row.symbol), order_by=(row.day, row.transaction_id)
    )
    return (
        select(row.portfolio_id, row.symbol, row.day, row.amount, place.label("place"))
        .where(among(row.portfolio_id, portfolio_ids), row.kind == "dividend")
        .cte("entered_dividends")
    )


def dividends_between(
    portfolio_ids: Sequence[UUID], after: date, last: date
) -> Select[UUID, UUID, date, Decimal]:
    """position_id, portfolio_id, ex_date and amount (USD) of `dividends_due`."""
    due = dividends_due(portfolio_ids, after, last).subquery("due").c
    return select(due.position_id, due.portfolio_id, due.ex_date, due.amount)


# One row per position and tag it carries; a position without tags has none. tag: as its owner
# spells it.
position_tags = published_view(
    "gateway",
    "position_tags",
    *keys(position_id=Uuid, tag=String),
)


# A report that a user requested. form: the document's format; sections: which of the template's.
# figures: {"portfolios": [...]} as compressed JSON, the API's answers of the moment of the request;
# null when the document is stored. basis: the hash of them; revisions: by portfolio, its revision.
# state: "queued" | "rendered" | "failed" | "cancelled": only what is queued is rendered.
# downloaded_at: null for a document that its user did not collect.
report_requests = published_view(
    "gateway",
    "report_requests",
    *keys(report_id=Uuid),
    *columns(Uuid, "user_id"),
    *columns(String, "template", "form"),
    *columns(ARRAY(String), "sections"),
    *columns(Date, "as_of"),
    *columns(String, "basis"),
    *columns(JSONB, "revisions"),
    *columns(LargeBinary, "figures"),
    *columns(String, "state"),
    *columns(DateTime(timezone=True), "downloaded_at"),
)
