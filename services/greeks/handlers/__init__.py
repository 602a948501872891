"""What greeks does, one file per use case."""

from services.greeks.handlers import compute_greeks, fit_smiles, price_options
from shared.messaging import ServiceRouter

router = ServiceRouter.joining(compute_greeks.router, price_options.router, fit_smiles.router)
