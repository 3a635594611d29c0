"""How a run is named in what is told about it."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimodels.errors import FailedError
from aimodels.runs.status import unfinished

if TYPE_CHECKING:
    from aimodels.runs.folder import RunFolder


def how_to_name(run: "RunFolder") -> str:
    """What a command needs to find the run from here: its name, or its path where it is not in `runs/`."""
    is_usual = run.path.parent.resolve() == Path("runs").resolve()
    return run.name if is_usual else shlex.quote(str(run.path))


def not_finished(run: "RunFolder", facts: Mapping[str, Any]) -> FailedError:
    """The error of what needs a run that has ended."""
    name = how_to_name(run)
    return FailedError(
        f"{run.path} is not a finished run: {unfinished(facts)}",
        code="AM503",
        help=f"go on with it: aimodels train --resume {name}; see aimodels runs show {name}",
    )
