"""Verification of hand-written drafts: how many unsupported sentences are shown and how many good ones dropped; --fit: new weights."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, fields

import numpy as np
from scipy.optimize import minimize
from scipy.stats import binomtest

from bot.verification import Signals, WordStates, compare, signals
from index.embedding import DEFAULT_MODEL, SentenceEmbeddings, check_model
from tests.benchmarks.figures import machine
from tests.bot.drafts_read import Draft, in_one_batch, read_drafts, shown

RIDGE = 0.0002  # keeps the weights finite where a signal separates the dev part


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="print weights fitted on the dev part")
    parser.add_argument("--failures", choices=("dev", "test"), default="dev", help="the part whose failures are printed (default: dev)")
    parser.add_argument("--without-states", action="store_true", help="as with an embedding model that the weights were not fitted on")
    options = parser.parse_args()
    drafts = read_drafts()
    states = None if options.without_states else in_one_batch(drafts, SentenceEmbeddings(check_model(DEFAULT_MODEL)).word_states)
    if options.fit:
        print(", ".join(f"{name}={weight:.2f}" for name, weight in fit(drafts, states).items()))
        return
    passed = shown(drafts, states)
    print(machine())
    for split in ("dev", "test"):
        for source, statements in (("both", (False, True)), ("default corpus", (False,)), ("statements", (True,))):
            for supported, name in ((False, "unsupported sentences shown"), (True, "good paraphrases dropped")):
                wrong = [
                    seen != supported
                    for draft, seen in zip(drafts, passed, strict=True)
                    if (draft.split, draft.supported) == (split, supported) and draft.is_of_a_statement in statements
                ]
                print(f"{split:<6}{source:<16}{name:<30}{proportion(sum(wrong), len(wrong))}")
    for draft, seen in zip(drafts, passed, strict=True):
        if draft.split == options.failures and seen != draft.supported:
            print(f"  {'shown' if seen else 'dropped'} ({draft.kind}): {draft.sentence}")
    print("unsupported, by kind:", dict(Counter(draft.kind for draft in drafts if not draft.supported)))


def proportion(count: int, total: int) -> str:
    """Return ``count/total`` with Wilson's 95% interval."""
    interval = binomtest(count, total).proportion_ci(method="wilson")
    return f"{count:>4}/{total:<5}{count / total:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def fit(drafts: Sequence[Draft], states: WordStates | None) -> dict[str, float]:
    """Return the weights and the bias, by name, that separate the dev part best, of what passes the comparisons."""
    compared = [draft for draft in drafts if draft.split == "dev" and compare(draft.sentence, draft.sources) is None]
    inputs = np.array([[*astuple(signals(draft.sentence, draft.sources, states)), 1.0] for draft in compared])
    supported = np.array([draft.supported for draft in compared])
    weight = np.where(supported, 1 / supported.sum(), 1 / (~supported).sum())

    def loss(weights: np.ndarray) -> float:
        margin = np.where(supported, 1, -1) * (inputs @ weights)
        return float((weight * np.logaddexp(0, -margin)).sum() + RIDGE * (weights[:-1] ** 2).sum())

    names = [*(signal.name for signal in fields(Signals)), "bias"]
    return dict(zip(names, minimize(loss, np.zeros(inputs.shape[1])).x.tolist(), strict=True))


if __name__ == "__main__":
    main()
