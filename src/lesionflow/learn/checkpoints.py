"""The state of a training between its epochs, kept so that a kill costs one epoch."""

import pickle
from pathlib import Path
from typing import Any

import torch

from lesionflow.errors import LesionflowError
from lesionflow.files import atomic

State = dict[str, Any]
"""Tensors, numbers and texts, in dicts and lists: nothing whose loading could run code."""


class Keeper:
    """One file; `key` digests all that decides the training, so that the state of another one is never taken up."""

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key

    def load(self) -> State | None:
        """The state that was saved last, on the CPU; None without one, or when it is of another training.

        Raises
        ------
        LesionflowError : a damaged file, or one that holds objects beside tensors and plain values.
        """
        try:
            content = torch.load(self.path, "cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except pickle.UnpicklingError:
            raise self._unreadable("damage, or objects whose loading could run code") from None
        except Exception as error:  # on damaged bytes torch's reader raises what it stumbles over
            raise self._unreadable(f"{type(error).__name__}: {error}") from None
        if not isinstance(content, dict) or content.get("key") != self.key:
            return None
        state: State = content["state"]
        return state

    def save(self, state: State) -> None:
        """Replace the file, whole or not at all."""
        with atomic(self.path) as partial:
            torch.save({"key": self.key, "state": state}, partial)

    def clear(self) -> None:
        """Remove the file: the training is over."""
        self.path.unlink(missing_ok=True)

    def _unreadable(self, got: str) -> LesionflowError:
        return LesionflowError(
            f"{self.path}: not a readable checkpoint",
            got=got,
            expected="tensors and numbers",
            remedy="Remove the file; the training starts anew.",
        )
