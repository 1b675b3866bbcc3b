# An image for JupyterHub on Kubernetes (docs/hub/values.yaml), and for any container engine:
#   docker build -t adlab . && docker run -p 8888:8888 adlab jupyter lab --ip 0.0.0.0
# All of it is in /opt/adlab: a volume over the user's home hides nothing. Both stages are of one Debian, so of one glibc.

FROM rust:1.95-slim-bookworm AS build
RUN rustup component add rust-src
# The compiler that cells are compiled with, without what only rustup needs.
RUN mkdir -p /opt/adlab && cp -r "$(rustc --print sysroot)" /opt/adlab/rust
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p adlab-kernel
RUN target/release/adlab install --into /opt/adlab

FROM python:3.13-slim-bookworm
# The linker.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
# Python's environment and the kernel's installation are one folder: Jupyter finds the kernel in its share/jupyter/kernels.
RUN python3 -m venv /opt/adlab
COPY scripts/requirements.txt /opt/adlab/share/
RUN /opt/adlab/bin/pip install --no-cache-dir -r /opt/adlab/share/requirements.txt jupyterhub==6.1.1
COPY --from=build /opt/adlab /opt/adlab
ENV PATH=/opt/adlab/bin:/opt/adlab/rust/bin:/usr/local/bin:/usr/bin:/bin
# The warm build, once for all who use the image.
RUN CARGO_HOME=/tmp/cargo /opt/adlab/bin/adlab install --system && rm -rf /tmp/cargo
RUN useradd --create-home --uid 1000 jovyan
USER 1000
WORKDIR /home/jovyan
EXPOSE 8888
CMD ["jupyterhub-singleuser"]
