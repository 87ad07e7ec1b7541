"""S3 and S4: shards and manifests that are not what was published."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from mmrs_builder.digests import keyed
from mmrs_builder.verify import verify
from mmrs_builder.verify.integrity import check_files, read_manifest
from tests.faults.fault import Fault, Verdict
from tests.faults.ground import FEW, kept, whole


def flip(seed: int, place: Path) -> Verdict:
    """S3: one bit of one shard. What `mmrs verify` asks of files alone (its first look) must name the shard."""
    out = flipped()
    shard = shards(out)[seed % len(shards(out))]
    data = bytearray(shard.read_bytes())
    bit = keyed("bit", seed) % (8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    sound, rows = shard.read_bytes(), as_read(shard)
    shard.write_bytes(data)
    try:
        named = [fault.where for fault in check_files(out, read_manifest(out))]
        seen = as_read(shard)
    finally:
        shard.write_bytes(sound)
    name = str(shard.relative_to(out))
    where = "page checksums notice too" if seen is None else "rows as they were" if seen == rows else "OTHER ROWS"
    return Verdict(lost=None if named == [name] else f"bit {bit} of {name}: {named}", where=where)


def as_read(shard: Path) -> pa.Table | None:
    """What is read of a shard without its manifest, but with page checksums; None if reading fails."""
    try:
        return pq.read_table(shard, page_checksum_verification=True)
    except (OSError, pa.ArrowException):
        return None


@lru_cache(maxsize=1)
def flipped() -> Path:
    """A copy whose shards are damaged and mended in turn."""
    return shutil.copytree(whole(), kept() / "flipped")


def shards(out: Path) -> list[Path]:
    return sorted(path for name in ("data", "qa", "preview") for path in (out / name).glob("*.parquet"))


Damage: TypeAlias = Callable[[int, Path], list[str]]
"""Done to a copy under a seed; returns what a fault must name."""


def _picked(seed: int, out: Path) -> tuple[Path, Path]:
    """A shard and another one."""
    found = shards(out)
    first = found[keyed("shard", seed) % len(found)]
    others = [path for path in found if path != first]
    return first, others[keyed("other", seed) % len(others)]


def _name(path: Path, out: Path) -> str:
    return str(path.relative_to(out))


def truncate(seed: int, out: Path) -> list[str]:
    shard, _ = _picked(seed, out)
    data = shard.read_bytes()
    shard.write_bytes(data[: keyed("length", seed) % len(data)])
    return [_name(shard, out)]


def extend(seed: int, out: Path) -> list[str]:
    shard, _ = _picked(seed, out)
    shard.write_bytes(shard.read_bytes() + b"\0" * (1 + keyed("length", seed) % 4096))
    return [_name(shard, out)]


def delete(seed: int, out: Path) -> list[str]:
    shard, _ = _picked(seed, out)
    shard.unlink()
    return [_name(shard, out)]


def swap(seed: int, out: Path) -> list[str]:
    shard, other = _picked(seed, out)
    one, two = shard.read_bytes(), other.read_bytes()
    shard.write_bytes(two)
    other.write_bytes(one)
    return [_name(shard, out), _name(other, out)]


def duplicate(seed: int, out: Path) -> list[str]:
    shard, _ = _picked(seed, out)
    copy = shard.with_name(shard.name.replace("-of-", "-of-9"))
    shutil.copyfile(shard, copy)
    return [_name(copy, out)]


def mix_generations(seed: int, out: Path) -> list[str]:
    """A shard of an older version under the same name, as a half-finished copy leaves it."""
    older = whole("--seed", 7)
    both = [path for path in shards(out) if (older / path.relative_to(out)).exists()]
    changed = [path for path in both if (older / path.relative_to(out)).read_bytes() != path.read_bytes()]
    shard = changed[keyed("shard", seed) % len(changed)]
    shutil.copyfile(older / shard.relative_to(out), shard)
    return [_name(shard, out)]


def mix_versions(_seed: int, out: Path) -> list[str]:
    """The whole ``qa`` of an older version."""
    older = whole("--limit", FEW)
    shutil.rmtree(out / "qa")
    shutil.copytree(older / "qa", out / "qa")
    return ["qa/"]


def edit_card(seed: int, out: Path) -> list[str]:
    card = out / ("README.md", "croissant.json", "DATASHEET.md")[seed % 3]
    card.write_text(card.read_text().replace("a", "e", 1))
    return [card.name]


def _edited(out: Path, change: Callable[[dict[str, Any]], list[str]]) -> list[str]:
    path = out / ".mmrs" / "manifest.json"
    manifest = json.loads(path.read_text())
    named = change(manifest)
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True))
    return named


def edit_entry(seed: int, out: Path) -> list[str]:
    """Digest, size or number of rows of a file."""

    def change(manifest: dict[str, Any]) -> list[str]:
        name = _name(_picked(seed, out)[0], out)
        entry = manifest["files"][name]
        field = sorted(entry)[seed % len(entry)]
        value = entry[field]
        entry[field] = value + 1 if isinstance(value, int) else value[::-1]
        return [name]

    return _edited(out, change)


def forget_entry(seed: int, out: Path) -> list[str]:
    def change(manifest: dict[str, Any]) -> list[str]:
        name = _name(_picked(seed, out)[0], out)
        del manifest["files"][name]
        return [name]

    return _edited(out, change)


def invent_entry(seed: int, out: Path) -> list[str]:
    def change(manifest: dict[str, Any]) -> list[str]:
        name = f"data/train-{seed:05d}-of-99999.parquet"
        manifest["files"][name] = {"sha256": "0" * 64, "bytes": 1, "rows": 1}
        return [name]

    return _edited(out, change)


def edit_hash(seed: int, out: Path) -> list[str]:
    def change(manifest: dict[str, Any]) -> list[str]:
        hashes = manifest["logical_rows_sha256"]
        config = sorted(hashes)[seed % len(hashes)]
        hashes[config] = hashes[config][::-1]
        return [{"default": "data", "qa": "qa", "preview": "preview"}[config]]

    return _edited(out, change)


def edit_facts(seed: int, out: Path) -> list[str]:
    """A setting, a version or a count: what no file of the folder repeats."""

    def change(manifest: dict[str, Any]) -> list[str]:
        which = ("settings", "versions", "report")[seed % 3]
        if which == "settings":
            manifest["settings"]["seed"] += 1
        elif which == "versions":
            manifest["versions"]["numpy"] = "0"
        else:
            manifest["report"]["views"]["published"] += 1
        return ["manifest"]

    return _edited(out, change)


def lose_manifest(seed: int, out: Path) -> list[str]:
    path = out / ".mmrs" / "manifest.json"
    if seed % 2:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: keyed("length", seed) % path.stat().st_size])
    return ["manifest"]


DAMAGES: Final[tuple[Damage, ...]] = (
    truncate, extend, delete, swap, duplicate, mix_generations, mix_versions, edit_card, edit_entry, forget_entry,
    invent_entry, edit_hash, edit_facts, lose_manifest,
)  # fmt: skip


def damage(seed: int, place: Path) -> Verdict:
    """S4: a shard, a card or the manifest is not what it was: `mmrs verify` names each."""
    out = shutil.copytree(whole(), place / "out")
    kind = DAMAGES[seed % len(DAMAGES)]
    names = kind(seed // len(DAMAGES), out)
    found = [f"{fault.where}" for fault in verify(out).faults]
    missed = [name for name in names if not any(name in where for where in found)]
    lost = f"{kind.__name__}: {', '.join(missed)} is not among {sorted(set(found))[:8]}" if missed else None
    return Verdict(lost=lost, where=kind.__name__.replace("_", " "))


INTEGRITY = (
    Fault(id="S3", what="one random bit of a shard flipped", survives="the look at files with which `mmrs verify` "
          "begins names that shard and no other", trial=flip, trials=1000, few=20),
    Fault(id="S4", what="a shard truncated, lengthened, deleted, swapped, duplicated or of another version, a card or "
          "the manifest edited or lost", survives="`mmrs verify` names each", trial=damage, trials=140),
)  # fmt: skip
