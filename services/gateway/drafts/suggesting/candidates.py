"""What may be traded to meet targets: named by the user, or from sets; with prices and betas."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import floor

from services.gateway.books.files.instruments import (
    Instrument,
    listed_instrument,
    multiplier_of,
    symbol_of,
    underlying_of,
)
from services.gateway.drafts.queries import market as market_queries
from services.gateway.drafts.queries import suggestions as queries
from services.gateway.drafts.queries.suggestions import Standing
from services.gateway.drafts.schemas.suggestions import (
    CandidateSet,
    WantedCandidate,
    WantedSuggestions,
)
from services.gateway.drafts.suggesting.targets import Errors
from services.gateway.drafts.trading.entering import (
    Asking,
    option_price,
    priced_options,
    with_fetched,
)
from services.gateway.drafts.trading.legs import Price
from services.gateway.edge.problems import Problem
from services.gateway.edge.values import Warned
from services.gateway.market.queries import load_liquid_puts
from shared.contracts.factors import EstimateBetas, SymbolBetas
from shared.contracts.greeks import PricedOption
from shared.contracts.stress import MOST_CANDIDATES, Candidate
from shared.database import Session
from shared.instruments import (
    InvalidSymbol,
    OptionContract,
    option_roots,
)

# The Select Sector SPDR funds: one for each sector of the S&P 500.
SECTOR_FUNDS = ("XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY")
MOST_PUTS = 10
ROOM = 2.0  # times NAV, or the gross exposure: how much of each candidate where nothing is said
MOST_LOTS = 10**9
NOT_A_CANDIDATE = "not_a_candidate"


@dataclass(frozen=True)
class Start:
    """What candidates depend on: the session, the portfolio as it stands, and what it holds."""

    day: date
    standing: Standing
    held: Mapping[str, Decimal]


@dataclass(frozen=True)
class Offer:
    """An instrument that may be traded; `label` and `terms` of one that the user named."""

    instrument: Instrument
    label: str | None = None
    terms: WantedCandidate | None = None

    @property
    def symbol(self) -> str:
        """Under which it is held."""
        return symbol_of(self.instrument)

    @property
    def underlying(self) -> str:
        """The symbol whose price drives it."""
        return underlying_of(self.instrument)

    @property
    def multiplier(self) -> int:
        """100 for options, 1 otherwise."""
        return multiplier_of(self.instrument)


@dataclass(frozen=True)
class Offered:
    """Candidates with their prices by symbol, and what could not be one."""

    candidates: Sequence[Candidate]
    prices: Mapping[str, Price]
    left_out: list[Warned] = field(default_factory=list)


async def load_offers(session: Session, start: Start, wanted: WantedSuggestions) -> list[Offer]:
    """The candidates of a request, each once, named ones first; 422 for wrong ones."""
    errors: Errors = []
    found: dict[str, Offer] = {}
    for place, each in enumerate(wanted.candidates):
        label = f"candidates.{place}"
        instrument = listed_instrument(each.symbol)
        if isinstance(instrument, InvalidSymbol):
            errors.append(_error(label, "invalid_symbol", str(instrument)))
            continue
        offer = Offer(instrument, label, each)
        if offer.symbol in found:
            errors.append(_error(label, "repeated", f"{offer.symbol} is a candidate already"))
        found[offer.symbol] = offer
    _refuse(errors)
    for symbol in await _load_symbols(session, start, _sets(wanted)):
        instrument = listed_instrument(symbol)
        if not isinstance(instrument, InvalidSymbol):  # no name of a private holding
            offer = Offer(instrument)
            found.setdefault(offer.symbol, offer)
    return list(found.values())


def _sets(wanted: WantedSuggestions) -> Sequence[CandidateSet]:
    if wanted.candidate_sets is not None:
        return wanted.candidate_sets
    return () if wanted.candidates else tuple(CandidateSet)


async def _load_symbols(session: Session, start: Start, sets: Sequence[CandidateSet]) -> list[str]:
    proxies = await queries.load_proxies(session)
    found: list[str] = []
    for chosen in dict.fromkeys(sets):
        match chosen:
            case CandidateSet.MARKET:
                found += proxies[:1]
            case CandidateSet.FACTORS:
                found += proxies
            case CandidateSet.SECTORS:
                found += SECTOR_FUNDS
            case CandidateSet.PUTS:
                roots = _roots([*proxies[:1], *start.held])
                found += await load_liquid_puts(session, roots, start.day, MOST_PUTS)
            case CandidateSet.OWN_POSITIONS:
                found += start.held
    return found


def _roots(symbols: Iterable[str]) -> set[str]:
    """The roots of options on what these symbols are or are driven by."""
    known = [listed_instrument(symbol) for symbol in symbols]
    underlyings = {underlying_of(each) for each in known if not isinstance(each, InvalidSymbol)}
    return {root for underlying in underlyings for root in option_roots(underlying)}


async def offered(
    asking: Asking, start: Start, wanted: WantedSuggestions, offers: Sequence[Offer]
) -> Offered:
    """The offers with prices, Greeks and betas; 422 for a named one that has no price.

    Prices, options and betas are requested from the services that measure them.
    """
    underlyings = {each.underlying for each in offers}
    async with asking.database.transaction() as session:
        stored = await market_queries.load_prices(session, underlyings, start.day)
    # Not for what is held: what has no price then is a private holding's name.
    new = {each.underlying for each in offers if each.symbol not in start.held}
    known = await with_fetched(asking, start.day, new, stored)
    contracts = [
        each.symbol
        for each in offers
        if isinstance(each.instrument, OptionContract) and each.underlying in known
    ]
    options = await priced_options(asking, start.day, contracts)
    prices = _prices(offers, known, options, start.day)
    _refuse(
        _error(each.label, "no_price", f"{each.symbol} has no price at or before {start.day}")
        for each in offers
        if each.label is not None and each.symbol not in prices
    )
    priced = [each for each in offers if each.symbol in prices]
    kept = priced[:MOST_CANDIDATES]
    betas = await _betas(asking, start.day, kept)
    unpriced = [each.symbol for each in offers if each.symbol not in prices]
    left_out = [
        *_left_out(f"no price at or before {start.day}", unpriced),
        *_left_out(
            f"more than {MOST_CANDIDATES} candidates", [each.symbol for each in priced[len(kept) :]]
        ),
    ]
    candidates = [
        candidate_of(each, start, wanted, prices[each.symbol], options, betas) for each in kept
    ]
    return Offered(candidates, prices, left_out)


def _prices(
    offers: Sequence[Offer],
    known: Mapping[str, Price],
    options: Mapping[str, PricedOption],
    day: date,
) -> dict[str, Price]:
    found: dict[str, Price] = {}
    for each in offers:
        option = options.get(each.symbol)
        price = known.get(each.symbol) if option is None else option_price(option, day)
        if isinstance(price, Price):
            found[each.symbol] = price
    return found


async def _betas(asking: Asking, day: date, offers: Sequence[Offer]) -> dict[str, SymbolBetas]:
    symbols = tuple(sorted({each.underlying for each in offers}))
    if not symbols:
        return {}
    answer = await asking.gateway.ask(EstimateBetas(symbols=symbols, as_of=day))
    return {each.symbol: each for each in answer.symbols}


def candidate_of(
    offer: Offer,
    start: Start,
    wanted: WantedSuggestions,
    price: Price,
    options: Mapping[str, PricedOption],
    betas: Mapping[str, SymbolBetas],
) -> Candidate:
    """What stress is sent of an offer: its price, the bounds of its quantity, its measures."""
    most_bought, most_sold = _most(offer, start.standing, price)
    held = start.held.get(offer.symbol, Decimal(0))
    if wanted.reduce_only and held:
        most_bought = min(most_bought, floor(max(-held, Decimal(0))))
        most_sold = min(most_sold, floor(max(held, Decimal(0))))
    return Candidate(
        symbol=offer.symbol,
        price=float(price.price),
        lowest=-most_sold,
        highest=most_bought,
        betas=betas[offer.underlying],
        option=options.get(offer.symbol),
    )


def _most(offer: Offer, standing: Standing, price: Price) -> tuple[int, int]:
    """How many may be bought and sold: as the user says, else by the size of the portfolio."""
    notional = offer.multiplier * (price.underlying_price or price.price)
    size = max(standing.nav or 0.0, standing.gross or 0.0)
    usual = min(max(floor(ROOM * size / float(notional)), 1), MOST_LOTS)
    terms = offer.terms
    if terms is None:
        return usual, usual
    affordable = MOST_LOTS
    if terms.most_dollars is not None:
        affordable = floor(terms.most_dollars / float(offer.multiplier * price.price))
    bought, sold = (
        usual if each is None else each for each in (terms.most_bought, terms.most_sold)
    )
    return min(bought, affordable), min(sold, affordable)


def _left_out(why: str, symbols: Sequence[str]) -> list[Warned]:
    if not symbols:
        return []
    message = f"{why}: not considered"
    return [
        Warned(
            code=NOT_A_CANDIDATE, message=message, count=len(symbols), about=sorted(symbols)[:20]
        )
    ]


def _error(label: str | None, code: str, message: str) -> dict[str, str]:
    return {"field": f"{label}.symbol", "code": code, "message": message}


def _refuse(errors: Iterable[Mapping[str, str]]) -> None:
    found = list(errors)
    if found:
        detail = f"{found[0]['field']}: {found[0]['message']}"
        raise Problem(422, "invalid_candidate", detail, found)
