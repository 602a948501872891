"""Quotes of the options held, at the session's close: the source of implied volatility.

They are optional: without them, realised volatility is used. So a plan that does not include them
is no outage.
"""

from collections.abc import Collection
from datetime import date
from functools import partial

from services.ingest import calculations, repository
from services.ingest.history.caveats import not_in_plan, unavailable
from services.ingest.history.feed import Feed, recently_refused, save_refusal
from services.ingest.inputs import Channel, Range
from services.ingest.providers import (
    NotInPlan,
    OptionQuoteProvider,
    ProviderUnavailable,
    QuoteAnswer,
)
from shared.caveats import Caveat


async def fetch_option_quotes(feed: Feed, contracts: Collection[str], as_of: date) -> list[Caveat]:
    """Fetch the contracts' quotes of the session, from one provider after the other."""
    caveats: list[Caveat] = []
    for provider in feed.sources.option_quotes if contracts else ():
        caveats += await _fetch_from(feed, provider, contracts, as_of)
    return caveats


async def _fetch_from(
    feed: Feed, provider: OptionQuoteProvider, contracts: Collection[str], as_of: date
) -> list[Caveat]:
    """Query one provider for the contracts without a quote that it was not queried for recently."""
    channel = Channel(provider.name, "option_quotes")
    async with feed.database.transaction() as session:
        unquoted = set(contracts) - await repository.load_quoted(session, contracts, as_of)
        if not unquoted:
            return []
        refused = await recently_refused(session, feed, channel)
        queried = await repository.load_recent_queries(session, channel, unquoted, feed.recheck)
    if refused:
        return [not_in_plan(provider.name, "option quotes", ())]
    wanted = {each for each in unquoted if each not in queried or not queried[each].covers(as_of)}
    return await _query(feed, provider, wanted, as_of) if wanted else []


async def _query(
    feed: Feed, provider: OptionQuoteProvider, wanted: set[str], as_of: date
) -> list[Caveat]:
    waiting = set(wanted)
    caveats: list[Caveat] = []
    try:
        async for answer in provider.option_quotes(wanted, as_of):
            caveats += await _store(feed, provider, wanted, as_of, answer)
            waiting -= answer.settled
    except NotInPlan as error:
        async with feed.database.transaction() as session:
            await save_refusal(session, Channel(provider.name, "option_quotes"), as_of)
        caveats.append(not_in_plan(error.provider, "option quotes", ()))
    except ProviderUnavailable as error:
        caveats.append(unavailable(error, waiting))
    return caveats


async def _store(
    feed: Feed,
    provider: OptionQuoteProvider,
    wanted: Collection[str],
    as_of: date,
    answer: QuoteAnswer,
) -> list[Caveat]:
    """In one transaction: the plausible quotes where there is none, and what was queried."""
    judged = calculations.judged(
        [quote for quote in answer.quotes if quote.contract in wanted],
        partial(calculations.quote_problem, session_date=as_of),
        lambda quote: quote.contract,
    )
    accepted = {quote.contract: quote for quote in judged.accepted}
    async with feed.database.transaction() as session:
        await repository.save_new_option_quotes(session, list(accepted.values()))
        if provider.live:
            queried = dict.fromkeys(answer.settled & set(wanted), Range(as_of, as_of))
            channel = Channel(provider.name, "option_quotes")
            await repository.save_queries(session, channel, queried, queried)
    return judged.caveats("quote_not_believed", f"option quotes of {provider.name}")
