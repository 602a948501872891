"""Trades as users type them, such as "sell 100 SPY"."""

import re
from typing import cast, get_args

from typer import BadParameter

from sigmasight_client.models import NewTrade, Strategy

BOUGHT = {"buy": 1, "cover": 1, "sell": -1, "short": -1}
STRATEGIES: tuple[str, ...] = get_args(Strategy)
OPTION_TYPES = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}
MEASURES = {"beta": "market_beta", "delta": "delta_adjusted"}
EXAMPLES = (
    '"sell 100 SPY", "buy 5000usd KO @ 63.25", "close XOM", "adjust 50 AAPL", "hedge 50% SPY", '
    '"hedge beta SPY", "protective_put 1 XOM 2023-06-16 100"'
)
_PRICE = re.compile(r"\s+@\s*(\S+)$")
# Dollars as 5000usd or $5000; a shell takes $5 in double quotes for a variable of its script.
_AMOUNT = re.compile(r"([+-]?)(\$?)(\d+\.?\d*|\.\d+)(usd)?", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LEAST_WORDS = 4  # of a strategy: how many, underlying, expiry, a strike


class Unclear(BadParameter):
    """A trade that cannot be read, with examples of what can."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"'{text}': {why}. Examples: {EXAMPLES}")


def trade_of(text: str) -> NewTrade:
    """The trade that a sentence means, as the API takes it; raises `Unclear`."""
    price = _PRICE.search(text)
    words = _PRICE.sub("", text).split()
    if len(words) < 2:
        raise Unclear(text, "a trade says what to do, how much, and of which symbol")
    verb = words[0].lower().replace("-", "_")
    terms = _terms(text, verb, words[1:])
    if price is not None:
        terms["price"] = _price(text, price[1])
    return cast(NewTrade, terms)


def _terms(text: str, verb: str, words: list[str]) -> dict[str, object]:
    if verb in BOUGHT:
        return {"action": "open", **_amount(text, words, BOUGHT[verb])}
    match verb:
        case "close":
            amount = len(words) > 1 and _AMOUNT.fullmatch(words[0])
            return {"action": "close", **(_amount(text, words, 1) if amount else _symbol(words))}
        case "adjust":
            return {"action": "adjust", **_amount(text, words, 1)}
        case "hedge":
            return _hedge(text, words)
    if verb in STRATEGIES:
        return _strategy(text, verb, words)
    known = ", ".join((*BOUGHT, "close", "adjust", "hedge", *STRATEGIES))
    raise Unclear(text, f"'{verb}' is none of {known}")


def _symbol(words: list[str]) -> dict[str, object]:
    """The rest is a symbol, which may be spelt with spaces."""
    return {"symbol": " ".join(words).upper()}


def _amount(text: str, words: list[str], side: int) -> dict[str, object]:
    """A quantity or dollars, and the symbol: bought where `side` is 1, sold where it is -1."""
    match = _AMOUNT.fullmatch(words[0])
    if match is None:
        message = f"'{words[0]}' is no amount: write 100 shares as 100, dollars as 5000usd"
        raise Unclear(text, message)
    if len(words) < 2:
        raise Unclear(text, "the symbol is missing")
    sign, dollar, number, usd = match.groups()
    if sign and side < 0:
        raise Unclear(text, "a sale has no sign")
    negative = side < 0 or sign == "-"
    name = "exposure" if dollar or usd else "quantity"
    return {name: f"-{number}" if negative else number, **_symbol(words[1:])}


def _hedge(text: str, words: list[str]) -> dict[str, object]:
    terms: dict[str, object] = {"action": "hedge"}
    rest = [word for word in words if word.lower() != "with"]
    while len(rest) > 1:
        word = rest.pop(0).lower()
        if word in MEASURES:
            terms["measure"] = MEASURES[word]
        elif re.fullmatch(r"\d+(\.\d+)?%", word):
            terms["share"] = float(word[:-1]) / 100
        else:
            raise Unclear(text, f"'{word}' is neither a share such as 50%, nor beta, nor delta")
    return terms | _symbol(rest)


def _strategy(text: str, name: str, words: list[str]) -> dict[str, object]:
    """A strategy: how many, underlying, expiry, strikes, and C or P of a vertical."""
    if len(words) < _LEAST_WORDS or not _DAY.fullmatch(words[2]):
        raise Unclear(text, f"write {name} 1 XOM 2023-06-16 100: number, name, expiry, strikes")
    quantity, underlying, expiry, *rest = words
    kinds = [OPTION_TYPES[word.upper()] for word in rest if word.upper() in OPTION_TYPES]
    strikes = [word for word in rest if word.upper() not in OPTION_TYPES]
    return {
        "action": "strategy",
        "strategy": name,
        "quantity": quantity,
        "underlying": underlying.upper(),
        "expiry": expiry,
        "strikes": [strike for word in strikes for strike in word.split("/")],
        **({"option_type": kinds[0]} if kinds else {}),
    }


def _price(text: str, price: str) -> str:
    number = price.removeprefix("$")
    if not re.fullmatch(r"\d+\.?\d*|\.\d+", number):
        raise Unclear(text, f"'{price}' is no price: write @ 63.25")
    return number
