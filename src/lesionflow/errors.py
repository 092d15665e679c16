"""Errors that a user can act on, and the one place where they end a program."""

import sys
from collections.abc import Callable
from functools import wraps


class LesionflowError(Exception):
    """A mistake in input or settings, told in one message: what was got, what was expected, what to do.

    Parameters
    ----------
    what : the problem, naming the file and row where there is one.
    got, expected : the offending value and the rule it breaks; either may be left out where `what` says it.
    remedy : what the user can do.

    >>> print(LesionflowError("params.yaml: seed", got="'x'", expected="a whole number", remedy="Edit params.yaml."))
    params.yaml: seed
      got:      'x'
      expected: a whole number
      to do:    Edit params.yaml.
    """

    def __init__(self, what: str, *, got: str = "", expected: str = "", remedy: str = "") -> None:
        parts = (("got:", got), ("expected:", expected), ("to do:", remedy))
        super().__init__("\n".join([what, *(f"  {name:<9} {text}" for name, text in parts if text)]))


def argument(name: str) -> str:
    """The program's one argument, called `name` in the error that its absence raises."""
    program, *given = sys.argv
    if len(given) != 1:
        raise LesionflowError(program, got=f"arguments {given}", expected=f"python {program} <{name}>")
    return given[0]


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Decorate a program's entrance: a `LesionflowError` becomes one message on stderr and exit code 1.

    Anything else is a defect of ours and keeps its traceback.
    """

    @wraps(main)
    def run() -> None:
        try:
            main()
        except LesionflowError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)

    return run
