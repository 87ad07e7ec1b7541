"""Where cases come from: one module per corpus layout, found by looking into this folder.

A module holds ``SOURCE``, or ``SOURCES`` for several tasks in one layout. If it takes options it also holds
``configure``, whose keyword-only ``str`` parameters with defaults are the options. A parameter ``root: Path | None`` is
no option: it is the corpus folder, for layouts whose labels are written in the corpus itself; ``None`` if unknown.
Nor is ``task``, in a module that holds ``SOURCES``: it is the name of the source that is asked for.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final, get_type_hints

from mmrs_builder.types import Source

ROOT: Final = "root"
"""The parameter of ``configure`` that takes the corpus folder."""

TASK: Final = "task"
"""The parameter of ``configure`` that takes the name of one of several sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of a source, set with ``--set SOURCE.name=value``."""

    name: str
    default: str
    help: str


def names() -> tuple[str, ...]:
    """Names of the source modules, sorted; nothing is imported."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def find(name: str, options: Mapping[str, str] = {}, root: Path | None = None) -> Source:
    """The source of that name: a module's, or one task of a module that holds several.

    Raises ``ValueError``, saying what exists, for an unknown source, task or option or an option's bad value.
    """
    return pick(_module(name), name, options, root)


def pick(module: ModuleType, name: str, options: Mapping[str, str] = {}, root: Path | None = None) -> Source:
    """The source ``name`` that a module holds, with its options set. For modules outside this package too.

    Raises ``ValueError`` as ``find`` does.
    """
    known = {option.name for option in module_options(module)}
    for option in options:
        if option not in known:
            raise ValueError(_unknown(f"option of source {name!r}", option, sorted(known)))
    parameters = _parameters(module)
    held = every(module)
    own = [source for source in held if source.name == name]
    if not own and (TASK in parameters or not hasattr(module, "SOURCE")):
        raise ValueError(_unknown("source", name, [source.name for source in held]))
    looking = root is not None and ROOT in parameters
    if options or looking:
        rest = {**({ROOT: root} if looking else {}), **({TASK: name} if TASK in parameters else {})}
        configured: Source = module.configure(**options, **rest)
        return configured
    return own[0] if own else held[0]


def module_at(path: Path) -> ModuleType:
    """A module of the user's own, from its file. Raises what its code raises, and ``OSError`` if there is none."""
    spec = importlib.util.spec_from_file_location(f"mmrs_adapter_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def every(module: ModuleType) -> tuple[Source, ...]:
    """All sources of a module. Raises ``ValueError`` when it has neither ``SOURCE`` nor ``SOURCES``."""
    if hasattr(module, "SOURCE"):
        return (module.SOURCE,)
    if hasattr(module, "SOURCES"):
        return tuple(module.SOURCES)
    raise ValueError(f"{module.__name__} is not a source: it has neither SOURCE nor SOURCES")


def catalogue() -> Iterator[Source]:
    """Every source with its default options, in order of module and task."""
    for name in names():
        yield from every(importlib.import_module(f"{__name__}.{name}"))


def options(name: str) -> tuple[Option, ...]:
    """The options a source takes, in order. Raises ``ValueError`` for an unknown source."""
    return module_options(_module(name))


def module_options(module: ModuleType) -> tuple[Option, ...]:
    """The options of a module's ``configure``. The help is the text in ``Annotated[str, text]``, else what the
    docstring says after ``name:``.
    """
    if not _parameters(module):
        return ()
    hints = get_type_hints(module.configure, include_extras=True)
    text = inspect.getdoc(module.configure) or ""
    return tuple(
        Option(
            name=parameter.name,
            default=str(parameter.default),
            help=next(iter(getattr(hints[parameter.name], "__metadata__", ())), _help(text, parameter.name)),
        )
        for parameter in _parameters(module).values()
        if parameter.name not in (ROOT, TASK)
    )


def _parameters(module: ModuleType) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(module.configure).parameters if hasattr(module, "configure") else {}


def _help(text: str, name: str) -> str:
    """The entry ``name: …`` of a docstring, with the lines that are indented deeper."""
    entry = re.search(rf"^( *){re.escape(name)}: (.*(?:\n\1 +.*)*)", text, re.MULTILINE)
    return " ".join(entry.group(2).split()) if entry else ""


def _module(name: str) -> ModuleType:
    """The module called ``name``, or the one whose name it continues: ``msd_heart`` is a task of ``msd``."""
    known = names()
    for module in sorted(known, key=len, reverse=True):
        if name == module or name.startswith(f"{module}_"):
            return importlib.import_module(f"{__name__}.{module}")
    raise ValueError(_unknown("source", name, known))


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"unknown {kind}: {name!r}{hint} (there is {', '.join(known) or 'none'})"
