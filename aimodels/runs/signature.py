"""What a run takes and gives, for whoever uses it without its data: `signature.json`, written and read here alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `runs ls` reads run folders without NumPy
    from aimodels.data.dataset import Dataset, Input


def signature_of(dataset: "Dataset") -> dict[str, Any]:
    """The kind and shape of the examples, and what is predicted, as JSON."""
    target = dataset.target
    return {
        "input": _as_document(dataset.input),
        "task": target.task,
        "class_names": list(target.class_names),
        "unit": target.unit,
    }


def input_of(signature: Mapping[str, Any]) -> "Input":
    """What kind of examples the run of this signature takes."""
    from aimodels.config.columns import column_options
    from aimodels.data.dataset import Column, ImageInput, TableInput, TextInput

    document = signature["input"]
    if document["kind"] == "text":
        return TextInput(is_pair=document.get("is_pair", False))
    if document["kind"] == "table":
        columns = tuple(Column(column["name"], column_options(column["options"])) for column in document["columns"])
        return TableInput(columns, missing=tuple(document["missing"]))
    return ImageInput(
        height=document["height"], width=document["width"], channels=document["channels"], resize=document["resize"]
    )


def num_outputs_of(signature: Mapping[str, Any]) -> int:
    """How many logits (or numbers) the network of this signature gives."""
    return len(signature["class_names"]) if signature["task"] in ("multiclass", "multilabel") else 1


def _as_document(input: "Input") -> dict[str, Any]:
    from aimodels.data.dataset import TableInput, TextInput

    if isinstance(input, TextInput):
        return {"kind": "text", "is_pair": input.is_pair}
    if isinstance(input, TableInput):
        columns = [{"name": column.name, "options": column.options.model_dump(mode="json")} for column in input.columns]
        return {"kind": "table", "columns": columns, "missing": list(input.missing)}
    return {
        "kind": "image",
        "height": input.height,
        "width": input.width,
        "channels": input.channels,
        "resize": input.resize,
    }
