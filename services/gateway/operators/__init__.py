"""What administrators do: closes of a market, batches, dead letters, the demo."""
