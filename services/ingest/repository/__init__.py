"""Every SQL statement of ingest, one file per subject."""

from services.ingest.repository.actions import (
    claim_unadjusted,
    delete_unadjusted,
    load_actions,
    save_actions,
    save_unadjusted,
)
from services.ingest.repository.claims import claim_symbols, delete_claims, renew_claims
from services.ingest.repository.fetch_log import load_queries, load_recent_queries, save_queries
from services.ingest.repository.option_quotes import (
    load_quoted,
    save_new_option_quotes,
    save_option_quotes,
)
from services.ingest.repository.pace import reserve_slot
from services.ingest.repository.portfolios import (
    load_books,
    load_contracts,
    load_edits,
    load_positions,
    load_private_names,
    load_symbols,
)
from services.ingest.repository.prices import (
    load_held_sessions,
    load_histories,
    load_incomplete,
    load_priced,
    load_stored_closes,
    save_new_prices,
    save_prices,
)
from services.ingest.repository.quarantine import delete_quarantined, save_quarantined
from services.ingest.repository.restatement import (
    claim_changes,
    load_dependent,
    save_released,
)
from services.ingest.repository.revisions import latest_revision, load_version
from services.ingest.repository.securities import (
    save_providers,
    save_securities,
    save_unlisted_securities,
)
from services.ingest.repository.sessions import (
    claim_unannounced,
    latest_due,
    load_known_sessions,
    save_announced,
    save_due,
    save_known_sessions,
)
from services.ingest.repository.yields import load_held_yields, save_new_yields, save_yields

__all__ = [
    "claim_changes",
    "claim_symbols",
    "claim_unadjusted",
    "claim_unannounced",
    "delete_claims",
    "delete_quarantined",
    "delete_unadjusted",
    "latest_due",
    "latest_revision",
    "load_actions",
    "load_books",
    "load_contracts",
    "load_dependent",
    "load_edits",
    "load_held_sessions",
    "load_held_yields",
    "load_histories",
    "load_incomplete",
    "load_known_sessions",
    "load_positions",
    "load_priced",
    "load_private_names",
    "load_queries",
    "load_quoted",
    "load_recent_queries",
    "load_stored_closes",
    "load_symbols",
    "load_version",
    "renew_claims",
    "reserve_slot",
    "save_actions",
    "save_announced",
    "save_due",
    "save_known_sessions",
    "save_new_option_quotes",
    "save_new_prices",
    "save_new_yields",
    "save_option_quotes",
    "save_prices",
    "save_providers",
    "save_quarantined",
    "save_queries",
    "save_released",
    "save_securities",
    "save_unadjusted",
    "save_unlisted_securities",
    "save_yields",
]
