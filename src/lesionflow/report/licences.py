"""Licences as the metadata of cards names them."""

from collections.abc import Iterable

KNOWN = {
    "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0",
    "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "mit",
}  # fmt: skip
"""Identifiers that the Hugging Face Hub knows, of licences that photos and weights come under."""
OTHER = "other"
LINK = "#licences"


def header(licences: Iterable[str]) -> dict[str, str]:
    """The keys license, and license_name and license_link where several licences, or an unknown one, apply.

    >>> header(["CC-BY-4.0"])
    {'license': 'cc-by-4.0'}
    >>> header(["Apache-2.0", "CC-BY-NC-4.0"])
    {'license': 'other', 'license_name': 'several, see Licences', 'license_link': '#licences'}
    """
    found = sorted({licence.strip().lower() for licence in licences})
    if len(found) == 1 and found[0] in KNOWN:
        return {"license": found[0]}
    name = "several, see Licences" if len(found) > 1 else "see Licences"
    return {"license": OTHER, "license_name": name, "license_link": LINK}
