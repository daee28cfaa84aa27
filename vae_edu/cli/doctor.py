"""`vae-edu doctor`: try everything the course needs on this machine, and say what to do where something is missing."""

import importlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

PACKAGES = ("torch", "numpy", "scipy", "sklearn", "safetensors", "pooch", "matplotlib", "jupyterlab", "nbgrader", "nbclient")


@click.command()
def doctor() -> None:
    """Try everything the course needs on this machine."""
    failures = 0
    for what, works, found in examine():
        click.echo(f"{'!' if works is None else '✓' if works else '✗'} {what:<32} {found}")
        failures += works is False
    sys.exit(bool(failures))


def examine() -> Iterator[tuple[str, bool | None, str]]:
    """Yield (what was tried, did it work, what was found or what to do). None: it works, but there is something to know."""
    yield "Python 3.11 or later", sys.version_info >= (3, 11), sys.version.split()[0]
    for package in PACKAGES:
        yield _try(f"import {package}", lambda name=package: importlib.import_module(name).__version__)
    yield _try("PyTorch computes on", _device)
    yield _try("a kernel starts and answers", _kernel)
    found = shutil.which("alembic", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    yield "nbgrader finds alembic", bool(found), found or "missing: pip install alembic"
    yield _try("submissions can be isolated", _sandbox)
    yield "who would grade", *_who()
    yield _try("the references are whole", _references)
    yield _try("the data sets at hand", _data)
    yield _try("a temporary file can be written", _disk)


def _try(what: str, attempt: Callable[[], str]) -> tuple[str, bool, str]:
    try:
        return what, True, attempt()
    except Exception as error:
        said = (str(error).splitlines() or [""])[0]
        ours = type(error).__module__.startswith("vae_edu.")
        return what, False, said if ours else f"{type(error).__name__}: {said}; reinstall with: make setup"


def _device() -> str:
    import torch

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else f"the CPU, {torch.get_num_threads()} threads"
    return f"{name} ({(torch.ones(2, 2) @ torch.ones(2, 2)).sum().item():g} = 8)"


def _kernel() -> str:
    import nbformat

    from ..notebooks import execute

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])
    return execute(notebook, Path.cwd(), timeout=60).cells[0].outputs[0].data["text/plain"]


def _sandbox() -> str:
    """Start a sandbox and try to leave it: what is there outside, what it may write, whom it may call."""
    from ..grading.sandbox import Sandbox

    with tempfile.NamedTemporaryFile() as secret, socket.create_server(("127.0.0.1", 0)) as server, Sandbox() as sandbox:
        attempts = {
            "read a file of this machine": f"open({secret.name!r})",
            "change the library": "import vae_edu; open(vae_edu.__file__, 'a')",
            "reach the network": f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 1)",
            "change a setting of the kernel": "open('/proc/sys/kernel/core_pattern', 'r+')",
            "change a device": "import os; os.chmod('/dev/null', 0o666)",
            "see who keeps it": "import os; os.listdir('/proc/1')",
        }
        submission = sandbox.submission({})
        alive = submission.ask({"do": "cell", "source": "6 * 7", "seconds": 10}, 20)["outputs"]
        if "42" not in str(alive):
            raise RuntimeError("a cell does not run in it")
        for what, source in attempts.items():
            outputs = submission.ask({"do": "cell", "source": source, "seconds": 10}, 20)["outputs"]
            if not any(output["output_type"] == "error" for output in outputs):
                raise RuntimeError(f"a submission could {what}: do not grade on this machine")
        submission.close()
    return f"{shutil.which('bwrap')}; could not {', '.join(attempts)}"


def _who() -> tuple[bool | None, str]:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return None, (
            "you are root: a submission that breaks out of its sandbox would be root too; grade as an ordinary user where you can"
        )
    return True, "an ordinary user"


def _references() -> str:
    from .. import reference

    for name in reference.names():
        reference.verify(name)
    return ", ".join(reference.names())


def _data() -> str:
    from .. import data

    missing = [name for name in data.names() if not data.at_hand(name)]
    return ", ".join(filter(data.at_hand, data.names())) + (f" (not at hand: {', '.join(missing)})" if missing else "")


def _disk() -> str:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x" * 1_000_000)
    return f"{shutil.disk_usage(tempfile.gettempdir()).free / 1e9:.1f} GB free"
