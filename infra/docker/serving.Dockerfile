# The image of the endpoint's Ray nodes: requirements-serving.lock and the metier package. From the checkout's top:
#   docker build --file infra/docker/serving.Dockerfile --tag metier-python-serving:0.1.0 .
FROM python:3.11-slim-bookworm AS builder
WORKDIR /build
COPY requirements.lock infra/docker/requirements-serving.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --requirement requirements-serving.lock \
    && pip install --no-cache-dir --no-deps --constraint requirements.lock setuptools
COPY pyproject.toml README.md LICENSE ./
COPY metier ./metier
COPY feature_repo ./feature_repo
COPY components ./components
COPY pipelines ./pipelines
COPY serving ./serving
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps /wheels/metier-*.whl

FROM python:3.11-slim-bookworm
ARG REVISION=unknown
LABEL org.opencontainers.image.title="metier-python-serving" \
      org.opencontainers.image.description="Endpoint of metier on Ray Serve" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim-bookworm" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin metier \
    && install --directory --owner=10001 --group=10001 /var/lib/metier
COPY --from=builder /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    METIER_HOME=/var/lib/metier \
    OMP_NUM_THREADS=1 \
    ARROW_DEFAULT_MEMORY_POOL=system \
    TOKENIZERS_PARALLELISM=false \
    HF_HUB_OFFLINE=1 \
    FEAST_USAGE=False \
    GIT_PYTHON_REFRESH=quiet \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/metier
WORKDIR /var/lib/metier
USER 10001:10001
# Where `metier serve` runs in a container of Docker; on Kubernetes the pods' own probes ask.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["metier", "--help"]
