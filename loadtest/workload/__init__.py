"""What users ask for, and what theory predicts of it."""
