"""The pieces of an encoder and how a text becomes pieces, from whichever files its folder has."""

from pathlib import Path

from aimodels.encoders.added_pieces import special_pieces, with_added
from aimodels.encoders.encoder import PieceRules
from aimodels.encoders.folder_files import TOKENIZER, TOKENIZER_CONFIG, VOCABULARY
from aimodels.encoders.tokenizer_file import Pieces, read_tokenizer_file
from aimodels.encoders.tokenizer_settings import NAMES, TokenizerSettings, contradiction, read_settings
from aimodels.encoders.vocabulary import expect_padding_first, expect_sound, read_vocabulary_file


def read_pieces(folder: Path) -> Pieces:
    """Pieces and rules; of `tokenizer.json` if it is there, else of `vocab.txt` and the files beside it.

    Raises:
        EncoderError: a file is broken, contradicts another, or asks for a tokenizer that is not BERT's.
    """
    settings = read_settings(folder)
    has_tokenizer = (folder / TOKENIZER).is_file()
    found = read_tokenizer_file(settings) if has_tokenizer else _of_vocabulary_file(settings)
    rules = found.rules
    used = (rules.padding, rules.unknown, rules.start, rules.end)
    expect_sound(found.vocabulary, special=used, path=found.path)
    expect_padding_first(found.vocabulary, padding=rules.padding, path=found.path)
    return found


def _of_vocabulary_file(settings: TokenizerSettings) -> Pieces:
    path = settings.folder / VOCABULARY
    lines = read_vocabulary_file(path)
    lower = _is_lower(settings, lines, path=path)
    # The mask is needed for pre-training only; the named ones that are not in the vocabulary are found nowhere.
    named = [settings.named(key) for key in NAMES]
    pieces = with_added(lines, settings.added, path=settings.folder / TOKENIZER_CONFIG)
    known = set(pieces)
    special = special_pieces(
        settings.added, named=[piece for piece in (*named, *settings.additional) if piece in known]
    )
    rules = PieceRules(
        lower=lower,
        strip_accents=lower if settings.strip_accents is None else settings.strip_accents,
        chinese_characters=settings.chinese_characters is not False,
        unknown=settings.named("unk_token"),
        start=settings.named("cls_token"),
        end=settings.named("sep_token"),
        padding=settings.named("pad_token"),
        mask=settings.named("mask_token"),
        special=special,
    )
    return Pieces(vocabulary=pieces, rules=rules, path=path)


def _is_lower(settings: TokenizerSettings, pieces: tuple[str, ...], *, path: Path) -> bool:
    """Whether letters are made small: what the settings say, else small where no piece has a capital letter."""
    if settings.lower is not None:
        return settings.lower
    capitals = [piece for piece in pieces if piece != piece.lower() and not piece.startswith("[")]
    if capitals:
        what = f"it has pieces with capital letters, such as {capitals[0]!r}, and no file says whether texts keep them"
        raise contradiction(path, f'{what}; put {{"do_lower_case": false}} into {TOKENIZER_CONFIG} if they do')
    return True
