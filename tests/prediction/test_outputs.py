"""What the answer is, given what a network says: the same in NumPy and in the graph of an export."""

import numpy as np
import pytest

from aimodels.prediction.outputs import Answers, Outputs

PROBABILITIES = np.float32([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]])


@pytest.mark.parametrize(
    ("threshold", "labels"), [(0.5, "no yes yes"), (0.25, "yes yes yes"), (0.6, "no no yes"), (0.9, "no no no")]
)
def test_the_second_of_two_classes_is_the_answer_from_the_threshold_on(threshold: float, labels: str) -> None:
    answers = Answers(PROBABILITIES, ("no", "yes"), task="binary", threshold=threshold)
    assert answers.labels == labels.split()
    assert answers.predictions.tolist() == [int(label == "yes") for label in labels.split()]


def test_several_labels_are_each_a_question_of_their_own() -> None:
    answers = Answers(np.float32([[0.9, 0.5, 0.1], [0.4, 0.2, 0.3]]), ("wet", "cold", "windy"), task="multilabel")
    assert answers.predictions.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert answers.labels == ["wet|cold", ""]
    assert Answers(np.float32([[0.9, 0.8]]), ("a|b", "c"), task="multilabel").labels == [r"a\|b|c"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("num_rows", [0, 50])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_the_graph_says_the_same(task: str, num_rows: int) -> None:
    names = {"binary": ("no", "yes"), "regression": ()}.get(task, ("a", "b|b", "c"))
    outputs = Outputs(task, names, 0.3 if task == "binary" else 0.5)
    num_outputs = 3 if len(names) == 3 else 1
    logits = np.random.default_rng(0).normal(size=(num_rows, num_outputs)).astype(np.float32)
    named = {name: output.numpy() for name, output in outputs.named(logits).items()}
    answers = outputs.answers(named)
    if task == "regression":
        assert answers.values.tolist() == logits[:, 0].tolist()
        assert answers.probabilities.shape == (num_rows, 0)
    else:
        assert answers.probabilities.shape == (num_rows, len(names))
        assert [label.decode() for label in named["label"]] == answers.labels
        assert not num_rows or len(set(answers.labels)) > 1
