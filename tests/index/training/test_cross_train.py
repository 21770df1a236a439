"""Groups become a cross-encoder's weights; everything here is tiny, and the encoder is the real one."""

import random

import numpy as np
import pytest
import torch
from transformers import BertModel

from index.cross_encoder import load_cross_encoder
from index.training.command import Plan
from index.training.cross_model import CrossEncoderModule, join
from index.training.cross_train import Words, fit, pairs_of, train
from index.training.data import Group
from tests.index.training.test_train import DATA, GROUPS

TINY = Plan(epochs=1, public=4, rate=1e-3, seed=7)


@pytest.fixture(scope="module")
def ids(embeddings):
    """The token ids of all texts."""
    return {text: embeddings.token_ids(text) for group in GROUPS for text in (group.question, *group.sentences)}


@pytest.fixture(scope="module")
def words(ids) -> Words:
    return Words(GROUPS, ids)


def test_a_sentence_that_holds_more_of_the_question_shares_more(words):
    """Work on drugs beside a question on it, and thanks beside the same."""
    group = GROUPS[0]
    assert words.shared("Who paid for the work on drugs?", group.sentences[0]) > 0 == words.shared(group.question, "We thank our hosts.")


def test_an_answered_question_has_its_answer_first(words):
    """Then a sentence of the paragraph, and at times one from elsewhere; only the first has the label 1."""
    rng = random.Random(0)
    for _ in range(20):
        (_, answer, label), *others = pairs_of(GROUPS[1], words, rng)
        assert (answer, label) == (GROUPS[1].sentences[1], 1.0)
        assert 1 <= len(others) <= 2
        assert all(label == 0 for *_, label in others)
        assert others[0][1] in (GROUPS[1].sentences[0], GROUPS[1].sentences[2])
        assert all(sentence not in GROUPS[1].sentences for _, sentence, _ in others[1:])


def test_a_near_miss_has_two_sentences_of_its_paragraph_that_do_not_answer(words):
    """The one that shares most with the question is among them."""
    pairs = pairs_of(GROUPS[0], words, random.Random(0))
    assert [label for *_, label in pairs] == [0.0, 0.0]
    assert len({sentence for _, sentence, _ in pairs}) == 2
    assert pairs[0][1] == max(GROUPS[0].sentences, key=lambda sentence: words.shared(GROUPS[0].question, sentence))


def test_a_paragraph_of_nothing_but_answers_has_no_wrong_pair_of_its_own(embeddings):
    """There is nothing in it that does not answer, and nothing elsewhere."""
    alone = Group("p", "What?", ("This.",), (0,))
    words = Words([alone], {text: embeddings.token_ids(text) for text in ("What?", "This.")})
    assert pairs_of(alone, words, random.Random(0)) == [("What?", "This.", 1.0)]


def test_padding_changes_no_logit(embeddings, ids):
    """A short pair beside a long one is read as it is alone."""
    net = CrossEncoderModule(embeddings.files).eval()
    short, long = (ids[GROUPS[0].question], ids[GROUPS[0].sentences[2]]), (ids[GROUPS[1].question], embeddings.token_ids("word " * 60))
    with torch.inference_mode():
        together, alone = net(join([short, long]))[0], net(join([short]))[0]
    assert float(together) == pytest.approx(float(alone), abs=1e-4)


def test_at_first_the_lower_layers_are_the_encoders(embeddings, ids):
    """What is added to them is nothing until something was learnt."""
    net = CrossEncoderModule(embeddings.files).eval()
    pair = join([(ids[GROUPS[0].question], ids[GROUPS[0].sentences[2]])])
    states = net.transformer.embeddings(input_ids=pair.ids)
    for layer in net.lower_layers():
        states = layer(states)[0] if isinstance(layer(states), tuple) else layer(states)
    plain = BertModel.from_pretrained(str(embeddings.files.folder), add_pooling_layer=False).eval()
    with torch.inference_mode():
        expected = plain(pair.ids, output_hidden_states=True).hidden_states[3]
    np.testing.assert_allclose(states.detach().numpy(), expected.numpy(), atol=1e-4)


def test_training_changes_the_upper_layers_and_what_is_added_to_the_lower_ones(embeddings, ids):
    """Not what it is added to, of which the encoder has a copy."""
    torch.manual_seed(1)
    net = CrossEncoderModule(embeddings.files)
    before = {name: values.clone() for name, values in net.state_dict().items()}
    losses: list[float] = []
    fit(net, DATA, ids, Plan(epochs=6, public=4, rate=1e-3, seed=7), lambda done, total, loss: losses.append(loss))
    changed = {name for name, values in net.state_dict().items() if not torch.equal(values, before[name])}
    assert losses[-1] < losses[0]
    assert changed == {name for name, values in net.named_parameters() if values.requires_grad}
    assert any("layer.3" in name for name in changed)
    assert {name.split(".")[-2] for name in changed if "layer.2." in name} == {"down", "up"}
    assert not any("embeddings" in name for name in changed)


def test_training_gives_weights_for_the_encoder_and_figures_of_each_set_kept_aside(embeddings):
    """Figures are those of the weights as they are stored."""
    trained = train(DATA, embeddings, TINY)
    assert load_cross_encoder(trained.content)[0] == embeddings.files.digest
    assert {name: (figures["answerable"], figures["unanswerable"]) for name, figures in trained.figures.items()} == {"speeches": (3, 3)}
