"""The Locust profile, the line-up of services, and the comparison of each measurement with its prediction."""
