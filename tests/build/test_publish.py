"""Whatever change to the disk is the last one before the power fails: readers find all or nothing, and it goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.build import corpus as frames
from tests.build.command import Result, mmrs, published
from tests.build.reading import views

CHANGES = ("replace", "rename", "unlink", "rmdir", "mkdir")


class PowerCut(BaseException):
    """No change to the disk is made from here on."""


@dataclass(kw_only=True)
class Supply:
    """Lets ``left`` more changes to the disk happen."""

    left: int

    def metered(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def metered(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise PowerCut
            return change(*arguments, **options)

        return metered


def cut(after: int, build: Callable[[], Result]) -> bool:
    """Run a build until it has made ``after`` changes to the disk; whether that was before its end."""
    supply = Supply(left=after)
    with pytest.MonkeyPatch.context() as patch, suppress(PowerCut):
        for name in CHANGES:
            patch.setattr(os, name, supply.metered(getattr(os, name)))
        assert build().code == 0
    return supply.left < 0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What cuts left for readers, each in a folder of its own, and whether every build could be finished."""

    cuts: int
    left: tuple[Path, ...]
    fresh: Path
    finished_alike: bool


def trial(folder: Path, before: Path | None, build: Callable[[Path], Result]) -> Trial:
    """Cut a build short after each number of changes to the disk, look, and finish it."""
    fresh = folder / "fresh"
    assert mmrs_into(fresh, before, build).code == 0
    left: dict[tuple[tuple[str, str], ...], Path] = {}
    cuts, alike, out = 0, True, folder / "out"
    prepare(out, before)
    while cut(cuts, lambda: build(out)):
        seen = tuple(published(out).items())
        if seen not in left:
            left[seen] = copied(out, folder / f"left{cuts}")
        alike = alike and build(out).code == 0 and published(out) == published(fresh)
        cuts += 1
        prepare(out, before)
    return Trial(cuts=cuts, left=tuple(left.values()), fresh=fresh, finished_alike=alike)


def mmrs_into(out: Path, before: Path | None, build: Callable[[Path], Result]) -> Result:
    prepare(out, before)
    return build(out)


def prepare(out: Path, before: Path | None) -> None:
    shutil.rmtree(out, ignore_errors=True)
    if before is not None:
        shutil.copytree(before, out)


def copied(out: Path, into: Path) -> Path:
    """A copy of what readers see."""
    into.mkdir()
    if out.exists():
        shutil.copytree(out, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".mmrs"))
    return into


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of eight frames, and a ninth file that is refused."""
    root = frames.write(tmp_path_factory.mktemp("few") / "corpus", 8)
    (root / "images" / "unmasked.jpg").write_bytes(b"")
    return root


def building(root: Path, *options: object) -> Callable[[Path], Result]:
    fixed = ("build", "--source", "kvasir", "--data", root, "--rows-per-shard", 3, "--workers", 1)
    return lambda out: mmrs(*fixed, "--out", out, *options)


@pytest.mark.long
def test_a_first_build_is_there_completely_or_not_at_all_and_can_be_finished(few: Path, tmp_path: Path):
    found = trial(tmp_path, None, building(few))
    assert found.cuts > 30
    assert found.finished_alike
    names = [f"kvasir:frame{number:03d}" for number in range(8)]
    shown = views(tmp_path, *found.left)
    assert [item for item in shown if isinstance(item, list) and item != names] == []
    assert names in shown
    carded = [published(folder) for folder in found.left if (folder / "README.md").exists()]
    assert [files for files in carded if files != published(found.fresh)] == []


@pytest.mark.long
def test_a_new_version_replaces_the_old_one_completely_or_not_at_all_and_can_be_finished(few: Path, tmp_path: Path):
    old = tmp_path / "old"
    assert building(few, "--limit", 6)(old).code == 0
    found = trial(tmp_path, old, building(few, "--overwrite"))
    assert found.finished_alike
    versions = [[f"kvasir:frame{number:03d}" for number in range(n)] for n in (6, 8)]
    shown = views(tmp_path, *found.left)
    assert [item for item in shown if isinstance(item, list) and item not in versions] == []
    assert all(version in shown for version in versions)
    carded = [published(folder) for folder in found.left if (folder / "README.md").exists()]
    assert [files for files in carded if files not in (published(old), published(found.fresh))] == []
