"""What every way of running jobs has in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed(Generic[J]):
    """A job whose process died: a native library crashed, or the system killed it."""

    job: J


class Workers(Protocol):
    """Processes for jobs, here or elsewhere, kept from one stage to the next.

    Functions must be importable and jobs picklable. A job may run more than once: it leaves the same each time.
    """

    def run(self, fn: Callable[[J], R], jobs: Sequence[J]) -> Iterator[R | Crashed[J]]:
        """``fn`` of every job, in their order. Its exceptions propagate; a dying process costs only its own job."""
