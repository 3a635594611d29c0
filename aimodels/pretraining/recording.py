"""What a pre-training leaves behind besides its encoder: `run.json`, samples of what is to be guessed, how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from aimodels.config.loading import Loaded
from aimodels.config.schema import Pretrain
from aimodels.data.excerpts import excerpt
from aimodels.pretraining.preparing import PreparedPretraining
from aimodels.pretraining.set_aside import put_back
from aimodels.pretraining.windows import Windows
from aimodels.runs.atomic import write_json
from aimodels.runs.folder import PRETRAINING, RunFolder
from aimodels.runs.place import RunPlace
from aimodels.training.checkpointing import Start
from aimodels.training.ending import Ending, kept
from aimodels.training.recording import begin, facts_of, started, write_what_it_takes
from aimodels.training.resuming import go_on_in, goes_on_in, resumed_event

NUM_SAMPLES = 25
LONGEST_SAMPLE = 300
LONGEST_LABEL = 40


@contextmanager
def recording(
    run: RunFolder, loaded: Loaded, prepared: PreparedPretraining, *, where: RunPlace, start: Start
) -> Iterator[Ending]:
    """Begin the run folder, or go on in it, listen while the block trains, and write down how it ended, whatever
    happens."""
    facts = window_facts(prepared)
    resumed = resumed_event(run, prepared, start=start) if goes_on_in(run, where) else None
    with kept(
        run,
        begin=lambda: (
            _go_on(run, loaded, prepared, where=where, start=start)
            if resumed
            else _begin(run, loaded, prepared, where=where)
        ),
        started=lambda: started(run, prepared, reading=in_words(facts)),
        resumed=resumed,
    ) as ending:
        yield ending


def _go_on(run: RunFolder, loaded: Loaded, prepared: PreparedPretraining, *, where: RunPlace, start: Start) -> None:
    put_back(run)
    go_on_in(run, loaded, where=where, start=start)
    if start.state is None:
        # It may have been killed before all of this was written.
        write_what_it_takes(run, prepared)
        write_json(run.plot_data / "samples.json", _samples(prepared))


def _begin(run: RunFolder, loaded: Loaded, prepared: PreparedPretraining, *, where: RunPlace) -> None:
    facts = facts_of(loaded, prepared, where=where)
    options = prepared.config.pretrain or Pretrain()
    facts |= {"kind": PRETRAINING, "pretraining": options.model_dump(mode="json") | window_facts(prepared)}
    begin(run, loaded, prepared, facts=facts)
    write_json(run.plot_data / "samples.json", _samples(prepared))
    run.become_latest(where.runs_dir)


def window_facts(prepared: PreparedPretraining) -> dict[str, Any]:
    """The encoder, and per split: texts, those that were chopped, those without a window, windows, pieces."""
    batches, texts = prepared.batches, prepared.dataset
    splits = {"train": _counts(batches.windows, num_texts=len(texts.train))}
    if batches.measured is not None and texts.validation is not None:
        splits["validation"] = _counts(batches.measured, num_texts=len(texts.validation))
    encoder = prepared.encoder
    return {"encoder": encoder.name, "vocabulary": len(encoder.vocabulary), "splits": splits}


def _counts(windows: Windows, *, num_texts: int) -> dict[str, int]:
    per_text = np.bincount(windows.text_of, minlength=num_texts)
    return {
        "texts": num_texts,
        "chopped": int((per_text > 1).sum()),
        "without_window": int((per_text == 0).sum()),
        "windows": len(windows),
        "pieces": len(windows.pieces),
    }


def in_words(facts: dict[str, Any]) -> str:
    """What became of the training texts, in one sentence."""
    train = facts["splits"]["train"]
    parts = [f"{facts['vocabulary']:,} pieces known", f"{train['windows']:,} windows of {train['pieces']:,} pieces"]
    if train["chopped"]:
        parts.append(f"{train['chopped']:,} texts chopped into several")
    if train["without_window"]:
        parts.append(f"{train['without_window']:,} texts too short for one")
    return " · ".join(parts)


def _samples(prepared: PreparedPretraining) -> dict[str, list[str]]:
    """The first windows as an epoch may show them, and what is to be guessed in each."""
    windows = prepared.batches.windows
    first = windows.starts[: NUM_SAMPLES + 1]
    few = Windows(
        pieces=windows.pieces[: first[-1]],
        starts=first,
        middles=windows.middles[:NUM_SAMPLES],
        text_of=windows.text_of[:NUM_SAMPLES],
    )
    shown = prepared.batches.masking.examples(few, epoch=0)
    known = np.array(prepared.encoder.vocabulary, dtype=object)
    rows = np.split(shown.ids, shown.starts[1:-1])
    answers = np.split(shown.answers, shown.guess_starts[1:-1])
    return {
        "texts": [excerpt(" ".join(known[row % len(known)]), longest=LONGEST_SAMPLE) for row in rows],
        "labels": [excerpt(" ".join(known[row]), longest=LONGEST_LABEL) for row in answers],
    }
