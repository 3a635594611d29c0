"""What a dataset gives: raw examples in splits, what they are, what is predicted, and where they came from.

NumPy and plain Python only, so that data can be read and checked without loading TensorFlow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

Task = Literal["binary", "multiclass", "multilabel", "regression"]
SplitName = Literal["train", "validation", "test"]
ResizePolicy = Literal["stretch", "crop", "pad"]


@dataclass(frozen=True)
class ImageInput:
    """Images of one size: uint8, height x width x channels. `resize` says how an image of another size gets there:
    `stretch` ignores its aspect, `crop` fills and cuts off the rest, `pad` fits and fills with black."""

    height: int
    width: int
    channels: int
    resize: ResizePolicy = "stretch"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return (self.height, self.width, self.channels)


@dataclass(frozen=True)
class TextInput:
    """Texts of any length, one str per example."""


Input = ImageInput | TextInput


@dataclass(frozen=True)
class Target:
    """What is predicted: one of `class_names`, or a number in `unit`."""

    task: Task
    class_names: tuple[str, ...] = ()
    unit: str | None = None

    @property
    def num_outputs(self) -> int:
        """How many logits (or numbers) a model gives: one for binary and regression, else one per class."""
        return len(self.class_names) if self.task in ("multiclass", "multilabel") else 1


def target_of(class_names: Sequence[str]) -> Target:
    """One of two classes is a binary task, one of more a multiclass task."""
    return Target(task="binary" if len(class_names) == 2 else "multiclass", class_names=tuple(class_names))


@dataclass(frozen=True)
class ImageFiles:
    """Encoded images on disk, read when they are needed."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, indices: npt.NDArray[np.int64]) -> "ImageFiles":
        """The files at these positions, in this order."""
        return ImageFiles(tuple(self.paths[index] for index in indices))


@dataclass(frozen=True)
class Texts:
    """Texts in memory, each with what to call it in front of the user: its file, or its row of a table.

    Without `names` a text is called by its position in its split.
    """

    strings: tuple[str, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.names and len(self.names) != len(self.strings):
            raise ValueError(f"{len(self.strings)} texts and {len(self.names)} names")

    def __len__(self) -> int:
        return len(self.strings)

    def take(self, indices: npt.NDArray[np.int64]) -> "Texts":
        """The texts at these positions, in this order."""
        names = tuple(self.names[index] for index in indices) if self.names else ()
        return Texts(tuple(self.strings[index] for index in indices), names)


Examples = npt.NDArray[np.uint8] | ImageFiles | Texts


@dataclass(frozen=True)
class Split:
    """Raw examples with their targets: class numbers (int64), or numbers (float32).

    `examples` is an array with one row per example, or the files that hold them, or texts.
    """

    name: SplitName
    examples: Examples
    targets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.examples) != len(self.targets):
            raise ValueError(f"{len(self.examples)} examples and {len(self.targets)} targets")

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: Sequence[int] | npt.NDArray[np.int64], *, name: SplitName | None = None) -> "Split":
        """The examples at these positions, in this order."""
        chosen = np.asarray(indices, dtype=np.int64)
        examples = self.examples[chosen] if isinstance(self.examples, np.ndarray) else self.examples.take(chosen)
        return Split(name=name or self.name, examples=examples, targets=self.targets[chosen])

    def name_of(self, index: int) -> str:
        """How to call one example in front of the user: its file, its row, or its position."""
        if isinstance(self.examples, ImageFiles):
            return str(self.examples.paths[index])
        if isinstance(self.examples, Texts) and self.examples.names:
            return self.examples.names[index]
        return f"{self.name}[{index}]"


@dataclass(frozen=True)
class Provenance:
    """Where the examples came from and what was done to them before the first step.

    `counts` names everything that was left out or changed, with how often ({"corrupt images skipped": 3}).
    """

    description: str
    fingerprint: str
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """Everything a model can be trained and measured on. `test` is None where the user has none."""

    input: Input
    target: Target
    train: Split
    validation: Split | None
    test: Split | None
    provenance: Provenance

    def split(self, name: str) -> Split | None:
        """The split of that name ("train", "validation", "test")."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]
