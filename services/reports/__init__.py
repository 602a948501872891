"""reports: documents of portfolios, rendered of figures that the gateway froze.

subscribes to  reports.requested
answers        nothing
computes       the layout of a report, and its document as HTML, PDF, XLSX, Markdown, JSON, CSV or
               Parquet
owns           documents
publishes      reports.rendered, reports.failed
"""
