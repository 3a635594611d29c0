"""Stand-alone: load a SavedModel with both of TensorFlow's loaders and write down what it answers.

Run as `python -I saved_model_answers.py MODEL QUESTION.npz ANSWER.npz`; needs TensorFlow and NumPy only. The question
holds an array per argument of each signature, called `signature/argument`: numbers, or strings one after the other as
uint8. The answer holds an array per output of each way of asking, called `way/output`; labels are strings, too.
"""

import sys

import numpy as np
import tensorflow as tf

DEFAULT = "serving_default"
# From here on importing it raises ImportError, installed or not.
sys.modules["aimodels"] = None  # type: ignore[assignment]


def main(model: str, question: str, answer: str) -> None:
    """Ask every signature through `tf.saved_model.load`, and the default one through the session loader."""
    # What the model says is compared, not how a GPU rounds.
    tf.config.experimental.enable_tensor_float_32_execution(enabled=False)
    loaded = tf.saved_model.load(model)
    asked: dict[str, dict[str, np.ndarray]] = {}
    with np.load(question, allow_pickle=False) as arrays:
        for key in arrays.files:
            signature, _, argument = key.partition("/")
            asked.setdefault(signature, {})[argument] = arrays[key]
    ways: dict[str, dict[str, np.ndarray]] = {}
    for name, arguments in asked.items():
        specs = loaded.signatures[name].structured_input_signature[1]
        whole = {argument: _tensor(array, specs[argument].dtype) for argument, array in arguments.items()}
        ways[name] = _asked(loaded.signatures[name], [whole])
        # An empty batch has nothing to compare but its shape, which must fit that of the one example behind it.
        few = [{argument: tensor[start:stop] for argument, tensor in whole.items()} for start, stop in ((0, 0), (0, 1))]
        ways[f"{name}, batches of 0 and 1"] = _asked(loaded.signatures[name], few)
        if name == DEFAULT:
            ways["session loader"] = _in_session(model, whole)
    told = {f"{way}/{output}": array for way, outputs in ways.items() for output, array in outputs.items()}
    np.savez(answer, allow_pickle=False, **told)


def _tensor(array: np.ndarray, dtype: tf.DType) -> tf.Tensor:
    return tf.constant(_strings(array) if dtype == tf.string else array, dtype)


def _strings(packed: np.ndarray) -> list[bytes]:
    """The strings, each behind 8 bytes that say its length."""
    content, strings, start = packed.tobytes(), [], 0
    while start < len(content):
        end = start + 8 + int.from_bytes(content[start : start + 8], "little")
        strings.append(content[start + 8 : end])
        start = end
    return strings


def _packed(output: np.ndarray) -> np.ndarray:
    """Numbers as they are; strings each behind 8 bytes that say its length."""
    if output.dtype != object:
        return output
    return np.frombuffer(b"".join(len(text).to_bytes(8, "little") + text for text in output), dtype=np.uint8)


def _asked(
    signature: tf.types.experimental.ConcreteFunction, batches: list[dict[str, tf.Tensor]]
) -> dict[str, np.ndarray]:
    """What a signature answers to some batches, one behind the other, by output."""
    answers = [signature(**batch) for batch in batches]
    return {name: _packed(tf.concat([answer[name] for answer in answers], axis=0).numpy()) for name in answers[0]}


def _in_session(model: str, asked: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    """The way of `saved_model_cli` and TensorFlow Serving, which finds variables by another path."""
    arrays = {argument: tensor.numpy() for argument, tensor in asked.items()}
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], model)
        signature = graph.signature_def[DEFAULT]
        outputs = {name: output.name for name, output in signature.outputs.items()}
        given = {signature.inputs[argument].name: array for argument, array in arrays.items()}
        return {name: _packed(np.asarray(array)) for name, array in session.run(outputs, given).items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
