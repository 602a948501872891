"""Mathematics that two services need: arrays in, arrays or frozen dataclasses out."""
