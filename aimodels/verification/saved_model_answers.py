"""Stand-alone: load a SavedModel with both of TensorFlow's loaders and write down what it answers.

Run as `python -I saved_model_answers.py MODEL QUESTION.npz ANSWER.npz`; needs TensorFlow and NumPy only. The question
holds an array of uint8 per signature: pixels, or strings one after the other. The answer holds the probabilities per
way of asking.
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
    ways = {}
    with np.load(question, allow_pickle=False) as examples:
        for name in examples.files:
            [(argument, spec)] = loaded.signatures[name].structured_input_signature[1].items()
            whole = tf.constant(_strings(examples[name]) if spec.dtype == tf.string else examples[name], spec.dtype)
            # An empty batch has nothing to compare but its shape, which must fit that of the one example behind it.
            batches = {name: [whole], f"{name}, batches of 0 and 1": [whole[:0], whole[:1]]}
            for way, asked in batches.items():
                answers = [loaded.signatures[name](**{argument: batch})["probabilities"] for batch in asked]
                ways[way] = tf.concat(answers, axis=0).numpy()
            if name == DEFAULT:
                ways["session loader"] = _in_session(model, argument, whole.numpy())
    np.savez(answer, allow_pickle=False, **ways)


def _strings(packed: np.ndarray) -> list[bytes]:
    """The strings, each behind 8 bytes that say its length."""
    content, strings, start = packed.tobytes(), [], 0
    while start < len(content):
        end = start + 8 + int.from_bytes(content[start : start + 8], "little")
        strings.append(content[start + 8 : end])
        start = end
    return strings


def _in_session(model: str, argument: str, examples: np.ndarray) -> np.ndarray:
    """The way of `saved_model_cli` and TensorFlow Serving, which finds variables by another path."""
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], model)
        signature = graph.signature_def[DEFAULT]
        output = signature.outputs["probabilities"].name
        return np.asarray(session.run(output, {signature.inputs[argument].name: examples}))


if __name__ == "__main__":
    main(*sys.argv[1:])
