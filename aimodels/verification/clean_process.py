"""Ask an exported model in a process that knows nothing of this package, as a user's own program would."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aimodels.data.dataset import Texts
from aimodels.errors import FailedError

HERE = Path(__file__).parent
LONGEST_SECONDS = 600


def ask(script: str, path: Path, **examples: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
    """Run a script of this folder on an exported model and give the probabilities it answered with, by way of asking.

    `-I` keeps the current folder and the user's packages out, so the script finds TensorFlow and NumPy alone.

    Raises:
        FailedError: the process failed; its last lines are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="aimodels-verify-") as folder:
        question, answer = Path(folder, "question.npz"), Path(folder, "answer.npz")
        np.savez(question, allow_pickle=False, **examples)
        command = [sys.executable, "-I", str(HERE / script), str(path), str(question), str(answer)]
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
        with np.load(answer, allow_pickle=False) as arrays:
            return {way: arrays[way].astype(np.float32) for way in arrays.files}


def packed(contents: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    """Files or texts one after the other, each behind 8 bytes of its length; NumPy's own byte strings lose zeros."""
    return np.frombuffer(b"".join(len(content).to_bytes(8, "little") + content for content in contents), dtype=np.uint8)


def unpacked(content: npt.NDArray[np.uint8]) -> list[bytes]:
    """What `packed` was given."""
    whole, contents, start = content.tobytes(), [], 0
    while start < len(whole):
        end = start + 8 + int.from_bytes(whole[start : start + 8], "little")
        contents.append(whole[start + 8 : end])
        start = end
    return contents


def as_utf_8(texts: Texts) -> list[bytes]:
    """The texts as a user's own program would hand them over."""
    # Half a surrogate pair, which JSON can bring in, becomes bytes that the model reads as no character.
    return [text.encode("utf-8", "surrogatepass") for text in texts.strings]
