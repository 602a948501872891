"""Quotes of the options held, at the close of the session itself: what implied volatility is read
from.

They are optional, for without them volatility is measured: a plan that does not include them is no
outage.
"""

from collections.abc import Collection
from datetime import date

from services.ingest import calculations, repository
from services.ingest.calculations import Asked
from services.ingest.history.feed import (
    Completion,
    Feed,
    asked_lately,
    refused_lately,
    save_asked,
    save_refused,
)
from services.ingest.history.notices import not_in_plan, unavailable
from services.ingest.providers import (
    NotInPlan,
    OptionQuoteProvider,
    ProviderUnavailable,
    QuoteAnswer,
)
from shared.contracts.event import Notice

KIND = "option_quotes"


async def complete_option_quotes(
    feed: Feed, contracts: Collection[str], as_of: date, done: Completion
) -> None:
    """Ask for the contracts' quotes of the session `as_of`, of one provider after the other."""
    for provider in feed.sources.option_quotes if contracts else ():
        if wanted := await _wanted(feed, provider, contracts, as_of, done):
            await _ask(feed, provider, wanted, as_of, done)


async def _wanted(
    feed: Feed,
    provider: OptionQuoteProvider,
    contracts: Collection[str],
    as_of: date,
    done: Completion,
) -> set[str]:
    """The contracts without a quote that this provider was not asked about lately."""
    async with feed.database.transaction() as session:
        lacking = set(contracts) - await repository.load_quoted(session, contracts, as_of)
        refused = await refused_lately(session, feed, provider.name, KIND)
        asked = await asked_lately(session, feed, provider.name, KIND, lacking)
    if lacking and refused:
        done.notices.append(not_in_plan(provider.name, "option quotes", ()))
        return set()
    return {each for each in lacking if each not in asked or not asked[each].covers(as_of)}


async def _ask(
    feed: Feed, provider: OptionQuoteProvider, wanted: set[str], as_of: date, done: Completion
) -> None:
    open_questions = set(wanted)
    try:
        async for answer in provider.option_quotes(wanted, as_of):
            await _store(feed, provider, wanted, as_of, answer, done)
            open_questions -= answer.settled
    except NotInPlan as error:
        async with feed.database.transaction() as session:
            await save_refused(session, provider.name, KIND, as_of)
        done.notices.append(not_in_plan(error.provider, "option quotes", ()))
    except ProviderUnavailable as error:
        done.notices.append(unavailable(error, sorted(open_questions)))


async def _store(
    feed: Feed,
    provider: OptionQuoteProvider,
    wanted: Collection[str],
    as_of: date,
    answer: QuoteAnswer,
    done: Completion,
) -> None:
    """One transaction: the quotes that can be believed where there is none, and what was asked."""
    quotes = [quote for quote in answer.quotes if quote.contract in wanted]
    problems = {
        quote.contract: problem
        for quote in quotes
        if (problem := calculations.quote_problem(quote, as_of))
    }
    believed = {quote.contract: vars(quote) for quote in quotes if quote.contract not in problems}
    async with feed.database.transaction() as session:
        await repository.save_new_option_quotes(session, list(believed.values()))
        if provider.live:
            asked = dict.fromkeys(answer.settled & set(wanted), Asked(as_of, as_of))
            await save_asked(session, provider.name, KIND, asked, asked)
    if problems:
        reason = next(iter(problems.values()))
        message = f"option quotes of {provider.name} were not believed and not stored: {reason}"
        done.notices.append(Notice.naming("quote_not_believed", message, list(problems)))
