FROM python:3.13-slim AS packages
COPY requirements.txt .
RUN python -m venv /opt/lad \
 && /opt/lad/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt

FROM python:3.13-slim
ENV PATH=/opt/lad/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=lad.settings \
    LAD_HOME=/var/lib/lad
RUN useradd --system --user-group --uid 10001 --create-home --home-dir /var/lib/lad --shell /usr/sbin/nologin lad \
 && install --directory --owner=lad --group=lad /var/lib/lad/media /var/lib/lad/mail
WORKDIR /app
COPY --from=packages /opt/lad /opt/lad
COPY . .
# Owned by root, so that the running process cannot change its code or static files.
RUN python -m compileall -q lad tenants billing leads campaigns voice aiicp demo tools && python manage.py collectstatic --no-input
USER lad
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 CMD ["python", "-c", \
  "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "--http", "1", \
  "--backlog", "4096", "--backpressure", "4096", "--http1-header-read-timeout", "10000", "--http1-buffer-size", "131072", \
  "--workers-kill-timeout", "10", "--respawn-failed-workers", "lad.asgi:application"]
