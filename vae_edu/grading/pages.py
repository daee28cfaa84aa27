"""Turn one graded notebook after the other into a feedback page, in a sandbox: text from outside can be slow, or worse.

A page is one file that loads nothing: pictures are in it, formulas are MathML, and there is no script.
"""

import ctypes
import html
import json
import re
import resource
import signal
import socket
import sys
from pathlib import Path
from xml.etree.ElementTree import tostring

import nbformat
import numpy as np
from jinja2 import pass_context
from latex2mathml.converter import Converter
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from .wire import WireError, receive, send

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
MEMORY = 3 * 2**30
PR_SET_PDEATHSIG = 1


class Renderer(IPythonRenderer):
    """Markdown as nbconvert renders it, with formulas as MathML; one that cannot be read stays as it was written.

    A link that is not one to the web is its words alone: a page does not lie where the notebook lay, beside the course's files.
    """

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, url, title) if re.match("#|https?:|mailto:", url, re.IGNORECASE) else text

    def inline_math(self, body: str) -> str:
        return formula(body, "inline") or super().inline_math(body)

    def block_math(self, body: str) -> str:
        return formula(body, "block") or super().block_math(body)

    def latex_environment(self, name: str, body: str) -> str:
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block") or super().latex_environment(name, body)


def formula(latex: str, display: str) -> str:
    """The formula as MathML, "" where it cannot be read. Its letters are escaped: a formula is a student's text."""
    try:
        tree = Converter(display=display).convert_to_element(latex)
    except Exception:
        return ""
    for element in tree.iter():
        element.text = element.text and html.unescape(element.text)  # the library writes its symbols as entities
        for name in ("href", "style", "class", "id"):  # what commands like \href would do to the page
            element.attrib.pop(name, None)
    return tostring(tree, encoding="unicode")


@pass_context
def markdown(context, source: str) -> str:
    """A cell's Markdown as HTML with MathML; the formgrader's pages use it too (see nbgrader_config.py)."""
    attachments = context.get("cell", {}).get("attachments", {})
    return MarkdownWithMath(renderer=Renderer(escape=False, attachments=attachments)).render(source)


class Page(HTMLExporter):
    """nbgrader's page, closed: nothing is loaded, nothing runs."""

    def from_notebook_node(self, nb, resources=None, **kw):
        page, resources = super().from_notebook_node(nb, resources, **kw)
        page = re.sub(r"(?s)<script\b.*?</script>", "", page)  # the template's own: what is a student's is escaped
        head, tag, rest = page.partition("<head>")
        return f'{head}{tag}\n<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>{rest}', resources


def exporter() -> Page:
    import nbgrader

    formgrader = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
    config = Config()
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.filters = {"markdown2html": markdown}
    config.HTMLExporter.extra_template_basedirs = [str(formgrader / "templates")]
    config.HTMLExporter.extra_template_paths = [str(formgrader / "static/node_modules/bootstrap/dist/css")]
    config.HTMLExporter.preprocessors = ["nbconvert.preprocessors.CSSHTMLHeaderPreprocessor"]
    return Page(config=config)


def main(descriptor: int) -> None:
    """Answer requests with pages, or with the kind of what went wrong. A request says how many seconds of processor time."""
    connection = socket.socket(fileno=descriptor)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _late)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # it may be busy when the grader dies
    pages = exporter()
    about = {"score": 0, "max_score": 0, "late_penalty": 0, "notebook": ""}
    pages.from_notebook_node(nbformat.v4.new_notebook(), {"nbgrader": about})  # compiles the templates
    connection.recv(1)  # of no use here: see `sandbox.Process`
    send(connection, {"ready": True})
    while True:
        request = receive(connection)
        signal.setitimer(signal.ITIMER_PROF, request["seconds"])
        try:
            notebook = nbformat.from_dict(json.loads(request["notebook"].tobytes()))
            page, _ = pages.from_notebook_node(notebook, {"nbgrader": request["about"]})
            reply = {"page": np.frombuffer(page.encode("utf-8", "replace"), np.uint8)}
        except Exception as error:
            reply = {"problem": type(error).__name__}
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        send(connection, reply)


def _late(signum, frame):
    raise TimeoutError


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except (WireError, KeyboardInterrupt):
        sys.exit()  # the grader is gone
