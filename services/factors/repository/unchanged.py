"""What shards were calculated from."""

from services.factors.tables import Calculation
from shared.unchanged import Calculations

CALCULATIONS = Calculations(Calculation)
