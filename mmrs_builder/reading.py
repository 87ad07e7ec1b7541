"""A process that reads cases for another one and says what came of it; ``build.guard`` starts and watches it.

It imports no more than sources need. Masks travel as bits: they would be most of what is sent of a slice.
"""

from __future__ import annotations

import ctypes
import math
import resource
import signal
import sys
import traceback
from contextlib import suppress
from functools import lru_cache, partial
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mmrs_builder.executors import depend_on
from mmrs_builder.sources import find, module_at, pick
from mmrs_builder.types import Case, CaseRef, Mask, Source
from mmrs_builder.vocab import Rejected

NO_MEMORY: Final = ("Insufficient memory", "Failed to allocate memory", "bad_alloc")
"""How OpenCV, ITK and the C++ library say ``MemoryError``."""

PR_SET_PDEATHSIG: Final = 1


def chosen(name: str, options: tuple[tuple[str, str], ...], adapter: Path | None, root: Path | None) -> Source:
    """The source of that name, of this package or of the file ``adapter``, with its options applied for ``root``."""
    if adapter is not None:
        return pick(module_at(adapter), name, dict(options), root)
    return find(name, dict(options), root)


def serve(descriptor: int, memory: int) -> None:
    """Say ``None``, then answer each ``((name, options, adapter, root), ref)`` with its ``Case`` or ``Rejected``.

    Questions and answers go through the connection ``descriptor``; any other exception is the last answer. The process
    ends with the one that holds its standard input. ``memory`` in bytes limits what it may allocate.
    """
    _die_with_parent()
    _limit(memory)
    connection = Connection(descriptor)
    sys.excepthook = partial(_last_answer, connection)
    known = lru_cache(chosen)
    connection.send(None)
    while True:
        source, ref = connection.recv()
        connection.send_bytes(_Pickler.dumps(_read(known(*source), ref)))


def _read(source: Source, ref: CaseRef) -> Case | Rejected:
    try:
        return source.load(ref)
    except Rejected as refused:
        return refused


class _Pickler(ForkingPickler):
    def reducer_override(self, obj: object) -> Any:
        if type(obj) is np.ndarray and obj.dtype == np.bool_:
            return _mask, (np.packbits(obj), obj.shape)
        return NotImplemented


def _mask(bits: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> Mask:
    return np.unpackbits(bits, count=math.prod(shape)).view(np.bool_).reshape(shape)


def _die_with_parent() -> None:
    depend_on(Connection(0, writable=False))
    if sys.platform == "linux":  # a library that hangs with Python's lock stops the thread that watches the lifeline
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(memory: int) -> None:
    """Limit the private writable memory: of their address space, threads reserve a multiple of what they use."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard))


def _last_answer(
    connection: Connection, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Hand on an exception that ends this process, with its traceback as a note.

    Only built-in kinds can be made again everywhere; others become a ``RuntimeError``.
    """
    if isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY):
        traceback.clear_frames(trace)  # what is held there may leave no room for an answer
        connection.send(MemoryError())
        return
    known = error if kind.__module__ == "builtins" else RuntimeError(f"{kind.__qualname__}: {error}")
    known.add_note("In the process that reads cases:\n" + "".join(traceback.format_exception(error)))
    with suppress(BrokenPipeError):
        connection.send(known)
