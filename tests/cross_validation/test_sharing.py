"""Cores are shared so that the numbers do not depend on how many folds are trained at a time."""

import pytest

from aimodels.cross_validation import sharing
from aimodels.cross_validation.sharing import Sharing, share_machine
from aimodels.distribution.threads import THREADS
from aimodels.errors import UsageError


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with so many cores, with or without a GPU."""

    def of(cores, *, gpu=False):
        monkeypatch.setattr(sharing, "usable_cores", lambda: cores)
        monkeypatch.setattr(sharing, "GPUS", (tmp_path if gpu else tmp_path / "none",))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return of


@pytest.mark.parametrize(
    ("cores", "folds", "asked", "sharing"),
    [
        (2, 5, None, Sharing(2, 1)),
        (16, 5, None, Sharing(5, 3)),
        (16, 5, 1, Sharing(1, 3)),
        (1, 5, None, Sharing(1, 1)),
        (8, 2, 8, Sharing(2, 4)),
    ],
)
def test_as_many_as_there_are_cores(machine, cores, folds, asked, sharing):
    machine(cores)
    assert share_machine(folds, device="auto", asked=asked) == sharing


def test_the_threads_of_a_fold_do_not_depend_on_the_jobs(machine):
    machine(8)
    assert len({share_machine(4, device="cpu", asked=jobs).threads for jobs in (None, 1, 2, 3, 4)}) == 1


def test_more_jobs_than_cores_are_refused(machine):
    machine(2)
    with pytest.raises(UsageError, match="only 2 processor cores") as caught:
        share_machine(5, device="auto", asked=3)
    assert caught.value.code == "AM553"


def test_a_gpu_trains_one_fold_at_a_time(machine, monkeypatch):
    machine(8, gpu=True)
    assert share_machine(4, device="auto", asked=None) == Sharing(1, None)
    assert share_machine(4, device="gpu:0", asked=2) == Sharing(2, None)
    assert share_machine(4, device="cpu", asked=None).jobs == 4
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert share_machine(4, device="auto", asked=None).jobs == 4


def test_the_environment_says_how_many_threads():
    assert Sharing(2, 3).environment({"HOME": "/home"}) == {"HOME": "/home", **dict.fromkeys(THREADS, "3")}
    assert Sharing(1, None).environment({"HOME": "/home"}) == {"HOME": "/home"}
