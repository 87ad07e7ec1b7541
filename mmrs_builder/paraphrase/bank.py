"""A bank of accepted wordings: a TOML file that people can read, switch off line by line, and pass on.

It holds what a model made of a project's templates, and who made it when. Whoever uses it checks every wording again.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from mmrs_builder.digests import digest
from mmrs_builder.errors import USAGE, MmrsError
from mmrs_builder.language import Language
from mmrs_builder.paraphrase.gates import Template, novel, refused, templates

VERSION: Final = 1
DEFAULT: Final = "paraphrases.toml"

_HEAD: Final = """# Paraphrases of question templates, made by a language model, checked by `mmrs paraphrase`.
# Set use = false for a wording that you do not want; it is then left out, and not asked for again.
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """One wording: of which template it is a paraphrase, and where it comes from. ``date`` is ``YYYY-MM-DD``."""

    family: str
    part: str
    of: str  # the template's own wording
    text: str
    use: bool = True
    model: str
    endpoint: str
    prompt: str  # digest of the instructions
    mode: str  # how the model was asked for JSON
    date: str
    verdicts: str  # the checks that it passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """Wordings of one language, in the order of their templates, and how many were refused, by reason."""

    language: str
    entries: tuple[Entry, ...]
    refused: Mapping[str, int]

    def digest(self) -> str:
        """Identity of what a build uses: the wordings that are switched on, wherever they come from."""
        return digest([self.language, sorted((e.family, e.part, e.text) for e in self.entries if e.use)])


def text_of(bank: Bank) -> str:
    """The bank as TOML; the same bank gives the same text."""
    lines = [_HEAD, f"version = {VERSION}", f"language = {_quoted(bank.language)}", "", "[refused]"]
    lines += [f"{reason} = {bank.refused[reason]}" for reason in sorted(bank.refused)]
    for entry in bank.entries:
        lines += ["", "[[wording]]"]
        lines += [f"{name} = {_quoted(value)}" for name, value in asdict(entry).items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str | bool) -> str:
    """A TOML value: JSON texts are TOML texts where nothing but ASCII is escaped and DEL is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(path: Path) -> Bank:
    """A bank from its file. Raises ``MmrsError`` for one that is not in order."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        if raw["version"] != VERSION:
            raise ValueError(f"version {raw['version']!r}, known is {VERSION}")
        entries = tuple(_entry(block) for block in raw.get("wording", []))
        return Bank(language=str(raw["language"]), entries=entries, refused=dict(raw.get("refused", {})))
    except FileNotFoundError:
        hint = "Make one with `mmrs paraphrase --model M`, or name it with --bank."
        raise MmrsError(f"no paraphrase bank {path}", code=USAGE, hint=hint) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "Mend it, or make it anew with `mmrs paraphrase`; replies that were paid for are kept elsewhere."
        raise MmrsError(f"{path}: {type(error).__name__}: {error}", code=USAGE, hint=hint) from None


def write(path: Path, text: str) -> None:
    """Write a text file whole, or leave what was there. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _entry(block: Mapping[str, Any]) -> Entry:
    known = {field.name for field in fields(Entry)}
    if unknown := sorted(set(block) - known):
        raise ValueError(f"unknown keys {', '.join(unknown)}")
    entry = Entry(**block)
    for name, value in asdict(entry).items():
        if not isinstance(value, bool if name == "use" else str):
            raise ValueError(f"{name} = {value!r}")
    return entry


def with_bank(language: Language, bank: Bank) -> Language:
    """The language with the bank's wordings behind those of each family, where they are marked as such.

    Every wording passes the gates again. Raises ``MmrsError`` listing those that do not, or whose template is gone.
    """
    if bank.language != language.language:
        hint = "Name a bank of the build's language with --bank."
        raise MmrsError(f"the bank is in {bank.language!r}, the build in {language.language!r}", code=USAGE, hint=hint)
    used = [entry for entry in bank.entries if entry.use]
    if wrong := list(_wrong(used, templates(language))):
        shown = "\n  ".join(wrong[:10])
        more = f"\n  and {len(wrong) - 10} more" if len(wrong) > 10 else ""
        hint = "Set use = false for them, or make the bank anew with `mmrs paraphrase`."
        raise MmrsError(f"{len(wrong)} wordings of the bank do not pass:\n  {shown}{more}", code=USAGE, hint=hint)
    added: dict[tuple[str, str], tuple[str, ...]] = {}
    for entry in used:
        place = (entry.family, entry.part)
        added[place] = (*added.get(place, ()), entry.text)
    families = []
    for family in language.families:
        question, claim, statement = (added.get((family.id, part), ()) for part in ("question", "claim", "statement"))
        families.append(
            replace(
                family,
                question=(*family.question, *question),
                claim=(*family.claim, *claim),
                statement=(*family.statement, *statement),
                bank=(*question, *claim, *statement),
            )
        )
    return replace(language, families=tuple(families))


def _wrong(entries: Iterable[Entry], every: tuple[Template, ...]) -> Iterable[str]:
    by_text = {(t.family.id, t.wording.part, t.wording.text): t for t in every}
    known = {novel(template.wording.text) for template in every}
    for entry in entries:
        template = by_text.get((entry.family, entry.part, entry.of))
        why = refused(entry.text, template, known) if template else "its template is gone"
        if why:
            yield f"{entry.family}, {entry.part}, {entry.text!r}: {why}"
        known.add(novel(entry.text))


def counted(reasons: Iterable[str]) -> dict[str, int]:
    """How often each reason was given."""
    return dict(sorted(Counter(reasons).items()))
