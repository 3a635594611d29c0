"""How fast a training would be on several replicas: a prediction from what one machine measured in a few seconds.

A step on N replicas takes as long as one replica needs for its share of the batch, and then as long as the sum of the
gradients takes to go round: in a ring each replica sends and receives 2 (N - 1) / N of the bytes in 2 (N - 1) rounds
(Patarasuk and Yuan, 2009). The two are added up, although they may overlap in part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What is sent of a row of a table of embeddings beside the row: its number, int64.
INDEX_BYTES = 8
# The pipeline runs beside the steps: it limits them where a step takes hardly longer than its batch takes to be read.
LIMITED_BY_INPUT = 0.9
# A round of a ring of GPUs or of machines that is not measured here, in seconds: a message on Ethernet.
ROUND_SECONDS = 50e-6

ADVICE = {
    "compute": "nothing: more replicas make it faster",
    "all-reduce": "a faster network, a larger batch, or a smaller model",
    "input": "less to read per example, a cache on local disks, or more cores each",
    "overhead": "a larger batch: a step costs more than its few examples do",
    "cores": "other machines: these workers share the cores of this one",
}


@dataclass(frozen=True)
class StepTime:
    """What a step takes in one process, on so many examples: fed by the pipeline, and the pipeline alone."""

    examples: float
    seconds: float
    input_seconds: float


@dataclass(frozen=True)
class Gradients:
    """What the replicas add up in a step: bytes that are summed, and rows of tables that are gathered instead.

    `row_bytes_per_example` are those rows with their numbers, per example of a share.
    """

    num_dense: int
    dense_bytes: int
    num_sparse: int = 0
    row_bytes_per_example: float = 0.0

    def sent(self, *, share: float, num_replicas: int) -> float:
        """Bytes that each replica sends in a step."""
        summed = 2 * (num_replicas - 1) / num_replicas * self.dense_bytes
        return summed + (num_replicas - 1) * share * self.row_bytes_per_example


@dataclass(frozen=True)
class Together:
    """What replicas of this machine took side by side: a step on a share without any sums, then the sums alone.

    `tiny_seconds` is an all-reduce of as many arrays of a single number each.
    """

    num_replicas: int
    step: StepTime
    sum_seconds: float
    tiny_seconds: float


@dataclass(frozen=True)
class Measured:
    """What this machine measured: `steps` by the number of replicas that would share the batch, 1 among them."""

    steps: Mapping[int, StepTime]
    gradients: Gradients
    input_bytes_per_example: float
    kind: str
    cores: int
    together: Together | None = None

    @property
    def whole(self) -> StepTime:
        """A step of one replica that has the whole batch."""
        return self.steps[1]

    @property
    def overhead_seconds(self) -> float:
        """What a step takes however few examples it has: where the line through the times meets no examples."""
        few = min(self.steps.values(), key=lambda step: step.examples)
        more = self.whole.examples - few.examples
        per_example = max(0.0, self.whole.seconds - few.seconds) / more if more else few.seconds / few.examples
        return max(0.0, few.seconds - per_example * few.examples)

    @property
    def round_seconds(self) -> float:
        """What a round of the ring takes without its bytes, twice of which two replicas need."""
        if self.together is None or self.kind == "gpu":
            return ROUND_SECONDS
        return max(ROUND_SECONDS, self.together.tiny_seconds / 2)


@dataclass(frozen=True)
class Prediction:
    """A step on so many replicas. `is_here`: all on this machine, and not each on one like it."""

    num_replicas: int
    is_here: bool
    step: StepTime
    sum_seconds: float
    limit: str
    efficiency: float

    @property
    def seconds(self) -> float:
        """Of one step."""
        return self.step.seconds + self.sum_seconds

    @property
    def examples_per_second(self) -> float:
        """Over all replicas."""
        return self.step.examples * self.num_replicas / self.seconds

    @property
    def advice(self) -> str:
        """What would make it faster."""
        return ADVICE[self.limit]


def predict(measured: Measured, *, replicas: Sequence[int], bytes_per_second: float, grows: bool) -> list[Prediction]:
    """Predict each number of replicas, on machines like this one with a network of that speed.

    `grows`: the batch grows with the replicas, so that each has as many examples as one alone has now.
    """
    return [
        _on_machines(
            measured, num, step=measured.whole if grows else measured.steps[num], bytes_per_second=bytes_per_second
        )
        for num in replicas
    ]


def predict_here(measured: Measured) -> Prediction | None:
    """Predict the replicas of this machine that were measured side by side; None where there were none."""
    found = measured.together
    if found is None:
        return None
    return _predicted(measured, found.num_replicas, step=found.step, sum_seconds=found.sum_seconds, is_here=True)


def _on_machines(measured: Measured, num: int, *, step: StepTime, bytes_per_second: float) -> Prediction:
    sent = measured.gradients.sent(share=step.examples, num_replicas=num)
    seconds = sent / bytes_per_second + 2 * (num - 1) * measured.round_seconds
    return _predicted(measured, num, step=step, sum_seconds=seconds, is_here=False)


def _predicted(measured: Measured, num: int, *, step: StepTime, sum_seconds: float, is_here: bool) -> Prediction:
    alone = measured.whole.examples / measured.whole.seconds
    together = step.examples * num / (step.seconds + sum_seconds)
    limit = _limit(measured, step=step, sum_seconds=sum_seconds)
    if is_here and limit == "compute" and measured.kind == "cpu":
        limit = "cores"
    return Prediction(num, is_here, step, sum_seconds, limit, efficiency=together / (alone * num))


def _limit(measured: Measured, *, step: StepTime, sum_seconds: float) -> str:
    """What takes the largest part of a step."""
    overhead = min(measured.overhead_seconds, step.seconds)
    is_starved = step.input_seconds > LIMITED_BY_INPUT * step.seconds
    parts = {
        "input" if is_starved else "compute": step.seconds if is_starved else step.seconds - overhead,
        "all-reduce": sum_seconds,
        "overhead": 0.0 if is_starved else overhead,
    }
    return max(parts, key=parts.__getitem__)
