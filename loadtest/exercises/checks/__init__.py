"""The checks of the tasks: each yields observations of a learner's file that runs."""
