"""What kind of examples a run takes, and what is said about those of another kind."""

from aimodels.data.dataset import TableInput, TextInput
from aimodels.errors import UsageError
from aimodels.runs.folder import RunFolder


def kind_of(run: RunFolder) -> str:
    """What a run takes, in the plural: images, texts or rows."""
    if isinstance(run.input, TableInput):
        return "rows"
    return "texts" if isinstance(run.input, TextInput) else "images"


def takes_pairs(run: RunFolder) -> bool:
    """Whether a run takes two texts at a time."""
    return isinstance(run.input, TextInput) and run.input.is_pair


def other_number(run: RunFolder, *, given: str) -> UsageError:
    """The error for single texts where a run takes pairs of them, and the reverse; `given` says what they are."""
    if takes_pairs(run):
        help = "write --text '...' --pair '...', name a table with two columns of texts (--column, --pair-column), or "
        help += "give stdin lines of two texts with a tab between"
        taken = "pairs of texts"
    else:
        help, taken = "leave out the second texts; a run on pairs is trained with `data.pair`", "single texts"
    return UsageError(f"{run.name} takes {taken}, not {given}", code="AM385", help=help)


def other_kind(run: RunFolder, *, given: str) -> UsageError:
    """The error for something that is not what the run takes; `given` says what it is."""
    taken = kind_of(run)
    return UsageError(
        f"{run.name} takes {taken}, not {given}",
        code="AM160",
        help=f"give it {taken}, or name another run: aimodels runs ls",
    )
