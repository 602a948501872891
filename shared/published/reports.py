"""Rendered reports as the service reports publishes them."""

from sqlalchemy import DateTime, Double, Integer, LargeBinary, String, Uuid

from shared.published import columns, keys, published_view

MOMENT = DateTime(timezone=True)

# state: "rendering" (progress: the share done) | "rendered" | "expired" (content is null then).
# sha256: of the content, byte_count its size. Of a report that nothing works on there is no row.
documents = published_view(
    "reports",
    "documents",
    *keys(report_id=Uuid),
    *columns(Uuid, "user_id"),
    *columns(String, "state"),
    *columns(Double, "progress"),
    *columns(String, "media_type", "sha256"),
    *columns(Integer, "byte_count"),
    *columns(LargeBinary, "content"),
    *columns(MOMENT, "rendered_at", "expires_at"),
)
