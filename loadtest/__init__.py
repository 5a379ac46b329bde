"""The Locust profile, the line-up, and the comparison that holds each measurement against its prediction."""
