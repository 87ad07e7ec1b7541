"""What a command line asks for, made ready: the settings of a build, its licences allowed, its corpora on the disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmrs_builder import recipe as recipes
from mmrs_builder import resources
from mmrs_builder.build import Settings, SourceChoice, keepout
from mmrs_builder.errors import INTEGRITY, MANUAL, USAGE, MmrsError
from mmrs_builder.paraphrase.bank import DEFAULT as DEFAULT_BANK
from mmrs_builder.paraphrase.bank import Bank, read
from mmrs_builder.paraphrase.options import rewording
from mmrs_builder.paraphrase.rows import Rewording
from mmrs_builder.templates import DEFAULT, languages
from mmrs_builder.types import Source

Progress = Callable[[str, int, int | None], None]
Say = Callable[[str], None]


def settings(
    chosen: Sequence[SourceChoice],
    known: Mapping[str, Any],
    given: Mapping[str, Any],
    exclude: Path | None,
    keep_out: Sequence[Path] = (),
) -> Settings:
    """The settings of a build: those ``given``, else those ``known`` from a recipe.

    Raises ``MmrsError`` for slips in either. Folders of the cache may still be missing.
    """
    if not chosen:
        raise MmrsError("no source named", code=USAGE, hint="Add --source NAME or --recipe FILE; see `mmrs sources`.")
    names = [recipes.known(choice).name for choice in chosen]
    if len(set(names)) < len(names):
        twice = ", ".join(sorted(names))
        raise MmrsError(f"two sources have one name: {twice}", code=USAGE, hint="Give each its own: option name=…")
    values = {**known, **{key: value for key, value in given.items() if value is not None}}
    if values.get("splits", "leak-safe") not in ("leak-safe", "official"):
        raise MmrsError(f"--splits {values['splits']}", code=USAGE, hint="It is leak-safe or official.")
    known_languages = languages(resources.path("templates"))
    if values.get("language", DEFAULT) not in known_languages:
        hint = f"It is {' or '.join(known_languages)}."
        raise MmrsError(f"--language {values['language']}: there is none of that name", code=USAGE, hint=hint)
    if values.get("gate"):
        values["audit"] = True
    paraphrase, asking = values.pop("paraphrase", "off"), values.pop("llm", None)
    bank = _bank(paraphrase, values.pop("bank", None))
    return Settings(
        sources=tuple(chosen),
        exclude=recipes.excluded(exclude),
        keep_out=keepout.named(keep_out),
        bank=bank,
        rewording=_rewording(paraphrase, asking or []),
        **values,
    )


def _bank(paraphrase: str, path: Path | None) -> Bank | None:
    if paraphrase not in ("off", "bank", "rows"):
        raise MmrsError(f"--paraphrase {paraphrase}", code=USAGE, hint="It is off, bank or rows.")
    if paraphrase != "bank":
        if path is not None:
            raise MmrsError("--bank is used with --paraphrase bank only", code=USAGE, hint="Add that, or leave it out.")
        return None
    return read(path or Path(DEFAULT_BANK))


def _rewording(paraphrase: str, asking: Sequence[str]) -> Rewording | None:
    if paraphrase == "rows":
        return rewording(asking)
    if asking:
        raise MmrsError("--llm is used with --paraphrase rows only", code=USAGE, hint="Add that, or leave it out.")
    return None


def check_licences(choices: Sequence[SourceChoice], allow: str | None) -> None:
    """Raise ``MmrsError`` for a source whose licence and its class are not among those allowed, if any are named."""
    allowed = {item.strip().lower() for item in (allow or "").split(",")}
    for source in map(recipes.known, choices):
        if allow is not None and not allowed & {source.license.lower(), source.license_class}:
            raise MmrsError(
                f"{source.name}: {source.license} ({source.license_class}) is not among --allow {allow}",
                code=MANUAL,
                hint="Leave the source out, or allow its licence or class.",
            )


def check_downloadable(choices: Sequence[SourceChoice]) -> None:
    """Raise ``MmrsError`` for sources that have no corpus of their own to obtain."""
    for source in map(recipes.known, choices):
        if source.access == "embedded":
            what, hint = "is drawn while building", f"Nothing is needed: mmrs build --source {source.name} --out OUT"
        elif source.access == "own":
            what, hint = "reads files of your own", f"mmrs build --source {source.name} --data FOLDER --out OUT"
        else:
            continue
        raise MmrsError(f"{source.name} {what}; there is nothing to download", code=USAGE, hint=hint)


def missing(choices: Sequence[SourceChoice]) -> tuple[SourceChoice, ...]:
    """Those whose corpus has to be downloaded, each once.

    Raises ``MmrsError``, with the steps to take for all of them at once, where some must be obtained by hand.
    """
    absent = {choice.name: choice for choice in choices if not recipes.is_there(choice)}
    by_hand = [choice for choice in absent.values() if not _is_downloaded(recipes.known(choice))]
    if by_hand:
        places = ", ".join(f"{recipes.known(choice).title} (looked in {choice.root})" for choice in by_hand)
        steps = [_steps(choice) for choice in by_hand]
        later = [recipes.known(choice).title for choice in absent.values() if choice not in by_hand]
        rest = [f"Downloaded after that, without your doing: {', '.join(later)}."] if later else []
        raise MmrsError(f"not on this machine: {places}", code=MANUAL, hint="\n\n".join([*steps, *rest]))
    return tuple(absent.values())


def _is_downloaded(source: Source) -> bool:
    return source.access == "auto" and bool(source.downloads)


def _steps(choice: SourceChoice) -> str:
    source = recipes.known(choice)
    needs = "\nIt needs an account or a signed agreement." if source.access == "credentialed" else ""
    page = f"\nPage: {source.url}" if source.url else ""
    return (
        f"{source.title}: {source.steps or 'download it from its page.'}{needs}{page}\n"
        f"Licence: {source.license} ({source.license_class}).\n"
        f"Then put it into {choice.root}, or: mmrs build --source {choice.name} --data FOLDER --out OUT"
    )


def terms(choice: SourceChoice) -> str:
    """What a user should know before a corpus is downloaded."""
    source = recipes.known(choice)
    places = "\n".join(f"from:    {url}" for url in addresses([choice])[choice.name])
    return (
        f"{source.title} ({choice.name}), {source.size or 'size unknown'}\n"
        f"licence: {source.license} ({source.license_class})\n"
        f"terms:   {source.url}\n{places}\nto:      {choice.root}"
    )


def addresses(choices: Sequence[SourceChoice]) -> dict[str, list[str]]:
    """From where each corpus would be downloaded."""
    from mmrs_builder.download import address

    return {choice.name: [address(item) for item in recipes.known(choice).downloads] for choice in choices}


def pins(given: Sequence[str], choices: Sequence[SourceChoice]) -> dict[str, Source]:
    """Sources whose archives shall have the digests of ``--sha256 NAME=HEX``, by name.

    Raises ``MmrsError`` for sources that are not downloaded, and for a corpus in the cache made from other archives.
    """
    if not given:
        return {}
    from mmrs_builder.download import record, trusted

    digests: dict[str, list[str]] = {}
    for item in given:
        name, _, digest = item.partition("=")
        digests.setdefault(name, []).append(digest)
    cached = {choice.name: choice for choice in choices if choice.root == recipes.cache(choice.name)}
    found: dict[str, Source] = {}
    for name, wanted in digests.items():
        if name not in cached or not (source := recipes.known(cached[name])).downloads:
            names = ", ".join(sorted(cached)) or "none here"
            raise MmrsError(f"--sha256 {name}: it is not downloaded", code=USAGE, hint=f"NAME=HEX, NAME of {names}.")
        found[name] = trusted(source, wanted)
        made = record(recipes.cache(name))
        had = [archive["sha256"] for archive in made["archives"]] if made else []
        if recipes.is_there(cached[name]) and had != [item.sha256 for item in found[name].downloads]:
            raise MmrsError(
                f"{recipes.cache(name)} was made from other archives: {', '.join(had) or 'not known which'}",
                code=INTEGRITY,
                hint="Remove that folder to have it downloaded again, or leave --sha256 out.",
            )
    return found


def obtain(choices: Sequence[SourceChoice], pinned: Mapping[str, Source], progress: Progress, say: Say) -> None:
    """Download the corpora of choices that are not there, each after its terms were said.

    Raises ``MmrsError`` for a failed download, and for a corpus of another layout than its source reads.
    """
    from mmrs_builder.download import fetch

    for choice in choices:
        if choice.root is not None and not choice.root.is_dir():
            say(terms(choice))
            fetch(pinned.get(choice.name) or recipes.known(choice), choice.root, progress, say)
            recipes.known(choice)
