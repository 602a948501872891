"""Faults on purpose: a load on the real stack, one fault after the other, and a checker.

`python -m tests.chaos --seed 7` runs every scenario on a separate stack, and says what users saw
and what was lost. The checker uses its own SQL and none of the product's code.
"""
