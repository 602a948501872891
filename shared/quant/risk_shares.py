"""How much of the variance of a sum each of its parts makes.

With dollars F exposed to factors of covariance C, the variance is F'C F, and the part of factor k
is F_k (C F)_k: Euler's theorem for a function of degree two, halved (Litterman, "Hot spots and
hedges", Journal of Portfolio Management, December 1996). Parts add up; one below zero offsets
others.
"""

from collections.abc import Mapping


def variance_parts(
    exposures: Mapping[str, float], covariance: Mapping[tuple[str, str], float]
) -> dict[str, float]:
    """Each factor's part of the variance (USD^2).

    `exposures`: USD by factor; `covariance`: of returns (decimals), of every pair of the factors.
    """
    return {
        one: dollars * sum(covariance[one, other] * exposures[other] for other in exposures)
        for one, dollars in exposures.items()
    }
