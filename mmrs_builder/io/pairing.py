"""Which mask belongs to which image, told in globs."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Final

_TOKEN: Final = re.compile(r"(\{parent\}(?:/\.\.)*/?|\{stem\}|\*\*/|\*\*|\*|\?|\[[^\]]+\])")
_WILD: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def natural(text: str) -> tuple[list[int | str], str]:
    """Sort key that counts: ``mask_2`` before ``mask_10``."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", text)], text


def compiled(glob: str, stem: str | None = None, parent: str | None = None) -> tuple[str, re.Pattern[str]]:
    """The literal text that a matching path starts with, and the expression for all of the path behind it.

    ``*`` and ``?`` stay inside a folder, ``**`` crosses folders, an extension matches in any case. ``{stem}`` and
    ``{parent}`` stand for the given text, taken literally; each ``/..`` after ``{parent}`` goes up one folder.
    Without a given text they match anything.
    """
    head, dot, extension = glob.rpartition(".")
    if not dot or not extension.isalnum():
        head, extension = glob, ""
    texts = [(token, _given(token, stem, parent)) for token in _TOKEN.split(head)]
    literal = list(takewhile(lambda item: item[1] is not None, texts))
    rest = "".join(_wild(token) if text is None else re.escape(text) for token, text in texts[len(literal) :])
    tail = rf"\.(?i:{extension})" if extension else ""
    return "".join(text or "" for _, text in literal), re.compile(rest + tail, re.DOTALL)


def _given(token: str, stem: str | None, parent: str | None) -> str | None:
    if token == "{stem}":  # noqa: S105 (not a password)
        return stem
    if token.startswith("{parent}"):
        if parent is None:
            return None
        folders = [part for part in parent.split("/") if part]
        kept = folders[: max(0, len(folders) - token.count(".."))]
        return "/".join(kept) + ("/" if kept and token.endswith("/") else "")
    return None if _TOKEN.fullmatch(token) else token


def _wild(token: str) -> str:
    if token.startswith("["):
        inner = re.sub(r"([\\\[&|~])", r"\\\1", token[1:-1])
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return _WILD["*" if token == "{stem}" else "**/" if token.startswith("{parent}") else token]  # noqa: S105


def without_suffix(path: str) -> str:
    """A path without its file's extension; ``.nii.gz`` is one extension."""
    short = path[: -len(".gz")] if path.casefold().endswith(".nii.gz") else path
    return str(PurePosixPath(short).with_suffix(""))


def matching(paths: Sequence[str], glob: str, stem: str | None = None, parent: str | None = None) -> list[str]:
    """Paths, out of a sorted sequence, that match a glob as ``compiled`` reads it."""
    prefix, expression = compiled(glob, stem, parent)
    start = bisect_left(paths, prefix)
    near = takewhile(lambda path: path.startswith(prefix), (paths[i] for i in range(start, len(paths))))
    return [path for path in near if expression.fullmatch(path, len(prefix))]


def pairs(paths: Sequence[str], images: str, masks: str, key: str = "") -> Mapping[str, tuple[str, ...]]:
    """The masks of each image, in natural order; an image without one has the empty tuple.

    ``images`` and ``masks`` are globs over sorted ``paths``; ``{stem}`` in ``masks`` is the image's file name without
    extension, or what the first group of the expression ``key`` finds in it, and ``{parent}`` the image's folder. No
    file is both: a match of ``images`` that is another one's mask, and has no mask itself, is a mask.
    """
    claims: dict[str, tuple[str, ...]] = {}
    for image in matching(paths, images):
        path = PurePosixPath(image)
        name = without_suffix(path.name)
        found = re.search(key, name) if key else None
        stem = (found.group(1) if found else name) or name
        parent = "" if str(path.parent) == "." else str(path.parent)
        claims[image] = tuple(sorted((m for m in matching(paths, masks, stem, parent) if m != image), key=natural))
    claimed = {mask for masks_of in claims.values() for mask in masks_of}
    real = {image for image, own in claims.items() if own or image not in claimed}
    return {image: tuple(m for m in claims[image] if m not in real) for image in claims if image in real}
