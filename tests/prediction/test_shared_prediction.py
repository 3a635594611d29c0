"""Examples dealt out to several workers: each is answered once, and the chief gets the answers of all."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from aimodels.distribution.cluster import Cluster
from aimodels.distribution.launching import free_ports
from aimodels.errors import FailedError, UsageError
from aimodels.prediction import sharing
from aimodels.prediction.sharing import Share, together
from aimodels.prediction.spread import in_turn


@pytest.fixture
def on_workers():
    """`on_workers(3, work)` calls `work(share)` on as many workers that have met; gives what each returned."""

    def run(size, work, *, facts=lambda index: {}):
        workers = tuple(f"127.0.0.1:{port}" for port in free_ports(size))

        def of(index):
            cluster = Cluster(workers, index=index, source="the test", wait_seconds=20)
            with together(cluster, facts(index)) as share:
                return work(share)

        with ThreadPoolExecutor(size) as pool:
            return [pool.submit(of, index) for index in range(size)]

    return run


def answered(share, *, count, step):
    """What a worker ends up with whose answer to example n is n, with a row of two."""
    deal = share.deal(in_turn(count, step=step))
    rows = {"twice": np.full((count, 2), np.nan, np.float32), "whole": np.zeros(count, np.int64)}
    for positions in deal.mine:
        rows["twice"][positions] = positions[:, None]
        rows["whole"][positions] = positions
    deal.complete(rows)
    return rows


@pytest.mark.parametrize("message_bytes", [40, 2**20])
def test_the_chief_gets_every_answer_once(on_workers, monkeypatch, message_bytes):
    monkeypatch.setattr(sharing, "MESSAGE_BYTES", message_bytes)

    def work(share):
        # The second time it goes on where it ended: with the worker after the one that got the last piece.
        return [answered(share, count=count, step=3) for count in (26, 4, 0, 7)], share.part

    (chief, part), *others = (future.result() for future in on_workers(3, work))
    for count, rows in zip((26, 4, 0, 7), chief, strict=True):
        np.testing.assert_array_equal(rows["twice"], np.stack([np.arange(count)] * 2, axis=1))
        np.testing.assert_array_equal(rows["whole"], np.arange(count))
    parts = [part, *(each for _, each in others)]
    assert [each.worker for each in parts] == [0, 1, 2]
    assert sum(each.num_answered for each in parts) == 26 + 4 + 7
    assert min(each.num_answered for each in parts) > 9
    for rows, _ in others:
        assert np.isnan(rows[0]["twice"]).any()


def test_a_stream_of_small_pieces_is_dealt_out_in_turn_and_nobody_runs_far_ahead(on_workers):
    def work(share):
        return [
            answered(share, count=2, step=2)["whole"].tolist() for _ in range(5 * sharing.MESSAGES_AHEAD)
        ], share.part

    (chief, part), (_, other) = (future.result() for future in on_workers(2, work))
    assert chief == [[0, 1]] * len(chief)
    assert part.num_answered == other.num_answered == len(chief)


def test_the_notes_of_all_workers_come_together(on_workers):
    chief, *_ = on_workers(3, lambda share: share.gather_notes({10 + share.index: f"ßroken {share.index}"}))
    assert chief.result() == {10: "ßroken 0", 11: "ßroken 1", 12: "ßroken 2"}


def test_one_process_answers_everything_by_itself():
    rows = answered(Share(), count=5, step=2)
    assert rows["whole"].tolist() == [0, 1, 2, 3, 4]
    assert Share().gather_notes({1: "broken"}) == {1: "broken"}
    with together(None, {}) as share:
        assert (share.size, share.is_chief) == (1, True)


def test_a_worker_that_fails_ends_all_of_them(on_workers):
    def work(share):
        if share.index == 1:
            raise ValueError("no more memory")
        return answered(share, count=20, step=3)

    chief, failed, other = on_workers(3, work)
    with pytest.raises(ValueError, match="no more memory"):
        failed.result()
    for lost in (chief, other):
        with pytest.raises(
            FailedError, match=r"worker 1 \(127\.0\.0\.1:\d+\) was lost while the workers were"
        ) as caught:
            lost.result()
        assert (caught.value.code, caught.value.exit_code) == ("AM421", 1)
        assert "--resume" not in caught.value.help


def test_work_ends_at_once_when_another_worker_is_lost():
    crew = SimpleNamespace(cluster=Cluster(("a:1", "b:1"), index=0, source="the test"), lost=1)
    with pytest.raises(FailedError, match=r"worker 1 \(b:1\) was lost"):
        Share(crew).check()


def test_workers_that_are_asked_something_else_do_not_answer(on_workers):
    ends = on_workers(2, lambda share: share.index, facts=lambda index: {"question": {"limit": index}})
    for end in ends:
        with pytest.raises(UsageError, match="another question than the chief") as caught:
            end.result()
        assert caught.value.code == "AM419"
