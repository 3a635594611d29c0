"""Training speed against a hand-written Keras script of the same network (bench/peers/keras_fit.py).

Each run is a process of its own and the two sides take turns. An epoch lasts from the end of the one before to its own
end, with everything that happens in between (in aimodels: checkpoints, history, events). So the first epoch, which also
traces and compiles, counts for neither side. There is no validation split.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import results
from programs import aimodels, run, tell

from aimodels.config.examples import find
from aimodels.config.loading import load
from aimodels.runs.folder import RunFolder

PEER = Path(__file__).parent / "peers" / "keras_fit.py"
CONFIGS = {"cnn": "mnist_cnn", "mlp": "mnist_mlp"}
TARGETS = {"cnn": 1.1, "mlp": 2.0}


@dataclass(frozen=True)
class Measured:
    """One training: what was trained, and the training examples per second of its epochs but the first."""

    num_parameters: int
    examples_per_second: float


def main() -> None:
    """Measure every network, print each run, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(CONFIGS), metavar="NETWORK", help="cnn, mlp")
    parser.add_argument("--data", default="auto", help="an .npz file in the layout of Keras's mnist.npz, or auto")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side")
    parser.add_argument("--epochs", type=int, default=3, help="per run, of which the first does not count")
    parser.add_argument("--limit", type=int, help="training examples, to try the benchmark out")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    if options.data != "auto":
        options.data = Path(options.data).resolve()
    for network in options.networks:
        row = compare(network, options)
        if options.save:
            limit = f" --limit {options.limit}" if options.limit else ""
            sizes = f"--rounds {options.rounds} --epochs {options.epochs}{limit}"
            command = f"python bench/throughput.py {network} {sizes} --save"
            note = " ".join((__doc__ or "").split())
            results.save(f"Throughput, {network}", results.Figures(command, [row], note=note))


def compare(network: str, options: argparse.Namespace) -> dict[str, object]:
    """Run both sides in turns and give the row of results.md."""
    ours: list[float] = []
    peers: list[float] = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
            pair = [ours_once(network, options, Path(folder)), peer_once(network, options, Path(folder))]
        if pair[0].num_parameters != pair[1].num_parameters:
            raise SystemExit(f"not the same network: {pair}")
        for side, measured, values in zip(("aimodels", "keras"), pair, (ours, peers), strict=True):
            values.append(measured.examples_per_second)
            tell(what="throughput", network=network, side=side, run=number, value=values[-1], unit="examples/s")
    ratio = median(one / other for one, other in zip(ours, peers, strict=True))
    tell(what="throughput", network=network, side="ratio", value=ratio, target=TARGETS[network])
    return {
        "network": f"{network}, batch {batch_size(network)}",
        "aimodels, examples/s": f"{median(ours):,.0f}",
        "Keras script, examples/s": f"{median(peers):,.0f}",
        "median ratio": f"{ratio:.2f}",
        "target": TARGETS[network],
    }


def ours_once(network: str, options: argparse.Namespace, folder: Path) -> Measured:
    """Train through the command line; the times are those of the run's own events."""
    changes = [f"data.source={options.data}", "data.validation=0", f"train.epochs={options.epochs}"]
    changes += [f"data.limit={options.limit}"] if options.limit else []
    aimodels("train", CONFIGS[network], *changes, "--no-plots", "-q", "--run-dir", folder / "run", folder=folder)
    trained = RunFolder(folder / "run")
    events = [json.loads(line) for line in trained.events_file.read_text(encoding="utf-8").splitlines()]
    ended = [datetime.fromisoformat(event["t"]).timestamp() for event in events if event["type"] == "epoch_ended"]
    facts = trained.facts()
    return Measured(facts["num_parameters"], speed(ended, num_examples=facts["num_examples"]["train"]))


def peer_once(network: str, options: argparse.Namespace, folder: Path) -> Measured:
    """Train with the script of the peer."""
    sizes = ["--batch-size", batch_size(network), "--epochs", options.epochs]
    sizes += ["--limit", options.limit] if options.limit else []
    ended = run(sys.executable, PEER, network, "--data", options.data, *sizes, folder=folder)
    told = json.loads(ended.stdout)
    return Measured(told["num_parameters"], speed(told["epochs_ended_at"], num_examples=told["num_examples"]))


def speed(ended: list[float], *, num_examples: int) -> float:
    """Training examples per second, the median over the epochs after the first."""
    return median(num_examples / (end - start) for start, end in pairwise(ended))


def batch_size(network: str) -> int:
    """As the config has it."""
    size = load(find(CONFIGS[network])).config.train.batch_size
    if not isinstance(size, int):
        raise TypeError(f"{network} has a batch size of {size}")
    return size


if __name__ == "__main__":
    main()
