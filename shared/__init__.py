"""What the six services share: contracts, published views, mathematics, messaging, database,
telemetry.
"""
