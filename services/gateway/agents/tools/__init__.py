"""The tools, by what they are about."""

from services.gateway.agents.calling import Tool
from services.gateway.agents.tools.drafts import (
    add_trades,
    calculate_draft,
    create_draft,
    suggest_hedge,
)
from services.gateway.agents.tools.explaining import explain_number
from services.gateway.agents.tools.figures import (
    get_definition,
    get_history,
    get_portfolio_risk,
    what_changed,
)
from services.gateway.agents.tools.holdings import list_portfolios, list_positions
from services.gateway.agents.tools.scenarios import price_options, run_scenario
from services.gateway.agents.tools.standing import check_coverage, check_limits

TOOLS: tuple[Tool, ...] = (
    *(list_portfolios, get_portfolio_risk, list_positions, explain_number, what_changed),
    *(get_history, run_scenario, price_options, create_draft, add_trades, calculate_draft),
    *(suggest_hedge, check_limits, check_coverage, get_definition),
)
