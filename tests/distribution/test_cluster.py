"""Which workers there are, from every kind of environment; and what is said about one that does not fit."""

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.distribution.cluster import Address, Cluster, find_cluster
from aimodels.distribution.slurm import expanded
from aimodels.errors import UsageError

TWO = ["gpu1:12345", "gpu2:12345"]


def tf_config(workers=TWO, index=1, role="worker", **cluster):
    return {
        "TF_CONFIG": json.dumps({"cluster": {"worker": workers, **cluster}, "task": {"type": role, "index": index}})
    }


def slurm(**changes):
    known = {"JOB_NODELIST": "n[1-2]", "PROCID": "2", "NTASKS": "4", "TASKS_PER_NODE": "2(x2)", "JOB_ID": "7"}
    return {f"SLURM_{name}": value for name, value in (known | changes).items() if value is not None}


def kubernetes(**changes):
    known = {"AIMODELS_WORKERS_NAME": "digits-{index}.digits:2222", "AIMODELS_WORKERS_COUNT": "3"}
    return {name: value for name, value in ({**known, "JOB_COMPLETION_INDEX": "1"} | changes).items() if value}


def test_tf_config_names_the_workers():
    found = find_cluster(tf_config())
    assert found == Cluster(("gpu1:12345", "gpu2:12345"), index=1, source="TF_CONFIG")
    assert (found.size, found.is_chief, found.describe(0)) == (2, False, "worker 0 (gpu1:12345)")
    assert found.address(1) == Address("gpu2", 12345)


def test_tf_config_is_written_as_it_is_read():
    found = find_cluster(tf_config())
    assert find_cluster({"TF_CONFIG": found.tf_config}) == found


@pytest.mark.parametrize(("role", "index", "number"), [("chief", 0, 0), ("worker", 0, 1), ("worker", "1", 2)])
def test_a_chief_is_the_first_worker(role, index, number):
    found = find_cluster(tf_config(index=index, role=role, chief=["boss:1"]))
    assert found.workers == ("boss:1", *TWO)
    assert found.index == number
    assert found.is_chief == (role == "chief")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TF_CONFIG": " "},
        {"TF_CONFIG": "{}"},
        {"TF_CONFIG": '{"task": {"type": "worker", "index": 0}}'},
        tf_config(workers=["gpu1:12345"], index=0),
        slurm(NTASKS="1", PROCID="0", TASKS_PER_NODE="1", JOB_NODELIST="n1"),
        slurm(PROCID=None),
        slurm(NTASKS=None),
        kubernetes(AIMODELS_WORKERS_COUNT="1", JOB_COMPLETION_INDEX="0"),
        {"JOB_COMPLETION_INDEX": "3"},
    ],
    ids=str,
)
def test_one_process_is_no_cluster(environment):
    assert find_cluster(environment) is None


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"TF_CONFIG": "{worker}"}, "AM411", "no JSON"),
        ({"TF_CONFIG": "[1]"}, "AM411", "not both objects"),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1", "b:1"]}}'}, "AM411", "which worker this is"),
        (tf_config(workers={"0": "a:1", "2": "b:1"}), "AM411", "no list"),
        (tf_config(chief=["a:1", "b:1"]), "AM411", "2 chiefs"),
        (tf_config(workers=["gpu1:12345", ""]), "AM412", "no address for worker 1"),
        (tf_config(workers=["gpu1", "gpu2:12345"]), "AM412", "the address `gpu1`"),
        (tf_config(workers=["gpu1:70000", "gpu2:12345"]), "AM412", "gpu1:70000"),
        (tf_config(workers=["http://gpu1:7000", "gpu2:12345"]), "AM412", "http://gpu1:7000"),
        (tf_config(workers=["gpu1:1", "gpu2:1", "gpu1:1"]), "AM413", "workers 0 and 2 the same address, gpu1:1"),
        (tf_config(index=2), "AM414", "worker 2, and there are 2 workers"),
        (tf_config(index=-1), "AM414", "worker -1"),
        (tf_config(index=None), "AM414", "worker None"),
        (tf_config(role="chief"), "AM414", "0 chiefs"),
        (tf_config(ps=["a:1"]), "AM415", "`ps`"),
        (tf_config(role="evaluator"), "AM415", "`evaluator`"),
        (slurm(PROCID="4"), "AM414", "worker 4"),
        (slurm(PROCID="two"), "AM416", "SLURM_PROCID=two"),
        (slurm(JOB_NODELIST="n[1-2"), "AM416", "`n[1-2` is no list of nodes"),
        (slurm(JOB_NODELIST="n[2-1]"), "AM416", "no range"),
        (slurm(JOB_NODELIST="n[1--2]"), "AM416", "no range"),
        (slurm(JOB_NODELIST="n[1-99999999999]"), "AM416", "no range"),
        (slurm(JOB_NODELIST="n[1-999]m[1-999]"), "AM416", "more than 65,536 nodes"),
        (slurm(TASKS_PER_NODE="2,1"), "AM416", "3 tasks on 2 nodes, and there are 4 tasks on 2 nodes"),
        (slurm(TASKS_PER_NODE="2(x3)"), "AM416", "6 tasks on 3 nodes"),
        (slurm(TASKS_PER_NODE="two"), "AM416", "SLURM_TASKS_PER_NODE=two"),
        (slurm(TASKS_PER_NODE=None, NTASKS="3"), "AM416", "3 tasks on 2 nodes"),
        ({**slurm(PROCID="1"), "SLURMD_NODENAME": "n2"}, "AM416", "task 1 runs on n2"),
        ({**slurm(), "AIMODELS_PORT": "99999"}, "AM416", "AIMODELS_PORT=99999 is no port"),
        (kubernetes(JOB_COMPLETION_INDEX="3"), "AM414", "worker 3"),
        (kubernetes(JOB_COMPLETION_INDEX=None), "AM417", "JOB_COMPLETION_INDEX is not set"),
        (kubernetes(AIMODELS_WORKERS_COUNT=None), "AM417", "AIMODELS_WORKERS_COUNT"),
        (kubernetes(AIMODELS_WORKERS_NAME="digits:2222"), "AM417", "the same address"),
        (kubernetes(AIMODELS_WORKERS="a:1,b:1"), "AM417", "both set"),
        (kubernetes(AIMODELS_WORKERS_WAIT="soon"), "AM417", "AIMODELS_WORKERS_WAIT=soon"),
        (kubernetes(AIMODELS_WORKERS_SILENT="0"), "AM417", "AIMODELS_WORKERS_SILENT=0"),
        (kubernetes(AIMODELS_WORKERS="a:1,,b:1", AIMODELS_WORKERS_NAME=None), "AM412", "no address for worker 1"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_spec_that_does_not_fit_is_an_error_that_names_what(environment, code, words):
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        find_cluster(environment)
    assert caught.value.code == code
    assert caught.value.help


def test_slurm_numbers_tasks_node_by_node():
    found = find_cluster(slurm(TASKS_PER_NODE="3,1"))
    assert found.workers == ("n1:12070", "n1:12071", "n1:12072", "n2:12070")
    assert (found.index, found.source) == (2, "Slurm")


def test_jobs_that_may_share_a_node_have_other_ports():
    ports = {find_cluster(slurm(JOB_ID=str(job))).address(0).port for job in range(100)}
    assert len(ports) == 100
    assert find_cluster({**slurm(), "AIMODELS_PORT": "2222"}).workers[0] == "n1:2222"


def test_a_step_of_slurm_may_be_smaller_than_its_job():
    step = {"SLURM_STEP_NODELIST": "n2", "SLURM_STEP_NUM_TASKS": "3", "SLURM_STEP_TASKS_PER_NODE": "3"}
    assert find_cluster(slurm() | step).workers == ("n2:12070", "n2:12071", "n2:12072")


def test_tasks_without_a_number_for_each_node_are_the_same_on_each():
    assert find_cluster(slurm(TASKS_PER_NODE=None)).workers == ("n1:12070", "n1:12071", "n2:12070", "n2:12071")


def test_kubernetes_names_workers_by_a_pattern_or_a_list():
    found = find_cluster(kubernetes(AIMODELS_WORKERS_WAIT="300", AIMODELS_WORKERS_SILENT="90"))
    assert found.workers == ("digits-0.digits:2222", "digits-1.digits:2222", "digits-2.digits:2222")
    assert (found.index, found.wait_seconds, found.silent_seconds) == (1, 300.0, 90.0)
    listed = find_cluster({"AIMODELS_WORKERS": "a:1, [fd00::7]:1", "JOB_COMPLETION_INDEX": "1"})
    assert listed.address(listed.index) == Address("fd00::7", 1)


def test_tf_config_comes_before_slurm():
    assert find_cluster(slurm() | tf_config()).source == "TF_CONFIG"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n1", ["n1"]),
        ("gpu[08-10,12],login1", ["gpu08", "gpu09", "gpu10", "gpu12", "login1"]),
        ("rack[1-2]n[0-1]-ib", ["rack1n0-ib", "rack1n1-ib", "rack2n0-ib", "rack2n1-ib"]),
        ("n[9-11]", ["n9", "n10", "n11"]),
    ],
)
def test_lists_of_nodes_are_expanded(text, names):
    assert list(expanded(text)) == names


NUMBERS = st.integers(min_value=0, max_value=2000)
WIDTHS = st.integers(min_value=1, max_value=5)


@st.composite
def node_lists(draw):
    """A compressed list of nodes, and the names it stands for, written out by another rule than the one under test."""
    parts, names = [], []
    for _ in range(draw(st.integers(1, 4))):
        prefix = draw(st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True))
        ranges, numbers = [], []
        for _ in range(draw(st.integers(1, 3))):
            first, count, width = draw(NUMBERS), draw(st.integers(1, 12)), draw(WIDTHS)
            ends = [str(number).zfill(width) for number in (first, first + count - 1)]
            ranges.append(ends[0] if count == 1 else "-".join(ends))
            numbers += [str(number).zfill(len(ends[0])) for number in range(first, first + count)]
        suffix = draw(st.sampled_from(["", "-ib", ".cluster"]))
        parts.append(f"{prefix}[{','.join(ranges)}]{suffix}")
        names += [f"{prefix}{number}{suffix}" for number in numbers]
    return ",".join(parts), names


@given(node_lists())
def test_any_list_of_nodes_is_expanded_to_the_names_it_stands_for(drawn):
    text, names = drawn
    assert list(expanded(text)) == names


@given(st.lists(st.integers(1, 8), min_size=2, max_size=20))
def test_every_task_gets_a_place_of_its_own(counts):
    nodes, tasks_per_node = f"n[1-{len(counts)}]", ",".join(map(str, counts))
    spec = slurm(JOB_NODELIST=nodes, NTASKS=str(sum(counts)), TASKS_PER_NODE=tasks_per_node, PROCID="0")
    workers = find_cluster(spec).workers
    assert len(set(workers)) == sum(counts)
    assert [sum(worker.startswith(f"n{node}:") for worker in workers) for node in range(1, len(counts) + 1)] == counts


@given(st.text(alphabet="ab19[]-,", max_size=12))
def test_whatever_stands_there_is_a_list_or_an_error_of_its_own(text):
    with suppress(UsageError):
        assert expanded(text)
