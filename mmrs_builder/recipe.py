"""From the words of a command line or a recipe file to the settings of a build.

A recipe is a TOML file for several sources at once::

    seed = 7
    [[source]]
    name = "kvasir"
    data = "corpora/kvasir-seg"      # relative to the recipe
    [[source]]
    name = "folder"
    data = "corpora/mine"
    options = { name = "mine", label = "polyp", masks = "labels/{stem}.png" }

Those in ``recipes/`` are shipped and go by their name.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from mmrs_builder import resources, sources
from mmrs_builder.build.measure import source_of
from mmrs_builder.build.settings import SourceChoice
from mmrs_builder.digests import sha256
from mmrs_builder.errors import MANUAL, USAGE, MmrsError
from mmrs_builder.templates import languages
from mmrs_builder.types import Source

LEAST: Final = {"seed": -(2**63), "limit": 1, "questions_per_view": 1, "max_rows": 1, "rows_per_shard": 1}
"""Settings that are whole numbers, and the smallest allowed."""

FLAGS: Final = {"keep_unbalanced", "audit", "gate", "twins"}
KEYS: Final = {"source", "splits", "language", *FLAGS, *LEAST}

SHIPPED: Final = Path(__file__).with_name("recipes")

Settings: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A source that somebody names, and what is said of it there."""

    name: str
    data: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    adapter: Path | None = None


def choices(
    names: Sequence[str],
    data: Sequence[str],
    options: Sequence[str],
    adapter: Path | None = None,
    recipe: str | None = None,
) -> tuple[tuple[SourceChoice, ...], Settings]:
    """The sources of a recipe, those named by ``--source`` and all of an adapter's, and the recipe's settings.

    ``--data`` says where a source's folder lies, ``--set NAME.key=value`` gives an option; both go before the recipe.
    """
    listed, settings = _read(recipe_at(recipe)) if recipe else ((), {})
    own = [Wanted(name=source.name, adapter=adapter) for source in _own(adapter)] if adapter else []
    wanted = [*listed, *(Wanted(name=name) for name in names), *own]
    everyone = [item.name for item in wanted]
    folders, given = _folders(everyone, [*names, *(item.name for item in own)], data), _options(everyone, options)
    found = [
        choose(item.name, folders.get(item.name, item.data), {**item.options, **given.get(item.name, {})}, item.adapter)
        for item in wanted
    ]
    return tuple(found), settings


def recipe_at(name: str) -> Path:
    """The recipe's file: one of the user's, else one that is shipped. Raises ``MmrsError`` if there is none."""
    shipped, path = {item.stem: item for item in sorted(SHIPPED.glob("*.toml"))}, Path(name)
    if name in shipped and not path.is_file():
        return shipped[name]
    if not path.exists():
        hint = f"Name a TOML file, or one that is shipped: {', '.join(shipped)}."
        raise MmrsError(f"no recipe {name}", code=USAGE, hint=hint)
    return path


def choose(name: str, data: Path | None, options: Mapping[str, str], adapter: Path | None = None) -> SourceChoice:
    """One source with its folder, which without ``data`` is that of the cache and may be missing.

    Raises ``MmrsError`` for unknown names, bad options and a ``data`` that is no folder or not of the source's layout.
    """
    code = sha256(adapter.read_bytes()) if adapter else None
    chosen = SourceChoice(name=name, root=None, options=tuple(sorted(options.items())), adapter=adapter, code=code)
    source = _configured(chosen, hint="`mmrs sources` lists what there is.")
    if source.embedded:
        return chosen
    if data is not None and not data.is_dir():
        raise MmrsError(f"{data} is not a folder", code=USAGE, hint=f"Give that of {source.title} with --data.")
    placed = replace(chosen, root=data or cache(name))
    if is_there(placed):
        known(placed)
    return placed


def originals(
    built_from: Sequence[tuple[str, Mapping[str, str], str | None]],
    lacking: Collection[str],
    data: Sequence[str],
    adapter: Path | None,
) -> tuple[SourceChoice, ...]:
    """The corpora of the sources that a build lacks something of, in the order of the build.

    ``built_from`` are all its sources, each by name, with its options and the digest of its adapter. Raises
    ``MmrsError`` for a missing adapter or corpus, and for sources that this version does not know.
    """
    if adapter is None and any(code is not None for _, _, code in built_from):
        hint = "Name the file that it was built with: --adapter FILE."
        raise MmrsError("some of its sources are of an adapter of their own", code=USAGE, hint=hint)
    everyone = {}
    for name, options, code in built_from:
        own = adapter if code is not None else None
        everyone[known(choose(name, None, options, own)).name] = (name, options, own)
    wanted = {called: asked for called, asked in everyone.items() if called in lacking}
    if unknown := sorted(set(lacking) - set(wanted)):
        raise MmrsError(f"no source of this version is {', '.join(unknown)}", code=USAGE, hint="See `mmrs sources`.")
    folders = _folders([*everyone], [*wanted], data)  # one that is not needed does no harm
    found = [choose(name, folders.get(called), options, own) for called, (name, options, own) in wanted.items()]
    if absent := [choice for choice in found if not is_there(choice)]:
        places = ", ".join(f"{known(choice).title} (looked in {choice.root})" for choice in absent)
        hint = "\n".join(_how_to_get(known(choice)) for choice in absent)
        raise MmrsError(f"not on this machine: {places}", code=MANUAL, hint=hint)
    return tuple(found)


def _how_to_get(source: Source) -> str:
    if source.access == "auto" and source.downloads:
        return f"mmrs download {source.name}"
    steps = f"{source.title}: {source.steps} {source.url}\n" if source.access != "own" else ""
    return f"{steps}Then name its folder: --data {source.name}=DIR"


def is_there(choice: SourceChoice) -> bool:
    """Whether its files are on this machine, or it needs none."""
    return choice.root is None or choice.root.is_dir()


def known(choice: SourceChoice) -> Source:
    """The source of a choice, with what its files say about it if they are there.

    Raises ``MmrsError`` where they cannot be read.
    """
    if is_there(choice):
        return _configured(choice, hint=f"`mmrs inspect {choice.root}` shows what lies there.")
    return source_of(replace(choice, root=None))


def _configured(chosen: SourceChoice, hint: str) -> Source:
    """The source with its options. What it reads in the corpus for that may be missing or damaged."""
    try:
        return source_of(chosen)
    except (ValueError, OSError) as error:
        raise MmrsError(str(error), code=USAGE, hint=hint) from None


def excluded(path: Path | None) -> tuple[str, ...]:
    """Ids of an exclusion list, one a line; # comments.

    Of cases, ``source:`` before it where two sources share one; or of a question, ``question:`` before it.
    """
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MmrsError(f"--exclude {path}: {error}", code=USAGE, hint="Name a text file with one id a line.") from None
    return tuple(sorted({line.strip() for line in lines if line.strip() and not line.startswith("#")}))


def _own(adapter: Path) -> tuple[Source, ...]:
    try:
        return sources.every(sources.module_at(adapter))
    except (OSError, SyntaxError, ImportError, ValueError) as error:
        hint = "An adapter is a Python file with SOURCE, like those in mmrs_builder/sources."
        raise MmrsError(f"--adapter {adapter}: {error}", code=USAGE, hint=hint) from None


def _read(path: Path) -> tuple[tuple[Wanted, ...], Settings]:
    """Sources and settings of a recipe file."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MmrsError(
            f"{path}: {error}", code=USAGE, hint="A recipe is a TOML file with [[source]] blocks."
        ) from None
    if unknown := sorted(set(raw) - KEYS):
        raise MmrsError(f"{path}: unknown keys {unknown}", code=USAGE, hint=f"Known: {', '.join(sorted(KEYS))}.")
    for key, value in raw.items():
        _check(path, key, value)
    found = tuple(_wanted(path, entry) for entry in raw.pop("source", []))
    return found, raw


def cache(name: str) -> Path:
    """Where a downloaded corpus lies, or would: ``$MMRS_CACHE`` or the user's cache folder."""
    base = os.environ.get("MMRS_CACHE")
    return (Path(base) if base else Path.home() / ".cache" / "mmrs") / name


def _check(path: Path, key: str, value: object) -> None:
    known = languages(resources.path("templates"))
    expected = ""
    if key in LEAST and (type(value) is not int or value < LEAST[key]):
        expected = f"a whole number from {LEAST[key]}"
    elif key in FLAGS and not isinstance(value, bool):
        expected = "true or false"
    elif key == "language" and value not in known:
        expected = " or ".join(known)
    elif key == "source" and not (isinstance(value, list) and all(_is_source(entry) for entry in value)):
        expected = '[[source]] blocks with name = "…", and if need be data = "…" and options = { … }'
    if expected:
        raise MmrsError(f"{path}: {key} = {value!r}", code=USAGE, hint=f"It must be {expected}.")


def _is_source(entry: object) -> bool:
    kinds = {"name": str, "data": str, "options": dict}
    return isinstance(entry, dict) and all(isinstance(entry[key], kinds[key]) for key in kinds.keys() & entry)


def _wanted(path: Path, entry: Mapping[str, Any]) -> Wanted:
    if unknown := sorted(set(entry) - {"name", "data", "options"}):
        keys = ", ".join(unknown)
        raise MmrsError(f"{path}: unknown keys {keys} in [[source]]", code=USAGE, hint="Known: name, data, options.")
    if "name" not in entry:
        raise MmrsError(f"{path}: a [[source]] without a name", code=USAGE, hint='Add name = "…".')
    return Wanted(
        name=entry["name"],
        data=path.parent / entry["data"] if "data" in entry else None,
        options={key: str(value) for key, value in entry.get("options", {}).items()},
    )


def _folders(names: Sequence[str], said: Sequence[str], data: Sequence[str]) -> dict[str, Path]:
    """Folders by source. One without a name is meant for the only source ``said`` on the command line, or of all."""
    folders: dict[str, Path] = {}
    for item in data:
        name, equals, folder = item.partition("=")
        if equals and names.count(name) > 1:
            raise MmrsError(f"--data {item}: {name} is there twice", code=USAGE, hint="Say it in the recipe instead.")
        if equals and name in names:
            folders[name] = Path(folder)
        elif len(only := said or names) == 1:
            folders[only[0]] = Path(item)
        else:
            known = ", ".join(names)
            raise MmrsError(f"--data {item}: say whose it is", code=USAGE, hint=f"--data NAME={item}, NAME of {known}.")
    return folders


def _options(names: Sequence[str], options: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for item in options:
        key, equals, value = item.partition("=")
        name, dot, option = key.partition(".")
        if not equals or not dot or name not in names:
            raise MmrsError(f"--set {item}", code=USAGE, hint="The form is --set NAME.key=value, NAME a --source.")
        found.setdefault(name, {})[option] = value
    return found
