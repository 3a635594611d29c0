"""What a dataset gives: raw examples in splits, what they are, what is predicted, and where they came from.

NumPy and plain Python only, so that data can be read and checked without loading TensorFlow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from aimodels.config.columns import ColumnOptions, Kind
from aimodels.config.schema import DatasetOptions
from aimodels.data.rows import Rows

Task = Literal["binary", "multiclass", "multilabel", "regression", "none"]
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
    """Texts of any length, one str per example; two where `is_pair`, such as a question and an answer."""

    is_pair: bool = False


@dataclass(frozen=True)
class Column:
    """One column that the network sees: its name in the table, what it is, and how it becomes numbers."""

    name: str
    options: ColumnOptions

    @property
    def kind(self) -> Kind:
        """number, category, date or text."""
        return self.options.kind


@dataclass(frozen=True)
class TableInput:
    """Rows of a table, by named columns: a number is a float, NaN if missing; all others are strings, "" if missing.

    `missing` are the words that stand for a missing value in the table, such as NA.
    """

    columns: tuple[Column, ...]
    missing: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)


Input = ImageInput | TextInput | TableInput


@dataclass(frozen=True)
class Target:
    """What is predicted: one of `class_names`, or a number in `unit`; nothing (`none`) for texts to pre-train on."""

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

    Without `names` a text is called by its position in its split. Of pairs, `seconds` are the second texts.
    """

    strings: tuple[str, ...]
    names: tuple[str, ...] = ()
    seconds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.names and len(self.names) != len(self.strings):
            raise ValueError(f"{len(self.strings)} texts and {len(self.names)} names")
        if self.seconds and len(self.seconds) != len(self.strings):
            raise ValueError(f"{len(self.strings)} first texts and {len(self.seconds)} second ones")

    def __len__(self) -> int:
        return len(self.strings)

    @property
    def whole(self) -> list[tuple[str, ...]]:
        """Each text by itself, or with its second one."""
        return list(zip(self.strings, self.seconds, strict=True) if self.seconds else zip(self.strings, strict=True))

    def take(self, indices: npt.NDArray[np.int64]) -> "Texts":
        """The texts at these positions, in this order."""
        strings, names, seconds = (
            tuple(each[index] for index in indices) if each else () for each in (self.strings, self.names, self.seconds)
        )
        return Texts(strings, names, seconds)


Examples = npt.NDArray[np.uint8] | ImageFiles | Texts | Rows
Targets = npt.NDArray[Any]


@dataclass(frozen=True)
class Split:
    """Raw examples with their targets: class numbers (int64 [N]), for multilabel a 0 or 1 per class (int64 [N, K]), or
    numbers in the unit of the target (float64 [N]).

    `examples` is an array with one row per example, or the files that hold them, or texts, or rows of a table.
    `weights` (float32 [N]) say how much each example counts in the loss. Examples with the same number in `groups`
    (int64 [N]) belong together and are never parted by a split.
    """

    name: SplitName
    examples: Examples
    targets: Targets
    weights: npt.NDArray[np.float32] | None = None
    groups: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if len(self.examples) != len(self.targets):
            raise ValueError(f"{len(self.examples)} examples and {len(self.targets)} targets")

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def rows(self) -> Rows:
        """The examples of a table.

        Raises:
            TypeError: they are something else.
        """
        if not isinstance(self.examples, Rows):
            raise TypeError(f"the {self.name} split holds {type(self.examples).__name__}, no rows of a table")
        return self.examples

    def take(self, indices: Sequence[int] | npt.NDArray[np.int64], *, name: SplitName | None = None) -> "Split":
        """The examples at these positions, in this order."""
        chosen = np.asarray(indices, dtype=np.int64)
        examples = self.examples[chosen] if isinstance(self.examples, np.ndarray) else self.examples.take(chosen)
        return Split(
            name=name or self.name,
            examples=examples,
            targets=self.targets[chosen],
            weights=None if self.weights is None else self.weights[chosen],
            groups=None if self.groups is None else self.groups[chosen],
        )

    def name_of(self, index: int) -> str:
        """How to call one example in front of the user: its file, its row, or its position."""
        if isinstance(self.examples, ImageFiles):
            return str(self.examples.paths[index])
        if isinstance(self.examples, Texts) and self.examples.names:
            return self.examples.names[index]
        if isinstance(self.examples, Rows):
            return self.examples.name_of(index)
        return f"{self.name}[{index}]"


@dataclass(frozen=True)
class ExampleNames:
    """How to call the examples of a split, made when somebody asks: the names of millions of rows would take more
    memory than what is measured of them."""

    split: Split

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int, /) -> str:
        return self.split.name_of(index)


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
    """Everything a model can be trained and measured on. `test` is None where the user has none.

    `resolved` are the options with everything in them that was inferred from the data, for the run to remember; None
    where nothing was. `inferred` says so to the user, a line per thing.
    """

    input: Input
    target: Target
    train: Split
    validation: Split | None
    test: Split | None
    provenance: Provenance
    resolved: DatasetOptions | None = None
    inferred: tuple[str, ...] = ()

    @property
    def kind_of_task(self) -> str:
        """What is done with which examples, as `run.json` calls it: image_classification, table_regression, ..."""
        kind = {ImageInput: "image", TextInput: "text", TableInput: "table"}[type(self.input)]
        done = {"regression": "regression", "none": "pretraining"}.get(self.target.task, "classification")
        return f"{kind}_{done}"

    @property
    def num_examples(self) -> dict[str, int]:
        """How many examples each split has, of those that are there."""
        splits = {name: self.split(name) for name in ("train", "validation", "test")}
        return {name: len(split) for name, split in splits.items() if split is not None}

    def split(self, name: str) -> Split | None:
        """The split of that name ("train", "validation", "test")."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]
