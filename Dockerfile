# Build: docker build -t timestep .        Use: docker run --rm -v "$PWD:/work" timestep train pets
FROM rust:1.95-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked -p timestep

FROM debian:bookworm-slim
COPY --from=build /source/target/release/timestep /usr/local/bin/timestep
WORKDIR /work
ENTRYPOINT ["timestep"]
