"""Pure mathematics of factors: regressions, betas, rate sensitivities, covariance and exposures."""
