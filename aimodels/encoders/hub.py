"""Encoders by their name on the hub: downloaded once, into the cache that other programs share with this one."""

import contextvars
import errno
import importlib.util
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimodels.encoders import folder_files as names
from aimodels.errors import FailedError, MachineError, MissingError, UserError
from aimodels.events import Downloaded, emit

# An extra of the package, imported where it is used.
if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

SMALL_FILES = (
    names.CONFIG,
    names.VOCABULARY,
    names.TOKENIZER,
    names.TOKENIZER_CONFIG,
    names.SPECIAL_TOKENS,
    names.ADDED_TOKENS,
)
SECONDS_BETWEEN_EVENTS = 0.1
MAIN = "main"
# What systems say of a host that they cannot find.
NO_HOST = ("Name or service not known", "Temporary failure in name resolution", "nodename nor servname", "getaddrinfo")


@dataclass(frozen=True)
class HubName:
    """An encoder on the hub; `revision` is a branch, a tag or a commit."""

    name: str
    revision: str = MAIN

    def __str__(self) -> str:
        return self.name if self.revision == MAIN else f"{self.name}@{self.revision}"


def folder_from_hub(wanted: HubName) -> Path:
    """The folder of the cache with the files of an encoder; what is there is used, else it is downloaded.

    Raises:
        MachineError: the package is not installed, there is no way to the hub, or the cache cannot be written.
        MissingError: the hub has no such encoder, or not in a form that is read.
        FailedError: the hub wants to know who asks, or the download broke off.
    """
    try:
        import huggingface_hub  # noqa: F401  # only whether it is there
    except ImportError as error:
        message = f"the encoder {wanted} is on the hub, and the package huggingface_hub is not installed"
        help = f"pip install 'aimodels[hub]', or {_by_hand(wanted)}"
        raise MachineError(message, code="AM353", help=help) from error
    cached = _cached(wanted)
    if cached is not None:
        return cached
    with _told_to_users(wanted):
        return _downloaded(wanted)


def is_cached(wanted: HubName) -> bool:
    """Whether every file of an encoder is in the cache, so that nothing is downloaded."""
    return importlib.util.find_spec("huggingface_hub") is not None and _cached(wanted) is not None


def _cached(wanted: HubName) -> Path | None:
    """The folder of the cache, if every file of an encoder is in it."""
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(
            wanted.name, revision=wanted.revision, local_files_only=True, allow_patterns=[names.CONFIG]
        )
    except (OSError, ValueError):
        return None
    folder = Path(str(found))
    return folder if _is_whole(folder) else None


def _is_whole(folder: Path) -> bool:
    has_weights = (folder / names.WEIGHTS).is_file()
    if not has_weights and (folder / names.WEIGHTS_INDEX).is_file():
        parts = names.read_json(folder / names.WEIGHTS_INDEX, code="AM349").get("weight_map")
        has_weights = isinstance(parts, dict) and all((folder / str(file)).is_file() for file in parts.values())
    has_pieces = any((folder / file).is_file() for file in (names.VOCABULARY, names.TOKENIZER))
    return has_weights and has_pieces and (folder / names.CONFIG).is_file()


def _downloaded(wanted: HubName) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    # Asked here and not once when the package is imported, so that a program can change it.
    endpoint = os.environ.get("HF_ENDPOINT") or None
    info = HfApi(endpoint=endpoint).model_info(wanted.name, revision=wanted.revision)
    there = [sibling.rfilename for sibling in info.siblings or ()]
    folder = snapshot_download(
        wanted.name,
        revision=wanted.revision,
        allow_patterns=_needed(there, wanted=wanted),
        endpoint=endpoint,
        # Several would close each other's connections as soon as one of them breaks.
        max_workers=1,
        tqdm_class=_bar_of(str(wanted)),
    )
    return Path(str(folder))


def _needed(there: list[str], *, wanted: HubName) -> list[str]:
    """The files to download: the small ones, and the weights in one file or in several.

    Raises:
        MissingError: there are no weights in a form that is read.
    """
    small = [file for file in SMALL_FILES if file in there]
    if names.WEIGHTS in there:
        return [*small, names.WEIGHTS]
    parts = [file for file in there if file.endswith(".safetensors") and "/" not in file]
    if names.WEIGHTS_INDEX in there and parts:
        return [*small, names.WEIGHTS_INDEX, *parts]
    listed = ", ".join(sorted(there)[: names.SHOWN]) or "nothing"
    message = f"the encoder {wanted} on the hub has no {names.WEIGHTS}"
    help = f"take an encoder that has it, or make it of what is there: aimodels explain {OTHER_FORM}"
    raise MissingError(message, code="AM355", help=help, notes=(f"on the hub: {listed}",))


OTHER_FORM = "AM341"


@contextmanager
def _told_to_users(wanted: HubName) -> Iterator[None]:
    """Errors of the hub's package become ours, and what it would log is left to those errors."""
    # The package passes on the errors of its HTTP library.
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError, XetDownloadError  # type: ignore[attr-defined]

    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    except UserError:
        raise
    except HFValidationError as error:
        help = f"a name is org/name or org/name@revision; or {_by_hand(wanted)}"
        raise MissingError(f"{wanted} is no name of the hub", code="AM355", help=help) from error
    except HfHubHTTPError as error:
        raise _refused(wanted, error) from error
    except (HTTPError, XetDownloadError, OSError) as error:
        raise _unreachable(wanted, error) from error
    finally:
        logger.setLevel(level)


def _refused(wanted: HubName, error: "HfHubHTTPError") -> UserError:
    """The error for an answer of the hub that is not the file."""
    from huggingface_hub.errors import GatedRepoError, RevisionNotFoundError

    status = error.response.status_code
    if isinstance(error, RevisionNotFoundError):
        message = f"the encoder {wanted.name} on the hub has no revision {wanted.revision!r}"
        return MissingError(message, code="AM355", help="name a branch, a tag or a commit of it after the @")
    if isinstance(error, GatedRepoError) or status == 403:
        message = f"the encoder {wanted} is only for those who were let in (HTTP {status})"
        help = "ask for access on its page, then set HF_TOKEN to your token"
        return FailedError(message, code="AM356", help=f"{help}; or {_by_hand(wanted)}")
    if status in (401, 404):
        message = f"the hub has no encoder {wanted}, or does not show it to everyone (HTTP {status})"
        help = "check the name; for a private one set HF_TOKEN to your token. A folder of that name is not there either"
        return MissingError(message, code="AM355", help=help)
    return FailedError(f"the hub refused {wanted}: HTTP {status}", code="AM354", help=_by_hand(wanted))


def _unreachable(wanted: HubName, error: Exception) -> UserError:
    number = error.errno if isinstance(error, OSError) else None
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    if number in (errno.ENOSPC, errno.EDQUOT):
        message = f"the disk is full: cannot keep the encoder {wanted}"
        return MachineError(message, code="AM704", help="free some space, or set HF_HOME to a folder on another disk")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        message = f"cannot keep the encoder {wanted}: {reason}"
        return MachineError(
            message, code="AM703", help="check the permissions of the cache, or set HF_HOME to a folder"
        )
    if any(words in reason for words in NO_HOST):
        reason = "no network, or the name of its host is not known"
    folder = Path(wanted.name).absolute()
    return MachineError(
        f"cannot download the encoder {wanted}: {reason}; there is no folder {folder} either",
        code="AM354",
        help=_by_hand(wanted),
    )


def _by_hand(wanted: HubName) -> str:
    """What to do without a network."""
    files = f"{names.CONFIG}, {names.VOCABULARY} or {names.TOKENIZER}, {names.TOKENIZER_CONFIG} and {names.WEIGHTS}"
    here = Path(wanted.name).absolute()
    download = f"elsewhere download {files} of {wanted}"
    return f"{download} and put them into {here}, which is looked into first, or any folder: model.encoder=FOLDER"


def _bar_of(name: str) -> Any:
    """A progress bar for the hub's package that tells events and draws nothing."""
    from huggingface_hub.utils.tqdm import tqdm

    context, lock = contextvars.copy_context(), threading.Lock()

    class Told(tqdm):
        """Counts the bytes that came; those who listen here hear of them, from whatever thread."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self.is_bytes = options.get("unit") == "B" and "Downloading" not in str(options.get("desc"))
            self.told_at = float("-inf")
            super().__init__(*args, **(options | {"disable": True}))  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> bool | None:
            with lock:
                self.n += n or 0
                is_time = time.monotonic() - self.told_at >= SECONDS_BETWEEN_EVENTS or self.n >= (self.total or 0)
                if self.is_bytes and is_time:
                    self.told_at = time.monotonic()
                    context.run(emit, Downloaded(name=name, done=int(self.n), total=int(self.total or 0)))
            return None

    return Told
