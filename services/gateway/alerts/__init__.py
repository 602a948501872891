"""Alerts of limits, and the channels that they are sent to."""
