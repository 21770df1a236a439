"""The whole walk on one page: question -> standalone question -> evidence -> draft -> verified, cited reply."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.citations import cite
from bot.conversation import Conversation
from bot.courtesy import courtesy
from bot.evidence import NoEvidence, choose_evidence
from bot.messages import messages
from bot.question import check_question, standalone
from bot.reply import Abstention, Courtesy, NearestPassage, Reply
from bot.writer import write_extract
from index.document import Description, Document
from index.embedding import SentenceEmbeddings
from index.search import SearchResult, search
from index.store import Generation

NEAREST = 3  # passages shown beside an abstention: enough to judge, few enough to read


@dataclass(frozen=True, slots=True)
class Trace:
    """A reply and what search found on the way to it (None for a courtesy); evaluation reads both."""

    reply: Reply
    found: SearchResult | None


class Assistant:
    """Answers questions from one opened generation of the index; holds no conversation."""

    def __init__(self, generation: Generation, embeddings: SentenceEmbeddings, examples: Sequence[str] = ()) -> None:
        self._generation = generation
        self._embeddings = embeddings
        self._descriptions = {description.document_id: description for description in generation.descriptions()}
        self.examples = tuple(examples)
        self.index_fingerprint = generation.manifest.index_fingerprint

    def reply(self, question: str, conversation: Conversation) -> Reply:
        """Return the reply to *question*, asked after the turns of *conversation*.

        Raises QuestionError if *question* is blank, too long or not text.
        """
        return self.trace(question, conversation).reply

    def trace(self, question: str, conversation: Conversation) -> Trace:
        """Return the reply to *question* together with what search found. Raises as `reply` does."""
        asked = check_question(question)
        small_talk = courtesy(asked, tuple(self._descriptions.values()), self.examples[0] if self.examples else "")
        if small_talk is not None:
            return Trace(Courtesy(asked, small_talk, self.index_fingerprint), None)
        rewritten = standalone(asked, conversation)
        found = search(self._generation, self._embeddings, rewritten)
        evidence = choose_evidence(rewritten, found)
        if isinstance(evidence, NoEvidence):
            return Trace(self._abstain(asked, rewritten, evidence, found), found)
        answer = cite(
            write_extract(evidence),
            evidence,
            self._descriptions,
            question=asked,
            standalone_question=rewritten,
            index_fingerprint=self.index_fingerprint,
        )
        if answer is None:
            return Trace(self._abstain(asked, rewritten, NoEvidence("unsupported_draft", evidence.probability), found), found)
        return Trace(answer, found)

    def descriptions(self) -> tuple[Description, ...]:
        """Return what is known of every document, ordered by document id."""
        return tuple(self._descriptions.values())

    def document(self, document_id: str) -> Document | None:
        """Return the whole document, or None if there is none of that id."""
        return self._generation.document(document_id)

    def _abstain(self, question: str, standalone_question: str, evidence: NoEvidence, found: SearchResult) -> Abstention:
        nearest: dict[str, NearestPassage] = {}
        for scored in found.sentences:
            paragraph = scored.passage.paragraph
            if paragraph.role == "body" and paragraph.paragraph_id not in nearest and len(nearest) < NEAREST:
                nearest[paragraph.paragraph_id] = NearestPassage(self._descriptions[paragraph.document_id], scored.passage, scored.sentence)
        text = messages()[evidence.reason].format(example=self.examples[0] if self.examples else "")
        return Abstention(
            question, standalone_question, text, evidence.reason, tuple(nearest.values()), evidence.probability, self.index_fingerprint
        )
