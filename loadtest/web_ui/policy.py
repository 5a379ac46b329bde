"""The Content-Security-Policy of the pages that are added to Locust's web app."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A page may send requests only to its own server."""
