"""Batches that are dealt out to several devices come back in order; and copies of a network answer as one does."""

import threading

import numpy as np
import pytest

from aimodels.prediction.replicas import Batch, Replicas


def batches(count):
    return [Batch(np.array([number]), number) for number in range(count)]


@pytest.mark.parametrize("num_devices", [1, 3])
def test_answers_come_in_the_order_of_the_batches(num_devices):
    found = Replicas([lambda number: {"twice": np.array([2 * number])}] * num_devices).over(batches(20))
    assert [(positions.tolist(), numbers["twice"].tolist()) for positions, numbers in found] == [
        ([number], [2 * number]) for number in range(20)
    ]


def test_every_device_computes_and_none_two_batches_at_a_time():
    both = threading.Barrier(2, timeout=20)
    busy = [threading.Lock(), threading.Lock()]

    def compute(device):
        def computed(number):
            with busy[device]:
                assert not busy[device].acquire(blocking=False)
                both.wait()  # breaks unless the other device computes at the same time
            return {"device": np.array([device])}

        return computed

    found = [numbers["device"][0] for _, numbers in Replicas([compute(0), compute(1)]).over(batches(10))]
    assert sorted(found) == [0] * 5 + [1] * 5


def test_what_fails_on_a_device_fails():
    def compute(number):
        if number == 3:
            raise ValueError("too long")
        return {}

    with pytest.raises(ValueError, match="too long"):
        list(Replicas([compute, compute]).over(batches(9)))
