"""The whole walk on one page: question -> standalone question -> evidence -> draft -> verified, cited reply."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from bot.asked_about import Whose, only_asks, whose_documents
from bot.chat_model import ChatModel, ChatModelFailureError
from bot.citations import VerifiedSentence, check, cite, cite_checked
from bot.conversation import Conversation
from bot.courtesy import courtesy, small_talk_kind
from bot.evidence import (
    MAX_SENTENCES,
    SUBJECT_FROM,
    THERE_FROM,
    Evidence,
    EvidenceSentence,
    NoEvidence,
    choose_evidence,
    evidence_digest,
    evidence_told,
    is_there,
)
from bot.filters import ALL_DOCUMENTS, Filter, Library, Scope, combined, library_of, listed, read_filters
from bot.follow_up import Understood, subject_asked, understand
from bot.languages import (
    Language,
    Voice,
    english_twin,
    english_words,
    language_of,
    question_about,
    reads,
    translated,
    unrelated_cosine,
    voice,
)
from bot.messages import in_words, messages, with_example
from bot.prompts import new_ids
from bot.question import MAX_PARTS, check_question, parts
from bot.reply import Abstention, Answer, Courtesy, NearestPassage, Reply
from bot.rewriting import rewrite
from bot.said import told_sentences
from bot.suggestions import MAX_OFFERED, Suggestion, choose, read_suggestions, subjects, write_suggestions
from bot.writer import DraftSentence, answer_prompt, read_draft, write_extract
from index.cross_encoder import open_cross_encoder
from index.document import Description, Document
from index.embedding import DEFAULT_MODEL, Encoder
from index.errors import NoDocumentError
from index.filters import EVERYTHING, Filters, matching, newest_first, unmet
from index.ranking import blend, interleave, leave_out, newest_passages_first
from index.search import SearchResult, search
from index.stores import Store

NEAREST = 3  # passages shown beside an abstention: enough to judge, few enough to read
SUBJECT = 0.5  # share of the subject alone in the ranking for a question that merely asks what is said of it (docs/decisions/008)
SEARCHES = 2 * MAX_PARTS  # side by side, of all replies together: each thing asked and its subject; then what is read closely
SUMMED_UP = 6  # sentences in a summary of a conversation, and the last questions it is made of
LATEST_AMONG = 10  # best passages whose documents may be the latest that says something: beyond, few are on the subject
LATEST_TRIED = 5  # dates of documents that are searched one by one, the newest first; each costs a search
SUGGESTED_FROM = 20  # documents whose names become questions to offer; more would not be seen


@dataclass(frozen=True, slots=True)
class Trace:
    """A reply, what search found on the way to it (None for a courtesy) and the evidence in it; evaluation reads all three."""

    reply: Reply
    found: SearchResult | None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Meant:
    """A question without the words that say which documents it means, their filters, and the same as shown beside the reply."""

    understood: Understood
    filters: Filters
    shown: tuple[Filter, ...]


class Assistant:
    """Answers questions from one opened generation of the index; holds no conversation."""

    def __init__(
        self,
        generation: Store,
        embeddings: Encoder,
        examples: Sequence[str] = (),
        chat_model: ChatModel | None = None,
        suggestions_file: Path | None = None,
    ) -> None:
        """Take what answers; *suggestions_file* keeps the questions to offer, which are asked once, from one start to the next."""
        self._generation = generation
        self._embeddings = embeddings
        self._chat_model = chat_model
        self._cross_encoder = open_cross_encoder(embeddings.files.digest)
        self._word_states = embeddings.word_states if embeddings.files.name == DEFAULT_MODEL else None  # others weigh words otherwise
        self._descriptions = {description.document_id: description for description in generation.descriptions()}
        self._threads = ThreadPoolExecutor(SEARCHES, thread_name_prefix="search")
        self._read: dict[Language, bool] = {}
        self._examples = tuple(examples)
        self.index_fingerprint = generation.manifest.index_fingerprint
        self._suggestions_file = suggestions_file

    def reply(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Reply:
        """Return the reply to *question*, asked after the turns of *conversation* and put to the documents of *scope*.

        Raises QuestionError if *question* is blank, too long or not text.
        """
        return self.trace(question, conversation, scope).reply

    def trace(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Trace:
        """Return the reply to *question* together with what search found. Raises as `reply` does."""
        *_, whole = self.traces(question, conversation, scope)
        return whole

    def traces(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Iterator[Trace]:
        """Yield the reply to *question* as it grows, each time all of it that is verified; the last is the reply. Raises as `reply` does.

        Only an answer that a chat model words grows. If the model fails on the way, the last is the documents' own sentences.
        """
        extracted = self._extracted(question, conversation, scope)
        english = language_of(extracted.reply.question) == "en"  # in no other can a sentence be held against the documents
        if self._chat_model is None or extracted.evidence is None or not isinstance(extracted.reply, Answer) or not english:
            yield extracted
            return
        for answer in self._worded(self._chat_model, extracted.reply, extracted.evidence):
            yield replace(extracted, reply=answer)

    def _worded(self, model: ChatModel, extract: Answer, evidence: Evidence) -> Iterator[Answer]:
        """Yield the answer as *model* words it, growing by verified sentences; last, if that comes to no answer, *extract* with a note."""
        ids = new_ids(len(evidence.sentences))
        sentences: list[VerifiedSentence] = []
        shown: Answer | None = None
        note, draft = "draft_not_supported", ""
        try:
            completion = model.ask(
                answer_prompt(extract.standalone_question, evidence, self._descriptions, ids), model.limits.first_sentence_s
            )
            try:
                for drafted in read_draft(completion, ids):
                    verified = check(drafted, evidence, self._descriptions, self._word_states)
                    sentences += [verified] if verified is not None else []
                    answer = cite_checked(
                        sentences,
                        evidence,
                        self._descriptions,
                        question=extract.question,
                        standalone_question=extract.standalone_question,
                        index_fingerprint=self.index_fingerprint,
                    )
                    if answer is not None and verified is not None:
                        completion.shown()
                        shown = replace(answer, suggestions=extract.suggestions, filters=extract.filters)
                        yield shown
            finally:
                draft = completion.text
        except ChatModelFailureError:
            shown, note = None, "chat_model_failed"
        yield replace(extract, note=messages()[note], draft=draft) if shown is None else replace(shown, draft=draft)

    def _understood(self, asked: str, conversation: Conversation) -> Understood:
        """Return what *asked* wants; with a chat model, its question as the model words it after the turns, or in English."""
        understood = understand(asked, conversation)
        if understood.setting and any(understood.question == offered.question for offered in self._offered):
            understood = replace(understood, setting=())  # it was offered because it is answered so
        english = language_of(understood.question) == "en"
        wanted = ("answer",) if english else ("answer", "unclear")
        left = understood.wish not in wanted or (english and not conversation.turns) or small_talk_kind(asked) is not None
        if self._chat_model is None or left:
            return understood
        rewritten = rewrite(self._chat_model, asked, conversation)
        return understood if rewritten is None else Understood("answer", rewritten, rewritten, turn=understood.turn)

    def _extracted(self, question: str, conversation: Conversation, scope: Scope) -> Trace:
        """Return the reply to *question* in the documents' own sentences."""
        asked = check_question(question)
        understood = self._understood(asked, conversation)
        small_talk = courtesy(asked, tuple(self._descriptions.values()), self._example(asked))
        if small_talk is not None and understood.wish not in ("source", "more", "summary"):  # "Sources?" after an answer means its own
            return Trace(Courtesy(asked, small_talk, self.index_fingerprint), None)
        if language_of(understood.question) != "en":
            if not self._reads(language_of(asked)):
                return Trace(self._other_language(asked, conversation), None)
            understood = Understood("answer", asked, asked)  # follow-ups are understood in English alone
        if understood.wish == "unclear":
            return Trace(self._ask_back(asked, conversation), None)
        if understood.wish == "summary":
            return self._sum_up(understood, asked, conversation, scope)
        wanted = understood.earlier[0] if understood.wish == "source" else understood
        meant = self._meant(wanted, scope)
        try:
            if understood.wish == "source":
                found, evidence = self._answered(meant, conversation)
            else:
                found, evidence = self._evidence(meant.understood, conversation, meant.filters)
        except NoDocumentError:
            return Trace(self._no_document(asked, wanted.question, meant), None)
        reply: Answer | Abstention | None = None
        chosen = evidence if isinstance(evidence, Evidence) and understood.wish != "source" else None
        if isinstance(evidence, Evidence):
            reply = self._cite(write_extract(evidence), evidence, asked, wanted.question)
            evidence = NoEvidence("unsupported_draft", evidence.probability)
        if reply is None:
            nothing_more = wanted.wish == "more" and evidence.reason == "no_evidence"
            message = "nothing_more" if nothing_more else evidence.reason
            reply = self._abstain(asked, wanted.question, evidence, self._near(meant, found), message, meant.shown)
        reply = replace(reply, filters=meant.shown)
        return Trace(self._with_suggestions(_in_its_language(reply), found, conversation), found, chosen)

    def _reads(self, language: Language) -> bool:
        """Tell whether *language* can be searched in as it is; asked of the embedding model once, when it is first needed."""
        if language not in self._read:
            self._read[language] = language != "other" and reads(self._embeddings.encode_documents, voice(language))
        return self._read[language]

    def _other_language(self, asked: str, conversation: Conversation) -> Abstention:
        """Return the reply to a question that cannot be read here: what to set, and English questions on its subject to try."""
        text = messages(_voice(asked))["other_language" if self._chat_model is None else "not_translated"]
        words = english_words(asked)
        questions, vector = [], None
        if words:
            question = question_about(*words)
            found, evidence = self._evidence(Understood("answer", question, question), Conversation())
            questions, vector = [question] * isinstance(evidence, Evidence), found.question_vector
        questions += choose(self._offered, vector, {*_asked(conversation), *questions}, conversation.said)
        return Abstention(asked, asked, text, "other_language", (), 0.0, self.index_fingerprint, _offer(questions[:MAX_OFFERED], asked))

    def _example(self, asked: str) -> str:
        """Return a question that is answered, in the language of *asked* where it has a twin there."""
        return translated(self.examples[0], _voice(asked)) if self.examples else ""

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Questions to begin with, each of which is answered: the given ones, or if none of them is, others; none if nothing is."""
        answered = tuple(suggestion.question for suggestion in self._offered)
        return tuple(example for example in self._examples if example in answered) or answered[:MAX_OFFERED]

    @cached_property
    def _unrelated(self) -> float:
        """The cosine that sentences without anything in common have under the embedding model."""
        return unrelated_cosine(self._embeddings.encode_documents)

    @cached_property
    def _whose(self) -> Whose:
        """Those whose positions the documents hold."""
        return whose_documents(self._descriptions.values())

    @cached_property
    def _library(self) -> Library:
        return library_of(tuple(self._descriptions.values()))

    def _meant(self, understood: Understood, scope: Scope) -> Meant:
        """Return what was *understood* with the documents that are meant, by *scope* and by the question's own words."""
        if not scope.from_words:
            return Meant(understood, scope.given, listed(scope.given))
        read = read_filters(understood.question, self._library)
        alone = read_filters(understood.alone, self._library).question if understood.alone and read.filters else understood.alone
        setting = tuple(read_filters(asked, self._library).question for asked in understood.setting)
        filters = combined(scope.given, read.filters)
        return Meant(replace(understood, question=read.question, alone=alone, setting=setting), filters, listed(filters, read.filters))

    def _within(self, filters: Filters) -> frozenset[str] | None:
        """Return the ids of the documents that meet *filters*, or None if that is every document."""
        return None if replace(filters, latest=False) == EVERYTHING else matching(filters, self._descriptions.values())

    def _evidence(
        self, understood: Understood, before: Conversation, filters: Filters = EVERYTHING
    ) -> tuple[SearchResult, Evidence | NoEvidence]:
        """Return what search finds for what was *understood* after the turns *before* in the documents meant, and the evidence in it.

        If the latest is wanted, these are the documents of the newest date that hold evidence. Raises NoDocumentError if none are meant.
        """
        found, evidence = self._evidence_within(understood, before, self._within(filters))
        if not filters.latest or isinstance(evidence, NoEvidence):
            return found, evidence
        near = {passage.paragraph.document_id for passage in found.passages[:LATEST_AMONG]}
        for newest in newest_first(self._descriptions[document_id] for document_id in sorted(near))[:LATEST_TRIED]:
            found_there, evidence_there = self._evidence_within(understood, before, frozenset(newest))
            if isinstance(evidence_there, Evidence):
                return found_there, evidence_there
        return found, NoEvidence("no_evidence", evidence.probability)

    def _answered(self, past: Meant, conversation: Conversation, most: int = MAX_SENTENCES) -> tuple[SearchResult, Evidence | NoEvidence]:
        """Return the evidence that *past*, asked in the *conversation*, was answered with: what the assistant is told to have said then.

        Of that, up to *most* sentences that stand so in the documents; where none does, the question is asked again, as it was then.
        Raises NoDocumentError if no documents are meant.
        """
        turn = past.understood.turn
        reply = next((turn.content for turn in conversation.turns[turn + 1 : turn + 2] if turn.role == "assistant"), "")
        told = told_sentences(reply)[:most]
        found = self._searched(told, self._within(past.filters)) if told else {}
        evidence = evidence_told(list(found.items()))
        if evidence is None:
            return self._evidence(past.understood, Conversation(conversation.turns[:turn]), past.filters)
        return interleave(list(found.values())), evidence

    def _evidence_within(
        self, understood: Understood, before: Conversation, within: frozenset[str] | None
    ) -> tuple[SearchResult, Evidence | NoEvidence]:
        """Return what search finds in the documents *within*, all of them if None, and the evidence in it."""
        in_their_words = self._generation.vocabulary.in_words_of_the_documents
        mended = in_their_words(understood.question)
        alone = None if understood.alone is None else in_their_words(understood.alone)
        asked_parts = (mended,) if understood.leans else parts(mended)  # what a part leans on stands behind all of them
        # The words of "What does the organisation say about X?" but X draw sentences whatever X is: X itself has to be there.
        subjects = {part: subject_asked(part, self._whose) for part in asked_parts} if not understood.leans else {}
        setting = tuple(in_their_words(asked) for asked in understood.setting)
        found = self._searched([*asked_parts, *subjects.values()], within, alone, setting)
        asked = [(part if alone is None else alone, found[part]) for part in asked_parts]  # what is asked for, its own words tell
        read = any(scored.reading is not None for _, each in asked for scored in each.sentences)
        judged, unasked = list(asked), set()
        answer_from: dict[str, float] = {}
        for at, part in enumerate(asked_parts):
            if read and (subject := subjects.get(part)):
                asked[at] = judged[at] = (part, blend(found[part], found[subject], SUBJECT))
                if not is_there(subject, found[subject]):
                    judged[at] = (subject, found[subject])
                    answer_from[subject] = SUBJECT_FROM
                    unasked.add(subject)
                elif only_asks(part, subject, self._whose):
                    answer_from[part] = THERE_FROM
        if understood.wish == "more":
            asked, judged = ([(part, leave_out(one, before.said)) for part, one in each] for each in (asked, judged))
        closely = None if self._cross_encoder is None else partial(self._read_closely, unasked, mended if alone is not None else None)
        return interleave([one for _, one in asked]), choose_evidence(judged, 0.0 if read else self._unrelated, closely, answer_from)

    def _searched(
        self, questions: Sequence[str], within: frozenset[str] | None, own_words: str | None = None, setting: Sequence[str] = ()
    ) -> dict[str, SearchResult]:
        """Return what search finds for each of *questions*, side by side where there are several; what is empty is not asked.

        *own_words* are those of a single question that leans on another; *setting* is that of all.
        """
        distinct = [question for question in dict.fromkeys(questions) if question]
        look = partial(search, self._generation, self._embeddings, within=within, own_words=own_words, setting=setting)
        if len(distinct) == 1:
            return {distinct[0]: look(distinct[0])}
        return dict(zip(distinct, self._threads.map(look, distinct), strict=True))

    def _near(self, meant: Meant, found: SearchResult) -> SearchResult:
        """Return what lies near what was *meant* though nothing answers it: by itself, and in turn with that *found* in its setting.

        Where the visitor has gone on to another subject, the setting draws passages of the one before.
        """
        if not meant.understood.setting or meant.understood.wish != "answer":
            return found
        by_itself, _ = self._evidence(replace(meant.understood, setting=()), Conversation(), meant.filters)
        return interleave([by_itself, found])

    def _read_closely(
        self, subjects: Collection[str], whole: str | None, question: str, sentences: Sequence[str]
    ) -> Sequence[float] | None:
        """Return how strongly each of *sentences* answers *question*, read together; None for one of *subjects*, which ask nothing.

        Of a follow-up the *whole* is read, with what it leans on.
        """
        if self._cross_encoder is None or question in subjects:
            return None
        read = partial(self._cross_encoder.read, self._embeddings, question if whole is None else whole)
        return list(map(read, sentences) if len(sentences) == 1 else self._threads.map(read, sentences))

    def _cite(self, draft: Sequence[DraftSentence], evidence: Evidence, question: str, standalone_question: str) -> Answer | None:
        return cite(
            draft,
            evidence,
            self._descriptions,
            question=question,
            standalone_question=standalone_question,
            index_fingerprint=self.index_fingerprint,
        )

    def _sum_up(self, understood: Understood, asked: str, conversation: Conversation, scope: Scope) -> Trace:
        """Return the answers to the questions so far, in sentences of the documents."""
        asked_before = list({(past.wish, past.question): past for past in understood.earlier}.values())[-SUMMED_UP:]
        answers: list[Evidence] = []
        found: SearchResult | None = None
        for past in asked_before:
            meant = self._meant(past, scope)
            try:
                found, evidence = self._answered(meant, conversation, max(1, SUMMED_UP // len(asked_before)))
            except NoDocumentError:
                continue  # it was not answered then either
            if isinstance(evidence, Evidence):
                answers.append(evidence)
        draft, evidence = _together(answers)
        reply = self._cite(draft, evidence, asked, asked) if draft else None
        if reply is None:
            text = messages(_voice(asked))["nothing_to_sum_up"]
            return Trace(Abstention(asked, asked, text, "no_evidence", (), 0.0, self.index_fingerprint), found)
        reply = replace(reply, filters=listed(scope.given))
        return Trace(reply if found is None else self._with_suggestions(reply, found, conversation), found)

    def _ask_back(self, asked: str, conversation: Conversation) -> Abstention:
        """Return the reply to a message that refers to nothing known: questions to choose from."""
        questions = _offer(choose(self._offered, None, _asked(conversation), conversation.said), asked)
        text = with_example("unclear_question", _voice(asked), questions[0] if questions else "")
        return Abstention(asked, asked, text, "unclear_question", (), 0.0, self.index_fingerprint, questions)

    def _with_suggestions(self, reply: Answer | Abstention, found: SearchResult, conversation: Conversation) -> Answer | Abstention:
        asked = {*_asked(conversation), reply.question, reply.standalone_question}
        questions = choose(self._offered, found.question_vector, asked, f"{conversation.said}\n{reply.text}")
        return replace(reply, suggestions=_offer(questions, reply.question))

    def prepare(self) -> None:
        """Do now what the first reply would wait for: find the questions to offer."""
        _ = self._offered

    @cached_property
    def _offered(self) -> tuple[Suggestion, ...]:
        """The questions that may be offered, as they were kept, or found and kept."""
        if self._suggestions_file is None:
            return self._find_offered()
        made_from = hashlib.sha256(json.dumps([self.index_fingerprint, evidence_digest(), self._examples]).encode()).hexdigest()
        offered = read_suggestions(self._suggestions_file, made_from)
        if offered is None:
            offered = self._find_offered()
            write_suggestions(self._suggestions_file, made_from, offered)
        return offered

    def _find_offered(self) -> tuple[Suggestion, ...]:
        """Return the examples and one question for each name in the documents, those that are answered when asked here."""
        documents = [self._generation.document(document_id) for document_id in list(self._descriptions)[:SUGGESTED_FROM]]
        named = subjects([document for document in documents if document is not None])
        questions = [(example, "") for example in self._examples]
        questions += [(question_about(name), name.removeprefix("the ")) for name in named]
        offered = []
        for question, name in questions:
            found, evidence = self._evidence(Understood("answer", question, question), Conversation())
            first = evidence.sentences[0].scored.text.replace("\u00a0", " ") if isinstance(evidence, Evidence) else ""
            if first and name in first:
                offered.append(Suggestion(question, found.question_vector, first))
        return tuple(offered)

    def search(self, question: str, filters: Filters = EVERYTHING) -> SearchResult:
        """Return the passages that meet *question* best in the documents that meet *filters*, without a reply; the latest, newest first.

        Raises QuestionError as `reply` does, NoDocumentError if no document meets *filters*.
        """
        mended = self._generation.vocabulary.in_words_of_the_documents(check_question(question))
        found = search(self._generation, self._embeddings, mended, within=self._within(filters))
        newest = newest_passages_first(found.passages, self._descriptions.values()) if filters.latest else found.passages
        return replace(found, passages=newest)

    def descriptions(self) -> tuple[Description, ...]:
        """Return what is known of every document, ordered by document id."""
        return tuple(self._descriptions.values())

    def document(self, document_id: str) -> Document | None:
        """Return the whole document, or None if there is none of that id."""
        return self._generation.document(document_id)

    def _no_document(self, asked: str, standalone_question: str, meant: Meant) -> Abstention:
        """Return the reply where no document is meant: which filters are at fault."""
        faults = {(one.field, one.value) for each in unmet(meant.filters, self.descriptions()) for one in listed(each)}
        named = [one for one in meant.shown if (one.field, one.value) in faults]
        text = messages(_voice(asked))["no_document"].format(filters="; ".join(in_words(named, _voice(asked))))
        return Abstention(asked, standalone_question, text, "no_document", (), 0.0, self.index_fingerprint, filters=meant.shown)

    def _abstain(
        self,
        question: str,
        standalone_question: str,
        evidence: NoEvidence,
        found: SearchResult,
        message: str,
        filters: tuple[Filter, ...],
    ) -> Abstention:
        nearest: dict[str, NearestPassage] = {}
        for scored in found.sentences:
            paragraph = scored.passage.paragraph
            if paragraph.role == "body" and paragraph.paragraph_id not in nearest and len(nearest) < NEAREST:
                nearest[paragraph.paragraph_id] = NearestPassage(self._descriptions[paragraph.document_id], scored.passage, scored.sentence)
        text = messages(_voice(question))[message]
        if filters:
            text += " " + messages(_voice(question))["only_filtered"].format(filters="; ".join(in_words(filters, _voice(question))))
        return Abstention(
            question, standalone_question, text, evidence.reason, tuple(nearest.values()), evidence.probability, self.index_fingerprint
        )


def _voice(asked: str) -> Voice:
    return voice(language_of(asked))


def _in_its_language(reply: Answer | Abstention) -> Answer | Abstention:
    """Return *reply*, where the question is not in English with a word on that the documents are."""
    language = _voice(reply.question)
    return replace(reply, note=messages(language)["original_language"]) if isinstance(reply, Answer) and language != "en" else reply


def _asked(conversation: Conversation) -> set[str]:
    """Return the questions of *conversation*, in English where they are twins: so are those that may be offered."""
    return {english_twin(turn.content) or turn.content for turn in conversation.turns if turn.role == "user"}


def _offer(questions: Sequence[str], asked: str) -> tuple[str, ...]:
    """Return English *questions* as they are offered to who *asked*: their twins in that language, which are understood as they are."""
    return tuple(translated(question, _voice(asked)) for question in questions)


def _together(answers: Sequence[Evidence]) -> tuple[tuple[DraftSentence, ...], Evidence]:
    """Return a draft of at most SUMMED_UP sentences of *answers*, a paragraph an answer, and the evidence it rests on.

    Every answer's first sentence comes before any answer's second, and no sentence comes twice.
    """
    longest = max((len(evidence.sentences) for evidence in answers), default=0)
    taken: dict[int, tuple[int, int, EvidenceSentence]] = {}
    for place in range(longest):
        for number, evidence in enumerate(answers):
            if place < len(evidence.sentences) and len(taken) < SUMMED_UP:
                sentence = evidence.sentences[place]
                taken.setdefault(sentence.scored.row, (number, place, sentence))
    ordered = sorted(taken.values(), key=lambda item: item[:2])
    opening = {item[0]: item for item in reversed(ordered)}
    draft = tuple(
        DraftSentence(item[2].scored.text, (at,), opens_paragraph=at > 0 and opening[item[0]] is item) for at, item in enumerate(ordered)
    )
    return draft, Evidence(tuple(item[2] for item in ordered), min((evidence.probability for evidence in answers), default=0.0))
