"""What the project promises about tables, shown from outside by the programs that measure it, on less if they can."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]

BENCH = Path(__file__).parent.parent / "bench"


def measured(program: str, *arguments: object) -> list[dict[str, Any]]:
    """What a benchmark prints, a document per line."""
    command = [sys.executable, str(BENCH / program), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_penguins_in_five_folds_are_told_apart_as_well_as_by_logistic_regression() -> None:
    [found] = measured("table_folds.py", "--seeds", 1)
    assert found["mean"] >= 0.97
    assert found["mean"] >= found["linear"]["mean"] - found["std"]


def test_a_table_export_answers_1_000_rows_like_predict_where_aimodels_is_not() -> None:
    [found] = measured("table_export.py", "--rows", 1000)
    assert found["rows"] == 1000
    assert float(found["largest difference"]) <= 1e-5
    assert found["labels that differ"] == 0


def test_networks_on_tables_are_not_worse_than_those_of_scikit_learn() -> None:
    scores = measured("table_accuracy.py", "wine", "--seeds", 3)
    ours, theirs = (sum(each[side] for each in scores) / len(scores) for side in ("aimodels", "sklearn"))
    assert ours >= theirs


def test_a_large_table_takes_little_memory() -> None:
    *_, found = measured("table_memory.py", "--rows", 2_000_000)
    assert found["train_peak_mib"] < 1536
