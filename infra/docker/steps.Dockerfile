# The image of every pipeline step: all of requirements.lock and the metier package. From the checkout's top:
#   docker build --file infra/docker/steps.Dockerfile --tag metier-python-steps:0.1.0 .
FROM python:3.11-slim-bookworm AS builder
# torch==2.13.0 is satisfied by 2.13.0+cpu here; the CUDA build needs packages that --no-deps leaves out.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --extra-index-url "$TORCH_INDEX" \
        --requirement requirements.lock \
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
LABEL org.opencontainers.image.title="metier-python-steps" \
      org.opencontainers.image.description="Pipeline steps of metier" \
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
    TOKENIZERS_PARALLELISM=false \
    HF_HUB_OFFLINE=1 \
    FEAST_USAGE=False \
    GIT_PYTHON_REFRESH=quiet \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/metier
WORKDIR /var/lib/metier
USER 10001:10001
# A step ends by itself, and says how.
HEALTHCHECK NONE
CMD ["metier", "--help"]
