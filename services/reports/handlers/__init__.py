"""What reports does, one file per use case."""

from services.reports.handlers.render_report import router

__all__ = ["router"]
