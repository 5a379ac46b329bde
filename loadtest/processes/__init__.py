"""Services as processes of their own, alone or as a stack."""
