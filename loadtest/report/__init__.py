"""The report: one HTML file that tells what a run measured, drawn from its results.json alone."""
