"""Where the files that travel with the code lie: wordings and data cards."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

Resource: TypeAlias = Literal["templates", "data_cards"]

_PACKAGE = Path(__file__).resolve().parent


def path(name: Resource) -> Path:
    """Folder of a resource: inside the package when installed from a wheel, else beside it in a checkout.

    Raises ``FileNotFoundError``, naming both places, when the installation lacks it.
    """
    places = (_PACKAGE / "_resources" / name, _PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    tried = " nor ".join(str(place) for place in places)
    raise FileNotFoundError(f"the installation is incomplete: neither {tried} exists; reinstall mmrs-builder")
