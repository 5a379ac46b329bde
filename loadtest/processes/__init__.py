"""Services as processes: one alone, or several as a stack."""
