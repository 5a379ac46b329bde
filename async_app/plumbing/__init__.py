"""The code that every request of this twin passes through. Read the modules one level up first."""
