"""The stored quotes of an underlying that its smile is made of, and the answer about it."""

from dataclasses import dataclass
from datetime import date

from services.gateway.analytics.schemas.smile import SmileReport
from services.gateway.analytics.shapes.smile import nearest_the_money
from services.gateway.market import queries
from services.gateway.market.schemas import NO_QUOTES
from shared.contracts.greeks import MOST_QUOTES, QuoteToFit, SmilesFitted
from shared.database import Session
from shared.instruments import option_roots, parse_occ

LONGEST_CHAIN = 20_000
ALL_EXPIRED = "every option that is quoted on that session expires with it"


@dataclass(frozen=True)
class Chain:
    """The quotes of a session to imply volatilities from, and how many more are stored.

    `as_of`: None where no quote is stored by then.
    """

    underlying: str
    as_of: date | None = None
    quotes: tuple[QuoteToFit, ...] = ()
    not_shown: int = 0


async def load_chain(session: Session, ticker: str, as_of: date) -> Chain:
    """The last session, at or before `as_of`, with quotes that the caller may see."""
    roots = option_roots(ticker)
    day = await queries.latest_quoted_session(session, roots, as_of)
    if day is None:
        return Chain(ticker)
    rows, _ = await queries.load_quotes(session, roots, day, None, None, LONGEST_CHAIN, 0)
    contracts = [parse_occ(row["contract"]) for row in rows]
    living = [place for place, each in enumerate(contracts) if each.expiry > day]
    closes = await queries.latest_prices(session, [ticker], day)
    spot = float(closes[0]["close"]) if closes else None
    strikes = [(contracts[place].expiry, float(contracts[place].strike)) for place in living]
    kept = nearest_the_money(strikes, spot, MOST_QUOTES)
    quotes = tuple(QuoteToFit.model_validate(rows[living[place]]) for place in kept)
    return Chain(ticker, day, quotes, len(living) - len(quotes))


def smile_report(chain: Chain, found: SmilesFitted | None) -> SmileReport:
    """What greeks implied from the chain; empty with a reason where it has no quotes."""
    reason = None
    if found is None:
        reason = NO_QUOTES if chain.as_of is None else ALL_EXPIRED
    return SmileReport.model_validate(
        {
            "underlying": chain.underlying,
            "as_of": chain.as_of,
            "expiries": [each.model_dump() for each in found.expiries] if found else [],
            "quotes_not_shown": chain.not_shown,
            "reason": reason,
        }
    )
