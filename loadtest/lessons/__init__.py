"""The lessons: a number to predict, a run on the real services, and the misconception behind a wrong number."""
