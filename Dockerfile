# The one image behind docker-compose.yml: the command of a container makes it a twin, a peer, the upstream or Locust.
FROM python:3.13-slim

# A volume at /files begins with the owner that it finds there.
RUN useradd --system --no-create-home app && install --directory --owner=app /files
WORKDIR /app

# In a layer of its own, which stays as long as the pins do. Wheels alone: there is no compiler in here.
# REQUIREMENTS=lineup brings the frameworks of the line-up as well.
ARG REQUIREMENTS=services
COPY requirements/${REQUIREMENTS}.txt requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --only-binary=:all: --require-hashes --requirement requirements.txt

# What .dockerignore lets through. Owned by the user, so that it is readable whatever the umask of the clone was.
COPY --chown=app . .
ENV PYTHONPATH=/app
USER app
