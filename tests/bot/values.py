"""Values for specifications of single steps: two short documents, their sentences as search returns them, and evidence."""

import dataclasses

from bot.evidence import Evidence, EvidenceSentence
from index.document import Description, Document, Passage
from index.parse import parse_document
from index.search import ScoredSentence

SPEECH = parse_document(
    Description("speech-2019", "A speech", "speech", "2019-04-24", speaker="A speaker", url="https://example.org/speech"),
    "A speech\n\n1. Peace first. Then drugs.\n\nWe are concerned.\n\n2. No bloc.",
)
REPORT = parse_document(Description("report-2020", "A report", "report"), "Peace comes first. It said so.")
DESCRIPTIONS = {document.document_id: document.description for document in (REPORT, SPEECH)}
DOCUMENTS = {document.document_id: document for document in (REPORT, SPEECH)}


def scored(document: Document, paragraph_number: int, sentence_number: int) -> ScoredSentence:
    """Return that sentence as search returns it; the scores, which the steps after evidence do not read, are 0."""
    paragraph = document.paragraphs[paragraph_number - 1]
    scores = {field.name: 0.0 for field in dataclasses.fields(ScoredSentence)}
    row = 1000 * (document is SPEECH) + 10 * paragraph_number + sentence_number  # any number that no other sentence has
    return ScoredSentence(
        **{**scores, "passage": Passage(paragraph, 0.0, 1), "sentence": paragraph.sentences[sentence_number - 1], "row": row}
    )


def evidence(*sentences: EvidenceSentence) -> Evidence:
    """Return evidence of these sentences."""
    return Evidence(sentences, 0.75)


PEACE = EvidenceSentence(scored(SPEECH, 2, 1), also=(scored(REPORT, 1, 1),))
DRUGS = EvidenceSentence(scored(SPEECH, 2, 2))
CONCERN = EvidenceSentence(scored(SPEECH, 3, 1))
SAID_SO = EvidenceSentence(scored(REPORT, 1, 2))
