"""The lesson's own examples: each file is one idea, prints what happens, and runs alone."""
