"""Every SQL statement of ingest, one file per subject."""

from services.ingest.repository.actions import (
    delete_unadjusted,
    load_actions,
    load_unadjusted,
    save_actions,
    save_told,
    save_unadjusted,
)
from services.ingest.repository.claims import delete_claims, renew_claims, save_claims
from services.ingest.repository.fetch_log import load_asked, load_ever_asked, save_asked
from services.ingest.repository.option_quotes import (
    load_quoted,
    save_new_option_quotes,
    save_option_quotes,
)
from services.ingest.repository.pace import reserve_slot
from services.ingest.repository.portfolios import (
    load_contracts,
    load_holders,
    load_portfolio_ids,
    load_symbols,
)
from services.ingest.repository.prices import (
    load_held_sessions,
    load_histories,
    load_neighbours,
    load_priced,
    load_unpriced,
    save_new_prices,
    save_prices,
)
from services.ingest.repository.quarantine import load_doubted, save_doubted
from services.ingest.repository.revisions import latest_revision
from services.ingest.repository.securities import (
    load_known_symbols,
    save_providers,
    save_securities,
    save_unlisted_securities,
)
from services.ingest.repository.sessions import (
    latest_due,
    load_announced,
    next_unannounced,
    save_announced,
    save_due,
    save_known_sessions,
)
from services.ingest.repository.yields import load_held_yields, save_new_yields, save_yields

__all__ = [
    "delete_claims",
    "delete_unadjusted",
    "latest_due",
    "latest_revision",
    "load_actions",
    "load_announced",
    "load_asked",
    "load_contracts",
    "load_doubted",
    "load_ever_asked",
    "load_held_sessions",
    "load_held_yields",
    "load_histories",
    "load_holders",
    "load_known_symbols",
    "load_neighbours",
    "load_portfolio_ids",
    "load_priced",
    "load_quoted",
    "load_symbols",
    "load_unadjusted",
    "load_unpriced",
    "next_unannounced",
    "renew_claims",
    "reserve_slot",
    "save_actions",
    "save_announced",
    "save_asked",
    "save_claims",
    "save_doubted",
    "save_due",
    "save_known_sessions",
    "save_new_option_quotes",
    "save_new_prices",
    "save_new_yields",
    "save_option_quotes",
    "save_prices",
    "save_providers",
    "save_securities",
    "save_told",
    "save_unadjusted",
    "save_unlisted_securities",
    "save_yields",
]
