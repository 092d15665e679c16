"""Addresses of tracking stores, and the queue before one that is a file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

SQLITE = "sqlite:///"


def database(uri: str) -> Path | None:
    """The file of an SQLite store; None for a server.

    >>> database("sqlite:///mlflow.db"), database("http://localhost:5000")
    (PosixPath('mlflow.db'), None)
    """
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def absolute(uri: str) -> str:
    """MLflow keeps open stores by address: a relative one would go on meaning the folder of its first use."""
    path = database(uri)
    return uri if path is None else f"{SQLITE}{path.resolve()}"


def without_password(text: str, uri: str) -> str:
    """`text` without the user and password that `uri` holds.

    >>> without_password("no answer from http://me:secret@host/", "http://me:secret@host/")
    'no answer from http://host/'
    """
    user = urlsplit(uri).netloc.rpartition("@")[0]
    return text.replace(f"{user}@", "").replace(user, "...") if user else text


@contextmanager
def alone(uri: str) -> Iterator[None]:
    """Two processes that make the tables of one SQLite file at once break each other, so they queue here.

    Raises
    ------
    sqlite3.Error, OSError : the file is no database, or cannot be opened; MLflow itself would try for 100 s.
    """
    path = database(uri)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version")
        yield
