"""The file with measured figures: a benchmark writes its own section and no other."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def results(root: Path) -> ModuleType:
    """bench/results.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("bench_results", root / "bench" / "results.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up by name.
    import sys

    sys.modules["bench_results"] = module
    spec.loader.exec_module(module)
    return module


def test_a_section_is_replaced_and_the_others_stay(results: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    first = results.Figures(command="python bench/start.py", rows=[{"what": "start", "seconds": 1.5}])
    second = results.Figures(command="python bench/speed.py", rows=[{"what": "cnn", "ratio": 1.2}], note="Median of 5.")
    results.save("Start", first, path=path)
    results.save("Speed", second, path=path)
    before = path.read_text(encoding="utf-8")
    results.save("Start", results.Figures(command=first.command, rows=[{"what": "start", "seconds": 0.9}]), path=path)
    assert path.read_text(encoding="utf-8") == before.replace("| start | 1.5 |", "| start | 0.9 |")
    assert "Median of 5." in before


def test_the_rows_of_a_section_can_be_read_again(results: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    assert results.rows_of("Speed", path=path) == []
    rows = [{"what": "cnn", "ratio": "1.2"}, {"what": "mlp", "ratio": "2.0"}]
    for title in ("Speed", "Other"):
        results.save(title, results.Figures(command="python bench/speed.py", rows=rows[: len(title) - 3]), path=path)
    assert results.rows_of("Speed", path=path) == rows
    assert results.rows_of("Start", path=path) == []


def test_the_machine_is_described_without_a_name_or_a_date(results: ModuleType) -> None:
    import platform

    assert "cores of" in results.machine()
    assert platform.node() not in results.machine()
