"""American options: value and Greeks, for a continuous yield or for cash dividends.

Where exercise before expiry can never pay, the option is the European one and its closed form
answers. With a continuous yield the early exercise boundary is collocated (`collocation.py`). Cash
dividends are walked through on a lattice (`lattice.py`), on which the spot falls by each of them.
In the rare case of two boundaries (a put with yield < rate <= 0, a call with rate < yield <= 0) a
binomial tree answers (`binomial.py`). Units are the published ones (see `black_scholes.py`). No
value is below what exercising now pays, or below the European value. Where exercising now is best,
delta is 1 or -1 and the other Greeks are 0.

Which method was chosen, and how far it is from the reference:
`docs/decisions/0007-american-options.md`, and with dividends
`docs/decisions/0079-the-spot-falls-by-its-dividends.md`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.arrays import BoolArray, FloatArray
from shared.quant import binomial, collocation
from shared.quant.black_scholes import (
    CALENDAR_DAYS_PER_YEAR,
    POINTS_PER_UNIT,
    OptionColumns,
    OptionValues,
    intrinsic_prices,
)
from shared.quant.dividends import CashDividends, european_prices, european_values
from shared.quant.early_exercise import SpotValues
from shared.quant.lattice import Lattices, Mesh, lattice_values

VOLATILITY_BUMP = 0.002  # as a share of the volatility
RATE_BUMP = 1e-4
TREE_BUMP = 20.0  # times wider on a tree or lattice, whose prices are less smooth
LEAST_VOLATILITY = 1e-6  # on a lattice: one that stands still has no bump
NEGLIGIBLE_RATE = 1e-12  # below it half the rate is no step that a difference survives
TREE_STEPS_FOR_BUMPS = 200
MOST_DEVIATION = 15.0  # volatility x sqrt(years): beyond it a price is at its bound

Places = NDArray[np.intp]

_SMALLEST_CARRY = (
    1e-12  # rate x years below which early exercise is worth less than a float can show
)


def american_prices(
    options: OptionColumns, dividends: CashDividends | None = None, mesh: Mesh | None = None
) -> FloatArray:
    """The value of every option per share; the shape is that of `options`.

    `dividends`, one row per contract, come on top of the continuous yield: the spot falls by each
    of them. `mesh`, the same for prices that are compared, is how fine the lattice is; None: as
    each price needs. At or past expiry the value is intrinsic. Raises `InvalidOption` where
    dividends are worth the spot or more.
    """
    flat = options.flat()
    cases = _Cases.of(flat, dividends)
    least = np.maximum(european_prices(flat, dividends), intrinsic_prices(flat))
    prices = least.copy()
    prices[cases.still] = _still_prices(flat.take(cases.still))
    prices[cases.collocated] = _collocated_prices(flat.take(cases.collocated))
    if dividends is not None and cases.walked.any():
        walked = cases.walked
        some = flat.take(walked)
        fine = Mesh.of(some) if mesh is None else mesh.take(walked)
        prices[walked] = lattice_values(some, dividends.take(walked), fine).price
    on_tree = cases.on_tree | np.isnan(prices)
    if on_tree.any():
        prices[on_tree] = binomial.tree_prices(flat.take(on_tree))
    return np.maximum(prices, least).reshape(options.strike.shape)


@dataclass(frozen=True)
class SolvedAmerican:
    """American options priced at many spots: what no spot changes is solved once, by `of`.

    `boundary`, `lattice`: (n,) the place of each contract in what was solved, -1 where it is not.
    """

    options: OptionColumns
    dividends: CashDividends | None
    boundaries: collocation.Boundaries
    boundary: Places
    lattices: Lattices | None
    lattice: Places

    @classmethod
    def of(cls, options: OptionColumns, dividends: CashDividends | None = None) -> Self:
        """For options of shape (n,), at spots around which they will be priced."""
        cases = _Cases.of(options, dividends)
        some = options.take(cases.collocated)
        lattices = None
        if dividends is not None and cases.walked.any():
            walked = cases.walked
            lattices = Lattices.of(options.take(walked), dividends.take(walked))
        return cls(
            options,
            dividends,
            collocation.boundaries(_puts(some, _drift(some))),
            np.where(cases.collocated, np.cumsum(cases.collocated) - 1, -1),
            lattices,
            np.where(cases.walked, np.cumsum(cases.walked) - 1, -1),
        )

    def at(self, rows: Places, spots: FloatArray) -> FloatArray:
        """Values per share of the contracts at `rows` (repeated as they are) at `spots`."""
        options = replace(self.options.take(rows), underlying_price=spots)
        dividends = None if self.dividends is None else self.dividends.take(rows)
        found = np.full(rows.size, np.nan)
        solved = self.boundary[rows] >= 0
        some = options.take(solved)
        puts = _puts(some, _drift(some))
        known = self.boundaries.take(self.boundary[rows[solved]])
        found[solved] = _scale(some) * collocation.put_prices(puts, known)
        if self.lattices is not None and dividends is not None:
            walked = self.lattice[rows] >= 0
            places = self.lattice[rows[walked]]
            found[walked] = self.lattices.read(places, options.take(walked))
        other = np.isnan(found)
        if other.any():
            rest = None if dividends is None else dividends.take(other)
            found[other] = american_prices(options.take(other), rest)
        least = np.maximum(european_prices(options, dividends), intrinsic_prices(options))
        return np.asarray(np.maximum(found, least))


def american_values(options: OptionColumns, dividends: CashDividends | None = None) -> OptionValues:
    """Value and Greeks of every option; arguments, shape and errors as `american_prices`.

    Delta and gamma are exact derivatives of the method, theta follows from the pricing equation,
    vega and rho are central differences.
    """
    flat = options.flat()
    cases = _Cases.of(flat, dividends)
    values = european_values(flat, dividends)
    least = np.maximum(values.price, intrinsic_prices(flat))
    values.fill(cases.still, _still_values(flat.take(cases.still)))
    values.fill(cases.collocated, _collocated_values(flat.take(cases.collocated)))
    if dividends is not None and cases.walked.any():
        walked = cases.walked
        values.fill(walked, _walked_values(flat.take(walked), dividends.take(walked)))
    on_tree = cases.on_tree | np.isnan(values.price)
    if on_tree.any():
        values.fill(on_tree, _tree_values(flat.take(on_tree)))
    np.maximum(values.price, least, out=values.price)
    return values.reshaped(options.strike.shape)


def methods(options: OptionColumns, dividends: CashDividends | None = None) -> NDArray[np.str_]:
    """What values each option, in the shape of `options`.

    "lattice", "tree", or "collocation" (also where a closed form answers).
    """
    cases = _Cases.of(options.flat(), dividends)
    named = np.select([cases.walked, cases.on_tree], ["lattice", "tree"], "collocation")
    return np.asarray(named.reshape(options.strike.shape))


@dataclass(frozen=True)
class _Cases:
    """Which contracts go where; what is in none of them is expired or never exercised early."""

    still: BoolArray  # without volatility
    collocated: BoolArray
    walked: BoolArray  # through cash dividends
    on_tree: BoolArray

    @classmethod
    def of(cls, options: OptionColumns, dividends: CashDividends | None) -> Self:
        living = ~options.expired
        paying = np.zeros_like(living)
        walked = paying
        if dividends is not None:
            paying = dividends.counted(options).any(axis=1) & living
            walked = paying & _measurable(options)
        still = living & ~paying & (options.volatility == 0.0)
        moving = living & ~paying & ~still
        earned, forgone = _sides(options)
        gain = earned * options.years_to_expiry > _SMALLEST_CARRY
        return cls(still, moving & gain, walked, moving & ~gain & (forgone < earned))


def _measurable(options: OptionColumns) -> BoolArray:
    """Not so volatile that the price is at its bound, and early exercise worthless."""
    years = np.maximum(options.years_to_expiry, 0.0)
    return np.asarray(options.volatility * np.sqrt(years) < MOST_DEVIATION)


def _sides(options: OptionColumns) -> tuple[FloatArray, FloatArray]:
    """What exercise earns and forgoes a year: a put's rate and yield, a call's yield and rate."""
    rate = options.rate
    dividend_yield = options.dividend_yield
    return np.where(options.call, dividend_yield, rate), np.where(
        options.call, rate, dividend_yield
    )


# --- without volatility ---


def _still_prices(options: OptionColumns) -> FloatArray:
    """The best payoff on a known path: now, at expiry, or where interest and dividends balance."""
    carry = options.rate - options.dividend_yield
    with np.errstate(all="ignore"):
        ratio = options.dividend_yield * options.underlying_price / (options.rate * options.strike)
        balance = np.nan_to_num(np.log(ratio) / carry, nan=0.0, posinf=0.0, neginf=0.0)
    moments = (
        np.zeros_like(carry),
        np.clip(balance, 0.0, options.years_to_expiry),
        options.years_to_expiry,
    )
    return np.asarray(np.maximum.reduce([_paid_at(options, years) for years in moments]))


def _paid_at(options: OptionColumns, years: FloatArray) -> FloatArray:
    spot = options.underlying_price * np.exp(-options.dividend_yield * years)
    strike = options.strike * np.exp(-options.rate * years)
    return np.maximum(np.where(options.call, spot - strike, strike - spot), 0.0)


def _still_values(options: OptionColumns) -> OptionValues:
    """Greeks of the limit, by differences; vega and gamma are 0."""
    price = _still_prices(options)
    exercised = price <= intrinsic_prices(options)

    def slope(name: str, bump: FloatArray) -> FloatArray:
        return np.where(exercised, 0.0, _difference(_still_prices, options, name, bump))

    shift = 1e-6 * options.underlying_price
    delta = _difference(_still_prices, options, "underlying_price", shift)
    return OptionValues(
        price=price,
        delta=delta,
        gamma=np.zeros_like(price),
        theta=-slope("years_to_expiry", 1e-6 * options.years_to_expiry) / CALENDAR_DAYS_PER_YEAR,
        vega=np.zeros_like(price),
        rho=slope("rate", np.full_like(price, RATE_BUMP)) / POINTS_PER_UNIT,
    )


# --- with a continuous yield ---


def _collocated_prices(options: OptionColumns) -> FloatArray:
    return _scale(options) * collocation.put_prices(_puts(options, _drift(options)))


def _collocated_values(options: OptionColumns) -> OptionValues:
    drift = _drift(options)
    put = collocation.put_values(_puts(options, drift))
    moneyness = options.strike / options.underlying_price
    price = _scale(options) * put.price
    delta = np.where(options.call, put.price - moneyness * put.delta, put.delta)
    gamma = np.where(options.call, moneyness**2, 1.0) * put.gamma / _scale(options)

    def bumped(columns: OptionColumns) -> FloatArray:
        own = np.resize(drift, columns.strike.size)
        prices = _scale(columns) * collocation.put_prices(_puts(columns, own))
        lost = np.isnan(prices)
        prices[lost] = american_prices(columns.take(lost))
        return prices

    return _assembled(options, SpotValues(price, delta, gamma, put.exercised), bumped)


def _scale(options: OptionColumns) -> FloatArray:
    """The strike of the put that is solved: a call is a put struck at its spot (symmetry)."""
    return np.where(options.call, options.underlying_price, options.strike)


def _drift(options: OptionColumns) -> FloatArray:
    earned, forgone = _sides(options)
    return (earned - forgone) * np.sqrt(options.years_to_expiry) / options.volatility


def _puts(options: OptionColumns, drift: FloatArray) -> collocation.Puts:
    log_moneyness = np.log(options.underlying_price / options.strike)
    earned, forgone = _sides(options)
    return collocation.Puts(
        np.where(options.call, -log_moneyness, log_moneyness),
        options.years_to_expiry,
        options.volatility,
        earned,
        forgone,
        drift,
    )


# --- through cash dividends ---


def _walked_values(options: OptionColumns, dividends: CashDividends) -> OptionValues:
    options = replace(options, volatility=np.maximum(options.volatility, LEAST_VOLATILITY))
    mesh = Mesh.of(options)
    coarse = mesh.coarser()

    def bumped(columns: OptionColumns) -> FloatArray:
        every = np.resize(np.arange(options.strike.size), columns.strike.size)
        return lattice_values(columns, dividends.take(every), coarse.take(every)).price

    found = lattice_values(options, dividends, mesh)
    return _assembled(options, found, bumped, TREE_BUMP)


# --- on a tree ---


def _tree_values(options: OptionColumns) -> OptionValues:
    tree = binomial.tree_values(options)

    def bumped(columns: OptionColumns) -> FloatArray:
        return binomial.tree_prices(columns, TREE_STEPS_FOR_BUMPS)

    return _assembled(options, tree, bumped, TREE_BUMP)


# --- Greeks ---

Prices = Callable[[OptionColumns], FloatArray]


def _assembled(
    options: OptionColumns, found: SpotValues, bumped: Prices, width: float = 1.0
) -> OptionValues:
    """Theta from the Black-Scholes equation, vega and rho from differences; 0 where exercised.

    `bumped` prices the options some times over, each time with other inputs.
    """
    spot = options.underlying_price
    rate = options.rate
    carry = (rate - options.dividend_yield) * spot * found.delta
    theta = rate * found.price - carry - 0.5 * (options.volatility * spot) ** 2 * found.gamma
    widest = width * VOLATILITY_BUMP * options.volatility
    bumps = {"volatility": widest, "rate": _rate_bump(options, width)}
    vega, rho = _differences(bumped, options, bumps)
    return OptionValues(
        price=found.price,
        delta=found.delta,
        gamma=found.gamma,
        theta=np.where(found.exercised, 0.0, theta / CALENDAR_DAYS_PER_YEAR),
        vega=np.where(found.exercised, 0.0, vega / POINTS_PER_UNIT),
        rho=np.where(found.exercised, 0.0, rho / POINTS_PER_UNIT),
    )


def _rate_bump(options: OptionColumns, width: float) -> FloatArray:
    """Small enough that a put's positive rate stays positive, unless it is as good as none."""
    widest = width * RATE_BUMP
    free = options.call | (options.rate <= NEGLIGIBLE_RATE)
    return np.where(free, widest, np.minimum(widest, 0.5 * options.rate))


def _difference(prices: Prices, options: OptionColumns, name: str, bump: FloatArray) -> FloatArray:
    """The central difference quotient of the price by one column."""
    quotients = _differences(prices, options, {name: bump})
    return quotients.reshape(bump.shape)


def _differences(
    prices: Prices, options: OptionColumns, bumps: Mapping[str, FloatArray]
) -> FloatArray:
    """Central difference quotients of the price by some columns, (columns, n), in one call."""
    size = options.strike.size
    moved = options.take(np.tile(np.arange(size), 2 * len(bumps)))
    for place, (name, bump) in enumerate(bumps.items()):
        column = getattr(moved, name).copy()
        column[2 * place * size : (2 * place + 1) * size] += bump
        column[(2 * place + 1) * size : (2 * place + 2) * size] -= bump
        moved = replace(moved, **{name: column})
    up, down = np.swapaxes(prices(moved).reshape(len(bumps), 2, size), 0, 1)
    return np.asarray((up - down) / (2.0 * np.array(list(bumps.values()))))
