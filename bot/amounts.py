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
_COUNTED = (
    r"(?:\d\S*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|dozens?|hundreds?|thousands?|[mb]illions?|trillions?|half)"
)
_MONEY = r"dollars?|euros?|cents?|r(?:o)?ubles?|yuan|yen|francs?|rupees?|pounds?|US\$|\$|€|£"
# What is asked for, and the units that tell it: a weight in pounds answers who asks for tonnes.
_UNITS = (
    (r"dollars?|euros?|r(?:o)?ubles?|yuan|yen|francs?|rupees?", _MONEY),
    (r"tonn?es?|tons?|kilogram(?:me)?s?|kilos?|kg|gram(?:me)?s?", r"tonn?es?|tons?|kilogram(?:me)?s?|kilos?|kg|gram(?:me)?s?|pounds?|lbs?"),
    (r"kilomet(?:re|er)s?|km|miles?|met(?:re|er)s?|feet", r"kilomet(?:re|er)s?|km|miles?|mi|met(?:re|er)s?|m|feet|foot|ft"),
    (r"hectares?|acres?|square \w+", r"hectares?|ha|acres?|(?:square|sq) \w+|km2|km²"),
    (r"barrels?|lit(?:re|er)s?|gallons?|cubic \w+", r"barrels?|lit(?:re|er)s?|gallons?|cubic \w+|m3|m³"),
    (r"\w*watts?|\w*watt-hours?|[KMGT]W", r"\w*watts?|\w*watt-hours?|[KMGT]?Wh?"),
)


def _told_in(units: str) -> re.Pattern[str]:
    """Return what a number of *units*, a pattern, looks like: "38 tonnes", "$5 billion", "two thousand square miles"."""
    return re.compile(rf"{_COUNTED}(?:[ \u00a0-]\w+){{0,2}}?[ \u00a0-]?(?:{units})(?!\w)|(?:{units})\s?\d", re.IGNORECASE)


_AMOUNTS = (
    (_ASKS_SHARE, _SHARE),
    (re.compile(r"\bhow much money\b|\bhow much\b(?! of\b).*\b(?:costs?|spen[dt]|pays?|paid)\b", re.IGNORECASE), _told_in(_MONEY)),
    *(
        (
            re.compile(
                rf"\bhow (?:many|much)(?: \w+){{0,2}}? (?:{asked})(?!\w)|\b(?:number|amount) of (?:\w+ )?(?:{asked})(?!\w)", re.IGNORECASE
            ),
            _told_in(units),
        )
        for asked, units in _UNITS
    ),
)


def amounts_asked(question: str) -> tuple[re.Pattern[str], ...]:
    """Return a pattern for each amount that *question* asks for in a certain measure; a sentence that one does not match lacks it."""
    return tuple(told for asks, told in _AMOUNTS if asks.search(question))
