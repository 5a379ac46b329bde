"""The services that can be compared: the line-up, its selection by name, and targets of the user's own."""
