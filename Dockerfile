# The service as an image: the locked packages, the code, an unprivileged user, one volume for what it keeps.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
FROM ${PYTHON_IMAGE} AS packages
COPY requirements.lock /build/requirements.lock
RUN python -m venv /srv/venv \
    && /srv/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir \
       --require-hashes --no-deps --only-binary :all: -r /build/requirements.lock

FROM ${PYTHON_IMAGE}
RUN groupadd --system --gid 10001 probity \
    && useradd --system --uid 10001 --gid probity --home-dir /var/lib/probity --shell /usr/sbin/nologin probity \
    && install -d -o probity -g probity -m 0700 /var/lib/probity
COPY --from=packages /srv/venv /srv/venv
COPY . /srv/probity
ENV PATH=/srv/venv/bin:$PATH \
    PROBITY_HOME=/var/lib/probity \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/probity
USER probity
VOLUME /var/lib/probity
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz', headers={'Host': 'localhost'}); raise SystemExit(c.getresponse().status != 200)"]
# The whole service in one container; compose.yaml runs its parts apart.
CMD ["python", "manage.py", "up", "--bind", "0.0.0.0"]
