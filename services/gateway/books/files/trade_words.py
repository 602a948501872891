"""What brokers call a transaction: their words, and the kind that each means."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from services.gateway.books.ledger.inputs import Kind


class Notice(StrEnum):
    """A line that no transaction is written for."""

    EXPIRED = "expired"
    ASSIGNED = "assigned"
    EXERCISED = "exercised"
    SPLIT = "split"
    SWEEP = "sweep"
    UNSUPPORTED = "unsupported"
    CORRECTION = "correction"


class By(StrEnum):
    """Kinds that only the sign of the amount or quantity decides."""

    CASH = "cash"  # deposit or withdrawal
    SHARES = "shares"  # transfer_in or transfer_out


@dataclass(frozen=True)
class Meaning:
    """What a word means. `sign`: of the cash it moves, 0 where the amount's own sign counts.

    `is_short`: of a transfer, that what is moved is held short.
    """

    kind: Kind | Notice | By
    sign: int = 0
    is_short: bool = False


def _all(text: str, kind: Kind | Notice | By, sign: int = 0) -> dict[str, Meaning]:
    return {word.strip(): Meaning(kind, sign) for word in text.split(",")}


# A dividend that is reinvested is two lines in most exports: the cash, and a purchase.
_TRADES = {
    **_all(
        "buy, b, bot, bought, purchase, purchased, long, buy long, buy to open, bto, bo, you "
        "bought, you bought opening transaction, reinvest shares, reinvestment, dividend "
        "reinvestment, drip",
        Kind.BUY,
    ),
    **_all(
        "sell, s, sld, sold, sale, sell long, sell to close, stc, sc, you sold, you sold "
        "closing transaction",
        Kind.SELL,
    ),
    **_all(
        "short, sell short, sellshort, short sell, short sale, sold short, sshrt, ss, sell to "
        "open, sto, so, you sold short, you sold short sale, you sold opening transaction",
        Kind.SELL_SHORT,
    ),
    **_all(
        "cover, covered, cover short, buy to cover, buytocover, buy cover, bought to cover, "
        "buy to close, btc, bc, you bought to cover, you bought short cover, you bought "
        "closing transaction",
        Kind.BUY_TO_COVER,
    ),
    **_all(
        "transfer in, transferred in, acat in, acats in, acati, shares received",
        Kind.TRANSFER_IN,
        1,
    ),
    **_all(
        "transfer out, transferred out, acat out, acats out, acato, shares delivered",
        Kind.TRANSFER_OUT,
        -1,
    ),
    **_all("opening lot", Kind.OPENING),
    "short transfer in": Meaning(Kind.TRANSFER_IN, 1, is_short=True),
    "short transfer out": Meaning(Kind.TRANSFER_OUT, -1, is_short=True),
    **_all("acat, acats, security transfer, internal security transfer, transfer", By.SHARES),
}
_CASH = {
    **_all(
        "deposit, deposits, cash deposit, ach deposit, wire in, wire received, wired funds "
        "received, electronic funds transfer received, contribution, cash in, funds received, "
        "direct deposit, moneylink deposit, cash contribution",
        Kind.DEPOSIT,
        1,
    ),
    **_all(
        "withdrawal, withdrawals, withdraw, cash withdrawal, ach withdrawal, wire out, wire "
        "sent, wired funds disbursed, electronic funds transfer paid, cash out, disbursement, "
        "funds withdrawn",
        Kind.WITHDRAWAL,
        -1,
    ),
    **_all(
        "ach, wire, wire funds, wire transfer, cash transfer, funds transfer, bank transfer, "
        "eft, electronic funds transfer, moneylink transfer, journal, journaled, internal "
        "transfer, rtp, deposit/withdrawal, deposits/withdrawals, deposits & withdrawals, "
        "funding",
        By.CASH,
    ),
    **_all(
        "dividend, dividends, div, cdiv, cash dividend, qualified dividend, ordinary "
        "dividend, non qualified div, non qualified dividend, nonqualified dividend, special "
        "dividend, special qual div, pr yr cash div, pr yr special div, qual div reinvest, "
        "reinvest dividend, dividend received, dividend income, mdiv, manufactured dividend, "
        "payment in lieu, substitute payment, in lieu, return of capital, roc, capital gain, "
        "capital gains, cap gain, cap gains, long term cap gain, short term cap gain, lt cap "
        "gain, st cap gain, long term cap gain reinvest, short term cap gain reinvest, "
        "capital gain distribution",
        Kind.DIVIDEND,
    ),
    **_all(
        "interest, int, credit interest, bank interest, bond interest, interest earned, "
        "interest income, interest received, interest earned on cash, sweep interest",
        Kind.INTEREST,
    ),
    **_all(
        "margin interest, mint, debit interest, interest charge, interest charged, interest "
        "expense",
        Kind.INTEREST,
        -1,
    ),
    **_all(
        "borrow fee, borrow fees, stock borrow fee, short borrow fee, hard to borrow fee, htb "
        "fee, hard to borrow, stock loan fee, short stock fee, borrowing fee",
        Kind.BORROW_FEE,
        -1,
    ),
    **_all(
        "fee, fees, commission, commissions, adr fee, adr mgmt fee, adr fees, afee, dfee, "
        "service fee, management fee, advisory fee, account fee, platform fee, regulatory "
        "fee, reg fee, wire fee, misc fee, gold, tax, withholding tax, foreign tax, foreign "
        "tax paid, fgn tax, foreign withholding, nra tax, nra tax adj, nra withholding, nraw, "
        "tax withheld, dtax",
        Kind.FEE,
        -1,
    ),
    **_all("equity statement", Kind.EQUITY),
    **_all("fee refund, fee rebate, rebate, fee reversal, refund", Kind.FEE, 1),
}
_NOTICES = {
    **_all(
        "oexp, exp, expire, expired, expiration, expiry, option expiration, options "
        "expiration, option expired, options expired, expired worthless",
        Notice.EXPIRED,
    ),
    **_all(
        "oasgn, asgn, assign, assigned, assignment, option assignment, options assignment, "
        "option assigned, options assigned",
        Notice.ASSIGNED,
    ),
    **_all(
        "oexcs, oexrc, exercise, exercised, option exercise, options exercise, option "
        "exercised, exchange or exercise, exercise or assignment",
        Notice.EXERCISED,
    ),
    **_all(
        "spl, split, stock split, forward split, reverse split, reverse stock split, spr, "
        "stock fwd split, symbol change, name change, ticker change",
        Notice.SPLIT,
    ),
    **_all(
        "sweep, sweep in, sweep out, cash sweep, bank sweep, core account, mark to market, "
        "mtm, settlement fund, cash sweep in, cash sweep out",
        Notice.SWEEP,
    ),
    **_all(
        "merger, cash merger, stock merger, mrgs, spin off, spinoff, spin, conversion, "
        "tender, tender offer, rights, rights distribution, exchange, stock dividend, sdiv, "
        "liquidation, redemption, call redemption, maturity",
        Notice.UNSUPPORTED,
    ),
    **_all(
        "cancel, cancelled, canceled, cxl, buy cancel, sell cancel, cancel buy, cancel sell, "
        "cancelled buy, cancelled sell, buy cancelled, sell cancelled, correction, correct, "
        "reversal, reversed, adjustment, adj",
        Notice.CORRECTION,
    ),
}
MEANINGS = {**_TRADES, **_CASH, **_NOTICES}
_CORRECTING = re.compile(r"\b(cancel\w*|cxl|correct\w*|revers(al|ed))\b")
# Words that begin a sentence of a broker, such as "YOU BOUGHT APPLE INC (AAPL) (Cash)".
_BEGINNINGS = (
    *("you bought opening transaction", "you bought closing transaction", "you bought to cover"),
    *("you bought short cover", "you bought", "you sold opening transaction"),
    *("you sold closing transaction", "you sold short sale", "you sold short", "you sold"),
    *("purchase", "sale", "reinvestment", "dividend received", "interest earned"),
    *(
        "electronic funds transfer received",
        "electronic funds transfer paid",
        "expired",
        "assigned",
    ),
    *("wire transfer", "direct deposit", "foreign tax paid", "foreign tax", "adr fee"),
    *("margin interest", "option expiration", "transferred in", "transferred out"),
)


def meaning(text: str) -> Meaning | None:
    """What a cell means by its words; None when they are not known."""
    return _short(text) if len(text) <= _SHORT else _meaning(text)


def _meaning(text: str) -> Meaning | None:
    phrase = " ".join(re.sub(r"[_\-]+", " ", text).lower().split())
    exact = MEANINGS.get(phrase)
    if exact is not None:
        return exact
    if _CORRECTING.search(phrase):
        return Meaning(Notice.CORRECTION)
    for beginning in _BEGINNINGS:
        if phrase.startswith(f"{beginning} "):
            return MEANINGS[beginning]
    return None


_SHORT = 64  # characters of a cell whose meaning is kept: files have few words on many lines
_short = lru_cache(4_096)(_meaning)
