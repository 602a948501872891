"""Files of brokers: columns and elements as they write them, values invented."""

# --- Interactive Brokers Flex ---

HELD = (
    '<OpenPosition currency="USD" assetCategory="STK" symbol="AAPL" multiplier="1" '
    'reportDate="20221228" position="150" positionValue="18906" costBasisPrice="148.7133333333" '
    'side="Long" levelOfDetail="SUMMARY" newAttribute="x"/>',
    '<OpenPosition currency="USD" assetCategory="OPT" symbol="AAPL  230120C00150000" '
    'underlyingSymbol="AAPL" multiplier="100" strike="150" expiry="20230120" putCall="C" '
    'position="-2" positionValue="-36" costBasisMoney="-840" side="Short"/>',
    '<OpenPosition currency="EUR" assetCategory="STK" symbol="SAPX" position="25" '
    'costBasisPrice="90.2"/>',
    '<OpenPosition currency="USD" assetCategory="FUT" symbol="ESH3" position="1" '
    'costBasisPrice="3800" multiplier="50"/>',
)
DONE = (
    '<Trade currency="USD" assetCategory="STK" symbol="BRK B" tradeDate="2022-11-01" '
    'dateTime="2022-11-01;093001" buySell="BUY" openCloseIndicator="O" quantity="10" '
    'tradePrice="300" ibCommission="-1.5" ibCommissionCurrency="USD" netCash="-3001.5" '
    'tradeID="70001" levelOfDetail="EXECUTION"/>',
    '<Trade currency="USD" assetCategory="OPT" symbol="MSFT 230120P220" underlyingSymbol="MSFT" '
    'strike="220" expiry="2023-01-20" putCall="P" multiplier="100" tradeDate="20221103" '
    'buySell="SELL" openCloseIndicator="O" quantity="-1" tradePrice="5.2" ibCommission="0.25" '
    'netCash="520.25" tradeID="70002"/>',
    '<Trade currency="USD" assetCategory="OPT" symbol="SPY   221118P00360000" tradeDate="20221118" '
    'buySell="BUY" quantity="1" tradePrice="0" netCash="0" notes="Ep;C" tradeID="70003"/>',
    '<Trade currency="USD" assetCategory="CASH" symbol="EUR.USD" tradeDate="20221104" '
    'buySell="BUY" quantity="1000" tradePrice="1.06" tradeID="70004"/>',
    '<Trade symbol="BRK B" quantity="10" levelOfDetail="ORDER"/>',
    '<CashTransaction type="Dividends" currency="USD" symbol="AAPL" dateTime="20221110" '
    'amount="34.5" transactionID="8001" levelOfDetail="DETAIL"/>',
    '<CashTransaction type="Withholding Tax" currency="USD" symbol="AAPL" dateTime="20221110" '
    'amount="5.18" transactionID="8002"/>',
    '<CashTransaction type="Deposits/Withdrawals" currency="USD" dateTime="2022-11-02;202000" '
    'amount="-500" transactionID="8003"/>',
)


SECTIONS = {
    "OpenPosition": "OpenPositions",
    "Trade": "Trades",
    "CashTransaction": "CashTransactions",
}


def flex(*entries: str, between: str = "\n", before: str = "") -> str:
    """A query's answer with these entries, each in the section that it belongs to."""
    parts = []
    for tag, section in SECTIONS.items():
        own = [entry for entry in entries if entry.startswith(f"<{tag} ")]
        parts += [f"<{section}>", *own, f"</{section}>"] if own else []
    parts += [
        entry for entry in entries if not entry.startswith(tuple(f"<{tag} " for tag in SECTIONS))
    ]
    return (
        f'{before}<FlexQueryResponse queryName="q" type="AF">{between}<FlexStatements count="1">'
        f'{between}<FlexStatement accountId="U1" fromDate="20221101" toDate="20221228" '
        f'period="Custom" whenGenerated="20221229;010000">{between}'
        f"{between.join(parts)}{between}"
        '<CashReport><CashReportCurrency currency="BASE_SUMMARY" endingCash="3000"/>'
        '<CashReportCurrency currency="USD" endingCash="2500.25"/></CashReport>'
        '<EquitySummaryInBase><EquitySummaryByReportDateInBase total="21370.25"/>'
        "</EquitySummaryInBase></FlexStatement></FlexStatements></FlexQueryResponse>\n"
    )


# --- OFX ---

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


# --- lines of cells ---

VANGUARD = """\
Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,
10,VANGUARD TOTAL STOCK MARKET ETF,VTI,42.75,189.30,8092.58,
10,Vanguard Federal Money Market Fund,VMFXX,812.44,1.0,812.44,

Account Number,Trade Date,Settlement Date,Transaction Type,Transaction Description,\
Investment Name,Symbol,Shares,Share Price,Principal Amount,Commission Fees,Net Amount,\
Accrued Interest,Account Type,
10,11/07/2022,11/09/2022,Buy,Buy,VANGUARD TOTAL,VTI,42.75,190.11,-8127.20,0.0,-8127.20,0.0,Cash,
10,11/07/2022,11/07/2022,Sweep out,Sweep,Federal,VMFXX,-8127.20,1.0,8127.20,0.0,8127.20,0.0,Cash,
"""

LOTS = """\
"IAU Lot Details for XXXX-0001 as of 02:45 AM ET, 12/28/2022"


"Open Date","Quantity","Price","Cost/Share","Market Value","Cost Basis","Holding Period",
"09/23/2022 13:42:07","10","$33.10","$31.02","$331.00","$310.20","Short Term",
"10/03/2022 09:30:00","-5","$33.10","$32.00","-$165.50","-$160.00","Short Term",
"Total","5","--","--","$165.50","$150.20","--",
"""

BLOTTER = """\
trade_id,symbol,side,quantity,price,trade_date,settlement_date,account_id
T-001,AAPL,BUY,200,150.00,2022-11-01,2022-11-03,ACC-7
T-003,SPY,SHORT,40,380.00,2022-11-10,2022-11-14,ACC-7
"""

FIRSTRADE = """\
Symbol,Quantity,Price,Action,Description,TradeDate,SettledDate,Interest,Amount,Commission,Fee,\
CUSIP,RecordType
SPY,-1,395.10,SELL,SPDR S&P 500,2022-12-02,2022-12-06,0.00,395.08,0.00,0.02,78462F103,Trade
,0.00,,Interest,INTEREST ON CREDIT,2022-12-15,2022-12-15,0.00,0.44,0.00,0.00,,Financial
"""

MERRILL = """\
"Trade Date","Settlement Date","Account","Description","Type","Symbol/ CUSIP","Quantity",\
"Price","Amount"
"11/01/2022","11/03/2022","51X-00001","Purchase APPLE INC","","AAPL","12","$151.25","-$1,815.00"
"""

ROBINHOOD = """\
"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code",\
"Quantity","Price","Amount"
"12/16/2022","12/16/2022","12/19/2022","AAPL","AAPL 1/20/2023 Call $150.00","STO","2","$1.05",\
"$209.90"
"11/01/2022","11/01/2022","11/03/2022","AAPL","Apple
CUSIP: 037833100","Buy","12.481632","$151.25","($1,887.85)"
"11/18/2022","11/18/2022","11/18/2022","SPY","Option Expiration for SPY 11/18/2022 Put $360.00",\
"OEXP","1S","",""
"""

ZERODHA = """\
symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,\
order_id,order_execution_time
AAPL,US01,2022-11-01,NSE,EQ,EQ,buy,false,120.000000,151.250000,701,9001,2022-11-01T09:16:10
MSFT,US02,2022-11-03,NSE,EQ,EQ,sell,false,80.000000,216.500000,702,9002,2022-11-03T10:05:44
"""
