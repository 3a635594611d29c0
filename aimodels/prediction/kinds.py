"""What kind of examples a run takes, and what is said about those of another kind."""

from aimodels.data.dataset import TableInput, TextInput
from aimodels.errors import UsageError
from aimodels.runs.folder import RunFolder


def kind_of(run: RunFolder) -> str:
    """What a run takes, in the plural: images, texts or rows."""
    if isinstance(run.input, TableInput):
        return "rows"
    return "texts" if isinstance(run.input, TextInput) else "images"


def other_kind(run: RunFolder, *, given: str) -> UsageError:
    """The error for something that is not what the run takes; `given` says what it is."""
    taken = kind_of(run)
    return UsageError(
        f"{run.name} takes {taken}, not {given}",
        code="AM160",
        help=f"give it {taken}, or name another run: aimodels runs ls",
    )
