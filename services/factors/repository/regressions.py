"""What the regressions behind one symbol's betas are made from."""

from datetime import date

from sqlalchemy import select

from services.factors.inputs import BetaInForce, Factors, SymbolHistory
from services.factors.repository.history import load_factors
from services.factors.tables import SymbolFactorBeta
from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Session, among, sql_table
from shared.published.closes import load_adjusted_closes


async def load_symbol_history(
    session: Session, symbol: str, as_of: date, model: str
) -> SymbolHistory:
    """A year of closes of the symbol and the proxies, and the betas stored for the session."""
    factors = await load_factors(session)
    session_dates = last_sessions(as_of, SESSIONS_PER_YEAR + 1)
    symbols = tuple(dict.fromkeys((*factors.proxies, symbol)))
    closes = await load_adjusted_closes(session, session_dates, symbols)
    return SymbolHistory(
        model=model,
        factors=factors,
        session_dates=session_dates,
        closes=closes[:, symbols.index(symbol)],
        proxy_closes=closes[:, : len(factors.proxies)],
        stored=await _load_stored(session, symbol, as_of, model, factors),
    )


async def _load_stored(
    session: Session, symbol: str, as_of: date, model: str, factors: Factors
) -> dict[str, BetaInForce]:
    """The session's betas by factor; none unless every active factor has one."""
    beta = sql_table(SymbolFactorBeta).c
    names = BetaInForce.__dataclass_fields__
    query = (
        select(*(beta[name] for name in names))
        .where(beta.symbol == symbol, beta.as_of == as_of, beta.model == model)
        .where(among(beta.factor, factors.ids))
    )
    rows = [BetaInForce(**row) for row in (await session.execute(query)).mappings()]
    return {row.factor: row for row in rows} if len(rows) == len(factors.ids) else {}
