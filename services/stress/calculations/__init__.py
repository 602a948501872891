"""The mathematics of stress: scenarios become shocks, shocks and books become profit and loss."""
