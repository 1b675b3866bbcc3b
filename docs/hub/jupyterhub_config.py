"""JupyterHub on one machine, for the users of that machine. As root: jupyterhub --config jupyterhub_config.py

`docs/hosting.md` says how the machine is set up.
"""

import sys

c = get_config()  # noqa: F821

# Made by `adlab install --into` and `adlab install --system`; a toolchain that all users can read.
ADLAB = "/opt/adlab"
RUST = "/opt/rust"

# All users of the machine; name some with `allowed_users` instead. A user's server is a process of that user.
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.environment = {
    "JUPYTER_PATH": f"{ADLAB}/share/jupyter",
    "PATH": f"{RUST}/bin:/usr/local/bin:/usr/bin:/bin",
}

# The lessons, in the user's home. What is there stays, and the copy can be written to, whatever it is a copy of.
# The solutions are not among them.
LESSONS = f'mkdir -p "$HOME/notebooks" && cp -n --no-preserve=mode {ADLAB}/share/adlab/notebooks/*.ipynb "$HOME/notebooks" 2>/dev/null'
c.Spawner.cmd = ["sh", "-c", f'{LESSONS}; exec "$@"', "sh", sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"

c.Spawner.args = [
    # Sockets in a folder of the user's. Ports are open to all users of the machine, who could read what cells print.
    "--KernelManager.transport=ipc",
    # A kernel ends that has no work, nor a page that shows it, for half an hour; an hour later, so does its server.
    "--MappingKernelManager.cull_idle_timeout=1800",
    "--MappingKernelManager.cull_interval=300",
    "--ServerApp.shutdown_no_activity_timeout=3600",
]

# Cells keep within it, and leave room for kernel and server; `docs/hosting.md` has what a user needs.
c.Spawner.mem_limit = "1G"
