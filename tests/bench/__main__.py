"""`make bench`.

Every benchmark, one after the other, as ratios against a named peer in the same run.
"""

from tests.bench import (
    bench_correlations,
    bench_drafts,
    bench_factors,
    bench_fairness,
    bench_gateway,
    bench_greeks,
    bench_grid,
    bench_ingest,
    bench_ledger,
    bench_limits,
    bench_morning,
    bench_onboarding,
    bench_page,
    bench_pipeline,
    bench_positions,
    bench_reports,
    bench_series,
    bench_stress,
    bench_upload,
    bench_upload_to_report,
    show,
)

for benchmark in (
    bench_greeks,
    bench_factors,
    bench_correlations,
    bench_stress,
    bench_grid,
    bench_pipeline,
    bench_gateway,
    bench_morning,
    bench_series,
    bench_upload,
    bench_upload_to_report,
    bench_drafts,
    bench_fairness,
    bench_ledger,
    bench_limits,
    bench_ingest,
    bench_onboarding,
    bench_page,
    bench_positions,
    bench_reports,
):
    show(benchmark.run())
