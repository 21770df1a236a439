"""Recognises a message that asks nothing of the documents (a greeting, thanks, a question about the bot) and replies.

Knows nothing of search. Only a message that is small talk from end to end counts; "hello, what about drugs?" does not.
The patterns are data: prompts/small_talk/.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import cast

from bot.data import read_data
from bot.languages import Voice, kind_in, language_of, voice
from bot.messages import with_example
from index.document import Description

MAX_LENGTH = 120  # characters; longer messages say more than small talk
_SENTENCE_END = re.compile(r"[.!?…;\n。！？；，]+")
_GROUP = re.compile(r"(?<!\\)\((?!\?)")  # one without a name that remembers
_FOLDER = Path(__file__).resolve().parent.parent / "prompts" / "small_talk"


@dataclass(frozen=True, slots=True)
class _SmallTalk:
    whole: re.Pattern[str]  # of all kinds in one, each a group of its name: a hundred tried one by one took 2 ms
    opener: re.Pattern[str]
    closer: re.Pattern[str]


@cache
def _small_talk(language: Voice) -> _SmallTalk:
    loaded = cast(Mapping[str, object], read_data(_FOLDER / f"{language}.yaml"))
    parts = {f"<{name}>": f"(?:{part})" for name, part in cast(Mapping[str, str], loaded.get("parts", {})).items()}
    lines = [(kind, line) for kind, lines in cast(Mapping[str, Sequence[str]], loaded["kinds"]).items() for line in lines]
    # Groups that remember what they matched would make the search five times as long.
    written_out = [(kind, _GROUP.sub("(?:", re.sub("<[a-z ]+>", lambda part: parts[part.group()], line))) for kind, line in lines]
    whole = re.compile("|".join(f"(?P<{kind}_{at}>{line})" for at, (kind, line) in enumerate(written_out)))
    return _SmallTalk(whole, re.compile(f"(?:{loaded['openers']})\\s+"), re.compile(f"(?:\\s+(?:{loaded['closers']}))+$"))


def courtesy(question: str, descriptions: Sequence[Description], example: str) -> str | None:
    """Return the reply to small talk, or None if *question* is not small talk from end to end."""
    kind = small_talk_kind(question)
    if kind is None:
        return None
    language = voice(language_of(question))
    listed = "\n".join(f"• {d.title} ({', '.join(part for part in (kind_in(d.kind, language), d.date) if part)})" for d in descriptions)
    return with_example(kind, language, example, count=len(descriptions), list=listed)


@lru_cache(maxsize=1_000)  # messages: several steps ask of the same one, and of those before it in a conversation
def small_talk_kind(question: str) -> str | None:
    """Return which small talk *question* is, by the name of its message, or None if it asks anything of the documents."""
    parts = [" ".join(re.sub(r"[^\w\s]", " ", part).split()) for part in _SENTENCE_END.split(question.casefold())]
    if sum(len(part) for part in parts) > MAX_LENGTH:
        return None
    small_talk = _small_talk(voice(language_of(question)))
    kinds = [_kind(part, small_talk) for part in parts if part]
    return kinds[-1] if kinds and all(kinds) else None


def _kind(part: str, small_talk: _SmallTalk) -> str | None:
    """Return which small talk *part* is: whole, or as small talk followed by small talk, of which the last counts."""

    def kind_of_whole(text: str) -> str | None:
        found = small_talk.whole.fullmatch(text)
        return found.lastgroup.rpartition("_")[0] if found and found.lastgroup else None

    @cache  # "bye bye bye bye" can be cut into small talk in ever more ways; each rest is looked at once
    def kind_of(text: str) -> str | None:
        if whole := kind_of_whole(text):
            return whole
        stripped = small_talk.closer.sub("", text)
        if stripped != text and (kind_before := kind_of(stripped)):
            return kind_before
        if (opening := small_talk.opener.match(text)) and opening.end() < len(text):
            return kind_of(text[opening.end() :])
        words = text.split()
        for cut in range(1, len(words)):
            left, right = " ".join(words[:cut]), " ".join(words[cut:])
            if kind_of_whole(left) and (rest := kind_of(right)):
                return rest
        return None

    return kind_of(part)
