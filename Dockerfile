# One image for all six services: `docker build --tag cards:0.1.0 .`, then for instance
# `docker run cards:0.1.0 services.accounts config`. It runs with a read-only root, as nobody.

# The Python that the tests run on. Behind a mirror or for a rebuild to the byte, give a digest:
# --build-arg BASE=registry.example/python@sha256:...
ARG BASE=python:3.11.14-slim-bookworm

# ---------------------------------------------------------------- what a service needs to run
FROM ${BASE} AS environment
COPY requirements/runtime.txt /requirements.txt
# Only wheels whose hash is in the lock: nothing is compiled, and nobody's setup.py runs. The tool
# that installed them stays behind.
RUN python3 -m venv /opt/cards \
    && /opt/cards/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --no-cache-dir --no-compile --no-deps --only-binary :all: --require-hashes \
        --requirement /requirements.txt \
    && /opt/cards/bin/python -m pip uninstall --quiet --yes pip setuptools

# ---------------------------------------------------------------- the image
FROM ${BASE}
LABEL org.opencontainers.image.title="cards" \
      org.opencontainers.image.description="Six event-sourced gRPC services that issue credit cards" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=environment /opt/cards /opt/cards
WORKDIR /app
COPY LICENSE ./
COPY data/README.md data/
COPY data/reference data/reference
COPY protos/gen protos/gen
COPY chassis chassis
COPY services services

ENV PATH=/opt/cards/bin:${PATH} \
    PYTHONPATH=/app:/app/protos/gen \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# Nobody can write here later, so the bytecode is made now; it is not checked against its source.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/cards/lib /app

USER 10001:10001
# The door, and the health that a kubelet asks for.
EXPOSE 7000 7001
ENTRYPOINT ["python", "-m"]
CMD ["services.accounts", "config"]
