"""Groups become weights; everything here is tiny, and the encoder is the real one."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from index.reader import load_reader
from index.training.data import Data, Group
from index.training.model import ReaderModule, collate
from index.training.states import EncodedTexts, encode_texts, token_information
from index.training.train import PLAN, draw, fit, loss_of, measure, mine, pairs_of, rate_at, train, weights_file

SUBJECTS = ("drugs", "trade", "terrorism", "water", "tourism", "space")


def group(subject: str, number: int) -> Group:
    """Return a question on a subject; every other one is a near miss."""
    sentences = (f"Our ministers met on {subject} in June.", f"Spending on {subject} rose to {number} million.", "We thank our hosts.")
    question = f"How much was spent on {subject}?" if number % 2 else f"Who paid for the work on {subject}?"
    return Group(f"{subject}/{number}", question, sentences, (1,) if number % 2 else ())


GROUPS = tuple(group(subject, number) for number, subject in enumerate(SUBJECTS * 4))
DATA = Data(GROUPS[:4], GROUPS[4:18], {"speeches": GROUPS[18:]}, {"a.json": "0" * 64}, ("b.json",))


@pytest.fixture(scope="module")
def encoded(embeddings) -> EncodedTexts:
    """All texts as the real model sees them."""
    texts = [text for one in GROUPS for text in (one.question, *one.sentences)]
    return encode_texts(embeddings, texts, lambda done, total: None)


# --- states


def test_each_text_is_encoded_once_and_as_in_serving(encoded, embeddings):
    """Token ids and states are the encoder's; 52 tokens at most."""
    vectors, (tokens,) = embeddings.encode_tokens([GROUPS[0].question])
    row = encoded.rows[GROUPS[0].question]
    assert len(encoded.ids) == len(set(encoded.rows)) == len(encoded.vectors)
    assert encoded.ids[row].tolist() == tokens.ids.tolist()
    np.testing.assert_allclose(encoded.states[row], tokens.states, atol=1e-2)
    np.testing.assert_allclose(encoded.vectors[row], vectors[0], atol=1e-5)
    assert encode_texts(embeddings, ["word " * 100], lambda done, total: None).states[0].shape == (52, 768)


def test_usual_words_and_marks_tell_nothing_and_rare_ones_much(embeddings):
    """On Zipf's scale "the" has 7.7, "conference" about 5, and no word 0."""
    information = token_information(embeddings.files)
    tokens = (embeddings.files.folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    told = {token: float(information[tokens.index(token)]) for token in ("the", "[CLS]", "conference", "cannabis")}
    assert told["the"] == told["[CLS]"] == 0
    assert 0 < told["conference"] < told["cannabis"] < 1
    assert information.max() == 1


# --- pairs


def test_a_groups_pairs_are_an_answer_the_hardest_of_its_paragraph_and_two_from_elsewhere(encoded):
    """The answer comes first; its label alone is 1."""
    mined = mine(GROUPS, encoded)[1]
    pairs, labels = pairs_of(GROUPS[1], mined, encoded, random.Random(0))
    rows = [encoded.rows[sentence] for sentence in GROUPS[1].sentences]
    assert {question for question, _ in pairs} == {encoded.rows[GROUPS[1].question]}
    assert labels == [1, 0, 0, 0, 0]
    assert pairs[0][1] == rows[1]
    assert {pairs[1][1], pairs[2][1]} == {rows[0], rows[2]}
    assert set(mined) >= {pairs[3][1], pairs[4][1]}


def test_a_near_miss_has_no_pair_that_answers(encoded):
    """All three sentences of its paragraph, and two from elsewhere."""
    pairs, labels = pairs_of(GROUPS[0], mine(GROUPS, encoded)[0], encoded, random.Random(0))
    assert labels == [0] * 5
    assert {sentence for _, sentence in pairs} >= {encoded.rows[sentence] for sentence in GROUPS[0].sentences}


def test_mined_sentences_are_the_nearest_that_are_not_the_groups_own(encoded):
    """Nearest first, counted here one by one."""
    sentences = {encoded.rows[sentence] for one in GROUPS for sentence in one.sentences}
    for one, mined in zip(GROUPS, mine(GROUPS, encoded), strict=True):
        question = encoded.vectors[encoded.rows[one.question]]
        others = sentences - {encoded.rows[sentence] for sentence in one.sentences}
        best = sorted((float(encoded.vectors[row] @ question) for row in others), reverse=True)[:6]
        assert [float(encoded.vectors[row] @ question) for row in mined] == pytest.approx(best, abs=1e-6)


def test_a_single_group_has_nothing_to_mine(encoded):
    """It is trained on with its own sentences alone."""
    assert mine(GROUPS[:1], encoded) == [[]]


# --- the loss and the rate


def test_the_loss_of_logits_that_know_nothing_is_that_of_chance():
    """Cross-entropy ln 2 a pair, and ln 3 for an answer among three."""
    assert float(loss_of(torch.zeros(3), [[1.0, 0.0, 0.0]])) == pytest.approx(0.6931 + 1.0986, abs=1e-4)
    assert float(loss_of(torch.zeros(2), [[0.0, 0.0]])) == pytest.approx(0.6931, abs=1e-4)


def test_the_rate_rises_and_then_falls_to_a_fiftieth():
    """Half the warm-up gives about half the rate; the highest is reached at its end."""
    assert rate_at(0, 1.0) == 0
    assert rate_at(0.015, 1.0) == pytest.approx(0.5, abs=0.01)
    assert rate_at(0.03, 1.0) == pytest.approx(1, abs=0.01)
    assert rate_at(1, 1.0) == pytest.approx(0.02)


def test_an_epoch_draws_no_more_than_there_is():
    """Four public groups and fourteen near misses."""
    assert len(draw(DATA, 6000, random.Random(0))) == 4 + 14
    assert len(draw(DATA, 3, random.Random(0))) == 3 + 14


# --- training


def test_a_few_steps_lower_the_loss(encoded, embeddings):
    """Measured on all pairs, before and after, without dropout."""
    information = token_information(embeddings.files)
    mined = mine(GROUPS, encoded)
    made = [pairs_of(one, near, encoded, random.Random(0)) for one, near in zip(GROUPS, mined, strict=True)]

    def loss(net: ReaderModule) -> float:
        with torch.inference_mode():
            logits = net.eval()(collate(encoded, information, [pair for pairs, _ in made for pair in pairs]))
            return float(loss_of(logits, [labels for _, labels in made]))

    torch.manual_seed(0)
    net = ReaderModule(768)
    before, steps = loss(net), []
    data = replace(DATA, public=(), near_misses=tuple(GROUPS * 12))
    kept = fit(net, data, encoded, information, replace(PLAN, epochs=2, rate=1e-3), lambda done, total, _: steps.append((done, total)))
    assert steps == [(step, 18) for step in range(1, 19)]  # 288 groups twice, 32 a step
    assert loss(net) < before - 0.3
    assert loss(net) < loss(kept) < before  # the mean of the weights follows


def test_equal_seeds_give_equal_weights(encoded, embeddings):
    """What can be told from the record can be made again on the same machine."""
    information, made = token_information(embeddings.files), []
    for _ in range(2):
        torch.manual_seed(0)
        net = ReaderModule(768)
        made.append(weights_file(fit(net, DATA, encoded, information, replace(PLAN, epochs=1), lambda *at: None), information, "e"))
    assert made[0] == made[1]


def test_training_gives_weights_for_the_encoder_and_figures_of_each_set_kept_aside(embeddings):
    """Figures are those of the weights as they are stored."""
    trained = train(DATA, embeddings, replace(PLAN, epochs=1))
    assert load_reader(trained.content)[0] == embeddings.files.digest
    assert {name: (figures["answerable"], figures["unanswerable"]) for name, figures in trained.figures.items()} == {"speeches": (3, 3)}


def test_figures_of_cosines_are_those_counted_by_hand(encoded, embeddings):
    """Of one question the right sentence is the nearest; of the other none answers and its best lies lower."""
    net = ReaderModule(768)
    _, reader = load_reader(weights_file(net, token_information(embeddings.files), "e"))
    answerable = replace(GROUPS[1], answers=(0, 1, 2))
    figures = measure(reader, [answerable], encoded)
    assert (figures.first_by_cosine, figures.first, figures.first_three_by_cosine, figures.first_three) == (1, 1, 1, 1)
    assert (figures.answerable, figures.unanswerable, figures.auroc_by_cosine, figures.auroc) == (1, 0, None, None)
