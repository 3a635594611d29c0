"""Fine-tuning speed of an encoder on the film reviews against a hand-written keras-hub script, float32 on both sides.

The peer is keras-hub's `BertTextClassifier.fit` on reviews padded to 256 pieces (bench/peers/keras_hub_fit.py), run by
an interpreter that has keras-hub. Each run is a process of its own and the sides take turns. An epoch lasts from the
end of the one before to its own end, so the first, which also traces, counts for no side. Round n has the seed n on
both sides. There is no validation split. Texts become ids before or in the first epoch on both sides.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import results
from epoch_times import between, epochs_ended
from programs import aimodels, run, tell

from aimodels.config.examples import find
from aimodels.config.loading import load

PEER = Path(__file__).parent / "peers" / "keras_hub_fit.py"
CONFIG = "imdb_minilm"
# What the peer does: the head reads the state at [CLS], one learning rate from start to end, nothing is changed at
# random but by dropout.
AS_THE_PEER = ("model.pooling=cls", "train.optimizer.schedule=constant", "train.augment=null", "data.validation=0")
TARGET = 1.8


def main() -> None:
    """Measure both sides, print each run, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="the folder of MiniLM, in Hugging Face layout")
    parser.add_argument("--data", type=Path, required=True, help="the archive of the reviews, aclImdb_v1.tar.gz")
    parser.add_argument("--keras-hub", required=True, metavar="PYTHON", help="an interpreter that has keras-hub")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side")
    parser.add_argument("--epochs", type=int, default=2, help="per run, of which the first does not count")
    parser.add_argument("--limit", type=int, help="training reviews; all 25,000 unless given")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    options.encoder, options.data = options.encoder.resolve(), options.data.resolve()
    found: dict[str, list[float]] = {"aimodels": [], "keras-hub": []}
    sides = {"aimodels": ours_once, "keras-hub": peer_once}
    for number in range(options.rounds):
        for side, rounds in found.items():
            with tempfile.TemporaryDirectory(prefix="bert-throughput-") as folder:
                rounds.append(sides[side](options, Path(folder), seed=number + 1))
            tell(what="bert throughput", side=side, run=number, seconds=rounds[-1])
    row = compared(found["aimodels"], found["keras-hub"], options=options)
    tell(what="bert throughput", **row)
    if options.save:
        save(row, options)


def compared(ours: list[float], peers: list[float], *, options: argparse.Namespace) -> dict[str, object]:
    """One row of results.md from seconds per epoch."""
    ratios = [other / one for one, other in zip(ours, peers, strict=True)]
    return {
        "encoder": "MiniLM, 6 blocks of 384",
        "peer": f"keras-hub, padded to {model_of().wordpieces.max_length}",
        "reviews": options.limit or 25_000,
        "aimodels, s/epoch": f"{median(ours):.1f}",
        "peer, s/epoch": f"{median(peers):.1f}",
        "times faster, each round": ", ".join(f"{ratio:.2f}" for ratio in ratios),
        "times faster (median)": f"{median(ratios):.2f}",
        "target": TARGET,
    }


def ours_once(options: argparse.Namespace, folder: Path, *, seed: int) -> float:
    """Train through the command line; the times are those of the run's own events."""
    changes = [f"model.encoder={options.encoder}", f"data.source={options.data}", *AS_THE_PEER]
    changes += [f"train.epochs={options.epochs}", f"seed={seed}"]
    changes += [f"data.limit={options.limit}"] if options.limit else []
    aimodels("train", CONFIG, *changes, "--no-plots", "-q", "--run-dir", folder / "run", folder=folder)
    return between(epochs_ended(folder / "run"))


def peer_once(options: argparse.Namespace, folder: Path, *, seed: int) -> float:
    """Train with the keras-hub script, told of the config's sizes."""
    train = load(find(CONFIG)).config.train
    given = ["--encoder", options.encoder, "--data", options.data, "--max-length", model_of().wordpieces.max_length]
    given += ["--batch-size", train.batch_size, "--learning-rate", train.optimizer.learning_rate]
    given += ["--weight-decay", train.optimizer.weight_decay]
    given += ["--epochs", options.epochs, "--seed", seed]
    given += ["--limit", options.limit] if options.limit else []
    told: dict[str, Any] = json.loads(run(options.keras_hub, PEER, *given, folder=folder).stdout)
    return between(told["epochs_ended_at"])


def model_of() -> Any:
    """The options of the model in the config."""
    return load(find(CONFIG)).config.model


def save(row: dict[str, object], options: argparse.Namespace) -> None:
    """Into results.md, with the command that measures it again."""
    limit = f" --limit {options.limit}" if options.limit else ""
    sizes = f"--rounds {options.rounds} --epochs {options.epochs}{limit}"
    command = (
        f"python bench/bert_throughput.py --encoder minilm --data aclImdb_v1.tar.gz --keras-hub python {sizes} --save"
    )
    results.save("BERT throughput", results.Figures(command, [row], note=" ".join((__doc__ or "").split())))


if __name__ == "__main__":
    main()
