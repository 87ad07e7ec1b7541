"""Errors a user can act on: what, where and why, what to do next, and the exit code of the command line."""

from __future__ import annotations

from functools import partial
from typing import Final, Self

USAGE: Final = 2
QUARANTINE: Final = 3
MANUAL: Final = 4
INTEGRITY: Final = 5
BUDGET: Final = 6
LOCKED: Final = 7
ENVIRONMENT: Final = 8


class MmrsError(Exception):
    """Something the user can mend. ``hint`` says how; ``code`` is the process's exit code."""

    def __init__(self, message: str, *, code: int, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.hint = code, hint

    def __reduce__(self) -> tuple[partial[Self], tuple[str]]:
        """Raised by a worker, it comes out of the pool as it was."""
        return partial(type(self), code=self.code, hint=self.hint), (str(self),)
