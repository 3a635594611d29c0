"""The file that takes what TensorFlow's native code prints: gone with the process, unless it is a run's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# What loads TensorFlow is left out: the file is made before, and removed after.
PROGRAM = """
import os, sys
from pathlib import Path
from aimodels.distribution import tensorflow_start
tensorflow_start._import = lambda: None
tensorflow_start.choose_devices = lambda device: None
tensorflow_start.start_tensorflow()
[log] = Path(os.environ["TMPDIR"]).glob("aimodels-tensorflow-*.log")
os.write(2, b"native words")
exec(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        ("pass", []),
        ("raise SystemExit(2)", []),
        ("tensorflow_start.move_log(Path('run/logs/tensorflow.log'))", ["run/logs/tensorflow.log"]),
        ("os.abort()", ["aimodels-tensorflow-*.log"]),
    ],
    ids=["ends", "fails", "becomes the run's", "crashes"],
)
def test_where_the_log_is_left(ends: str, left: list[str], root: Path, tmp_path: Path) -> None:
    environ = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", PROGRAM, ends], env=environ, capture_output=True, check=False, timeout=60)
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.log")]
    assert len(files) == len(left)
    assert all(path.match(pattern) for path, pattern in zip(files, left, strict=True))
    assert all("native words" in (tmp_path / path).read_text() for path in files)
