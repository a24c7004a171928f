"""Answers of a paid judge, kept by the content of the question, so that none is ever bought twice."""

import hashlib
import json
import sqlite3
import threading
from pathlib import Path

TIMEOUT = 60.0  # seconds to wait for another process that writes


def key_of(request: dict) -> str:
    """SHA-256 of everything that can change the answer, as canonical JSON."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class AnswerCache:
    """A SQLite file of JSON records; safe for threads, for several processes, and against kills at any moment."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=TIMEOUT, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = FULL")  # an answer that was paid for survives a power cut
        self._connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, record TEXT NOT NULL)")

    def get(self, key: str) -> dict | None:
        """The record of a key, if there is one."""
        with self._lock:
            row = self._connection.execute("SELECT record FROM answers WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, key: str, record: dict) -> None:
        """Keep a record; the first one of a key stays."""
        with self._lock:
            self._connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?)", (key, json.dumps(record)))

    def __len__(self) -> int:
        with self._lock:
            return self._connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
