"""The material of the workshop: slides with figures of recorded runs, and the notebook with its outputs."""
