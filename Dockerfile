# Build with the compiler and all, ship with neither: production dependencies, compiled code, migrations.
# node:26 is the current LTS line; slim, because nothing but Node is needed at run time.
#
# A tag can be moved. What is to be built again exactly as it was tried names its digest, which
# `docker buildx imagetools inspect node:26-slim` tells:
#   docker build --build-arg NODE_IMAGE=node:26-slim@sha256:… .
ARG NODE_IMAGE=node:26-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The embedded Postgres is an optional dependency: in a container the database is another container.
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="rtc-receiver" \
      org.opencontainers.image.description="Receives the callbacks of Huawei Cloud VoiceCall and stores them in Postgres" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    DATA_DIR=/data \
    SHUTDOWN_DELAY_MS=5000
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY migrations ./migrations
RUN mkdir -m 0700 /data && chown node:node /data
# The spool: what was answered 200 while Postgres was away stands here. Without a volume it dies with the container.
VOLUME /data
USER node
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.ADMIN_PORT || 3001) + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm between: SIGTERM reaches Node.
CMD ["node", "dist/main.js"]
