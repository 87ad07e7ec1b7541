"""Where a recipe and its preview go: never into the corpus unasked, never over a file unasked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.init import Proposal, identifier
from mmrs_builder.init.preview import preview
from mmrs_builder.init.recipe_text import recipe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The files to write."""

    recipe: Path
    preview: Path


def places(root: Path, recipe: Path | None, picture: Path | None, *, overwrite: bool) -> Places:
    """Where the files go; by default into the working folder, the preview beside the recipe.

    Raises ``MmrsError`` when a file is there already, or when a place that was not named lies in the corpus.
    """
    home = Path(os.path.realpath(root))
    chosen = recipe or Path(f"{identifier(root)}.toml")
    sheet = picture or chosen.with_suffix(".png")
    for path, told in ((chosen, recipe is not None), (sheet, picture is not None or recipe is not None)):
        if not told and Path(os.path.realpath(path)).is_relative_to(home):
            hint = "Name a file with --out, or run the command in another folder."
            raise MmrsError(f"{path} would lie in the corpus itself", code=USAGE, hint=hint)
        if path.is_dir() or (path.exists() and not overwrite):
            raise MmrsError(f"{path} is there already", code=USAGE, hint="Name another file, or add --overwrite.")
    if chosen.resolve() == sheet.resolve():
        raise MmrsError(f"recipe and preview are one file: {chosen}", code=USAGE, hint="Let the recipe end in .toml.")
    return Places(recipe=chosen, preview=sheet)


def write(proposal: Proposal, to: Places) -> list[Path]:
    """Write the recipe, and the preview if there is anything to show; what was written."""
    sheet = preview(proposal.tried)
    try:
        for path in (to.recipe, to.preview):
            path.parent.mkdir(parents=True, exist_ok=True)
        to.recipe.write_text(recipe_text(proposal, to.recipe), encoding="utf-8")
        if sheet is not None:
            sheet.save(to.preview, format="PNG")
    except OSError as error:
        name = error.filename or to.recipe
        raise MmrsError(f"cannot write {name}: {error.strerror}", code=ENVIRONMENT, hint="Name another file.") from None
    return [to.recipe, *([to.preview] if sheet is not None else [])]
