"""The memory that an encoder takes, against what the machine and its control groups leave."""

from pathlib import Path

import pytest

from aimodels.encoders.encoder import EncoderShape
from aimodels.encoders.memory import available_bytes, bytes_needed, expect_fits
from aimodels.errors import MachineError

BERT_BASE = EncoderShape(
    pieces=30522, positions=512, segments=2, embedding=768, size=768, blocks=12, heads=12, feed_forward=3072
)
GIGABYTE = 10**9
MEMINFO = "MemTotal:       32000000 kB\nMemFree:         1000000 kB\nMemAvailable:    {kilobytes} kB\n"


def system(*, meminfo: int | None = None, groups: str = "", files: dict[str, str] | None = None) -> Path:
    """A folder with the parts of `proc` and `sys` that say what there is."""
    root = Path("system")
    contents = {"proc/self/cgroup": groups, **(files or {})}
    if meminfo is not None:
        contents["proc/meminfo"] = MEMINFO.format(kilobytes=meminfo // 1024)
    for name, content in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_bert_base_has_its_published_number_of_weights() -> None:
    # 109.5 million with the pooler, which has 768 x 769 of them.
    assert bytes_needed(BERT_BASE) == 4 * 4 * (109_482_240 - 768 * 769)
    assert bytes_needed(BERT_BASE, trains=False) == 2 * 4 * (109_482_240 - 768 * 769)


def test_an_encoder_that_fits() -> None:
    expect_fits(BERT_BASE, name="base", system=system(meminfo=4 * GIGABYTE))
    expect_fits(BERT_BASE, name="base", trains=False, system=system(meminfo=GIGABYTE))


def test_one_that_does_not_is_refused_with_both_figures() -> None:
    with pytest.raises(MachineError, match=r"base needs at least 1\.7 GB .* to train, and 1\.0 GB are avail") as told:
        expect_fits(BERT_BASE, name="base", advice="freeze it", system=system(meminfo=GIGABYTE))
    assert told.value.code == "AM352"
    assert told.value.help == "take a smaller encoder, or a machine with more memory; freeze it"
    with pytest.raises(MachineError, match=r"needs at least 871\.1 MB|needs at least 0\.9 GB"):
        expect_fits(BERT_BASE, name="base", trains=False, system=system(meminfo=GIGABYTE // 2))


@pytest.mark.parametrize("group", ["/", "/job/step", "/not/to/be/seen"])
def test_the_limit_of_a_control_group_counts(group: str) -> None:
    files = {
        "sys/fs/cgroup/memory.max": "3000000000\n",
        "sys/fs/cgroup/memory.current": "1500000000\n",
        "sys/fs/cgroup/memory.stat": "anon 7\ninactive_file 500000000\n",
    }
    root = system(meminfo=20 * GIGABYTE, groups=f"0::{group}\n", files=files)
    assert available_bytes(root) == 2 * GIGABYTE


def test_the_tightest_of_nested_groups_counts() -> None:
    files = {
        "sys/fs/cgroup/memory.max": "max\n",
        "sys/fs/cgroup/memory.current": "9\n",
        "sys/fs/cgroup/job/memory.max": "5000000000\n",
        "sys/fs/cgroup/job/memory.current": "1000000000\n",
        "sys/fs/cgroup/job/step/memory.max": "900000000\n",
        "sys/fs/cgroup/job/step/memory.current": "1000000000\n",
    }
    root = system(meminfo=20 * GIGABYTE, groups="0::/job/step\n", files=files)
    assert available_bytes(root) == 0


def test_control_groups_of_the_first_version() -> None:
    files = {
        "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "3000000000\n",
        "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "2000000000\n",
        "sys/fs/cgroup/memory/job/memory.stat": "total_inactive_file 250000000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "5000000000\n",
    }
    root = system(meminfo=20 * GIGABYTE, groups="4:cpu,memory:/job\n1:cpu:/job\n0::/\n", files=files)
    assert available_bytes(root) == 1_250_000_000


def test_the_machine_may_have_less_than_the_group_allows() -> None:
    files = {"sys/fs/cgroup/memory.max": "30000000000\n", "sys/fs/cgroup/memory.current": "0\n"}
    assert available_bytes(system(meminfo=1_024_000_000, groups="0::/\n", files=files)) == 1_024_000_000


def test_a_system_that_does_not_say_refuses_nothing() -> None:
    assert available_bytes(Path("nowhere")) is None
    expect_fits(BERT_BASE, name="base", system=Path("nowhere"))


def test_this_machine_says_something() -> None:
    found = available_bytes()
    assert found is None or found > 10**8
