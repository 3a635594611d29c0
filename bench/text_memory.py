"""Memory and time of everything between the reviews' archive and the first step: reading, splitting, words, batches.

In a process of its own. Memory is what it took at most beyond what it had when TensorFlow was loaded; an epoch of
batches is drawn without a network.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import results
from programs import run, tell
from streaming import memory_mib

TARGET_MIB = 1536


def main() -> None:
    """Measure, print, and save the summary if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="the archive of the reviews, aclImdb_v1.tar.gz")
    parser.add_argument("--config", default="imdb_transformer")
    parser.add_argument("--save", action="store_true", help="write the summary into results.md")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(read(options.config, options.data)))
        return
    source = Path(options.data).resolve()
    with tempfile.TemporaryDirectory(prefix="text-memory-") as folder:
        asked = [Path(__file__).resolve(), "--child", "--data", source, "--config", options.config]
        ended = run(sys.executable, *asked, folder=Path(folder))
    found = json.loads(ended.stdout.splitlines()[-1])
    tell(what="text memory", **found, target_mib=TARGET_MIB)
    if options.save:
        row = {
            "training + validation texts": f"{found['texts']:,}",
            "peak memory beyond TensorFlow, MiB": f"{found['peak_mib']:,.0f}",
            "target, MiB": f"< {TARGET_MIB:,}",
            "reading the archive, s": f"{found['loading_seconds']:.1f}",
            "vocabulary and ids, s": f"{found['reading_seconds']:.1f}",
            "an epoch of batches, s": f"{found['epoch_seconds']:.1f}",
            "padding in them": f"{found['padding']:.1%}",
        }
        command = "python bench/text_memory.py --data aclImdb_v1.tar.gz --save"
        results.save("Text memory", results.Figures(command, [row], note=" ".join((__doc__ or "").split())))


def read(name: str, source: str) -> dict[str, float]:
    """Go through the whole pipeline once."""
    from aimodels.config.examples import find
    from aimodels.config.loading import load
    from aimodels.data.loading import load_dataset
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow(device="cpu")
    from aimodels.preprocessing import words
    from aimodels.training.batching import Batches
    from aimodels.training.text_source import TextSource

    config = load(find(name), overrides=[f"data.source={source}"]).config
    before = memory_mib("VmRSS")
    clocks = [time.perf_counter()]
    dataset = load_dataset(config.data, seed=config.seed)
    clocks.append(time.perf_counter())
    options = config.model.words  # type: ignore[attr-defined]  # a text network has them
    fitted = words.fit(options, input=dataset.input, train=dataset.train)  # type: ignore[arg-type]  # the same
    batches = Batches(dataset, config, one_hot=False, reading=fitted)
    sources = [source for source in (batches.train, batches.held_out) if isinstance(source, TextSource)]
    clocks.append(time.perf_counter())
    places = words_in = 0
    for ids, *_ in batches.epoch(0):
        places += int(ids.shape[0] * ids.shape[1])
        words_in += int((ids.numpy() != 0).sum())
    clocks.append(time.perf_counter())
    seconds = [end - start for start, end in zip(clocks, clocks[1:], strict=False)]
    return {
        "texts": sum(len(source.encoded.num_tokens) for source in sources),
        "peak_mib": memory_mib("VmHWM") - before,
        "loading_seconds": seconds[0],
        "reading_seconds": seconds[1],
        "epoch_seconds": seconds[2],
        "padding": 1 - words_in / places,
    }


if __name__ == "__main__":
    main()
