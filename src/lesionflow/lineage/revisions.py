"""Files of the project as they are here, or were in a git revision, whether git or DVC holds them."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException

from lesionflow.errors import LesionflowError


def commit_of(revision: str) -> str:
    """The commit that a revision names.

    Raises
    ------
    LesionflowError : it names none here.
    """
    # The option's end keeps a revision that starts with a hyphen from being taken for an option.
    command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (no shell)
    if done.returncode:
        raise LesionflowError(
            f"revision {revision!r}: no such commit",
            expected="a branch, tag or commit of this repository",
            remedy="Run `git fetch` where it is known elsewhere, and try again.",
        )
    return done.stdout.strip()


class Files:
    """The project's files at one revision, None for the working folder; DVC's remote gives what is not cached."""

    def __init__(self, revision: str | None) -> None:
        self.told = "the working folder" if revision is None else f"revision {revision}"
        with _told(self.told):
            self.system: Any = DVCFileSystem(repo=".", rev=revision)

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        with _told(self.told):
            return bool(self.system.exists(path))

    def get(self, paths: Iterable[str], folder: Path) -> Path:
        """Copy files and folders below `folder`, which is returned; what is not there, or was copied, is left out.

        Raises
        ------
        LesionflowError : neither DVC's cache nor its remote holds one.
        """
        for path in paths:
            # A folder copied onto itself would lie within itself.
            if not (folder / path).exists() and self.has(path):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                with _told(f"{path} of {self.told}"):
                    self.system.get(path, str(folder / path), recursive=True)
        return folder


class _told:  # noqa: N801 (used as a function)
    """Errors of DVC, git and the file system, as one message."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (DvcException, OSError)):
            raise LesionflowError(
                f"{self.what}: DVC cannot get it",
                got=f"{type(error).__name__}: {error}"[:600],
                expected="results in DVC's cache or remote",
                remedy="Run `dvc push` where they were computed, or `dvc repro` here.",
            ) from error
