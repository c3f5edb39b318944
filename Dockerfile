# The server with all it needs. How to build, run and update it: docs/deployment.md
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS runtime
RUN python -m venv /opt/sketchfind
ENV PATH=/opt/sketchfind/bin:$PATH
# cpu or gpu: the extra of pyproject.toml that is installed
ARG ACCELERATOR=cpu
# further extras, such as milvus
ARG EXTRAS
# pip's own settings, for another package index or a further one
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
# by far the largest layer: only these two files make it again, not a change of code
WORKDIR /build
COPY pyproject.toml requirements.lock ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
extras = p['optional-dependencies']; \
engines = {'cpu': ['openvino']}.get('${ACCELERATOR}', []); \
names = ['${ACCELERATOR}', 'postgres', *engines, *'${EXTRAS}'.split()]; \
print(*p['dependencies'], *(line for name in names for line in extras[name]), sep='\n')" > requirements.txt \
    && pip install --no-cache-dir -c requirements.lock -r requirements.txt

FROM runtime AS package
RUN python -c "import tomllib; \
print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" > build-requirements.txt \
    && pip install --no-cache-dir -c requirements.lock -r build-requirements.txt
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip install --no-deps --no-warn-script-location --root /package dist/*.whl

FROM runtime
RUN useradd --uid 10001 --home-dir /data --no-create-home sketchfind \
    && install -d -o sketchfind -g sketchfind /data /catalogue
COPY --from=package /package/ /
COPY docker/entrypoint.sh /opt/sketchfind/
# feeds that are uploaded wait there: /tmp may be in memory
ENV TMPDIR=/data/tmp
# the git commit, for /healthz, /metrics and the log; last, since each commit makes the layers below it again
ARG SKETCHFIND_BUILD
ENV SKETCHFIND_BUILD=${SKETCHFIND_BUILD}
USER sketchfind
WORKDIR /data
VOLUME /data
EXPOSE 8000
# the start period covers the first build of a large catalogue
HEALTHCHECK --interval=15s --timeout=5s --start-period=30m \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["sh", "/opt/sketchfind/entrypoint.sh"]
