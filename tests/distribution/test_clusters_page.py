"""What docs/clusters.md shows is read by the code as the page says."""

import inspect
import json
import re

import pytest
import yaml

from aimodels.cli import finding
from aimodels.distribution import cluster, launching, slurm
from aimodels.distribution.cluster import find_cluster


@pytest.fixture
def page(root):
    return root.joinpath("docs", "clusters.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)


def test_its_tf_config_is_a_cluster(page):
    [spec] = blocks(page, "json")
    assert find_cluster({"TF_CONFIG": spec}).size == 2
    by_hand = re.findall(r"TF_CONFIG='(.*?)'", page)
    assert [find_cluster({"TF_CONFIG": text}).index for text in by_hand] == [0, 1]
    assert json.loads(by_hand[0]) == json.loads(spec)


def test_its_manifest_is_a_cluster(page):
    service, job = yaml.safe_load_all(blocks(page, "yaml")[0])
    name, spec = job["metadata"]["name"], job["spec"]
    [container] = spec["template"]["spec"]["containers"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    found = find_cluster({**environment, "JOB_COMPLETION_INDEX": str(spec["completions"] - 1)})
    assert spec["completionMode"] == "Indexed"
    assert found.size == spec["completions"] == spec["parallelism"]
    # A pod is called <job>-<index>.<subdomain>; the subdomain is the headless Service that selects the pods.
    assert spec["template"]["spec"]["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": name}
    assert [found.address(index).host for index in range(found.size)] == [
        f"{name}-{index}.{service['metadata']['name']}" for index in range(found.size)
    ]
    assert {found.address(0).port} == {port["containerPort"] for port in container["ports"]}
    assert found.wait_seconds == 600
    assert container["command"][1] in finding.commands()


def test_every_variable_that_the_code_reads_is_explained(page):
    sources = "".join(inspect.getsource(module) for module in (cluster, slurm, launching))
    read = set(re.findall(r'"((?:SLURM|AIMODELS|JOB)_[A-Z_]+)"', sources))
    assert len(read) >= 12
    assert {name for name in read if f"`{name}`" not in page} == set()
