"""Pieces that were added to a vocabulary: special ones, which are found in a text as they stand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aimodels.encoders.tokenizer_settings import SAVE_AGAIN, contradiction, other_way
from aimodels.errors import EncoderError


def with_added(pieces: Sequence[str], added: Mapping[int, Mapping[str, Any]], *, path: Path) -> tuple[str, ...]:
    """The vocabulary with the pieces behind it whose ids go on from its end.

    Raises:
        EncoderError: an id leaves a gap or is another piece's, or a piece is found in a way that is not supported.
    """
    found = list(pieces)
    for number, token in sorted(added.items()):
        content = token.get("content")
        if not isinstance(content, str) or not content:
            raise EncoderError(f"{path}: the added piece {number:,} must have `content`", code="AM344", help=SAVE_AGAIN)
        _expect_found_as_it_stands(token, content=content, path=path)
        if number < len(found) and found[number] != content:
            raise contradiction(
                path, f"the piece {number:,} is {found[number]!r}, and {content!r} is added in its place"
            )
        if number > len(found):
            raise contradiction(
                path, f"{content!r} is added as piece {number:,}, and there are {len(found):,} before it"
            )
        if number == len(found):
            found.append(content)
    return tuple(found)


def _expect_found_as_it_stands(token: Mapping[str, Any], *, content: str, path: Path) -> None:
    # `lstrip` and `rstrip` take spaces away, which are no part of any piece.
    for key in ("single_word", "normalized"):
        if token.get(key) is True:
            raise other_way(path, f"{key}: true of the added piece {content!r}", expected="false")
    if token.get("special") is None:
        raise other_way(path, f"the added piece {content!r}, of which it does not say how it is found", expected="none")


def special_pieces(added: Mapping[int, Mapping[str, Any]], *, named: Sequence[str]) -> tuple[str, ...]:
    """What is found in a text as it stands: the added pieces and those that have a name, in the order of ids."""
    listed = [str(token["content"]) for _, token in sorted(added.items())]
    return tuple(dict.fromkeys([*listed, *named]))
