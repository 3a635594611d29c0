"""The files that an argument of `predict` names: one file, a folder of them, or a pattern."""

from pathlib import Path

from aimodels.errors import MissingError


def paths_of(argument: str, *, suffixes: tuple[str, ...]) -> list[Path]:
    """The file itself; in a folder every file with one of these suffixes, at any depth; or what a pattern matches.

    Raises:
        MissingError: that is nothing.
    """
    path = Path(argument)
    if path.is_dir():
        found = sorted(item for item in path.rglob("*") if item.suffix.lower() in suffixes and item.is_file())
        if not found:
            looked_for = ", ".join(f"*{suffix}" for suffix in suffixes)
            raise MissingError(f"nothing to read in {path}", code="AM233", help=f"files looked for: {looked_for}")
        return found
    if path.is_file():
        return [path]
    if any(sign in argument for sign in "*?["):
        found = sorted(_matches(path))
        if found:
            return found
        help = "quote the pattern, and check the folder"
        raise MissingError(f"no file matches {argument}", code="AM233", help=help)
    help = f"give files, a folder or a pattern; in a folder these are looked for: {', '.join(suffixes)}"
    raise MissingError(f"there is no file {argument}", code="AM233", help=help)


def _matches(pattern: Path) -> list[Path]:
    if pattern.is_absolute():
        return list(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    return list(Path(".").glob(str(pattern)))
