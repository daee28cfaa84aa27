"""Attacks and accidents that are files: each gets the folder with a right submission of ps1 and spoils it.

What is expected of each, beside it: the points of ps1.1 to ps1.4, or None where there can be no score, and a word of why.
"""

import base64
import gzip
import json
import os
import socket

ALL, FIRST_LOST = (4, 4, 4, 4), (0, 4, 4, 4)
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100)


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


def downloaded_page(folder, host):
    (folder / "ps1.ipynb").write_text("<!DOCTYPE html><html><title>Log in to the course</title></html>")


def merge_conflict(folder, host):
    text = (folder / "ps1.ipynb").read_text(encoding="utf-8")
    (folder / "ps1.ipynb").write_text(text.replace("\n", "\n<<<<<<< HEAD\n", 1), encoding="utf-8")


def compressed(folder, host):
    (folder / "ps1.ipynb").write_bytes(gzip.compress((folder / "ps1.ipynb").read_bytes()))


def called_like_its_folder(folder, host):
    """A Mac unpacks ps1.ipynb.zip into a folder of that name."""
    content = (folder / "ps1.ipynb").read_bytes()
    (folder / "ps1.ipynb").unlink()
    (folder / "ps1.ipynb").mkdir()
    (folder / "ps1.ipynb" / "ps1.ipynb").write_bytes(content)


def format_3(folder, host):
    edit(folder, lambda content: content.update(nbformat=3, worksheets=[{"cells": content.pop("cells")}]))


def sources_of_numbers(folder, host):
    edit(folder, lambda content: content["cells"][3].update(source=[1, 2, 3]))


def cells_twice(folder, host):
    text = (folder / "ps1.ipynb").read_text(encoding="utf-8").rstrip()
    (folder / "ps1.ipynb").write_text(text[:-1] + ', "cells": []}', encoding="utf-8")


def one_id_for_all(folder, host):
    edit(folder, lambda content: [cell.update(id="x") for cell in content["cells"]])


def ids_in_metadata(folder, host):
    """As a notebook service writes them."""

    def change(content):
        for cell in content["cells"]:
            cell["metadata"] = {"id": cell.pop("id"), "colab": {"base_uri": "https://localhost:8080/"}}
        content["nbformat_minor"] = 0

    edit(folder, change)


def strange_numbers(folder, host):
    text = (folder / "ps1.ipynb").read_text(encoding="utf-8")
    text = text.replace('"execution_count": null', '"execution_count": -1e999').replace(
        '"nbformat_minor": 5', '"nbformat_minor": NaN'
    )
    (folder / "ps1.ipynb").write_text(text, encoding="utf-8")


def a_number_of_a_million_digits(folder, host):
    text = (folder / "ps1.ipynb").read_text(encoding="utf-8")
    (folder / "ps1.ipynb").write_text(text.replace('"nbformat_minor": 5', '"nbformat_minor": ' + "9" * 10**6), encoding="utf-8")


def other_line_ends(folder, host):
    edit(folder, lambda content: [cell.update(source="".join(cell["source"]).replace("\n", "\r\n")) for cell in content["cells"]])


def null_bytes(folder, host):
    def change(content):
        content["cells"].append({**content["cells"][1], "id": "x", "source": "a = '\0'", "metadata": {}})
        cell_of(content, "ps1-5-answer").update(source="\0" * 100 + "0\x00" + "\x1b[2J")

    edit(folder, change)


def a_file_full_of_holes(folder, host):
    with open(folder / "data.bin", "wb") as file:
        file.truncate(2**40)


def folders_in_folders(folder, host):
    (folder / ("a/" * 500)).mkdir(parents=True)


def thousands_of_empty_folders(folder, host):
    for number in range(3000):
        (folder / f"f{number}").mkdir()


def open_socket(folder, host):
    at = os.getcwd()
    os.chdir(folder)  # its path may have 108 characters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("x.sock")
    os.chdir(at)


def names_of_files(folder, host):
    for name in (
        "-rf",
        " ",
        "a\nb.py",
        "\x1b[2J",
        "CON",
        "%2e%2e%2fx",
        "<img src=x onerror=SECRET-LOOT>",
        "x" * 250,
        "\u202egnp.yp",
    ):
        (folder / name).write_text("1")
    with open(os.fsencode(folder) + b"/\xff\xfe.py", "w"):
        pass


def pictures_in_the_answer(folder, host):
    def change(content):
        png, jpeg = (base64.b64encode(picture).decode() for picture in (PNG, JPEG))
        attachments = {"image.png": {"image/png": png}, "photo (1).jpg": {"image/jpeg": jpeg}}
        source = "See ![image.png](attachment:image.png) and ![](attachment:photo%20(1).jpg), not ![lost](attachment:lost.png)"
        cell_of(content, "ps1-5-answer").update(source=source, attachments=attachments)

    edit(folder, change)


def one_label_a_thousand_times(folder, host):
    """Each time, the page would hold the picture again."""

    def change(content):
        attachments = {"a": {"image/png": base64.b64encode(PNG + bytes(200_000)).decode()}}
        source = "![](attachment:a)\n\n[x]: attachment:a\n\n" + "![x] ![y][x]\n" * 900
        cell_of(content, "ps1-5-answer").update(source=source, attachments=attachments)

    edit(folder, change)


def entity_behind_a_backslash(folder, host):
    source = "[a](javascript&\\#58;LOOT) ![b](attachment&\\#58;c) ```mermaid\n<script>SECRET-LOOT</script>\n```"
    edit(folder, lambda content: cell_of(content, "ps1-5-answer").update(source=source))


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
    downloaded_page: (None, "not a notebook"), merge_conflict: (None, "not a notebook"), compressed: (None, "not UTF-8"),
    called_like_its_folder: (ALL, ""), format_3: (None, "not a notebook"), sources_of_numbers: (None, "not a notebook"),
    cells_twice: (None, "no cell of this problem set"), one_id_for_all: (ALL, ""), ids_in_metadata: (ALL, ""),
    strange_numbers: (ALL, ""), a_number_of_a_million_digits: (None, "not a notebook"), other_line_ends: (ALL, ""),
    null_bytes: (ALL, ""), a_file_full_of_holes: (None, "too large"), folders_in_folders: (None, "nested more than"),
    thousands_of_empty_folders: (None, "too large"), open_socket: (None, "no plain file"), names_of_files: (ALL, ""),
    pictures_in_the_answer: (ALL, ""), one_label_a_thousand_times: (ALL, ""), entity_behind_a_backslash: (ALL, ""),
}  # fmt: skip
