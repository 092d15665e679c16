"""Why a photo is not used: the closed list, in the order in which the rules are asked."""

from enum import StrEnum


class Reason(StrEnum):
    """Reasons of dropping, as they stand in table curated."""

    NOT_INGESTED = "not_ingested"
    UNREADABLE = "unreadable"
    TOO_SMALL = "too_small"
    EXTREME_ASPECT = "extreme_aspect"
    TEXT_PAGE = "text_page"
    MOSTLY_BORDER = "mostly_border"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    FLAT = "flat"
    MONOCHROME = "monochrome"
    COLLAGE = "collage"
    BLURRED = "blurred"
    NO_SKIN = "no_skin"
    DECIDED = "decided"
    CONFLICTING_LABELS = "conflicting_labels"
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_DUPLICATE = "near_duplicate"
