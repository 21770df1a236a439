"""Turns a word into how usual it is in English, by the list of the package wordfreq.

That package as a whole would take a third of a second and 40 MB; its list takes 3 MB when it is searched as it lies, and how it
treats digits is a file that can be run alone. Knows nothing of documents.
"""

import gzip
import importlib.util
import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import cast

from index.errors import ModelError

LEAST = 1e-9  # the frequency that stands for any lower one, and for none: 0 on Zipf's scale
_LIST = Path("data", "large_en.msgpack.gz")
_PLAIN = re.compile("[a-z]+")
_ONE_TOKEN = re.compile("[a-z0-9\u00e0-\u00f6\u00f8-\u00fd]+")  # what the package's tokenizer leaves as it is, accents and all


@dataclass(frozen=True, slots=True)
class _List:
    """Words in lower case between line feeds, the most usual first; ``ends[n]`` is where those of n centibels below 1 end."""

    text: bytes = b""
    ends: tuple[int, ...] = ()

    def frequency(self, token: str) -> float:
        """Return the share of *token* in all words, in [0, 1]; 0 if it is not listed."""
        at = self.text.find(b"\n%b\n" % token.encode("utf-8", "surrogatepass"))
        return 0.0 if at < 0 else 10 ** (-bisect_right(self.ends, at) / 100)


@lru_cache(maxsize=100_000)  # words; finding a rare one takes a millisecond
def zipf(word: str) -> float:
    """Return how usual *word*, in lower case, is on Zipf's scale, in [0, 8]: 3 for once in a million words, 0 for one nobody counts.

    As wordfreq's ``zipf_frequency`` does. Raises ModelError if the list cannot be read.
    """
    if _PLAIN.fullmatch(word):
        share = _list().frequency(word)
    elif _ONE_TOKEN.fullmatch(word):
        share = _frequency_of_token(word)
    else:
        share = _frequency_of_tokens(word)
    return round(math.log10(float(f"{max(share, LEAST):.3g}")) + 9, 2)


def _frequency_of_token(token: str) -> float:
    """Return the share of a token, of its digits as wordfreq spreads them."""
    smashed = _numbers().smash_numbers(token)
    return _list().frequency(smashed) * (1.0 if smashed == token else float(_numbers().digit_freq(token)))


def _frequency_of_tokens(word: str) -> float:
    """Return the share of what is no token, of those in it together. The first takes as long as the whole package."""
    from wordfreq.tokens import lossy_tokenize

    shares = [_frequency_of_token(token) for token in lossy_tokenize(word, "en")]
    return 1 / sum(1 / share for share in shares) if shares and all(shares) else 0.0


@cache
def _numbers() -> ModuleType:
    """Return the package's own module for digits, without the package around it."""
    spec = importlib.util.spec_from_file_location("wordfreq_numbers", _folder() / "numbers.py")
    module = importlib.util.module_from_spec(cast(ModuleSpec, spec))  # None is for names that do not end in .py
    try:
        cast(Loader, module.__loader__).exec_module(module)
    except OSError as error:
        raise _unreadable(error) from error
    return module


def _unreadable(error: OSError) -> ModelError:
    return ModelError(f"The package wordfreq cannot be read ({error}). Reinstall it: pip install --force-reinstall wordfreq")


def _folder() -> Path:
    """Return where the package lies, without running it."""
    spec = importlib.util.find_spec("wordfreq")
    if spec is None or spec.origin is None:
        raise ModelError("The package wordfreq is not installed. Install it: pip install -r requirements.txt")
    return Path(spec.origin).parent


@cache
def _list() -> _List:
    import msgpack

    try:
        packed = gzip.decompress((_folder() / _LIST).read_bytes())
    except OSError as error:
        raise _unreadable(error) from error
    by_centibel = msgpack.unpackb(packed, raw=True, use_list=False)[1:]  # after a head that tells the format
    parts = [b"".join((b"\n", b"\n".join(words))) if words else b"" for words in by_centibel]
    return _List(b"".join((*parts, b"\n")), tuple(accumulate(len(part) for part in parts)))
