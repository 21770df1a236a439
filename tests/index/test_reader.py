"""A question and found sentences become one number each; torch is the judge of the arithmetic."""

import io
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from index.build import build
from index.embedding import DEFAULT_MODEL, TokenStates, check_model
from index.reader import Reader, batches, load_reader, open_reader
from index.search import search
from index.store import open_generation
from index.training.model import ReaderModule, collate
from index.training.states import EncodedTexts, encode_texts, token_information
from index.training.train import weights_file
from tests.fakes import WordEmbeddings

QUESTION = "What is the SCO's position on legalising cannabis?"
SENTENCES = [
    "The trend towards legalising cannabis raises serious concerns.",
    "Colleagues, peace!",
    "Between 2013 and 2018 the member states seized some 1,000 tonnes of drugs, a share of the world's total that has risen ever since, "
    "and they have agreed, at their meetings of ministers, chiefs of services and experts, on a strategy, a programme and a plan for the "
    "years to come, which the secretariat, the structure in Tashkent and all partners and observers are to carry out together.",
    "…",
]
STATES = 12  # width of made-up token states


def shipped() -> Reader:
    """Return the reader that comes with the project."""
    reader = open_reader(check_model(DEFAULT_MODEL).digest)
    assert reader is not None
    return reader


def by_torch(module: ReaderModule, encoded: EncodedTexts, information, question: str, sentences: list[str]):
    """Return the module's logits of sentences, each read alone, without padding."""
    pairs = [(encoded.rows[question], encoded.rows[sentence]) for sentence in sentences]
    with torch.inference_mode():
        return [float(module(collate(encoded, information, [pair]))[0]) for pair in pairs]


def by_reader(reader: Reader, encoded: EncodedTexts, question: str, sentences: list[str]):
    """Return the reader's logits of sentences, read together."""
    vector = encoded.vectors[encoded.rows[question]]
    cosines = np.array([encoded.vectors[encoded.rows[sentence]] @ vector for sentence in sentences])
    kept = [reader.sentence(tokens_of(encoded, sentence)) for sentence in sentences]
    return reader.read(tokens_of(encoded, question), kept, cosines)


def tokens_of(encoded: EncodedTexts, text: str) -> TokenStates:
    """Return a text's token states as the encoder gives them."""
    return TokenStates(encoded.ids[encoded.rows[text]], encoded.states[encoded.rows[text]].astype(np.float32))


@pytest.fixture(scope="module")
def encoded(embeddings) -> EncodedTexts:
    """A question and sentences as the real model sees them; one is longer than what is read, one holds no word."""
    return encode_texts(embeddings, [QUESTION, *SENTENCES], lambda done, total: None)


# --- the arithmetic


@pytest.fixture(scope="module")
def made() -> tuple[ReaderModule, np.ndarray, Reader]:
    """A module with weights of chance, the information of 50 tokens, and the reader that its file gives, thin states unrounded."""
    torch.manual_seed(7)
    module = ReaderModule(STATES).eval()
    information = np.random.default_rng(7).random(50).astype(np.float16).astype(np.float32)
    module.load_state_dict({name: values.half().float() for name, values in module.state_dict().items()})  # as the file rounds them
    _, reader = load_reader(weights_file(module, information, "e"))
    return module, information, Exact(**{one.name: getattr(reader, one.name) for one in fields(reader)})


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([], []),
        ([30], [[0]]),
        ([30, 31, 29, 30], [[2, 0, 3, 1]]),  # two tokens of padding are less than a batch costs
        ([50, 10, 50, 10, 50, 10], [[1, 3, 5], [0, 2, 4]]),  # apart, 120 tokens of padding are saved
        ([10, 50], [[0], [1]]),
    ],
)
def test_short_sentences_are_read_apart_from_long_ones_where_that_saves_more_than_a_batch_costs(lengths, expected):
    """A batch is as wide as its longest sentence, and costs as much as 25 tokens besides."""
    assert batches(lengths, asked=10) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.lists(st.integers(2, 60), min_size=1, max_size=8), st.integers(2, 40))
def test_the_reader_gives_the_logits_of_the_module_that_was_trained(made, seed, lengths, asked):
    """Without torch, and all in one batch; questions and sentences shorter and longer than what is read."""
    module, information, reader = made
    rng = np.random.default_rng(seed)
    names = ["question", *(f"sentence {at}" for at in range(len(lengths)))]
    counts = [min(count, 52) for count in (asked, *lengths)]  # what encode_texts keeps
    encoded = EncodedTexts(
        {name: row for row, name in enumerate(names)},
        [rng.integers(0, 50, count) for count in counts],
        [rng.standard_normal((count, STATES)).astype(np.float16) for count in counts],
        rng.standard_normal((len(names), 8)).astype(np.float32),
    )
    expected = by_torch(module, encoded, information, names[0], names[1:])
    np.testing.assert_allclose(by_reader(reader, encoded, names[0], names[1:]), expected, atol=1e-4)


class Exact(Reader):
    """Keeps thin states in float32."""

    def sentence(self, tokens):
        """Return the same as the reader, unrounded."""
        kept = super().sentence(tokens)
        return type(kept)(kept.ids, self.thin(tokens)[1 : len(kept.ids) + 1])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8), st.integers(0, 7))
def test_a_sentences_logit_does_not_depend_on_what_is_read_beside_it(encoded, batch, place):
    """Padding changes nothing: alone, or in a batch with longer ones, a sentence is as good an answer."""
    reader = shipped()
    place %= len(batch)
    together = by_reader(reader, encoded, QUESTION, batch)[place]
    assert by_reader(reader, encoded, QUESTION, [batch[place]])[0] == pytest.approx(together, abs=1e-4)


def test_nothing_to_read_gives_no_logit(encoded):
    """An empty batch is an empty row of numbers."""
    assert shipped().read(tokens_of(encoded, QUESTION), [], np.zeros(0, dtype=np.float32)).shape == (0,)


STATEMENTS = [
    "In 2018 the member states seized 40 percent of the drugs seized in the region.",
    "The next summit will take place in Bishkek in June.",
    "We support a settlement that is led by the Afghans themselves.",
]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where will the next summit be held?", 1),
        ("What share of the drugs was seized by the member states?", 0),
        ("Who should lead the settlement?", 2),
    ],
)
def test_the_sentence_that_answers_stands_above_the_others(embeddings, question, answer):
    """What the reader is for."""
    texts = encode_texts(embeddings, [question, *STATEMENTS], lambda done, total: None)
    assert int(np.argmax(by_reader(shipped(), texts, question, STATEMENTS))) == answer


# --- the file


def test_the_tokens_information_is_that_of_english(embeddings):
    """The weights hold what wordfreq says of each of the encoder's tokens."""
    np.testing.assert_allclose(shipped().information, token_information(embeddings.files), atol=1e-3)


def test_the_file_names_the_encoder_that_it_is_for_and_no_place_of_where_it_was_made(made):
    """The graph comes with no trace of the exporter's sources."""
    content = weights_file(made[0], made[1], "e")
    assert load_reader(content)[0] == "e"
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        assert b".py" not in stored["graph"].tobytes()


# --- another encoder


def test_there_is_no_reader_for_another_encoder():
    """Its states would mean nothing to these weights."""
    assert open_reader("0" * 64) is None


def test_with_another_encoder_the_index_keeps_no_states_and_search_finds_all_the_same(tmp_path):
    """Whoever sets a model of their own has the chatbot without the reader."""
    (tmp_path / "corpus").mkdir()
    text = "---\ntitle: A speech\nkind: speech\n---\nPeace talks. More peace.\nDrugs are seized."
    (tmp_path / "corpus" / "doc.md").write_text(text)
    manifest = build(tmp_path / "corpus", tmp_path / "index", WordEmbeddings(), lambda done, total: None)
    found = search(open_generation(tmp_path / "index"), WordEmbeddings(), "drugs seized")
    assert manifest.reader_digest == ""
    assert found.sentences[0].text == "Drugs are seized."
    assert {scored.reading for scored in found.sentences} == {None}
