"""Answers of a paid judge, stored under the content of the question, so that no answer is paid for twice."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mope.errors import MopeError
from mope.judging.reply import answered, valid

TIMEOUT = 60.0  # seconds to wait for another process that writes
CACHE_TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, record TEXT NOT NULL)"


def key_of(request: dict) -> str:
    """SHA-256 of everything that can change the answer, as canonical JSON."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class AnswerCache:
    """A SQLite file of JSON records; safe for threads, for several processes, and against kills at any moment.

    Entries that are no `valid` record are ignored.
    """

    def __init__(self, path: Path):
        self._path, self._lock = path, threading.Lock()
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=TIMEOUT, isolation_level=None, check_same_thread=False)
            self._connection.text_factory = bytes  # so that damaged text can be read, and ignored
            self._connection.execute("PRAGMA synchronous = FULL")  # an answer that was paid for survives a power cut
            self._connection.execute(CACHE_TABLE)

    def get(self, key: str) -> dict | None:
        """The record of a key, if there is one."""
        with self._explained():
            return self._get(key)

    def put(self, key: str, record: dict) -> None:
        """Keep a record; it replaces an earlier one of the same key, unless that one holds an answer."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                kept = self._get(key)
                if kept is None or not answered(kept):
                    row = (key, json.dumps(record))
                    self._connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", row)
            finally:
                self._connection.execute("COMMIT")

    def __len__(self) -> int:
        with self._explained():
            return self._connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _get(self, key: str) -> dict | None:
        row = self._connection.execute("SELECT record FROM answers WHERE key = ?", (key,)).fetchone()
        try:
            record = json.loads(row[0]) if row else None
        except (ValueError, TypeError, RecursionError):
            return None
        return record if valid(record) else None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Lets in one thread at a time; errors of SQLite and of the file system become a `MopeError` of one line."""
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError) as error:
            raise MopeError(
                f"{self._path}: {error}; the judges' cache of answers is expected here, a SQLite file that can be "
                "written: free it or move it away, and run again"
            ) from None
