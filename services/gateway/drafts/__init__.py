"""Modelling sessions: branches of a portfolio with trades, calculated like any portfolio."""
