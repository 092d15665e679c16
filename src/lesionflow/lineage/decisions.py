"""A decision on promotion as people read it."""

from collections.abc import Mapping
from typing import Any

from lesionflow.report import markdown

ANSWERS = {True: "yes", False: "NO", None: "not asked"}


def told(found: Mapping[str, Any]) -> str:
    """The verdict, the decision table and the photos that it rests on, in Markdown.

    Parameters
    ----------
    found : as reports/promotion.json holds it: registered_model, candidate and champion {model, content_key} (champion
        None where there was none), decision ("champion", "challenger" or "unchanged"), applied (false of a dry run),
        reasons, rules [{rule, wanted, got, passed}]; against a champion also photos, differences, classes and
        calibration_error.
    """
    parts = [_verdict(found)]
    if found["rules"]:
        rows = [[rule["rule"], rule["wanted"], rule["got"], ANSWERS[rule["passed"]]] for rule in found["rules"]]
        parts.append(markdown.table(["Rule", "Wanted", "Got", "Holds"], rows, left=3))
    if "photos" in found:
        parts.append(_photos(found["photos"]))
    if not found["applied"]:
        parts.append("Nothing was changed in the registry: this was a dry run.")
    return "\n\n".join(parts)


def _verdict(found: Mapping[str, Any]) -> str:
    name, before = f"`{found['candidate']['model']}`", found["champion"]
    against = "there was none before" if before is None else f"against `{before['model']}`"
    verdicts = {
        "champion": f"**{name} becomes champion** of `{found['registered_model']}` ({against}).",
        "challenger": f"**{name} stays challenger** ({against}): a rule does not hold.",
        "unchanged": f"**{name} is champion** of `{found['registered_model']}` already: the same content.",
    }
    return verdicts[found["decision"]]


def _photos(photos: Mapping[str, int]) -> str:
    text = f"Compared on {photos['compared']} test photos of {photos['groups']} leakage groups"
    if photos["answered_anew"]:
        text += f", of which the champion answered {photos['answered_anew']} anew, since they are new to it"
    if photos["learned_by_champion"]:
        text += f"; {photos['learned_by_champion']} are left out, since it learned from them or their group"
    return f"{text}. Differences are candidate minus champion."
