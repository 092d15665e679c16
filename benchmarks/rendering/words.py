"""How figures are said in several tables."""

from collections.abc import Mapping


def versions(of: Mapping[str, str]) -> str:
    """Packages and their versions."""
    return ", ".join(f"{package} {version}" for package, version in of.items())


def duration(seconds: float) -> str:
    """Seconds, or from two minutes on minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
