"""What a reader of a shard's exposures or correlations should know."""

from collections.abc import Iterable

from services.factors.inputs import MATURITIES, Book, Known
from shared.caveats import Caveat, CaveatCode
from shared.conventions import DEFAULT_MODEL


def caveats(book: Book, known: Known) -> list[Caveat]:
    """One caveat per kind, naming symbols; `known` has every underlying of the book."""
    betas = {symbol: known.betas[DEFAULT_MODEL][symbol] for symbol in book.underlyings}
    unpriced = [position.symbol for position in book.positions if position.reason is not None]
    missing = {symbol for symbol, each in betas.items() if each.quality == "insufficient"}
    limited = [symbol for symbol, each in betas.items() if each.quality == "limited_history"]
    capped = [symbol for symbol, each in betas.items() if each.capped]
    unrated = [symbol for symbol in known.rate_gaps if symbol not in missing]
    gaps = {maturity for symbol in unrated for maturity in known.rate_gaps[symbol]}
    maturities = ", ".join(maturity for maturity in MATURITIES if maturity in gaps)
    kinds: tuple[tuple[CaveatCode, str, Iterable[str]], ...] = (
        ("exposure_missing", "without a price or delta: left out of factor exposures", unpriced),
        ("betas_missing", "with too few returns for betas: left out of factor exposures", missing),
        ("betas_limited_history", "with betas from fewer than 252 returns", limited),
        ("betas_capped", "with a beta beyond 3, capped there", capped),
        ("rate_sensitivity_missing", f"without a rate sensitivity to {maturities}", unrated),
    )
    return counted(Caveat.naming(code, what, names) for code, what, names in kinds)


def counted(found: Iterable[Caveat]) -> list[Caveat]:
    """The caveats that name a symbol, one per code and sentence, which says to how many it applies.

    In the order of their first appearance; the names of equal sentences are united.
    """
    names: dict[tuple[CaveatCode, str], set[str]] = {}
    for caveat in found:
        names.setdefault((caveat.code, caveat.message), set()).update(caveat.about)
    return [
        Caveat.naming(code, f"{len(about)} symbols {what}", about)
        for (code, what), about in names.items()
        if about
    ]
