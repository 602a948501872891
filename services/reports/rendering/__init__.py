"""Reports as documents: one module per format, each of the same layout.

All of them are deterministic: the same layout has the same bytes, whenever and wherever.
"""

from services.reports.rendering.documents import rendered

__all__ = ["rendered"]
