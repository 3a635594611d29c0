"""What is said when a run goes on with more or fewer replicas than it was left with."""

from types import SimpleNamespace

import pytest

from aimodels.config.loading import load

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("before", "now", "notes"),
    [
        ({}, 2, ()),
        ({"num_replicas": 2}, 2, ()),
        ({"num_replicas": 4}, 2, ("2 replicas instead of 4 share the same batch",)),
        (
            {"num_replicas": 2},
            4,
            (
                "4 replicas instead of 2 share the same batch; a new run could take --batch-size 128 --lr 0.00141 "
                "(square root rule)",
            ),
        ),
    ],
)
def test_more_replicas_are_told_with_what_keeps_them_busy(tmp_path, before, now, notes):
    from aimodels.training.resuming import resumed_event

    (tmp_path / "my.yaml").write_text("data: {name: mnist, source: sample}\nmodel: {name: mlp}\n")
    config = load(tmp_path / "my.yaml").config
    run = SimpleNamespace(name="run", config=config, facts=lambda: before)
    prepared = SimpleNamespace(
        config=config, steps=SimpleNamespace(per_epoch=3), placement=SimpleNamespace(num_replicas=now)
    )
    start = SimpleNamespace(position=SimpleNamespace(epoch=1, step=2), state=SimpleNamespace(seconds=1.0))
    assert resumed_event(run, prepared, start=start).notes == notes
