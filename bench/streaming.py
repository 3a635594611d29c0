"""Training on more images than fit in memory: peak memory and speed while the number of files grows.

Half PNG, half JPEG, 128 x 128 in colour, made from a seed. The share of free memory that decoded images may take is set
to 0, so every split is read from its files while training goes on. Each training is a process of its own; memory is
what it took at most beyond what it had when TensorFlow was loaded.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import results
from PIL import Image
from programs import run, tell

SIDE = 128
CLASSES = ("blue", "green", "red")
CONFIG = """\
name: streamed
data: {{name: image_folder, path: "{path}", validation: 0.1}}
model: {{name: cnn, filters: [8, 16], head: average, dense: []}}
train: {{epochs: 2, batch_size: 32}}
"""


def main() -> None:
    """Measure each number of images, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[2000, 8000], help="how many, one training each")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(train_streamed(options.child)))
        return
    rows = [measure(number) for number in options.images]
    if options.save:
        command = f"python bench/streaming.py --images {' '.join(map(str, options.images))}"
        results.save("Streaming", results.Figures(command, rows, note=" ".join((__doc__ or "").split())))


def measure(num_images: int) -> dict[str, object]:
    """Make the images, train on them in a process of its own, and give the row of results.md."""
    with tempfile.TemporaryDirectory(prefix="streaming-") as name:
        folder = Path(name)
        make_images(folder / "images", num_images=num_images)
        (folder / "streamed.yaml").write_text(CONFIG.format(path=folder / "images"), encoding="utf-8")
        ended = run(sys.executable, Path(__file__).resolve(), "--child", folder / "streamed.yaml", folder=folder)
    measured = json.loads(ended.stdout.splitlines()[-1])
    decoded_mib = num_images * SIDE * SIDE * 3 / 2**20
    tell(what="streaming", num_images=num_images, decoded_mib=decoded_mib, **measured)
    return {
        "images": f"{num_images:,}",
        "decoded they are, MiB": f"{decoded_mib:,.0f}",
        "peak memory beyond TensorFlow, MiB": f"{measured['peak_mib']:,.0f}",
        "read and decoded, images/s": f"{measured['decoded_per_second']:,.0f}",
        "trained on, images/s": f"{measured['trained_per_second']:,.0f}",
    }


def make_images(folder: Path, *, num_images: int) -> None:
    """A folder per class: coarse noise, smooth after resizing as photos are, brighter in the colour of the class."""
    random = np.random.default_rng(7)
    for number in range(num_images):
        kind = number % len(CLASSES)
        coarse = random.integers(0, 180, size=(16, 16, 3), dtype=np.uint8)
        coarse[..., 2 - kind] += 60
        path = folder / CLASSES[kind] / f"{number:06d}{'.png' if number % 2 else '.jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path)


def train_streamed(config: Path) -> dict[str, float]:
    """Train with nothing held in memory, then read the training images once more without a model."""
    from aimodels.config.loading import load
    from aimodels.distribution.tensorflow_start import start_tensorflow
    from aimodels.runs.place import RunPlace

    start_tensorflow(device="cpu")

    from aimodels.training import image_source
    from aimodels.training.train import train

    image_source.SHARE_OF_FREE_MEMORY = 0.0
    before = memory_mib("VmRSS")
    loaded = load(config)
    trained = train(loaded, RunPlace(config.parent / "runs"))
    peak = memory_mib("VmHWM") - before
    speed = trained.timing()["examples_per_second"][-1]
    return {"peak_mib": peak, "trained_per_second": speed, "decoded_per_second": decoding_speed(config)}


def decoding_speed(config: Path) -> float:
    """Images per second of the training pipeline alone, over one epoch."""
    from aimodels import discovery
    from aimodels.config.loading import load
    from aimodels.training.batching import Batches

    asked = load(config).config
    dataset = discovery.plugin("datasets", asked.data.name).load(asked.data, seed=asked.seed)
    started_at = time.perf_counter()
    num_read = sum(len(images) for images, *_ in Batches(dataset, asked, one_hot=False).epoch(0))
    return num_read / (time.perf_counter() - started_at)


def memory_mib(field: str) -> float:
    """A field of this process's status: VmRSS (memory in use) or VmHWM (its highest so far)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [kib] = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(kib) / 1024


if __name__ == "__main__":
    main()
