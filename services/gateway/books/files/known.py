"""The files of brokers that are read by a mapping of their columns, and nothing else.

One that changes its header is fixed here: its columns, and a file in the tests.
"""

from collections.abc import Collection, Sequence

from services.gateway.books.files.mapping import (
    ColumnMapping,
    DateFormat,
    Meaning,
    Profile,
    Separator,
    Use,
    fingerprint,
)

TITLED = "Symbol of the title"  # the column that rows get whose symbol is in a line above them
_IBKR_CLASSES = {"stk": "PUBLIC", "etf": "PUBLIC", "fund": "PUBLIC", "opt": "OPTIONS"}
KNOWN: Sequence[Profile] = (
    Profile(
        "Fidelity positions",
        ("Account Number", "Symbol", "Quantity", "Current Value", "Cost Basis Total"),
        ColumnMapping(
            Use.POSITIONS,
            {
                "Symbol": Meaning.SYMBOL,
                "Description": Meaning.NOTE,
                "Quantity": Meaning.QUANTITY,
                "Cost Basis Total": Meaning.COST,
                "Current Value": Meaning.MARKET_VALUE,
            },
        ),
    ),
    Profile(
        "E*TRADE portfolio",
        ("Symbol", "Last Price $", "Quantity", "Price Paid $", "Value $"),
        ColumnMapping(
            Use.POSITIONS,
            {
                "Symbol": Meaning.SYMBOL,
                "Quantity": Meaning.QUANTITY,
                "Price Paid $": Meaning.PRICE,
                "Value $": Meaning.MARKET_VALUE,
            },
        ),
    ),
    Profile(
        "Interactive Brokers Flex, open positions",
        ("CurrencyPrimary", "Symbol", "Quantity", "PositionValue", "CostBasisPrice", "AssetClass"),
        ColumnMapping(
            Use.POSITIONS,
            {
                "ReportDate": Meaning.AS_OF,
                "CurrencyPrimary": Meaning.CURRENCY,
                "Symbol": Meaning.SYMBOL,
                "Quantity": Meaning.QUANTITY,
                "CostBasisPrice": Meaning.PRICE,
                "PositionValue": Meaning.MARKET_VALUE,
                "AssetClass": Meaning.INVESTMENT_CLASS,
                "Multiplier": Meaning.MULTIPLIER,
                "FXRateToBase": Meaning.IGNORED,
            },
            words=_IBKR_CLASSES,
        ),
    ),
    Profile(
        "tastytrade positions",
        ("Account", "Symbol", "Type", "Quantity", "Exp Date", "Strike Price", "Trade Price"),
        ColumnMapping(
            Use.POSITIONS,
            {
                "Symbol": Meaning.SYMBOL,
                "Quantity": Meaning.QUANTITY,
                "Trade Price": Meaning.PRICE,
                "Type": Meaning.IGNORED,
                "Call/Put": Meaning.IGNORED,
            },
        ),
    ),
    Profile(
        "Yahoo portfolio",
        ("Symbol", "Current Price", "Trade Date", "Purchase Price", "Quantity"),
        ColumnMapping(
            Use.POSITIONS,
            {
                "Symbol": Meaning.SYMBOL,
                "Date": Meaning.AS_OF,
                "Trade Date": Meaning.DATE,
                "Purchase Price": Meaning.PRICE,
                "Quantity": Meaning.QUANTITY,
            },
            date_format=DateFormat.COMPACT,
        ),
    ),
    Profile(
        "Vanguard download",
        ("Account Number", "Investment Name", "Symbol", "Shares", "Share Price", "Total Value"),
        ColumnMapping(
            Use.POSITIONS,
            {
                "Symbol": Meaning.SYMBOL,
                "Investment Name": Meaning.NOTE,
                "Shares": Meaning.QUANTITY,
                "Share Price": Meaning.PRICE,
                "Total Value": Meaning.MARKET_VALUE,
            },
        ),
        then=("Account Number", "Trade Date", "Transaction Type", "Symbol", "Shares"),
        at_market=True,
    ),
    Profile(
        "Charles Schwab lot details",
        ("Open Date", "Quantity", "Cost/Share", "Market Value", "Cost Basis"),
        ColumnMapping(
            Use.POSITIONS,
            {
                TITLED: Meaning.SYMBOL,
                "Open Date": Meaning.DATE,
                "Quantity": Meaning.QUANTITY,
                "Cost Basis": Meaning.COST,
                "Market Value": Meaning.MARKET_VALUE,
            },
            date_format=DateFormat.MONTH_FIRST,
        ),
        titled=True,
    ),
)


def profile_for(
    line: int, header: Sequence[str], separator: Separator, own: Collection[Profile]
) -> Profile | None:
    """The profile that reads files with a header there: one of the user's, else a broker's."""
    mark = fingerprint(header)
    for profile in (*own, *KNOWN):
        fits = profile.has_header(header) and profile.may_begin(line, separator)
        if fits and (not profile.exact or profile.fingerprint == mark):
            return profile
    return None
