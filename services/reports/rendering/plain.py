"""JSON: the API's answers that the report is made of, of the sections that were chosen."""

import json

from services.reports.inputs import Question, Report

SCHEMA = "sigmasight-report/1"


def write(report: Report, question: Question) -> bytes:
    """The figures as they were frozen, with what was asked."""
    document = {
        "schema": SCHEMA,
        "title": report.title,
        "template": report.template,
        "as_of": report.as_of,
        "sections": [section.name for section in report.chapters[0].sections],
        "basis": report.basis,
        **{name: part.value for name, part in question.figures.named},
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"
