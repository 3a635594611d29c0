"""What checkpoints after every epoch cost on MNIST, and what `train.strategy: mirrored` costs on one device.

Checkpoints: one training keeps its state and the best network, as users have it, after each odd epoch, and nothing
after the even ones (bench/peers/kept_every_other_epoch.py). "Waited" is the time that the training waits until what is
kept is copied, "written" the processor's time that writing takes while the next epoch trains. Both as shares of an
epoch with nothing to write add up to what checkpoints cost where no core is free; "longer" is by how much an epoch with
something to write takes longer than the two next to it, which have nothing, the median over all. `mirrored`: two
trainings run at once and take turns of half a second; only their own turns count. The first epoch, which is traced and
whose network is saved in the way of the training, is left out on all sides.
"""

import argparse
import json
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from epoch_times import epochs_ended
from programs import AIMODELS, tell
from results import Figures, save
from turns import in_turns

EVERY_OTHER = Path(__file__).parent / "peers" / "kept_every_other_epoch.py"
# Every epoch is the best so far as long as the loss of the training falls, so that both checkpoints are written.
CONFIG = """
data: {{name: mnist, source: "{data}", validation: 0}}
model: {model}
train: {{epochs: {epochs}, batch_size: 64, monitor: loss}}
"""
MODELS = {"cnn": "{name: cnn}", "mlp": "{name: mlp, hidden: [128]}"}
TURN = 0.5
ALONE = 3600.0  # seconds, more than one run takes


def main() -> None:
    """Measure, print each round, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="mnist.npz")
    parser.add_argument("--epochs", type=int, default=101, help="per run")
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
    """Seconds per epoch, and what is added to them as shares of that."""
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        place = Path(folder)
        config = CONFIG.format(data=options.data, model=MODELS[name], epochs=options.epochs)
        (place / "mnist.yaml").write_text(config, encoding="utf-8")
        rest = ("train", "mnist.yaml", "--no-plots", "-q", "--run-dir")
        kept = [sys.executable, EVERY_OTHER, *rest, place / "kept"]
        told = in_turns({"kept": kept}, folder=place, seconds={"kept": ALONE})["kept"].stdout
        commands: dict[str, list[object]] = {
            "single": [*AIMODELS, *rest, place / "single"],
            "mirrored": [*AIMODELS, *rest, place / "mirrored", "train.strategy=mirrored"],
        }
        ran = in_turns(commands, folder=place, seconds=dict.fromkeys(commands, TURN))
        ended = {side: epochs_ended(place / side) for side in ("kept", *commands)}
    single, mirrored = (ran[side].seconds(ended[side][0], ended[side][-1]) for side in commands)
    return {**of_checkpoints(json.loads(told.splitlines()[-1]), ended["kept"]), "mirrored": mirrored / single - 1}


def of_checkpoints(told: dict[str, list[float]], ended: list[float]) -> dict[str, float]:
    """What they cost the epochs after the first of one training."""
    seconds = [end - start for start, end in pairwise(ended)]
    # Of the epochs 2, 3, 4...: something is written in those with even numbers.
    epoch = median(seconds[1::2])
    longer = [seconds[at] / mean((seconds[at - 1], seconds[at + 1])) - 1 for at in range(2, len(seconds) - 1, 2)]
    waited, written = (median(told[part][1:]) / epoch for part in ("waited", "written"))
    return {"epoch, s": epoch, "waited": waited, "written": written, "longer": median(longer)}


def compared(name: str, rounds: list[dict[str, float]]) -> dict[str, object]:
    """One row of results.md."""
    return {
        "network": name,
        "epoch, s": f"{median(each['epoch, s'] for each in rounds):.2f}",
        **{part: f"{median(each[part] for each in rounds):.1%}" for part in ("waited", "written")},
        "both": f"{median(each['waited'] + each['written'] for each in rounds):.1%}",
        "at most": "3 %",
        **{part: ", ".join(f"{each[part]:+.1%}" for each in rounds) for part in ("longer", "mirrored")},
        "mirrored, median": f"{median(each['mirrored'] for each in rounds):+.1%}",
        "at most ": "2 %",
    }


if __name__ == "__main__":
    main()
