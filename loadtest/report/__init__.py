"""The report: one HTML file that shows what a run measured, drawn only from its results.json."""
