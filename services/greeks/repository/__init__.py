"""Every SQL statement of greeks, one file per subject."""

from services.greeks.repository.market import load_market
from services.greeks.repository.unchanged import CALCULATIONS
from services.greeks.repository.valuations import claim_work, save_greeks

__all__ = ["CALCULATIONS", "claim_work", "load_market", "save_greeks"]
