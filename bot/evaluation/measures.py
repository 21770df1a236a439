"""Turns a query and the reply to it into the values of measures. Knows nothing of how replies come about.

Measures lie in [0, 1], but `truthfulness` and `follow-up loss` in [-1, 1], and `words` counts. A measure that does not
apply to a query has no value for it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import ir_measures
from ir_measures import RR, R, nDCG

from bot.evaluation.queries import Gold, Query
from bot.reply import Abstention, Answer, AnswerSentence, Citation, Courtesy, NearestPassage, Reply
from index.document import Document
from index.search import SearchResult

CARRIES = 0.8  # share of a gold quote's words that a shown text must hold to say the same: "in favour of" may be "favour"
PART = 0.5  # share of a longer gold quote that its own shown sentences must hold, and of overlap that makes two spans one
RANKING_MEASURES = (R @ 1, R @ 5, R @ 10, nDCG @ 5, nDCG @ 10, RR @ 10)
UNANSWERABLE_CLASSES = ("near", "far", "out_of_domain", "hostile")  # false answers to these are counted apart, as to all others
Group = Literal["retrieval", "answers", "abstention"]


@dataclass(frozen=True, slots=True)
class Measure:
    """The name of a measure, what it is, and whether more of it is better (None: neither)."""

    name: str
    group: Group
    meaning: str
    higher_is_better: bool | None = True


MEASURES = (
    *(Measure(f"R@{k}", "retrieval", f"share of the relevant paragraphs among the first {k} found") for k in (1, 5, 10)),
    *(Measure(f"nDCG@{k}", "retrieval", f"gain of the first {k} paragraphs by grade and rank, of the best possible") for k in (5, 10)),
    Measure("RR@10", "retrieval", "1 / rank of the first relevant paragraph, 0 beyond rank 10"),
    Measure("sentence@1", "retrieval", "the best-ranked sentence lies in a gold paragraph"),
    Measure("sentence@3", "retrieval", "one of the three best-ranked sentences lies in a gold paragraph"),
    Measure("facet recall", "answers", "share of the required facets that the answer states; 0 if there is no answer"),
    Measure("citation recall", "answers", "share of the required facets with a citation of one of their gold sentences"),
    Measure("citation precision", "answers", "share of the citations that lead to a gold sentence or its equal"),
    Measure("first right", "answers", "the first sentence of the answer states a required facet"),
    Measure("must-not said", "answers", "the reply says what it must not", higher_is_better=False),
    Measure("quote fidelity", "answers", "share of shown quotes that stand verbatim in the document's file where they claim"),
    Measure("words", "answers", "length of the answer", higher_is_better=None),
    Measure("rewrite facet recall", "answers", "facet recall of follow-ups, asked as a person rewrote them"),
    Measure("follow-up loss", "answers", "facet recall of a follow-up's human rewrite, less that of the follow-up", higher_is_better=False),
    Measure(
        "truthfulness", "abstention", "1 complete answer or right abstention, .5 part, 0 false abstention, -1 false or beside the point"
    ),
    Measure("false answer", "abstention", "answered although the documents do not say", higher_is_better=False),
    *(
        Measure(f"false answer: {name}", "abstention", f"the same, for questions of the class {name}", higher_is_better=False)
        for name in (*UNANSWERABLE_CLASSES, "other")
    ),
    Measure("false abstention", "abstention", "not answered although the documents say", higher_is_better=False),
    Measure("handled", "abstention", "small talk got a courtesy, an unclear question no answer"),
)


def relevant_paragraphs(query: Query, documents: Mapping[str, Document]) -> dict[str, int]:
    """Return the grade of every paragraph that is a gold one or holds a gold quote verbatim."""
    grades: dict[str, int] = {gold.paragraph_id: 0 for gold in query.gold}
    for document in documents.values() if query.gold else ():
        for paragraph in document.paragraphs:
            held = [gold.grade for gold in query.gold if gold.quote in paragraph.text or gold.paragraph_id == paragraph.paragraph_id]
            if held:
                grades[paragraph.paragraph_id] = max(held)
    return grades


def score_rankings(relevant: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Return the ranking measures of every query that has relevant paragraphs, by query id and measure."""
    judgments = [ir_measures.Qrel(query, paragraph, grade) for query, grades in relevant.items() for paragraph, grade in grades.items()]
    run = [
        ir_measures.ScoredDoc(query, paragraph, 1 / rank)
        for query, ranking in rankings.items()
        for rank, paragraph in enumerate(ranking, start=1)
    ]
    scores: dict[str, dict[str, float]] = {query: {} for query in relevant}
    for metric in ir_measures.iter_calc(RANKING_MEASURES, judgments, run):
        scores[metric.query_id][str(metric.measure)] = float(metric.value)
    return scores


def score_sentences(relevant: Mapping[str, int], found: SearchResult | None) -> dict[str, float]:
    """Return whether the best one and three ranked sentences reach a relevant paragraph."""
    homes = [scored.passage.paragraph.paragraph_id in relevant for scored in found.sentences[:3]] if found else []
    return {"sentence@1": float(any(homes[:1])), "sentence@3": float(any(homes))}


def score_reply(query: Query, reply: Reply | None, documents: Mapping[str, Document]) -> dict[str, float]:
    """Return the measures of the reply to *query* that apply; None stands for a question that was refused unread."""
    answered = isinstance(reply, Answer)
    scores: dict[str, float] = {}
    if query.facets:
        scores["facet recall"] = recall = facet_recall(query, reply)
        scores["citation recall"] = citation_recall(query, reply, documents)
        scores["truthfulness"] = 1.0 if recall == 1 else 0.5 if recall > 0 else -1.0 if answered else 0.0
    if query.is_answerable:
        scores["false abstention"] = float(not answered)
    elif query.answerability == "unanswerable":
        apart = query.query_class if query.query_class in UNANSWERABLE_CLASSES else "other"
        scores |= {"false answer": float(answered), f"false answer: {apart}": float(answered), "truthfulness": -1.0 if answered else 1.0}
    elif query.answerability == "conversational":
        scores["handled"] = float(isinstance(reply, Courtesy))
    else:
        scores["handled"] = float(not answered)
    if query.must_not:
        said = reply.text.casefold() if reply is not None else ""
        scores["must-not said"] = float(any(text.casefold() in said for text in query.must_not))
    if quotes := list(_quotes_hold(reply, documents)):
        scores["quote fidelity"] = sum(quotes) / len(quotes)
    if isinstance(reply, Answer):
        scores["words"] = float(sum(_words(sentence.text).total() for sentence in reply.sentences))
        if query.gold:
            right = [_citation_is_right(citation, query, documents) for citation in reply.citations]
            scores["citation precision"] = sum(right) / len(right)
        if query.facets:
            scores["first right"] = float(states(reply.sentences[0].text, query))
    return scores


def facet_recall(query: Query, reply: Reply | None) -> float:
    """Return the share of required facets of which the answer holds some alternative; 0 without an answer.

    An alternative is held if one shown text (an answer sentence or the quote of a further document's citation) carries
    the gold quote, or if the shown sentences of the gold paragraph that lie within the quote hold PART of its words.
    """
    if not isinstance(reply, Answer):
        return 0.0
    texts = [sentence.text for sentence in reply.sentences] + [citation.quote for citation in reply.citations if citation.also]
    held = [
        any(any(carries(text, gold) for text in texts) or _in_parts(reply, gold) for gold in alternatives)
        for alternatives in query.facets.values()
    ]
    return sum(held) / len(held)


def _in_parts(answer: Answer, gold: Gold) -> bool:
    quotes = [
        citation.quote for citation in answer.citations if citation.paragraph_id == gold.paragraph_id and citation.quote in gold.quote
    ]
    return bool(quotes) and coverage(gold.quote, " ".join(quotes)) >= PART


def citation_recall(query: Query, reply: Reply | None, documents: Mapping[str, Document]) -> float:
    """Return the share of required facets with a citation whose span is a gold span of that facet; 0 without an answer."""
    if not isinstance(reply, Answer):
        return 0.0
    facets = query.facets.values()
    cited = [any(_same_span(c, gold, documents) for gold in alternatives for c in reply.citations) for alternatives in facets]
    return sum(cited) / len(cited)


def states(text: str, query: Query) -> bool:
    """Tell whether *text* states some required facet: it carries a gold quote or is the main part of one."""
    return any(
        carries(text, gold) or (text in gold.quote and coverage(gold.quote, text) >= PART)
        for alternatives in query.facets.values()
        for gold in alternatives
    )


def carries(text: str, gold: Gold) -> bool:
    """Tell whether *text* holds the gold quote, or at least CARRIES of its words."""
    return gold.quote in text or coverage(gold.quote, text) >= CARRIES


def coverage(quote: str, text: str) -> float:
    """Return the share of the words of *quote* that *text* holds, repeats counted and case ignored, in [0, 1]."""
    words = _words(quote)
    return (words & _words(text)).total() / words.total()


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def _citation_is_right(citation: Citation, query: Query, documents: Mapping[str, Document]) -> bool:
    return any(_same_span(citation, gold, documents) or carries(citation.quote, gold) for gold in query.gold)


def _same_span(citation: Citation, gold: Gold, documents: Mapping[str, Document]) -> bool:
    """Tell whether citation and gold quote overlap in their document by at least PART of the shorter."""
    if citation.description.document_id != gold.document_id:
        return False
    paragraph = documents[gold.document_id].paragraphs[gold.paragraph - 1]
    start = paragraph.start + paragraph.text.index(gold.quote)
    end = start + len(gold.quote)
    shared = min(end, citation.end) - max(start, citation.start)
    return shared >= PART * min(len(gold.quote), citation.end - citation.start)


def _quotes_hold(reply: Reply | None, documents: Mapping[str, Document]) -> Iterable[bool]:
    """Yield, for every quote that *reply* shows, whether it stands in the document's text just where it claims."""
    if isinstance(reply, Answer):
        yield from (_cited(citation, documents) for citation in reply.citations)
        by_marker = {citation.marker: citation for citation in reply.citations}
        for sentence in reply.sentences:
            if sentence.status == "verbatim":
                cited = [by_marker[marker] for marker in sentence.markers]
                yield reply.text[sentence.start : sentence.end] == sentence.text and any(_within(sentence, c, documents) for c in cited)
    elif isinstance(reply, Abstention):
        yield from (_near(nearest, documents) for nearest in reply.nearest)


def _cited(citation: Citation, documents: Mapping[str, Document]) -> bool:
    document = documents[citation.description.document_id]
    paragraph = document.paragraphs[citation.paragraph_number - 1]
    inside = paragraph.start <= citation.start < citation.end <= paragraph.start + len(paragraph.text)
    return inside and document.text[citation.start : citation.end] == citation.quote


def _within(sentence: AnswerSentence, citation: Citation, documents: Mapping[str, Document]) -> bool:
    return sentence.text in documents[citation.description.document_id].text[citation.start : citation.end]


def _near(nearest: NearestPassage, documents: Mapping[str, Document]) -> bool:
    paragraph = nearest.passage.paragraph
    return documents[paragraph.document_id].text[paragraph.start :].startswith(paragraph.text)
