"""What the calculators stored, as answers: snapshots, risk, stress, correlations, data quality."""
