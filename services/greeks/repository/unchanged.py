"""What shards were calculated from."""

from services.greeks.tables import Calculation
from shared.unchanged import Calculations

CALCULATIONS = Calculations(Calculation)
