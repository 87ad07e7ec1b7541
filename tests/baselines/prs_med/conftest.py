"""Shards of 60 phantoms, a minute model that reads them, and one short run of training; none of them is changed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from baselines.prs_med import data, train  # noqa: E402
from tests.baselines.prs_med import minute  # noqa: E402
from tests.build.command import SMALL, phantom_shards  # noqa: E402
from tests.once import once  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One thread, no network, caches that go away: here and in every process started from here."""
    cache = tmp_path_factory.mktemp("hf")
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "OMP_NUM_THREADS", "ACCELERATE_USE_CPU"):
            patch.setenv(name, "1")
        patch.setenv("OMP_WAIT_POLICY", "PASSIVE")
        patch.setenv("HF_HOME", str(cache))
        patch.setenv("HF_DATASETS_CACHE", str(cache / "datasets"))
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        patch.setattr("datasets.config.HF_HUB_OFFLINE", True)
        patch.setattr("datasets.config.HF_DATASETS_CACHE", cache / "datasets")
        patch.setattr("datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN", 0)  # 5 s at the end of every stream
        torch.set_num_threads(1)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """45 views to train on, 5 to validate, 10 to test."""
    return once(tmp_path_factory, "prs_med", lambda place: phantom_shards(place / "shards", 60, *SMALL)) / "shards"


@pytest.fixture(scope="session")
def rows(shards: Path) -> list[dict[str, Any]]:
    """The views to train on, as ``load_dataset`` gives them."""
    return list(data.views(shards, "train"))


@pytest.fixture(scope="session")
def made(shards: Path) -> tuple[Any, Any, list[str]]:
    """A minute model at random, its processor, and the labels of its auxiliary head."""
    torch.manual_seed(0)
    model, processor, labels = train.prepared(argparse.Namespace(data=shards), minute.preset())
    return model.eval(), processor, labels


@pytest.fixture(scope="session")
def model(made: tuple[Any, Any, list[str]]) -> Any:
    """The minute model, not to be trained."""
    return made[0]


@pytest.fixture(scope="session")
def reader(made: tuple[Any, Any, list[str]]) -> data.Reader:
    """Turns views into batches for the minute model."""
    return train.reader_of(made[1], minute.preset(), made[2])


@pytest.fixture(scope="session")
def samples(rows: list[dict[str, Any]]) -> list[data.Sample]:
    """Four views with one, two, three and four questions, and all their masks."""
    longest = sorted(rows, key=lambda row: -len(row["qa"]))[:4]
    return [data.sample(row, range(k + 1), all_structures=True) for k, row in enumerate(longest)]


@pytest.fixture(scope="session")
def ran(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of twenty steps, saved every five and validated every ten."""
    out = tmp_path_factory.mktemp("ran") / "run"
    assert minute.train(shards, out, minute.ran()) == 0
    return out
