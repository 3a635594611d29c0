"""Ask an exported model in a process that knows nothing of this package, as a user's own program would."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Texts
from aimodels.errors import FailedError
from aimodels.prediction.table_answering import RawRows
from aimodels.runs.loading import PAIR

HERE = Path(__file__).parent
LONGEST_SECONDS = 600

Asked = npt.NDArray[np.uint8] | Texts | RawRows
Ways = dict[str, dict[str, npt.NDArray[Any]]]


def ask(script: str, path: Path, question: Mapping[str, npt.NDArray[Any]]) -> Ways:
    """Run a script of this folder on an exported model and give its outputs, by way of asking and by name.

    Strings in a question are `packed`; those in an answer are bytes. `-I` keeps the current folder and the user's
    packages out, so the script finds TensorFlow and NumPy alone.

    Raises:
        FailedError: the process failed; its last lines are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="aimodels-verify-") as folder:
        asked, answer = Path(folder, "question.npz"), Path(folder, "answer.npz")
        np.savez(asked, allow_pickle=False, **question)
        command = [sys.executable, "-I", str(HERE / script), str(path), str(asked), str(answer)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise FailedError(f"{path} did not answer within {LONGEST_SECONDS} s", code="AM602") from error
        if done.returncode != 0:
            raise FailedError(
                f"{path} does not load or answer in a clean process (exit code {done.returncode})",
                code="AM602",
                notes=tuple(done.stderr.strip().splitlines()[-5:]),
                help="this is a fault of the export, not of your data; please report it with these lines",
            )
        ways: Ways = {}
        with np.load(answer, allow_pickle=False) as arrays:
            for key in arrays.files:
                way, _, output = key.partition("/")
                array = arrays[key]
                ways.setdefault(way, {})[output] = array if array.dtype != np.uint8 else as_objects(unpacked(array))
        return ways


def packed(contents: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    """Files or texts one after the other, each behind 8 bytes of its length; NumPy's own byte strings lose zeros."""
    return np.frombuffer(b"".join(len(content).to_bytes(8, "little") + content for content in contents), dtype=np.uint8)


def as_asked(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column of rows for a question: numbers as they are, strings packed."""
    return packed(values.tolist()) if values.dtype == object else values


def unpacked(content: npt.NDArray[np.uint8]) -> list[bytes]:
    """What `packed` was given."""
    whole, contents, start = content.tobytes(), [], 0
    while start < len(whole):
        end = start + 8 + int.from_bytes(whole[start : start + 8], "little")
        contents.append(whole[start + 8 : end])
        start = end
    return contents


def as_objects(contents: Sequence[bytes]) -> npt.NDArray[np.object_]:
    """The same as an array, [N]; NumPy's own byte strings lose zeros."""
    array = np.empty(len(contents), dtype=object)
    array[:] = contents
    return array


def as_utf_8(texts: Texts) -> dict[str, list[bytes]]:
    """The texts by argument (see `PAIR`), as a user's own program would hand them over."""
    sides = zip(PAIR, (texts.strings, texts.seconds), strict=True)
    # Half a surrogate pair, which JSON can bring in, becomes bytes that the model reads as no character.
    return {name: [text.encode("utf-8", "surrogatepass") for text in strings] for name, strings in sides if strings}
