"""SQL on the views that the calculators publish."""
