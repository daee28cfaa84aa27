import shlex
import subprocess
import sys

import nbformat
import pytest
from click.testing import CliRunner

from tests.conftest import ROOT
from vae_edu import data, reference
from vae_edu.cli import main
from vae_edu.grading.demo import mistaken


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_help_lists_the_commands_and_answers_without_torch():
    code = "import sys, vae_edu.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("train", "evaluate", "check", "grade", "data", "reference", "doctor"):
        assert command in done.stdout


def test_check_runs_a_students_notebook(tmp_path):
    notebook = nbformat.read(ROOT / "assignments" / "ps1" / "ps1.ipynb", 4)
    for cell in notebook.cells:
        if cell.id == "ps1-2-kl_normal":
            cell.source = mistaken("kl_normal", "half_missing")
    path = tmp_path / "my ps1.ipynb"
    nbformat.write(notebook, path)
    done = run("check", path)
    assert done.exit_code == 0, done.output
    assert "Is the ½ in front of the sum missing?" in done.output and "0 of 4 exercises pass" in done.output
    assert nbformat.read(path, 4) == notebook, "the student's file is left alone"


def small(path, *sources):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]), path)


def test_check_takes_a_folder_and_several_notebooks_and_goes_on_after_a_broken_one(tmp_path):
    answer = "def kl_monte_carlo(log_q, log_p):\n    return (log_q - log_p).mean(0)"
    call = 'check("kl_monte_carlo", kl_monte_carlo)'
    small(tmp_path / "course" / "ps1" / "ps1.ipynb", "from vae_edu.checks import check", answer, call)
    small(tmp_path / "course" / "ps1" / ".ipynb_checkpoints" / "ps1-checkpoint.ipynb", call)
    small(tmp_path / "course" / "a lecture.ipynb", "print('no check')")
    small(tmp_path / "wrong.ipynb", "from vae_edu.checks import check", answer.replace("mean", "sum"), call)
    (tmp_path / "broken.ipynb").write_text("{")
    done = run("check", tmp_path / "course", tmp_path / "broken.ipynb", tmp_path / "wrong.ipynb")
    assert "ps1.ipynb: 1 of 1 exercises pass every row." in done.output and "wrong.ipynb: 0 of 1" in done.output
    assert "1 of 2 exercises in 2 notebooks pass every row." in done.output and "is not a notebook" in done.output
    assert done.exit_code == 1 and "1 of 3 notebooks could not be run" in done.output
    (tmp_path / "nothing").mkdir()
    assert "holds no notebook with check cells" in run("check", tmp_path / "nothing").output


def test_output_that_nobody_reads_to_its_end_is_no_error():
    listing = f"{shlex.quote(sys.executable)} -m vae_edu.cli reference list"
    done = subprocess.run(f"{listing} | true", shell=True, executable="/bin/bash", capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "nowhere.ipynb"], "There is no notebook nowhere.ipynb"),
        (["evaluate", "vae-mnits"], "There is no reference called 'vae-mnits'"),
        (["grade", "ps1", "--course", "/"], "is not a course folder"),
        (["data", "mnits"], "There is no data set called 'mnits'"),
        (["reference", "train"], "name some of vae-mnist"),
        (["reference", "train", "vae-x"], "unknown: vae-x"),
        (["reference", "train", "--grid", "epitomik"], "'epitomik' is not one of 'epitomic', 'vampprior'"),
        (["reference", "train", "--grid", "epitomic", "vae-mnist"], "give them without names"),
        (["reference", "train", "--all", "vae-mnist"], "give them without names"),
        (["reference", "train", "vae-mnist", "--archive", "x.zip"], "goes with --all or --grid"),
        (["reference", "train", "--grid", "epitomic", "--processes", "0"], "0 is not in the range"),
        (["train", "--epochs", "0"], "0 is not in the range"),
        (["train", "--data", "mnits"], "There is no data set"),
    ],
)
def test_a_slip_is_one_sentence_without_a_traceback(arguments, said):
    done = run(*arguments)
    assert done.exit_code != 0 and said in done.output
    assert "Traceback" not in done.output and not (done.exception and not isinstance(done.exception, SystemExit))


def test_train_writes_a_run_and_says_where(tmp_path):
    done = run("train", "--epochs", 3, "--hidden", 16, "--latent-dim", 2, "--out", tmp_path / "lauf 1")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "lauf 1").iterdir()} == {"checkpoint.pt", "history.json", "samples.png"}


def test_data_says_what_is_at_hand_and_how_to_get_the_rest(monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    monkeypatch.setattr(data, "cache_folder", lambda: tmp_path)
    done = run("data")
    assert "✓ digits" in done.output and "fetch it with: vae-edu data mnist" in done.output


def test_references_are_listed_and_verified():
    assert run("reference", "verify").output.split() == [part for name in reference.names() for part in ("✓", name)]
    assert "published -84.5" in run("reference", "list").output
    assert "| `vae-mnist` |" in run("reference", "table").output


def test_the_doctor_finds_this_machine_well():
    done = run("doctor")
    assert done.exit_code == 0 and "✗" not in done.output, done.output
