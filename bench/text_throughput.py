"""Training speed on the film reviews against hand-written scripts of the same networks, and the test accuracy of both.

The peers are a Keras script that pads every review to 400 words (bench/peers/keras_text_fit.py) and a PyTorch one
that pads each random batch to its own longest (bench/peers/torch_text_fit.py). Each run is a process of its own and
the sides take turns. An epoch lasts from the end of the one before to its own end, so the first, which also traces,
counts for no side. Round n has the seed n on every side. There is no validation split. Words are numbered before the
first epoch on every side.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import results
from epoch_times import between, epochs_ended
from programs import aimodels, run, tell

from aimodels.config.examples import find
from aimodels.config.loading import load
from aimodels.runs.folder import RunFolder

PEERS = Path(__file__).parent / "peers"
CONFIGS = {"lstm": "imdb_lstm_published", "transformer": "imdb_transformer"}
# What the peers do: the start of a review is read, one learning rate from start to end, nothing is changed at random.
AS_THE_PEERS = (
    "model.words.keep=start",
    "train.optimizer.schedule=constant",
    "train.augment=null",
    "data.validation=0",
)
TARGETS = {("lstm", "keras"): 1.6, ("transformer", "keras"): 1.9, ("transformer", "torch"): 1.0}
LARGEST_GAP = 0.5


@dataclass(frozen=True)
class Measured:
    """One training: parameters, seconds per epoch but for the first, and the test accuracy if it was measured."""

    num_parameters: int
    seconds: float
    accuracy: float | None = None


def main() -> None:
    """Measure every network, print each run, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(CONFIGS), metavar="NETWORK", help="lstm, transformer")
    parser.add_argument("--data", required=True, help="the archive of the reviews, aclImdb_v1.tar.gz")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side")
    parser.add_argument("--epochs", type=int, default=3, help="per run, of which the first does not count")
    parser.add_argument("--limit", type=int, help="training reviews; all 25,000 unless given")
    parser.add_argument("--accuracy", action="store_true", help="also measure on all 25,000 test reviews")
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has torch, to measure that peer instead")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    options.data = Path(options.data).resolve()
    for network in options.networks:
        rows = compare(network, options)
        if options.save:
            given = [f"--limit {options.limit}"] if options.limit else []
            given += ["--accuracy"] * options.accuracy + ["--torch python"] * bool(options.torch)
            sizes = f"--rounds {options.rounds} --epochs {options.epochs} {' '.join(given)}".strip()
            command = f"python bench/text_throughput.py {network} --data aclImdb_v1.tar.gz {sizes} --save"
            note = " ".join((__doc__ or "").split())
            kind = "Text accuracy" if options.accuracy else f"Text throughput{' against PyTorch' * bool(options.torch)}"
            results.save(f"{kind}, {network}", results.Figures(command, rows, note=note))


def compare(network: str, options: argparse.Namespace) -> list[dict[str, object]]:
    """Run both sides in turns and give the rows of results.md."""
    found: dict[str, list[Measured]] = {"aimodels": [], "torch" if options.torch else "keras": []}
    sides = {"aimodels": ours_once, "keras": keras_once, "torch": torch_once}
    for number in range(options.rounds):
        for side, rounds in found.items():
            with tempfile.TemporaryDirectory(prefix="text-throughput-") as folder:
                rounds.append(sides[side](network, options, Path(folder), seed=number + 1))
            tell(what="text throughput", network=network, side=side, run=number, **vars(rounds[-1]))
    ours = found.pop("aimodels")
    return [row(network, side, ours=ours, peers=peers) for side, peers in found.items()]


def row(network: str, side: str, *, ours: list[Measured], peers: list[Measured]) -> dict[str, object]:
    """How many times faster we are than one peer."""
    if side == "keras" and ours[0].num_parameters != peers[0].num_parameters:
        raise SystemExit(f"not the same network: {ours[0]}, {peers[0]}")
    ratio = median(other.seconds / one.seconds for one, other in zip(ours, peers, strict=True))
    columns: dict[str, object] = {
        "network": network,
        "peer": {"keras": "Keras, padded to 400", "torch": "PyTorch, padded per batch"}[side],
    }
    scored = [(one.accuracy, other.accuracy) for one, other in zip(ours, peers, strict=True)]
    if all(one is not None and other is not None for one, other in scored):
        mine, theirs = (sum(pair[side] or 0.0 for pair in scored) / len(scored) for side in (0, 1))
        columns |= {
            "aimodels, test accuracy, %": f"{100 * mine:.2f}",
            "peer, test accuracy, %": f"{100 * theirs:.2f}",
            "target, points": f"no more than {LARGEST_GAP} lower",
        }
    else:
        columns |= {
            "aimodels, s/epoch": f"{median(one.seconds for one in ours):.1f}",
            "peer, s/epoch": f"{median(one.seconds for one in peers):.1f}",
            "times faster (median)": f"{ratio:.2f}",
            "target": TARGETS.get((network, side), "-"),
        }
    tell(what="text throughput", ratio=ratio, **columns)
    return columns


def ours_once(network: str, options: argparse.Namespace, folder: Path, *, seed: int) -> Measured:
    """Train through the command line; the times are those of the run's own events."""
    changes = [f"data.source={options.data}", *AS_THE_PEERS, f"train.epochs={options.epochs}", f"seed={seed}"]
    changes += [f"data.limit={options.limit}"] if options.limit else []
    aimodels("train", CONFIGS[network], *changes, "--no-plots", "-q", "--run-dir", folder / "run", folder=folder)
    accuracy = None
    if options.accuracy:
        # The weights of the last epoch, as the peers have them.
        told = aimodels("eval", folder / "run", "--checkpoint", "last", "--no-plots", "--json", folder=folder)
        accuracy = json.loads(told.stdout)["metrics"]["accuracy"]
    num_parameters = RunFolder(folder / "run").facts()["num_parameters"]
    return Measured(num_parameters, between(epochs_ended(folder / "run")), accuracy)


def keras_once(network: str, options: argparse.Namespace, folder: Path, *, seed: int) -> Measured:
    """Train with the Keras script."""
    limit = ["--limit", options.limit] if options.limit else []
    test = ["--test"] if options.accuracy else []
    script = PEERS / "keras_text_fit.py"
    given = ["--data", options.data, *sizes(network, options), "--seed", seed, *limit, *test]
    return measured(run(sys.executable, script, network, *given, folder=folder).stdout)


def torch_once(network: str, options: argparse.Namespace, folder: Path, *, seed: int) -> Measured:
    """Train with the PyTorch script, on words numbered as for the Keras script."""
    model: Any = load(find(CONFIGS[network])).config.model
    known = ["--vocabulary", model.words.vocabulary, "--max-length", model.words.max_length]
    limit = ["--limit", options.limit] if options.limit else []
    read = ["--data", options.data, *known, *limit, "--output", "words.npz"]
    run(sys.executable, PEERS / "reviews.py", *read, folder=folder)
    script = PEERS / "torch_text_fit.py"
    given = ["--data", "words.npz", *sizes(network, options), "--seed", seed]
    return measured(run(options.torch, script, network, *given, folder=folder).stdout)


def sizes(network: str, options: argparse.Namespace) -> list[object]:
    """What the peers are told of the config."""
    config = load(find(CONFIGS[network])).config
    model: Any = config.model
    return [
        *("--vocabulary", model.words.vocabulary, "--max-length", model.words.max_length),
        *("--dropout", model.dropout, "--batch-size", config.train.batch_size),
        *("--learning-rate", config.train.optimizer.learning_rate, "--epochs", options.epochs),
    ]


def measured(stdout: str) -> Measured:
    """What a peer printed."""
    told = json.loads(stdout)
    return Measured(told["num_parameters"], between(told["epochs_ended_at"]), told.get("accuracy"))


if __name__ == "__main__":
    main()
