# sallyport in a container. It listens on all addresses of the container, so it refuses to start without tokens:
# mount a file with `tokens:` and name it in SALLYPORT_AUTH (docs/deployment.md). All that it writes is in /data;
# the rest of the file system may be read-only.

# Node 24 LTS. A tag can be moved: for a build that can be repeated, pin the digest that you reviewed:
#   docker build --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:<64 hex digits> -t sallyport .
ARG NODE_IMAGE=node:24-bookworm-slim

# The compiler and its dependencies stay behind in this stage. Install scripts run in none.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE_IMAGE} AS runtime
ENV NODE_ENV=production
ENV SALLYPORT_HOST=0.0.0.0
ENV SALLYPORT_DATA=/data
ENV SALLYPORT_ALLOWLISTS=/app/allowlists
RUN mkdir -m 0700 /data && chown 1000:1000 /data
WORKDIR /app
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY trust ./trust
COPY allowlists ./allowlists
# The base image's user `node`, by number so that a host can tell that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 4880
STOPSIGNAL SIGTERM
# With TLS of its own, or on another port, give the container a health check of its own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4880/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
