"""From a YAML file and overrides to a frozen, validated config, or to every mistake in them at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError

from aimodels import discovery
from aimodels.config import overrides as arguments
from aimodels.config import yaml_problems
from aimodels.config.checking import mistakes
from aimodels.config.schema import ArchitectureOptions, Config, DatasetOptions, config_class
from aimodels.config.section import NamedSection
from aimodels.config.short_forms import written_out
from aimodels.config.writing import to_yaml
from aimodels.config.yaml_source import Written, plain, read
from aimodels.errors import ConfigError, MachineError, MissingError, Place, Problem

__all__ = ["Loaded", "load", "to_yaml"]


@dataclass(frozen=True)
class Loaded:
    """A config, the text it was read from (byte for byte), and the name for its runs.

    `asked` is the config as it was before what the data say was written into it; None where nothing was.
    """

    config: Config
    path: Path
    source: str
    name: str
    asked: Config | None = None


class UnknownDataset(DatasetOptions):
    """Stands in for a dataset that is not there, so that the rest of the file is checked all the same."""

    model_config = ConfigDict(extra="allow")


class UnknownArchitecture(ArchitectureOptions):
    """Stands in for an architecture that is not there, so that the rest of the file is checked all the same."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True)
class _Plugin:
    """The options of a named plug-in, or what stands in for them and why."""

    options: type[Any]
    problems: tuple[Problem, ...] = ()


def load(path: Path, *, overrides: Sequence[str] = ()) -> Loaded:
    """Read a config and check all of it.

    Raises:
        ConfigError: the file or an override is wrong; holds every mistake, in the order of lines.
        MissingError: there is no such file.
        MachineError: the file may not be read.
    """
    source = _text(path)
    written = read(source.removeprefix("\ufeff"), source=str(path))
    config = check(written, overrides=overrides, source=str(path))
    return Loaded(config=config, path=path, source=source, name=config.name or _run_name(path))


def check(written: Written, *, overrides: Sequence[str] = (), source: str) -> Config:
    """The config that some values and overrides ask for.

    Raises:
        ConfigError: with every mistake, those of the file first, in the order of lines.
    """
    if not isinstance(written.value, dict):
        raise ConfigError([_not_a_mapping(written)], source=source)
    overridden = arguments.put_over(written, overrides=overrides)
    data = _options(overridden.written, key="data", folder="datasets", stand_in=UnknownDataset)
    model = _options(overridden.written, key="model", folder="architectures", stand_in=UnknownArchitecture)
    section = config_class(data.options, model.options)
    complete = written_out(overridden.written, section=section)
    found = [*overridden.problems, *data.problems, *model.problems]
    try:
        config = section.model_validate(plain(complete))
    except ValidationError:
        found += mistakes(complete, section=section)
    if found:
        raise ConfigError(_in_order(found, overrides=overrides), source=source)
    return config


def _options(written: Written, *, key: str, folder: str, stand_in: type[NamedSection]) -> _Plugin:
    """The `Options` of the plug-in that `data` or `model` names."""
    entry = written.entries.get(key)
    if entry is None:
        return _Plugin(stand_in)
    name_entry = entry.value.entries.get("name")
    name = name_entry.value if name_entry else entry.value.word or entry.value
    if not isinstance(name.value, str):
        return _Plugin(stand_in)
    try:
        options = discovery.plugin(folder, name.value).Options
    except ConfigError as error:
        path = f"{key}.name"
        placed = [
            replace(problem, path=path, place=name.place, label=problem.label or "cannot be used")
            for problem in error.problems
        ]
        return _Plugin(stand_in, tuple(placed))
    base = stand_in.__bases__[0]
    if not (isinstance(options, type) and issubclass(options, base)):
        return _Plugin(stand_in, (_no_section(name, path=f"{key}.name", base=base),))
    return _Plugin(options)


def _no_section(name: Written, *, path: str, base: type) -> Problem:
    return Problem(
        code="AM302",
        message=f"the Options of {name.value} are not a section",
        path=path,
        place=name.place,
        label="cannot be used",
        help=f"write `class Options({base.__name__})` with {base.__name__} from aimodels.config.schema",
    )


def _in_order(problems: Sequence[Problem], *, overrides: Sequence[str]) -> list[Problem]:
    sources = [arguments.source_of(override) for override in overrides]

    def position(problem: Problem) -> tuple[int, int, int]:
        place = problem.place
        if place is None:
            return (0, 0, 0)
        return (sources.index(place.source) + 1 if place.source in sources else 0, place.line, place.column)

    return sorted(problems, key=position)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        what = "is a folder, not a config" if isinstance(error, IsADirectoryError) else "does not exist"
        raise MissingError(
            f"{path} {what}", code="AM110", help="name a YAML file, or a shipped config: aimodels ls examples"
        ) from error
    except OSError as error:
        raise MachineError(
            f"cannot read {path}: {error.strerror}", code="AM703", help="check the permissions of the file"
        ) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([_not_utf8(content, error, source=str(path))], source=str(path)) from error


def _not_utf8(content: bytes, error: UnicodeDecodeError, *, source: str) -> Problem:
    lines = tuple(yaml_problems.LINE_BREAK.split(content.decode("utf-8", errors="replace")))
    before = yaml_problems.LINE_BREAK.split(content[: error.start].decode("utf-8"))
    column = len(before[-1]) + 1
    return Problem(
        code="AM111",
        message=f"the file is not UTF-8: byte 0x{content[error.start]:02x}",
        place=Place(source, len(before), column, column + 1, lines),
        label="this byte",
        help="save the file as UTF-8 (in most editors: save with encoding)",
    )


def _not_a_mapping(written: Written) -> Problem:
    what = {list: "a list", type(None): "nothing"}.get(type(written.value), "a single value")
    return Problem(
        code="AM112",
        message=f"a config must be a mapping of keys, found {what}",
        place=written.place,
        label="expected `data:`, `model:`, ...",
        help="start from a shipped one: aimodels init --list",
    )


def _run_name(path: Path) -> str:
    """The file's stem, without what a folder had better not be called."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.") or "run"
