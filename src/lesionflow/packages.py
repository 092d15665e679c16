"""Which installed package provides a module."""

from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions


def provider(module: str) -> Distribution:
    """The installed package that provides a module, which need not be importable.

    Raises
    ------
    PackageNotFoundError : none does.
    """
    # Mostly the package has the module's name, and to map the modules of all packages takes most of a second.
    with suppress(PackageNotFoundError, ValueError):
        return distribution(module)
    for name in packages_distributions().get(module, ()):
        return distribution(name)
    raise PackageNotFoundError(module)
