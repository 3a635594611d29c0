"""Runs for texts as training leaves them, with small networks of random weights that nobody trained."""

from pathlib import Path
from typing import Any

from aimodels.architectures import lstm
from aimodels.config.loading import to_yaml
from aimodels.config.schema import Config
from aimodels.data.dataset import Split, TextInput, Texts
from aimodels.datasets import text_folder
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import RunFolder

TEXTS = (
    "A waste of two good hours and one good actor.",
    "Wonderful.<br /><br />I laughed, I cried, I want to see it again!",
    "不错的电影",
    "Not bad, not good: two hours",
)
MAX_LENGTH = 12


def untrained_text_run(
    runs_dir: Path, *, class_names: tuple[str, ...] = ("neg", "pos"), pooled_by: str = "lstm"
) -> RunFolder:
    """A finished run whose network reads words; one logit for two classes, else one per class."""
    import keras
    import numpy as np

    from aimodels.preprocessing import words

    keras.utils.set_random_seed(5)
    train = Split("train", Texts(TEXTS), np.zeros(len(TEXTS), np.int64))
    fitted = words.fit(words.Options(max_length=MAX_LENGTH), input=TextInput(), train=train)
    num_outputs = 1 if len(class_names) == 2 else len(class_names)
    core = _network(len(words.vocabulary(fitted)), num_outputs=num_outputs, pooled_by=pooled_by)
    network = keras.Model(fitted.input, core(fitted.output), name="network")
    run = RunFolder.create(runs_dir, stem="reviews")
    run.checkpoints.mkdir()
    run.plot_data.mkdir(parents=True)
    network.save(run.checkpoint("best"))
    task = "binary" if len(class_names) == 2 else "multiclass"
    signature = {"input": {"kind": "text"}, "task": task, "class_names": list(class_names), "unit": None}
    write_json(run.signature_file, signature)
    write_json(run.plot_data / "samples.json", {"texts": list(TEXTS), "labels": ["neg"] * len(TEXTS)})
    read = {"vocabulary": len(words.vocabulary(fitted)), "max_length": MAX_LENGTH, "keep": "start", "splits": {}}
    facts = {
        "architecture": "lstm", "dataset": "text_folder", "num_parameters": network.count_params(), "words": read
    }  # fmt: skip
    write_json(run.run_file, {"name": run.name, "status": "finished", "schema": "aimodels/1", **facts})
    # The data is not there any more.
    data = text_folder.Options(name="text_folder", path=str(runs_dir.parent / "texts"), test=0.5)
    run.resolved_file.write_text(to_yaml(Config(data=data, model=lstm.Options(name="lstm"))))
    return run


def _network(num_words: int, *, num_outputs: int, pooled_by: str) -> Any:
    """From ids [N, T] to logits. Weights larger than a fresh network has, so that every word counts."""
    import keras

    ids = keras.Input((None,), dtype="int32", name="ids")
    hidden = keras.layers.Embedding(num_words, 8, mask_zero=True, embeddings_initializer="normal")(ids)
    if pooled_by == "attention":
        from aimodels.layers.attention_pooling import AttentionPooling

        hidden = AttentionPooling(name="pooling")(hidden)
    else:
        hidden = keras.layers.Bidirectional(keras.layers.LSTM(8))(hidden)
    weights = keras.initializers.RandomNormal(stddev=2.0)
    return keras.Model(ids, keras.layers.Dense(num_outputs, kernel_initializer=weights)(hidden), name="lstm")
