"""Great Expectations' Data Docs of what the pipeline wrote of its gates: pages that open without a network.

Great Expectations renders each result. Of its page, only what stands in the page itself is kept: its styles, scripts
and pictures come from the web, and times and random ids would make each run's pages differ.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Great Expectations reads its settings when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.render import renderer, view
from lxml import html

from lesionflow.files import atomic, write_text

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{border:1px solid #767676;padding:.35rem .6rem;
text-align:left;vertical-align:top;overflow-wrap:anywhere}.fa-check-circle::before{content:"\\2713"}
.fa-times::before{content:"\\2717"}.fa-exclamation-triangle::before{content:"!"}
.badge{background:#e8e8e8;padding:0 .3rem;border-radius:.2rem}
.hide-succeeded-validations-column-section-table{display:table}h1,h2,h5{line-height:1.2}a{color:#0b57a4}
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}.badge{background:#333}a{color:#8ab8ff}}
"""
DROPPED = (
    "//script|//link|//style|//img|//iframe|//footer|//nav|//button|//comment()|//*[contains(@class, 'modal')]"
    "|//tr[td[contains(., 'Run Time')]]|//p[a[contains(., 'Show more info')]]"
)
KEPT_ATTRIBUTES = {"class", "colspan", "rowspan"}
NOTICE = "<p>From Great Expectations' Data Docs; the figures are those of reports/validation.</p>"


def write(summaries: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write index.html and a page a table into `folder`, which is replaced.

    Parameters
    ----------
    summaries : what reports/validation/<table>.json holds (`gate.summary`).
    """
    with atomic(folder) as partial:
        partial.mkdir()
        for summary in summaries:
            write_text(page(summary), partial / f"{summary['table']}.html")
        write_text(index(summaries), partial / "index.html")


def page(summary: Mapping[str, Any]) -> str:
    """Great Expectations' page of one table, without anything of the web."""
    document = renderer.ValidationResultsPageRenderer().render(_outcome(summary))  # type: ignore[attr-defined]
    rendered = view.DefaultJinjaPageView().render(document)  # type: ignore[attr-defined, no-untyped-call]
    tree = html.document_fromstring(rendered)
    for element in tree.xpath(DROPPED):
        element.drop_tree()
    sections = tree.xpath("//*[starts-with(@id, 'section-')][not(ancestor::*[starts-with(@id, 'section-')])]")
    for element in (one for section in sections for one in section.iter()):
        for name in set(element.attrib) - KEPT_ATTRIBUTES:
            del element.attrib[name]
    content = "\n".join(html.tostring(section, encoding="unicode") for section in sections)
    tight = re.sub(r"[ \t]*\n\s*", "\n", content)
    back = '<p><a href="index.html">All tables</a></p>'
    return _framed(f"{summary['table']}: {_verdict(summary)}", f"{back}\n<p>{summary['rows']:,} rows.</p>\n{tight}")


def index(summaries: Sequence[Mapping[str, Any]]) -> str:
    """The page that lists the tables with what their gates said."""
    rows = "".join(
        f'<tr><td><a href="{one["table"]}.html">{one["table"]}</a></td><td>{_verdict(one)}</td><td>{one["rows"]:,}</td>'
        f"<td>{one['expectations']}</td><td>{one['failed']['warning']}</td></tr>\n"
        for one in summaries
    )
    heads = "".join(f"<th>{head}</th>" for head in ("Table", "Gate", "Rows", "Expectations", "Warnings"))
    return _framed("Validation", f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>")


def _framed(title: str, content: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n'
        f"<body><h1>{title}</h1>\n{content}\n{NOTICE}</body></html>\n"
    )


def _verdict(summary: Mapping[str, Any]) -> str:
    return "passes" if summary["success"] else "fails"


def _outcome(summary: Mapping[str, Any]) -> Any:
    """Great Expectations' own result, from what the gate wrote."""
    results = [_result(one, summary["rows"]) for one in summary["results"]]
    right = sum(one["success"] for one in summary["results"])
    return ExpectationSuiteValidationResult(
        success=summary["success"],
        results=results,
        suite_name=summary["table"],
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": right,
            "unsuccessful_expectations": len(results) - right,
            "success_percent": 100 * right / max(1, len(results)),
        },
        meta={
            "run_id": RunIdentifier(run_name=summary["table"]).to_json_dict(),
            "batch_spec": {},
            "great_expectations_version": gx.__version__,
        },
    )


def _result(told: Mapping[str, Any], rows: int) -> Any:
    column = {} if told["column"] is None else {"column": told["column"]}
    found: dict[str, Any] = {"observed_value": told["observed"]}
    if told["unexpected"] is not None:
        share = 100 * told["unexpected"] / max(1, rows)
        values = [row.get(told["column"]) for row in told["examples"] if isinstance(row, Mapping)]
        found = {"element_count": rows, "unexpected_count": told["unexpected"], "unexpected_percent": share}
        found |= {"partial_unexpected_list": values, "unexpected_percent_total": share}
    return ExpectationValidationResult(
        success=told["success"],
        expectation_config=ExpectationConfiguration(
            type=told["expectation"],
            kwargs={**told["rule"], **column},
            severity=told["severity"],
            meta={"notes": told["notes"]} if told["notes"] else {},
        ),
        result=found,
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
        meta={},
    )
