"""The tasks of the lessons: small services with a fault, run within limits and checked by what they do."""
