# The image of every container built in docker-compose.yml: the command makes it a twin, a peer, the upstream, Locust or metrics.
FROM python:3.13-slim

# A new volume at /files takes over the owner of this directory. Kubernetes needs the number of the user.
RUN useradd --system --uid 999 --no-create-home app && install --directory --owner=app /files
WORKDIR /app

# A layer of its own is rebuilt only when the pins change. Wheels only: the image has no compiler.
# REQUIREMENTS=lineup also installs the frameworks of the line-up.
ARG REQUIREMENTS=services
COPY requirements/${REQUIREMENTS}.txt requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --only-binary=:all: --require-hashes --requirement requirements.txt

# The files that .dockerignore admits, owned by the user, so that they are readable whatever the umask of the clone was.
COPY --chown=app . .
ENV PYTHONPATH=/app
USER app
