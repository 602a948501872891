"""The conventions that several services share, each written once."""

from typing import Literal, get_args

Greek = Literal["delta", "gamma", "theta", "vega", "rho"]
GREEKS: tuple[Greek, ...] = get_args(Greek)  # the order of every array and table of Greeks

SESSIONS_PER_YEAR = 252  # also the number of daily returns in a year's window
MINIMUM_OBSERVATIONS = 60  # daily returns below which an estimate is null

# The factor model whose exposures may be added, and the space of its returns and covariances.
DEFAULT_MODEL = "market_relative"
MARKET = "market"  # the id of the market factor
