"""Ask an exported model in a process that knows nothing of this package, as a user's own program would."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aimodels.errors import FailedError

HERE = Path(__file__).parent
LONGEST_SECONDS = 600


def ask(script: str, path: Path, **examples: npt.NDArray[np.generic]) -> dict[str, npt.NDArray[np.generic]]:
    """Run a script of this folder on an exported model and give the arrays that it answered with.

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
            return {name: arrays[name] for name in arrays.files}
