"""Cells of the CSV files that people open."""


def inert(text: str) -> str:
    """A cell that no spreadsheet runs as a formula (OWASP, CSV injection).

    >>> inert("=1+1"), inert("nevus")
    ("'=1+1", 'nevus')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
