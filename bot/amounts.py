"""Turns a question that asks for an amount into patterns that a sentence has to meet if it tells one: a share, a sum of money, a weight.

"How many tonnes were seized?" is not answered by a sentence that gives a percentage. The words are those of English, not of a corpus.
Knows nothing of search, weights or thresholds.
"""

import re

_SHARE = re.compile(
    r"%|\bper ?cent\b|\b(?:half|(?:\w+-)?(?:third|quarter|fourth|fifth|sixth|eighth|tenth)s?|fraction)\b"
    r"|\b(?:one|two|three|four|nine|\d+) (?:in|out of) (?:every )?(?:two|three|four|five|six|eight|ten|\d+)\b",
    re.IGNORECASE,
)
_ASKS_SHARE = re.compile(
    r"\bper ?centages?\b|\bwhat per ?cent\b|\bhow many per ?cent\b|\b(?:what|which) (?:share|proportion)\b|\b(?:share|proportion) of\b",
    re.IGNORECASE,
)
_ASKS_MONEY = re.compile(r"\bhow much money\b|\bhow much\b(?! of\b).*\b(?:costs?|spen[dt]|pays?|paid)\b", re.IGNORECASE)
_FIGURES = r"\d[\d.,]*"
_IN_WORDS = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|dozens?|hundreds?|thousands?|[mb]illions?|trillions?|half)"
)
_APART = r"[ \u00a0-]"
_CURRENCIES = r"dollars?|euros?|ro?ubles?|yuan|yen|francs?|rupees?"
# What is asked for, and the units that tell it: a weight in pounds answers who asks for tonnes.
_UNITS = (
    (r"tonn?es?|tons?|kilogram(?:me)?s?|kilos?|kg|gram(?:me)?s?", r"tonn?es?|tons?|kilogram(?:me)?s?|kilos?|kg|gram(?:me)?s?|pounds?|lbs?"),
    (r"kilomet(?:re|er)s?|km|miles?|met(?:re|er)s?|feet", r"kilomet(?:re|er)s?|km|miles?|mi|met(?:re|er)s?|m|feet|foot|ft"),
    (r"hectares?|acres?|square \w+", r"hectares?|ha|acres?|(?:square|sq) \w+|km2|km²"),
    (r"barrels?|lit(?:re|er)s?|gallons?|cubic \w+", r"barrels?|lit(?:re|er)s?|gallons?|cubic \w+|m3|m³"),
    (r"\w*watts?|\w*watt-hours?|[KMGT]W", r"\w*watts?|\w*watt-hours?|[KMGT]?Wh?"),
)


def _asking_for(units: str) -> re.Pattern[str]:
    return re.compile(
        rf"\bhow (?:many|much)(?: \w+){{0,2}}? (?:{units})(?!\w)|\b(?:number|amount) of (?:\w+ )?(?:{units})(?!\w)", re.IGNORECASE
    )


def _told_in(units: str, before: str = r"(?!)") -> re.Pattern[str]:
    """Return what a number of *units*, or behind a sign *before*, looks like: "38 tonnes", "1,110kg", "two thousand miles", "$5"."""
    words_between = rf"(?:{_APART}\w+){{0,2}}?{_APART}"
    counted = rf"(?:{_FIGURES}|(?:{_FIGURES}|{_IN_WORDS}){words_between})"
    return re.compile(rf"(?<!\w){counted}(?:{units})(?!\w)|(?:{before})\s?\d", re.IGNORECASE)


_MONEY = _told_in(rf"{_CURRENCIES}|cents?|pounds?|\$|€|£", before=r"\$|€|£")
_AMOUNTS = (
    (_ASKS_SHARE, _SHARE),
    (_ASKS_MONEY, _MONEY),
    (_asking_for(_CURRENCIES), _MONEY),
    *((_asking_for(asked), _told_in(told)) for asked, told in _UNITS),
)


def amounts_asked(question: str) -> tuple[re.Pattern[str], ...]:
    """Return a pattern for each amount that *question* asks for in a certain measure; a sentence that one does not match lacks it."""
    return tuple(told for asks, told in _AMOUNTS if asks.search(question))
