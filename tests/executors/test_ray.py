"""A build on a Ray cluster: order, errors, what a dying process or a lost node costs, and the same bytes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmrs_builder.build import measure
from mmrs_builder.build.ground import Ground, ground_of, stand_on
from mmrs_builder.errors import MmrsError
from mmrs_builder.executors import Crashed
from tests.build import corpus as frames
from tests.build.command import ROOT, SMALL, mmrs, tree
from tests.executors.cluster import NODE, TOKEN, Cluster, cluster, free_port, until
from tests.executors.test_local import fragile, give_up, refuse, square

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs ray")


os.environ.update(TOKEN)  # before ray is imported, which reads them then, and for as long as this process lives


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Cluster]:
    with cluster(ROOT) as found:
        yield found


def nothing() -> None:
    """Every process may work."""


def not_here() -> None:
    raise MmrsError("node does not see OUT", code=8, hint="Mount it.")


@needs_ray
def test_order_errors_and_crashes_are_those_of_local_processes(two_nodes: Cluster, monkeypatch: pytest.MonkeyPatch):
    from mmrs_builder.executors import ray

    monkeypatch.setattr(ray, "RETRIES", 1)
    monkeypatch.setattr(ray, "WINDOW", 4)
    with ray.Tasks(two_nodes.address, 1, nothing) as tasks:
        assert list(tasks.run(square, range(9))) == [n * n for n in range(9)]
        assert list(tasks.run(square, [])) == []
        assert list(tasks.run(fragile, [1, -1, 2, 3])) == [1, Crashed(job=-1), 4, 9]
        results = tasks.run(refuse, [0, 1, 2, 3])
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(LookupError, match=r"\Ano 2\Z"):
            next(results)
        with pytest.raises(MmrsError, match=r"\Athe disk is full\Z") as raised:
            list(tasks.run(give_up, [0]))
        assert (raised.value.code, raised.value.hint) == (8, "Make room.")


@needs_ray
def test_where_a_process_may_not_work_the_build_ends_with_the_reason(two_nodes: Cluster):
    from mmrs_builder.executors.ray import Tasks

    with Tasks(two_nodes.address, 1, not_here) as tasks, pytest.raises(MmrsError, match="does not see OUT"):
        list(tasks.run(square, [1, 2]))


ADAPTER = '''
"""Kvasir-SEG, which the second node never finishes to read."""
import os, time
from dataclasses import replace
from pathlib import Path
from mmrs_builder.sources import find

KVASIR = find("kvasir")

def load(ref):
    node = os.environ.get({node!r}, "here")
    (Path({begun!r}) / f"{{ref.case_id}} {{node}}").touch()
    if node == "second":
        time.sleep(600)
    return KVASIR.load(ref)

def index(root):
    for item in KVASIR.index(root):
        yield replace(item, source="ward")

SOURCE = replace(KVASIR, name="ward", index=index, load=load)
'''


@needs_ray
def test_a_node_lost_while_it_measures_changes_no_byte(
    two_nodes: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    begun = tmp_path / "begun"
    begun.mkdir()
    (tmp_path / "ward.py").write_text(ADAPTER.format(node=NODE, begun=str(begun)))
    monkeypatch.setattr(measure, "CASES_PER_PART", 1)
    corpus = frames.write(tmp_path / "corpus", 4)
    words = ("build", "--adapter", tmp_path / "ward.py", "--data", corpus, "--rows-per-shard", 2)
    local = mmrs(*words, "--out", tmp_path / "local", "--workers", 1)
    assert local.code == 0, local.err

    def kill_once_it_measures() -> None:
        until(lambda: any(begun.glob("* second")))
        two_nodes.kill_second()

    killer = threading.Thread(target=kill_once_it_measures)
    killer.start()
    done = mmrs(*words, "--out", tmp_path / "ray", "--executor", "ray", "--address", two_nodes.address)
    killer.join()
    assert done.code == 0, done.err
    assert tree(tmp_path / "ray") == tree(tmp_path / "local")
    interrupted = {path.name.removesuffix(" second") for path in begun.glob("* second")}
    assert interrupted
    assert interrupted <= {path.name.removesuffix(" first") for path in begun.glob("* first")}


@needs_ray
def test_without_an_address_a_build_has_a_ray_of_its_own(two_nodes: Cluster):
    from mmrs_builder.executors.ray import Tasks

    with Tasks(None, 1, nothing) as tasks:
        (node,) = set(tasks.run(whose, [0, 1]))
    assert node is None


def whose(number: int) -> str | None:
    return os.environ.get(NODE)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """What this process sees."""
    (tmp_path / "token").write_text("word")
    (tmp_path / "corpus").mkdir()
    return ground_of(tmp_path / "token", "word", [tmp_path / "corpus"])


def test_a_process_that_sees_all_may_work(ground: Ground):
    stand_on(ground)


@pytest.mark.parametrize("change", [Path.unlink, partial(Path.write_text, data="of another build")])
def test_a_node_that_does_not_see_out_is_named(ground: Ground, change: Callable[[Path], object]):
    change(Path(ground.token))
    with pytest.raises(MmrsError, match=rf"{os.uname().nodename} does not see the folder of .*token") as raised:
        stand_on(ground)
    assert raised.value.code == 8
    assert "the same paths" in raised.value.hint


def test_a_node_that_sees_other_files_of_a_corpus_would_refuse_cases_and_is_named(ground: Ground, tmp_path: Path):
    (tmp_path / "corpus" / "late.png").touch()
    with pytest.raises(MmrsError, match=r"does not see .*corpus as this machine does"):
        stand_on(ground)


def test_a_node_with_another_library_would_write_other_bytes_and_is_named(ground: Ground):
    other = tuple((name, "1.0" if name == "numpy" else found) for name, found in ground.versions)
    with pytest.raises(MmrsError, match=r"runs other code: numpy \d[\d.]+, here 1\.0"):
        stand_on(replace(ground, versions=other))


def test_an_address_is_refused_without_ray(tmp_path: Path):
    done = mmrs("build", "--source", "phantom", "--out", tmp_path / "out", "--address", "auto")
    assert done.code == 2
    assert "Add --executor ray" in done.err


@needs_ray
def test_where_no_cluster_answers_the_build_ends_at_once_and_says_what_is_needed(tmp_path: Path):
    address = f"127.0.0.1:{free_port()}"
    words = ("--out", tmp_path / "out", "--executor", "ray", "--address", address)
    done = mmrs("build", "--source", "phantom", *SMALL, *words)
    assert done.code == 8
    assert f"no Ray answers at {address}" in done.err
    assert "RAY_AUTH_TOKEN" in done.err
    assert not (tmp_path / "out" / ".mmrs" / "cluster.tmp").exists()


def test_where_ray_is_missing_the_way_to_get_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "mmrs_builder.executors.ray", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    done = mmrs("build", "--source", "phantom", *SMALL, "--out", tmp_path / "out", "--executor", "ray")
    assert done.code == 2
    assert "pip install 'mmrs-builder[ray]'" in done.err
