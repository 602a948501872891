"""Answers that are kept, laid out again when runs have outdated them, before they are asked for.

After an evening every report has changed, and the first to read one would wait while it is read and
laid out. What was asked for since it was last renewed is therefore asked again by the process, one
answer after the other, once no run has reported anything for a moment. An answer that no user wants
any more is renewed once in vain.
"""

import asyncio

import structlog

from services.gateway.books.answers import Answers, KeptAnswer, Question
from services.gateway.books.queries.revisions import Claim, load_revisions
from shared.database import Database
from shared.service import Runtime

QUIET_SECONDS = 1.0
log = structlog.get_logger("sigmasight.gateway")


class Renewals:
    """Renews the answers of one process."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look again: a run has reported something."""
        self._news.set()

    async def run(self, runtime: Runtime) -> None:
        """Renew after runs until cancelled."""
        while True:
            await self._quiet_after_news()
            try:
                await self.renew_outdated(runtime.database)
            except Exception as error:
                log.warning("answers not renewed", exc_info=error)

    async def _quiet_after_news(self) -> None:
        await self._news.wait()
        while self._news.is_set():
            self._news.clear()
            await asyncio.sleep(QUIET_SECONDS)

    async def renew_outdated(self, database: Database) -> None:
        """Renew what is wanted and outdated, and whose log-in is still good."""
        kept_answers = self.answers.take_wanted()
        wanted = [(question, kept, _claim(question, kept)) for question, kept in kept_answers]
        if not wanted:
            return
        async with database.transaction() as session:
            now = await load_revisions(session, {claim for _, _, claim in wanted})
        for question, kept, claim in wanted:
            if now.get(claim, kept.revision) != kept.revision:
                await self.answers.renew(question)


def _claim(question: Question, kept: KeptAnswer) -> Claim:
    assert question.family_id is not None
    return Claim(question.user_id, question.family_id, kept.portfolio_id)
