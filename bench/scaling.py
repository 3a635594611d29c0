"""`aimodels doctor --scaling` against the truth: two local workers, predicted and then measured.

Prediction and training, by `aimodels launch --workers 2`, take turns. Both sides give the median of the time of a step:
of training over what its events tell after the first epoch, which also traces.
"""

import argparse
import json
import tempfile
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from programs import aimodels, tell
from results import Figures, save

from aimodels.runs.folder import RunFolder

# One that computes, one whose steps cost more than their examples, one of 15 MB of gradients; images per epoch of each.
CONFIG = """
data: {{name: mnist, source: "{data}", validation: 0, limit: {limit}}}
model: {model}
train: {{epochs: {epochs}, batch_size: 64, monitor: loss}}
"""
MODELS = {
    "cnn": ("{name: cnn}", 10_000),
    "mlp": ("{name: mlp, hidden: [128]}", 60_000),
    "mlp, wide": ("{name: mlp, hidden: [1600, 1600]}", 10_000),
}
LAUNCH = ("launch", "--workers", "2", "--")


def main() -> None:
    """Measure, print each round, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="mnist.npz")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5, help="per run, of which the first does not count")
    parser.add_argument("--only", choices=MODELS, help="one of the networks")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    options = parser.parse_args()
    options.data = options.data.resolve()
    rows = []
    for name in [options.only] if options.only else MODELS:
        rounds = []
        for number in range(options.rounds):
            rounds.append(one_round(name, options))
            tell(what=f"scaling, {name}", round=number, **rounds[-1])
        rows.append(compared(name, rounds))
        tell(**rows[-1])
    if options.save:
        command = f"python bench/scaling.py --data mnist.npz --rounds {options.rounds} --save"
        save("Two workers, predicted and measured", Figures(command, rows, " ".join((__doc__ or "").split())))


def one_round(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Seconds of a step, predicted and then measured."""
    model, limit = MODELS[name]
    with tempfile.TemporaryDirectory(prefix="scaling-") as folder:
        place = Path(folder)
        config = CONFIG.format(data=options.data, model=model, limit=limit, epochs=options.epochs)
        (place / "mnist.yaml").write_text(config, encoding="utf-8")
        guess = predicted(place)
        aimodels(*LAUNCH, "train", "mnist.yaml", "--no-plots", "-q", "--run-dir", place / "run", folder=place)
        measured = median(seconds_per_step(place / "run"))
    return {
        "predicted": guess["step_seconds"],
        "all_reduce": guess["all_reduce_seconds"],
        "measured": measured,
        "limit": guess["limit"],
    }


def seconds_per_step(run: Path) -> list[float]:
    """Seconds per step between the moments at which a run told of its steps, the first epoch left out."""
    found, before = [], None
    for line in RunFolder(run).events_file.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["type"] == "epoch_started":
            before = None
        elif event["type"] == "step" and event["epoch"] > 1:
            now = datetime.fromisoformat(event["t"]).timestamp()
            if before is not None:
                found.append((now - before[0]) / (event["step"] - before[1]))
            before = (now, event["step"])
    return found


def predicted(place: Path) -> dict[str, Any]:
    """What is predicted for two workers of this machine."""
    ended = aimodels("doctor", "--scaling", "mnist.yaml", "--workers", "1,2", "--json", folder=place)
    [here] = [each for each in json.loads(ended.stdout)["same_batch"] if each["here"]]
    return dict(here)


def compared(name: str, rounds: list[dict[str, Any]]) -> dict[str, object]:
    """One row of results.md."""
    ratios = [each["predicted"] / each["measured"] for each in rounds]
    return {
        "network": name,
        "predicted, ms/step": f"{1e3 * median(each['predicted'] for each in rounds):.2f}",
        "of it all-reduce": f"{1e3 * median(each['all_reduce'] for each in rounds):.2f}",
        "measured": f"{1e3 * median(each['measured'] for each in rounds):.2f}",
        "predicted / measured, each round": ", ".join(f"{ratio:.2f}" for ratio in ratios),
        "median": f"{median(ratios):.2f}",
        "limited by": rounds[-1]["limit"],
    }


if __name__ == "__main__":
    main()
