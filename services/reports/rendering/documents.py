"""The document of a question: laid out, and written in the format that was chosen.

The libraries of a format are imported when it is first rendered: a service that renders no PDF
does not hold typst in memory.
"""

from collections.abc import Callable, Mapping
from importlib import import_module

from services.reports.calculations import laid_out
from services.reports.inputs import Cancelled, Meter, Question, Rendered, Report
from shared.errors import Unrenderable

LAID_OUT = 0.3  # the share of the work that is laying out
Writer = Callable[[Report, Question], bytes]
# By format: the module that has `write`, and the media type of what it returns.
FORMS: Mapping[str, tuple[str, str]] = {
    "html": ("html", "text/html; charset=utf-8"),
    "pdf": ("pdf", "application/pdf"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "md": ("markdown", "text/markdown; charset=utf-8"),
    "json": ("plain", "application/json"),
    "csv": ("flat", "text/csv; charset=utf-8"),
    "parquet": ("parquet", "application/zip"),
}


def rendered(question: Question, meter: Meter) -> Rendered:
    """The document; the meter, which may raise to end the work, is notified of how far it is.

    Raises `Unrenderable` for what fails: it is of the question alone, so it would fail again. Only
    a machine without memory or disk is worth another try.
    """
    module, media_type = FORMS[question.form]
    write: Writer = import_module(f"services.reports.rendering.{module}").write
    try:
        report = laid_out(question, meter)
        content = write(report, question)
    except (Cancelled, MemoryError, OSError):
        raise
    except BaseException as error:  # a panic of typst is no Exception
        raise Unrenderable(question.form) from error
    meter.reached(1.0)
    return Rendered(content, media_type)
