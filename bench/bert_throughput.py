"""Fine-tuning speed of an encoder on the film reviews against a hand-written keras-hub script, float32 on both sides.

The peer is keras-hub's `BertTextClassifier.fit` on reviews padded to 256 pieces (bench/peers/keras_hub_fit.py), run by
an interpreter that has keras-hub. Both run at once and take turns of a few seconds, the peer's longer by the target, so
that their steps meet the same speed of the machine; only their own turns count. Reviews per second are those between
the first and the last step of an epoch, but for the first epoch, which also traces. What we do between two epochs
(checkpoints) is told beside them, in seconds: of 25,000 reviews an epoch has 782 steps, here far fewer. Round n has the
seed n on both sides. There is no validation split. Texts become ids before or in the first epoch on both sides.
"""

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import results
from epoch_times import steps_ended
from programs import AIMODELS, tell
from turns import Turned, in_turns

from aimodels.config.examples import find
from aimodels.config.loading import load

PEER = Path(__file__).parent / "peers" / "keras_hub_fit.py"
CONFIG = "imdb_minilm"
# What the peer does: the head reads the state at [CLS], one learning rate from start to end, nothing is changed at
# random but by dropout.
AS_THE_PEER = (
    "model.pooling=cls",
    "train.optimizer.schedule=constant",
    "train.augment=null",
    "data.validation=0",
    "train.batch_size=32",
)
BATCH_SIZE = 32
TARGET = 1.8
TURN = 5.0  # seconds: a few steps


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
    rounds = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bert-throughput-") as folder:
            rounds.append(one_round(options, Path(folder), seed=number + 1))
        tell(what="bert throughput", round=number, **asdict(rounds[-1]))
    row = compared(rounds, options=options)
    tell(what="bert throughput", **row)
    if options.save:
        save(row, options)


@dataclass(frozen=True)
class Round:
    """Reviews per second of both sides, and how many seconds pass between two of our epochs."""

    ours: float
    peer: float
    between_epochs: float

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.ours / self.peer


def compared(rounds: list[Round], *, options: argparse.Namespace) -> dict[str, object]:
    """One row of results.md."""
    return {
        "encoder": "MiniLM, 6 blocks of 384",
        "peer": f"keras-hub, padded to {model_of().wordpieces.max_length}",
        "steps of 32 per epoch": (options.limit or 25_000) // BATCH_SIZE,
        "aimodels, reviews/s": f"{median(each.ours for each in rounds):.1f}",
        "peer, reviews/s": f"{median(each.peer for each in rounds):.1f}",
        "times faster, each round": ", ".join(f"{each.ratio:.2f}" for each in rounds),
        "times faster (median)": f"{median(each.ratio for each in rounds):.2f}",
        "target": TARGET,
        "between our epochs, s": f"{median(each.between_epochs for each in rounds):.1f}",
    }


def one_round(options: argparse.Namespace, folder: Path, *, seed: int) -> Round:
    """Train on both sides, which take turns."""
    commands = {"aimodels": ours(options, folder, seed=seed), "keras-hub": peer(options, seed=seed)}
    ran = in_turns(commands, folder=folder, seconds={"aimodels": TURN, "keras-hub": TURN * TARGET})
    our_steps = steps_ended(folder / "run")
    pauses = [ran["aimodels"].seconds(before[-1], after[0]) for before, after in pairwise(our_steps)]
    a_step = median(ran["aimodels"].seconds(*step) for epoch in our_steps[1:] for step in pairwise(epoch))
    return Round(
        ours=reviews_per_second(our_steps, ran["aimodels"]),
        peer=reviews_per_second(json.loads(ran["keras-hub"].stdout)["steps_ended_at"], ran["keras-hub"]),
        between_epochs=median(pauses) - a_step,
    )


def reviews_per_second(ended: list[list[float]], ran: Turned) -> float:
    """Over the epochs after the first, from the end of the first step of each to that of its last."""
    epochs = ended[1:]
    return (
        sum(len(steps) - 1 for steps in epochs) * BATCH_SIZE / sum(ran.seconds(steps[0], steps[-1]) for steps in epochs)
    )


def ours(options: argparse.Namespace, folder: Path, *, seed: int) -> list[object]:
    """Training through the command line; the run's own events say when each epoch ended."""
    changes = [f"model.encoder={options.encoder}", f"data.source={options.data}", *AS_THE_PEER]
    changes += [f"train.epochs={options.epochs}", f"seed={seed}"]
    changes += [f"data.limit={options.limit}"] if options.limit else []
    return [*AIMODELS, "train", CONFIG, *changes, "--no-plots", "-q", "--run-dir", folder / "run"]


def peer(options: argparse.Namespace, *, seed: int) -> list[object]:
    """The keras-hub script, told of the config's sizes."""
    train = load(find(CONFIG)).config.train
    given = ["--encoder", options.encoder, "--data", options.data, "--max-length", model_of().wordpieces.max_length]
    given += ["--batch-size", BATCH_SIZE, "--learning-rate", train.optimizer.learning_rate]
    given += ["--weight-decay", train.optimizer.weight_decay]
    given += ["--epochs", options.epochs, "--seed", seed]
    given += ["--limit", options.limit] if options.limit else []
    return [options.keras_hub, PEER, *given]


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
