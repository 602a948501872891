"""The mathematics of limits: what state follows from values, levels and what users did."""
