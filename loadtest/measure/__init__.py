"""Run a comparison: plan the steps, start services and load generators, read the clocks."""
