"""A question and a sentence, read together, become one number; the reference model and torch are the judges."""

import numpy as np
import torch

from index.cross_encoder import (
    ASKED_TOKENS,
    TOLD_TOKENS,
    load_cross_encoder,
    open_cross_encoder,
    pair_of,
)
from index.embedding import DEFAULT_MODEL, SentenceEmbeddings, check_model
from index.graph import prepare_changed_encoder
from index.training.cross_model import CrossEncoderModule, join
from index.training.cross_train import weights_file

QUESTION = "How many tonnes of drugs did the states seize in 2018?"
ANSWER = "In 2018 the member states seized 38 tonnes of drugs on 12 routes."
NEAR_MISS = "In 2018 the member states agreed a strategy against drugs in Qingdao."
ELSEWHERE = "Colleagues, peace!"


def ids(*tokens: int):
    return np.array(tokens, dtype=np.int64)


# --- the pair


def test_a_pair_is_the_question_with_its_marks_and_the_sentence_with_the_mark_at_its_end():
    """As models of this family were taught: [CLS] question [SEP] sentence [SEP]."""
    tokens, of_sentence = pair_of(ids(101, 7, 8, 102), ids(101, 9, 102))
    assert tokens.tolist() == [101, 7, 8, 102, 9, 102]
    assert of_sentence.tolist() == [0, 0, 0, 0, 1, 1]


def test_what_is_too_long_is_cut_before_its_mark():
    """50 tokens of the question and 65 of the sentence, marks among them."""
    tokens, of_sentence = pair_of(ids(101, *[7] * 500, 102), ids(101, *[9] * 500, 102))
    assert (len(tokens) - of_sentence.sum(), of_sentence.sum()) == (ASKED_TOKENS, TOLD_TOKENS) == (50, 65)
    assert tokens[49] == tokens[-1] == 102
    assert np.unique(tokens[50:-1]).tolist() == [9]


# --- what is shipped


def test_an_answer_is_told_from_a_near_miss_and_both_from_what_is_elsewhere(embeddings):
    """Near misses are what it is for."""
    shipped = open_cross_encoder(check_model(DEFAULT_MODEL).digest)
    assert shipped is not None
    answer, near_miss, elsewhere = (shipped.read(embeddings, QUESTION, sentence) for sentence in (ANSWER, NEAR_MISS, ELSEWHERE))
    assert answer > 0 > near_miss
    assert answer > near_miss > elsewhere


def test_the_graphs_give_the_logits_of_the_module_that_was_trained(embeddings, tmp_path):
    """The lower layers with what is added to them, and the upper ones; seven bits a weight cost little of what logits span, some ten."""
    torch.manual_seed(3)
    module = CrossEncoderModule(embeddings.files).eval()
    for name, values in module.named_parameters():
        if name.endswith(".up.weight"):
            torch.nn.init.normal_(values, std=0.05)
    content = weights_file(module, embeddings.files.digest)
    _, made = load_cross_encoder(content)
    changed = prepare_changed_encoder(embeddings.files, tmp_path, made.changes)
    sentences = [ANSWER, NEAR_MISS, ELSEWHERE, "word " * 200]
    with torch.inference_mode():
        pairs = [(embeddings.token_ids(QUESTION), embeddings.token_ids(sentence)) for sentence in sentences]
        by_torch = module(join(pairs)).numpy()
    by_graph = [made.read(changed, QUESTION, sentence) for sentence in sentences]
    np.testing.assert_allclose(by_graph, by_torch, atol=0.1)
    by_reference = [made.read(SentenceEmbeddings(embeddings.files, made.changes), QUESTION, ANSWER)]
    np.testing.assert_allclose(by_reference, by_torch[:1], atol=0.1)


# --- another encoder


def test_there_is_no_cross_encoder_for_another_encoder():
    """Its lower layers would mean nothing to these upper ones."""
    assert open_cross_encoder("0" * 64) is None
