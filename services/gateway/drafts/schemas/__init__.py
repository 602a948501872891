"""Models of modelling sessions."""
