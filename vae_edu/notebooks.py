"""Run notebooks: lectures in place with their outputs stored, a student's notebook on the side to read its checks."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from .progress import NotebookError


def read(path: Path | str) -> NotebookNode:
    """The notebook at `path`, or a NotebookError that says what is wrong with the file."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise NotebookError(f"There is no notebook {path}.") from None
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise NotebookError(f"{path} is not a notebook that Jupyter could open ({reason}); take a fresh copy.") from None
    return notebook


def execute(notebook: NotebookNode, folder: Path, *, allow_errors: bool = False, timeout: int = 300) -> NotebookNode:
    """Run every cell in a fresh kernel that starts in `folder`; outputs are stored in the notebook itself."""
    client = NotebookClient(notebook, timeout=timeout, allow_errors=allow_errors, resources={"metadata": {"path": str(folder)}})
    try:
        with kernel_surroundings():
            return client.execute()
    except CellTimeoutError:
        raise NotebookError(f"A cell ran for more than {timeout} seconds: does a loop never end?") from None
    except DeadKernelError:
        raise NotebookError("The kernel died while a cell ran: out of memory, or a call of os._exit?") from None
    except NoSuchKernel as error:
        raise NotebookError(f"The notebook asks for a kernel that is not installed ({error.name}); choose Python 3.") from None
    except CellExecutionError as error:
        raise NotebookError(f"A cell failed with {error.ename}: {error.evalue}") from None


def refresh(path: Path) -> None:
    """Execute a lecture and store it: sorted, without timings, so that a second run changes no byte but the outputs."""
    notebook = execute(read(path), path.parent)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:  # a slider without its kernel is a broken one; its name is chance
                output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    partial = path.with_suffix(".partial")
    partial.write_text(nbformat.writes(notebook, version=4, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, path)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Printed text in one piece: where a kernel cuts it into messages is chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


@contextlib.contextmanager
def kernel_surroundings() -> Iterator[None]:
    """This Python's folder first on PATH (kernels and nbgrader's alembic are looked up there), and kernels kept quiet.

    What a kernel itself logs to the terminal goes nowhere; what a notebook prints, also on stderr, is in its messages.
    """
    path, terminal = os.environ.get("PATH", ""), os.dup(2)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.environ["PATH"] = path
