"""Plug-ins found by file name: a file in a plug-in folder is a feature, and no list of them exists.

A dotted name (`my_package.my_model`) is a plug-in of the user's own, held to the same contract.
"""

import importlib
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

from aimodels.errors import ConfigError, Problem, Suggestion

PACKAGE = Path(__file__).parent

REQUIRED = {
    "datasets": ("Options", "load"),
    "preprocessing": ("Options", "fit"),
    "architectures": ("Options", "ACCEPTS", "SMALLEST_INPUT", "build"),
    "figures": ("SOURCE", "OVERLAYS", "read", "draw"),
    "formats": ("export", "verify"),
    "cli/commands": ("command",),
}
ONE_OF = {"datasets": "dataset", "architectures": "architecture", "figures": "figure", "formats": "format"}


def names(folder: str) -> tuple[str, ...]:
    """The words a user can write for the plug-ins of a folder, sorted. Imports nothing."""
    found = (PACKAGE / folder).iterdir()
    return tuple(sorted(path.stem for path in found if path.suffix == ".py" and not path.stem.startswith("_")))


def plugin(folder: str, name: str) -> ModuleType:
    """Import one plug-in, and only that one.

    Raises:
        ConfigError: there is no plug-in of that name, or it does not keep the contract of its folder.
    """
    module = _own_plugin(folder, name) if "." in name else _bundled_plugin(folder, name)
    required = _required(folder)
    absent = [word for word in required if not hasattr(module, word)]
    if absent:
        raise _error(
            "AM302",
            f"{name} is not a plug-in for {folder}: it has no {', '.join(absent)}",
            help=f"it must define {', '.join(required)}; see docs/plugins.md",
        )
    return module


def _required(folder: str) -> tuple[str, ...]:
    """What a plug-in must define; a folder inside a plug-in folder (a group of commands) keeps the same contract."""
    return next(words for known, words in REQUIRED.items() if f"{folder}/".startswith(f"{known}/"))


def _bundled_plugin(folder: str, name: str) -> ModuleType:
    if name not in names(folder):
        raise unknown(folder, name)
    return importlib.import_module(f"aimodels.{folder.replace('/', '.')}.{name}")


def _own_plugin(folder: str, name: str) -> ModuleType:
    kind = ONE_OF.get(folder, folder)
    if not all(part.isidentifier() for part in name.split(".")):
        raise _error(
            "AM301",
            f'"{name}" is not the dotted path of a module for the {kind}',
            help="write the path with dots and without .py: my_package.my_model",
        )
    # A console script has only its own folder on the path; users keep their module beside the YAML's command.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever the user's own code raises
        package = name.partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise _error(
                "AM301",
                f"no module {error.name!r} for the {kind} {name!r}",
                help=f"run from the folder that holds {package}/ or install the package; searched {os.getcwd()}",
            ) from error
        raise _error(
            "AM309",
            f"the {kind} {name!r} cannot be imported: {type(error).__name__}: {error}",
            help=f"python -c 'import {name}' shows where",
        ) from error


def where_it_failed(error: Exception, *, plugin: ModuleType) -> str:
    """The last line of a plug-in that an error came through, as `file:line`; else the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((frame for frame in reversed(frames) if frame.filename == plugin.__file__), frames[-1])
    return f"{frame.filename}:{frame.lineno}"


def unknown(folder: str, name: str) -> ConfigError:
    """The error for a plug-in name that does not exist, with the nearest that do."""
    import difflib

    known = names(folder)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    label = f"did you mean `{near[0]}`?" if near else ""
    return _error(
        "AM104",
        f'no {ONE_OF.get(folder, folder)} is called "{name}"',
        label=label,
        help=f"there are: {', '.join(known)}; or the dotted path of a module of your own",
        suggestions=tuple(Suggestion(word) for word in near),
    )


def _error(
    code: str, message: str, *, help: str, label: str = "", suggestions: tuple[Suggestion, ...] = ()
) -> ConfigError:
    problem = Problem(code=code, message=message, label=label, help=help, suggestions=suggestions)
    return ConfigError([problem], source=message)
