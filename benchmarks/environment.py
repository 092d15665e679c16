"""On which versions a figure was measured."""

import platform
from importlib.metadata import version

PACKAGES = ("torch", "timm", "scikit-learn", "pillow", "dvc")


def versions() -> dict[str, str]:
    """Python's and the main packages' versions."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}
