"""Attacks and accidents that are files: each gets the folder with a right submission of ps1 and spoils it.

What is expected of each, beside it: the points of ps1.1 to ps1.4, or None where there can be no score, and a word of why.
"""

import json
import os

ALL, FIRST_LOST = (4, 4, 4, 4), (0, 4, 4, 4)


def edit(folder, change, name="ps1.ipynb"):
    path = folder / "ps1.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.unlink()
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def cell_of(content, grade_id):
    return next(cell for cell in content["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def marks(content):
    return [cell["metadata"]["nbgrader"] for cell in content["cells"] if "nbgrader" in cell["metadata"]]


def linked_notebook(folder, host):
    (folder / "ps1.ipynb").unlink()
    (folder / "ps1.ipynb").symlink_to(host / "home" / "solutions" / "ps1" / "ps1.ipynb")


def linked_file(folder, host):
    (folder / "notes.txt").symlink_to(host / "secret.txt")


def linked_folder(folder, host):
    (folder / "data").symlink_to(host / "home")


def pipe(folder, host):
    os.mkfifo(folder / "data.bin")


def schema_99(folder, host):
    edit(folder, lambda content: [mark.update(schema_version=99) for mark in marks(content)])


def schema_1(folder, host):
    edit(folder, lambda content: [mark.update(schema_version=1) for mark in marks(content)])


def not_json(folder, host):
    (folder / "ps1.ipynb").write_text('{"cells": [')


def not_utf8(folder, host):
    (folder / "ps1.ipynb").write_bytes((folder / "ps1.ipynb").read_bytes().replace(b"kl_discrete", b"kl_\xff\xfe"))


def empty(folder, host):
    (folder / "ps1.ipynb").unlink()


def nested(folder, host):
    (folder / "ps1.ipynb").write_text('{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}")


def no_cells(folder, host):
    (folder / "ps1.ipynb").write_text('{"cells": {"a": 1}, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')


def huge(folder, host):
    (folder / "ps1.ipynb").write_text(" " * (21 * 2**20))


def many_cells(folder, host):
    def change(content):
        content["cells"] += [{**content["cells"][1], "id": f"x{n}", "source": "1", "metadata": {}} for n in range(10_000)]

    edit(folder, change)


def another_set(folder, host):
    def change(content):
        for number, cell in enumerate(content["cells"]):
            cell["metadata"], cell["id"] = {}, f"x{number}"

    edit(folder, change)


def two_notebooks(folder, host):
    edit(folder, lambda content: None, name="copy.ipynb")
    (folder / "other.ipynb").write_bytes((folder / "copy.ipynb").read_bytes())


def format_99(folder, host):
    edit(folder, lambda content: content.update(nbformat=99))


def wrong_name(folder, host):
    edit(folder, lambda content: None, name="PS1 (1) final.ipynb")


def bad_timestamp(folder, host):
    (folder / "timestamp.txt").write_text("yesterday, I swear")


def documented_timestamp(folder, host):
    (folder / "timestamp.txt").write_text("2026-01-30-20-30-10")


def wiped_metadata(folder, host):
    edit(folder, lambda content: [cell.update(metadata={}) for cell in content["cells"]])


def deleted_test(folder, host):
    edit(folder, lambda content: content["cells"].remove(cell_of(content, "ps1-2-grade")))


def copied_cells(folder, host):
    edit(folder, lambda content: content["cells"].extend([dict(cell) for cell in content["cells"][2:6]]))


def points_forged(folder, host):
    edit(folder, lambda content: [mark.update(points=400) for mark in marks(content)])


def test_edited(folder, host):
    def change(content):
        cell_of(content, "ps1-1-kl_discrete")["source"] = "def kl_discrete(q, p): return q.sum(-1)"
        cell_of(content, "ps1-1-grade").update(source="4.0")
        cell_of(content, "ps1-1-grade")["metadata"]["nbgrader"].update(locked=False, checksum="0" * 32)

    edit(folder, change)


def test_is_text(folder, host):
    def change(content):
        cell = cell_of(content, "ps1-2-grade")
        cell.update(cell_type="markdown")
        cell.pop("outputs"), cell.pop("execution_count")

    edit(folder, change)


def test_is_a_solution(folder, host):
    edit(folder, lambda content: cell_of(content, "ps1-2-grade")["metadata"]["nbgrader"].update(solution=True, grade=False))


def own_test(folder, host):
    """A test cell of one's own would run where the tests run."""

    def change(content):
        test = json.loads(json.dumps(cell_of(content, "ps1-1-grade")))
        test.update(id="mine", source=f"open({str(host / 'pwned')!r}, 'w')\n4.0")
        test["metadata"]["nbgrader"]["grade_id"] = "ps1-9-grade"
        content["cells"].append(test)

    edit(folder, change)


def other_kernel(folder, host):
    kernel = {"name": "evil", "display_name": "evil", "language": "bash"}
    edit(folder, lambda content: content["metadata"].update(kernelspec=kernel))


def own_torch(folder, host):
    (folder / "torch.py").write_text("raise SystemExit('SECRET-LOOT')")
    (folder / "ipykernel_launcher.py").write_text("raise SystemExit('SECRET-LOOT')")
    (folder / "sitecustomize.py").write_text("raise SystemExit('SECRET-LOOT')")


def script_in_text(folder, host):
    def change(content):
        cell_of(content, "ps1-5-answer")["source"] = "<script>SECRET-LOOT</script><img src=x onerror='SECRET-LOOT'>"

    edit(folder, change)


def links_that_run(folder, host):
    def change(content):
        cell_of(content, "ps1-5-answer")["source"] = (
            "[a](javascript:LOOT) [b](java\\script\\:LOOT) [c](javascript&colon;LOOT) [d][q]\n\n[q]: javascript:LOOT\n\n"
            '<p><a title="x\n\n[e](onmouseover=LOOT//)\n\n">hello</a></p>\n\nand where $q<p$, $$a &= b$$'
        )

    edit(folder, change)


def half_a_surrogate(folder, host):
    edit(folder, lambda content: cell_of(content, "ps1-5-answer").update(source="\ud800"))


def no_cell_type(folder, host):
    edit(folder, lambda content: content["cells"][3].pop("cell_type"))


def no_source(folder, host):
    edit(folder, lambda content: content["cells"][3].pop("source"))


def strange_file_name(folder, host):
    os.symlink("/etc/passwd", os.fsencode(folder) + b"/\xff")


def end_of_time(folder, host):
    (folder / "timestamp.txt").write_text("9999-12-31 23:59:59 -14:00")


def endless_line(folder, host):
    edit(folder, lambda content: cell_of(content, "ps1-2-kl_normal").update(source="a." * 20_000))


def outputs_forged(folder, host):
    forged = {"output_type": "execute_result", "data": {"text/plain": "4.0"}, "metadata": {}, "execution_count": 1}

    def change(content):
        cell_of(content, "ps1-1-kl_discrete")["source"] = "def kl_discrete(q, p): return q.sum(-1)"
        cell_of(content, "ps1-1-grade")["outputs"] = [forged]

    edit(folder, change)


def hidden_files(folder, host):
    (folder / ".DS_Store").write_bytes(b"\x00" * 100)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "ps1-checkpoint.ipynb").write_text("old")


FOLDERS = {
    linked_notebook: (None, "link"), linked_file: (None, "link"), linked_folder: (None, "link"), pipe: (None, "no plain file"),
    not_json: (None, "not a notebook"), not_utf8: (None, "not UTF-8"), empty: (None, "there is no ps1.ipynb"),
    nested: (None, "nested too deeply"), no_cells: (None, "not a notebook"), huge: (None, "larger than"),
    many_cells: (None, "cells; at most"), another_set: (None, "another one's notebook"), two_notebooks: (None, "2 others"),
    format_99: (None, "not a notebook"), wrong_name: (ALL, ""), schema_99: (ALL, ""), schema_1: (ALL, ""),
    bad_timestamp: (ALL, ""), documented_timestamp: (ALL, ""), wiped_metadata: (ALL, ""), deleted_test: (ALL, ""),
    copied_cells: (ALL, ""), points_forged: (ALL, ""), test_edited: (FIRST_LOST, ""), test_is_text: (ALL, ""),
    test_is_a_solution: (ALL, ""), own_test: (ALL, ""), other_kernel: (ALL, ""), own_torch: (ALL, ""),
    script_in_text: (ALL, ""), outputs_forged: (FIRST_LOST, ""),
    links_that_run: (ALL, ""), half_a_surrogate: (ALL, ""), no_cell_type: (ALL, ""),
    no_source: (None, "not a notebook"), strange_file_name: (None, "is a link"), end_of_time: (ALL, ""),
    endless_line: (None, "a line of more than"), hidden_files: (ALL, ""),
}  # fmt: skip
