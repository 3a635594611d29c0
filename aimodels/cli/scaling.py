"""`doctor --scaling`: what a training would gain by more replicas, measured for a while and then predicted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aimodels.cli.console import Console
from aimodels.cli.cross_validating import one_fold
from aimodels.cli.formatting import size
from aimodels.cli.tables import table
from aimodels.config.loading import Loaded
from aimodels.config.schema import Train
from aimodels.distribution.larger_batches import larger_batch
from aimodels.distribution.scaling import ROUND_SECONDS, Measured, Prediction, predict, predict_here
from aimodels.errors import UsageError
from aimodels.events import phase

REPLICAS = (1, 2, 8, 64)
LOCAL_WORKERS = 2
NETWORK = "10Gbit"
SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)(bit|bps|b|byte|B)(?:/s)?")
FACTORS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
HEADERS = ("replicas", "share", "step", "all-reduce", "examples/s", "efficiency", "limited by")


@dataclass(frozen=True)
class Wanted:
    """For how many replicas, over which network, and whether workers of this machine measure together as well."""

    replicas: tuple[int, ...]
    network: str
    bytes_per_second: float
    local: bool
    left_out: tuple[int, ...] = ()


def bytes_per_second(network: str) -> float:
    """The speed of a network as people write it.

    >>> bytes_per_second("10Gbit"), bytes_per_second("1.5 GB/s")
    (1250000000.0, 1500000000.0)

    Raises:
        UsageError: it cannot be read.
    """
    found = SPEED.fullmatch(network.strip())
    value = float(found[1]) * FACTORS[found[2]] if found else 0.0
    if found is None or not value:
        raise UsageError(
            f"`--network {network}` is no speed of a network",
            code="AM441",
            help="a number with its unit, in bits or bytes per second: 10Gbit, 400Gbps, 1.25GB/s",
        )
    return value if found[3] in ("byte", "B") else value / 8


def wanted(train: Train, *, workers: str | None, network: str, local: bool) -> Wanted:
    """What the options ask for, checked against the batch.

    Raises:
        UsageError: they cannot be read, or the batch does not divide by what they ask for.
    """
    asked = REPLICAS if workers is None else _numbers(workers)
    batch_size = train.batch_size
    left_out = tuple(num for num in asked if isinstance(batch_size, int) and batch_size % num)
    if left_out and workers is not None:
        raise UsageError(
            f"`train.batch_size` {batch_size} does not divide by {left_out[0]} replicas",
            code="AM440",
            help=f"ask for numbers that divide it, or for another batch: train.batch_size={_next(train, left_out[0])}",
        )
    kept = tuple(num for num in asked if num not in left_out)
    return Wanted(kept, network, bytes_per_second(network), local, left_out=left_out)


def _numbers(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise UsageError(
            f"`--workers {text}` is no list of numbers of replicas",
            code="AM442",
            help="whole numbers from 1 on, with commas between them: --workers 2,8,64",
        )
    return tuple(sorted({int(word) for word in words}))


def _next(train: Train, num: int) -> int:
    size = train.batch_size if isinstance(train.batch_size, int) else train.batch_size.tokens
    return -(-size // num) * num


def predict_scaling(console: Console, loaded: Loaded, *, asked: Wanted) -> dict[str, Any]:
    """Measure, show the tables, and give the JSON document.

    Raises:
        UserError: whatever would also stop the training, and workers that fail.
    """
    if loaded.config.train.folds:
        loaded = one_fold(loaded)
    document = scaling_document(measured_here(loaded, asked=asked), loaded.config.train, asked=asked)
    for line in document["lines"]:
        console.out(line)
    console.out()
    console.out(table(console, headers=HEADERS, rows=[_row(each) for each in document["same_batch"]]))
    for line in advice_lines(document["same_batch"]):
        console.out(line)
    larger = document["larger_batch"]
    if larger:
        console.out()
        console.out(f"A batch that grows with the replicas ({larger[0]['rule']} rule for the learning rate):")
        rows = [[*_row(each)[:1], *_row(each)[4:], each["options"]] for each in larger]
        headers = (HEADERS[0], *HEADERS[4:], "options for train")
        console.out(table(console, headers=headers, rows=rows))
    console.essential(" ".join(f"{each['replicas']}:{each['efficiency']:.2f}" for each in document["same_batch"]))
    answer = {name: value for name, value in document.items() if name != "lines"}
    console.answer(answer)
    return answer


def measured_here(loaded: Loaded, *, asked: Wanted) -> Measured:
    """What this machine says, workers side by side included where they are wanted."""
    from aimodels.distribution.measuring_together import measure_together
    from aimodels.distribution.tensorflow_start import start_tensorflow

    start_tensorflow(device=loaded.config.train.device)
    from aimodels.training.measuring import measure

    found = measure(loaded, replicas=asked.replicas)
    batch_size = loaded.config.train.batch_size
    is_shared = not isinstance(batch_size, int) or batch_size % LOCAL_WORKERS == 0
    if asked.local and found.kind == "cpu" and found.together is None and is_shared:
        with phase(f"measuring {LOCAL_WORKERS} local workers"):
            together = measure_together(loaded.config, num_workers=LOCAL_WORKERS)
        found = replace(found, together=together)
    return found


def scaling_document(measured: Measured, train: Train, *, asked: Wanted) -> dict[str, Any]:
    """What was measured and what it predicts, as JSON, and `lines` for a person."""
    speed = asked.bytes_per_second
    same = predict(measured, replicas=asked.replicas, bytes_per_second=speed, grows=False)
    here = predict_here(measured)
    several = [num for num in asked.replicas if num > 1]
    grown = predict(measured, replicas=several, bytes_per_second=speed, grows=True)
    gradients, whole, together = measured.gradients, measured.whole, measured.together
    return {
        "lines": _lines(measured, asked=asked),
        "network_bytes_per_second": speed,
        "gradient_bytes": gradients.dense_bytes,
        "gradient_row_bytes_per_example": gradients.row_bytes_per_example,
        "input_examples_per_second": whole.examples / whole.input_seconds,
        "input_bytes_per_second": whole.examples / whole.input_seconds * measured.input_bytes_per_example,
        "overhead_seconds": measured.overhead_seconds,
        "all_reduce_seconds_here": together.sum_seconds if together else None,
        "left_out": list(asked.left_out),
        "same_batch": [_told(each) for each in [*same[:1], *([here] if here else []), *same[1:]]],
        "larger_batch": [_told(each) | _larger(train, each.num_replicas) for each in grown],
    }


def _larger(train: Train, factor: int) -> dict[str, Any]:
    larger = larger_batch(train, factor=factor)
    return {
        "batch_size": larger.batch_size,
        "learning_rate": larger.learning_rate,
        "rule": larger.rule,
        "options": larger.options,
    }


def _told(each: Prediction) -> dict[str, Any]:
    return {
        "replicas": each.num_replicas,
        "here": each.is_here,
        "share": each.step.examples,
        "step_seconds": each.seconds,
        "replica_seconds": each.step.seconds,
        "input_seconds": each.step.input_seconds,
        "all_reduce_seconds": each.sum_seconds,
        "examples_per_second": each.examples_per_second,
        "efficiency": each.efficiency,
        "limit": each.limit,
        "advice": each.advice,
    }


def _lines(measured: Measured, *, asked: Wanted) -> list[str]:
    gradients, whole, together = measured.gradients, measured.whole, measured.together
    rows = f", and rows of {gradients.num_sparse} tables gathered" if gradients.num_sparse else ""
    per_second = whole.examples / whole.input_seconds
    lines = [
        f"step        {_time(whole.seconds)} for {whole.examples:,.0f} examples, "
        f"{_time(measured.overhead_seconds)} of it however few there are",
        f"input       {per_second:,.0f} examples/s, {size(per_second * measured.input_bytes_per_example)}/s",
        f"gradients   {size(gradients.dense_bytes)} in {gradients.num_dense} arrays{rows}",
        f"network     {asked.network}, {_time(measured.round_seconds)} for each round of a ring "
        f"({'assumed' if measured.round_seconds == ROUND_SECONDS else 'measured here'})",
    ]
    if together is not None:
        lines.append(f"all-reduce  {_time(together.sum_seconds)} between {together.num_replicas} replicas here")
    if asked.left_out:
        numbers = ", ".join(map(str, asked.left_out))
        lines.append(f"left out    {numbers} replicas: the batch size does not divide by them")
    return lines


def _row(each: dict[str, Any]) -> list[str]:
    return [
        f"{each['replicas']}{' here' if each['here'] else ''}",
        f"{each['share']:,.0f}",
        _time(each["step_seconds"]),
        _time(each["all_reduce_seconds"]) if each["replicas"] > 1 else "-",
        f"{each['examples_per_second']:,.0f}",
        f"{each['efficiency']:.0%}",
        each["limit"],
    ]


def _time(value: float) -> str:
    """Seconds in the unit that suits a step."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.0f} µs"


def advice_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What to do about each limit of several replicas, each once."""
    found = {each["limit"]: each["advice"] for each in rows if each["replicas"] > 1}
    return [f"{limit}: {advice}" for limit, advice in found.items()]
