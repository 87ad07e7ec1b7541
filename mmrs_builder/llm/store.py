"""What was paid and what was replied, in one SQLite file outside of every output folder.

A request is paid for, at the worst, before it is sent; a reply is stored in the transaction that settles its price. A
process killed anywhere in between leaves a reservation, which counts: no crash makes a budget larger.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.llm.limits import Caps

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, budget TEXT NOT NULL, state TEXT NOT NULL, tokens INTEGER NOT NULL, usd REAL NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_budget ON calls (budget);
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, fault TEXT, mode TEXT NOT NULL, day TEXT NOT NULL,
    prompt_tokens INTEGER, completion_tokens INTEGER);
CREATE TABLE IF NOT EXISTS modes (base_url TEXT, model TEXT, mode TEXT NOT NULL, PRIMARY KEY (base_url, model));
CREATE TABLE IF NOT EXISTS batches (name TEXT PRIMARY KEY, id TEXT NOT NULL, calls TEXT NOT NULL);
"""

_HINT: Final = "Check the disk, or give another folder with MMRS_STATE; what a damaged file says was spent is lost."


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a budget has paid, reservations included."""

    requests: int = 0
    tokens: int = 0
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply as it was paid for. ``fault`` says why it is of no use; ``day`` is when it came, ``YYYY-MM-DD``."""

    text: str
    mode: str
    day: str
    fault: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Exhausted(Exception):
    """The next request could exceed a cap."""


def state_file() -> Path:
    """``llm.sqlite`` in ``$MMRS_STATE``, else in the user's state folder."""
    base = os.environ.get("MMRS_STATE") or os.environ.get("XDG_STATE_HOME", "")
    if os.environ.get("MMRS_STATE"):
        return Path(base) / "llm.sqlite"
    return (Path(base) if base else Path.home() / ".local" / "state") / "mmrs" / "llm.sqlite"


class Store:
    """The ledger of one budget, and the replies of all. One process may hold several, several processes one file."""

    def __init__(self, path: Path, budget: str) -> None:
        """Open or make the file. Raises ``MmrsError`` where that fails."""
        self.path, self.budget = path, budget
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._database = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise MmrsError(f"{path}: {error}", code=ENVIRONMENT, hint=_HINT) from None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def reply(self, key: str) -> Reply | None:
        """The committed reply to a request, if there is one."""
        columns = "text, mode, day, fault, prompt_tokens, completion_tokens"
        row = self._database.execute(f"SELECT {columns} FROM replies WHERE key = ?", (key,)).fetchone()  # noqa: S608
        return row and Reply(**dict(zip(columns.split(", "), row, strict=True)))

    def spent(self) -> Spent:
        """All that this budget has paid so far."""
        query = "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(usd), 0) FROM calls WHERE budget = ?"
        requests, tokens, usd = self._database.execute(query, (self.budget,)).fetchone()
        return Spent(requests=requests, tokens=tokens, usd=usd)

    def reserve(self, tokens: int, usd: float, caps: Caps) -> int:
        """Pay for a request at its worst and return the number of the payment. Raises ``Exhausted``."""
        return self.reserve_all([(tokens, usd)], caps)[0]

    def reserve_all(self, worst: Sequence[tuple[int, float]], caps: Caps) -> list[int]:
        """Pay for several requests, given their tokens and dollars, or for none of them. Raises ``Exhausted``."""
        with self._transaction():
            return [self._reserve(tokens, usd, caps) for tokens, usd in worst]

    def _reserve(self, tokens: int, usd: float, caps: Caps) -> int:
        spent = self.spent()
        for name, value, unit, cap in (
            ("--max-requests", spent.requests + 1, "requests", caps.requests),
            ("--max-tokens", spent.tokens + tokens, "tokens", caps.tokens),
            ("--max-usd", spent.usd + usd, "USD", caps.usd),
        ):
            if cap is not None and value > cap:
                shown = f"{value:.4f}" if unit == "USD" else value
                raise Exhausted(f"{name} {cap}: the next request could bring it to {shown} {unit}")
        values = (self.budget, "reserved", tokens, usd)
        query = "INSERT INTO calls (budget, state, tokens, usd) VALUES (?, ?, ?, ?)"
        return int(self._database.execute(query, values).lastrowid or 0)

    def settle(self, call: int, tokens: int, usd: float) -> None:
        """Replace a reservation by what was really paid."""
        with self._transaction():
            self._settle(call, tokens, usd)

    def commit(self, call: int, key: str, reply: Reply, tokens: int, usd: float) -> None:
        """Store a reply and settle its price, both or neither."""
        with self._transaction():
            self._settle(call, tokens, usd)
            self._database.execute(
                "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, reply.text, reply.fault, reply.mode, reply.day, reply.prompt_tokens, reply.completion_tokens),
            )

    def mode(self, base_url: str, model: str) -> str | None:
        """How a model is asked for JSON, as far as that is known."""
        query = "SELECT mode FROM modes WHERE base_url = ? AND model = ?"
        row = self._database.execute(query, (base_url, model)).fetchone()
        return row and str(row[0])

    def learn(self, base_url: str, model: str, mode: str) -> None:
        """Remember how a model is asked for JSON."""
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO modes VALUES (?, ?, ?)", (base_url, model, mode))

    def batch(self, name: str) -> tuple[str, dict[str, int]] | None:
        """The id of a batch that was handed in, and the payments of its requests by their keys."""
        row = self._database.execute("SELECT id, calls FROM batches WHERE name = ?", (name,)).fetchone()
        return row and (str(row[0]), json.loads(row[1]))

    def remember(self, name: str, identity: str, calls: Mapping[str, int]) -> None:
        """A batch was handed in."""
        with self._transaction():
            self._database.execute("INSERT INTO batches VALUES (?, ?, ?)", (name, identity, json.dumps(dict(calls))))

    def forget(self, name: str) -> None:
        """A batch has ended and its replies are committed."""
        with self._transaction():
            self._database.execute("DELETE FROM batches WHERE name = ?", (name,))

    def _settle(self, call: int, tokens: int, usd: float) -> None:
        self._database.execute(
            "UPDATE calls SET state = 'settled', tokens = ?, usd = ? WHERE id = ?", (tokens, usd, call)
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise MmrsError(f"{self.path}: {error}", code=ENVIRONMENT, hint=_HINT) from None
