"""In which order the columns of a table are shown where there is no room for all of them."""

from collections.abc import Sequence

from aimodels.runs.evaluations import EvaluationFolder


def most_important_first(folder: EvaluationFolder, names: Sequence[str]) -> list[str]:
    """The names of columns by their importance to the model; in their own order where that was not measured."""
    ranked = [column["name"] for column in folder.importance["columns"]] if folder.importance else []
    places = {name: place for place, name in enumerate(ranked)}
    return sorted(names, key=lambda name: places.get(name, len(places)))
