"""Who is compared: the services of the line-up and their selection by name."""
