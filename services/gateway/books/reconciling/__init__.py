"""A broker's file beside a portfolio: what differs, and the lines that bring them together."""
