"""Measures over sessions as a file."""

from decimal import Decimal

from services.gateway.analytics.schemas.series import SeriesReport
from services.gateway.edge.downloads import Exported, ExportedFile, Form, safe_name
from shared.spreadsheet import Cell, csv_text

SAMPLE = "session_date,nav,beta\r\n2022-12-27,50210.55,\r\n2022-12-28,50110.2,1.0425\r\n"


def series_file(name: str, report: SeriesReport, form: Form) -> ExportedFile:
    """A row per session, a column per measure, empty where it is null; `name`: the portfolio's."""
    content = report.model_dump_json() if form is Form.JSON else _csv(report)
    named = safe_name(name, report.portfolio_id)
    days = f"-{report.start}-{report.end}" if report.session_dates else ""
    rows = len(report.session_dates)
    about = report.portfolio_id
    return ExportedFile(Exported.SERIES, form, content, rows, f"series-{named}{days}", about)


def _csv(report: SeriesReport) -> str:
    header = ["session_date", *(each.measure for each in report.series)]
    columns = [map(_number, each.values) for each in report.series]
    rows = ([day, *values] for day, *values in zip(report.session_dates, *columns, strict=True))
    return csv_text(header, rows)


def _number(value: float | None) -> Cell:
    return None if value is None else Decimal(repr(value))
