"""What checkpoints after every epoch cost on MNIST, and what `train.strategy: mirrored` costs on one device.

Three trainings of the same network run at once and take turns of half a second: one that keeps nothing while it trains
(bench/peers/without_checkpoints.py), one as users have it, with a state and the best network kept after every epoch,
and the same under `mirrored`. Only their own turns count. An epoch lasts from the end of the one before to its own end,
so the first, which also traces, counts for no side.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from epoch_times import epochs_ended
from programs import AIMODELS, tell
from results import Figures, save
from turns import in_turns

WITHOUT = Path(__file__).parent / "peers" / "without_checkpoints.py"
# Every epoch is the best so far as long as the loss of the training falls, so that both checkpoints are written.
CONFIG = """
data: {{name: mnist, source: "{data}", validation: 0}}
model: {model}
train: {{epochs: {epochs}, batch_size: 64, monitor: loss}}
"""
MODELS = {"cnn": "{name: cnn}", "mlp": "{name: mlp, hidden: [128]}"}
TURN = 0.5
TARGETS = {"checkpoints": "3 %", "mirrored": "2 %"}


def main() -> None:
    """Measure, print each round, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="mnist.npz")
    parser.add_argument("--epochs", type=int, default=6, help="per run, of which the first does not count")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=MODELS, help="one of the networks")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    options.data = options.data.resolve()
    rows = []
    for name in [options.only] if options.only else MODELS:
        rounds = []
        for number in range(options.rounds):
            rounds.append(one_round(name, options))
            tell(what=f"overhead, {name}", round=number, **rounds[-1])
        rows.append(compared(name, rounds))
        tell(**rows[-1])
    if options.save:
        only = f" --only {options.only}" if options.only else ""
        length = f"--epochs {options.epochs} --rounds {options.rounds}"
        command = f"python bench/overhead.py --data mnist.npz{only} {length} --save"
        save("Checkpoints and mirrored, MNIST", Figures(command, rows, " ".join((__doc__ or "").split())))


def one_round(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Seconds per epoch of each side."""
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        place = Path(folder)
        config = CONFIG.format(data=options.data, model=MODELS[name], epochs=options.epochs)
        (place / "mnist.yaml").write_text(config, encoding="utf-8")
        rest = ("train", "mnist.yaml", "--no-plots", "-q", "--run-dir")
        commands: dict[str, list[object]] = {
            "nothing kept": [sys.executable, WITHOUT, *rest, place / "nothing kept"],
            "checkpoints": [*AIMODELS, *rest, place / "checkpoints"],
            "mirrored": [*AIMODELS, *rest, place / "mirrored", "train.strategy=mirrored"],
        }
        ran = in_turns(commands, folder=place, seconds=dict.fromkeys(commands, TURN))
        ended = {side: epochs_ended(place / side) for side in commands}
    # Of all epochs but the first: one alone meets too few of the machine's ups and downs.
    return {side: ran[side].seconds(ended[side][0], ended[side][-1]) / (len(ended[side]) - 1) for side in commands}


def compared(name: str, rounds: list[dict[str, float]]) -> dict[str, object]:
    """One row of results.md."""
    kept = [each["checkpoints"] / each["nothing kept"] - 1 for each in rounds]
    mirrored = [each["mirrored"] / each["checkpoints"] - 1 for each in rounds]
    return {
        "network": name,
        "epoch, s": f"{median(each['checkpoints'] for each in rounds):.2f}",
        "checkpoints, each round": ", ".join(f"{share:+.1%}" for share in kept),
        "checkpoints": f"{median(kept):+.1%}",
        "at most": TARGETS["checkpoints"],
        "mirrored, each round": ", ".join(f"{share:+.1%}" for share in mirrored),
        "mirrored": f"{median(mirrored):+.1%}",
        "at most ": TARGETS["mirrored"],
    }


if __name__ == "__main__":
    main()
