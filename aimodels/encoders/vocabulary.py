"""The pieces of an encoder in the order of their ids, from `tokenizer.json` or `vocab.txt`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aimodels.encoders.folder_files import TOKENIZER, VOCABULARY
from aimodels.errors import EncoderError

PADDING = "[PAD]"
AGAIN = "download or copy the encoder's files again"


def read_vocabulary_file(path: Path) -> tuple[str, ...]:
    """The pieces of a `vocab.txt`, one a line.

    Raises:
        EncoderError: it cannot be read or is no text in UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise EncoderError(f"cannot read {path}: {error.strerror or error}", code="AM346", help=AGAIN) from error
    except UnicodeDecodeError as error:
        raise EncoderError(f"{path} is no text in UTF-8: {error.reason}", code="AM346", help=AGAIN) from error
    # Not splitlines(): a piece may be one of the rarer marks at which that ends a line.
    lines = text.replace("\r\n", "\n").split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def pieces_by_id(ids: Mapping[str, Any], *, path: Path) -> tuple[str, ...]:
    """The pieces of `{piece: id}` in the order of ids.

    Raises:
        EncoderError: an id is no number, is there twice, or is missing.
    """
    pieces: list[str | None] = [None] * len(ids)
    for piece, number in ids.items():
        is_id = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(ids)
        if not is_id or pieces[number] is not None:
            message = f"{path}: the ids of its {len(ids):,} pieces must be 0 to {len(ids) - 1:,}, each once; "
            raise EncoderError(message + f"the piece {piece!r} has {number!r}", code="AM346", help=AGAIN)
        pieces[number] = piece
    return tuple(piece for piece in pieces if piece is not None)


def expect_sound(pieces: Sequence[str], *, special: Sequence[str], path: Path) -> None:
    """Make sure that the ids can be used: no piece twice, none empty, padding is 0, the special ones are there.

    Raises:
        EncoderError: one of them is not so.
    """
    if not pieces:
        raise EncoderError(f"{path} holds no pieces", code="AM346", help=AGAIN)
    seen: dict[str, int] = {}
    for number, piece in enumerate(pieces):
        if not piece:
            raise EncoderError(f"{path}: the piece with the id {number:,} is empty", code="AM346", help=AGAIN)
        if piece in seen:
            message = f"{path}: the piece {piece!r} is there twice, with the ids {seen[piece]:,} and {number:,}"
            raise EncoderError(message, code="AM346", help="each piece must stand once; keep the encoder's own order")
        seen[piece] = number
    missing = [piece for piece in special if piece not in seen]
    if missing:
        message = f"{path}: the vocabulary lacks {', '.join(missing)}"
        raise EncoderError(message, code="AM346", help="the vocabulary and the other files must be of the same encoder")


def expect_padding_first(pieces: Sequence[str], *, padding: str, path: Path) -> None:
    """Make sure that 0 is the id of padding, since 0 marks what is no text everywhere here.

    Raises:
        EncoderError: another piece has it.
    """
    if pieces[0] != padding:
        message = f"{path}: the piece with the id 0 must be {padding}, found {pieces[0]!r}"
        help = "0 marks what is no text; take an encoder whose vocabulary begins with its padding"
        raise EncoderError(message, code="AM346", help=help)


def same_pieces(folder: Path, pieces: Sequence[str]) -> None:
    """Make sure that `vocab.txt`, where it is there beside `tokenizer.json`, says the same.

    Raises:
        EncoderError: it does not.
    """
    path = folder / VOCABULARY
    if not path.is_file():
        return
    others = read_vocabulary_file(path)
    if others == tuple(pieces[: len(others)]) and len(others) <= len(pieces):
        return
    differing = next((n for n, pair in enumerate(zip(others, pieces, strict=False)) if pair[0] != pair[1]), len(pieces))
    message = f"{VOCABULARY} and {TOKENIZER} in {folder} differ, first at the id {differing:,}"
    raise EncoderError(message, code="AM358", help="remove the one that is not the encoder's, or copy both again")
