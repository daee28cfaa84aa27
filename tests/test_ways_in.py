"""How the course gets onto a machine: from its pins, on every Python that is promised."""

import os
import re
import subprocess
import sys
from importlib import metadata

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT
from tests.grading.attacks.folders import FOLDERS
from tests.grading.attacks.programs import PROGRAMS


def brought(name, extras, seen):
    """The names of all that a distribution brings, here; what PyTorch brings for a GPU it pins itself."""
    for requirement in map(Requirement, metadata.distribution(name).requires or ()):
        needed = re.sub(r"[-_.]+", "-", requirement.name).lower()
        wanted = any(requirement.marker is None or requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        if wanted and (needed, *requirement.extras) not in seen and not re.match("nvidia-|cuda-|triton$", needed):
            seen.add((needed, *requirement.extras))
            brought(needed, requirement.extras, seen)
    return {needed for needed, *_ in seen}


def test_whatever_the_course_brings_has_a_pin_and_every_pin_allows_python_3_11_0_to_3_14():
    lines = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M)
    pins = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lines}
    names = brought("vae-edu", ["dev", "cluster"], set())
    assert len(names) > 100 and not names - set(pins), "add a line to constraints.txt for each"
    for name in names:
        found = metadata.distribution(name)
        if found.version.split("+")[0] == pins[name]:
            allowed = SpecifierSet(found.metadata.get("Requires-Python") or "")
            assert all(version in allowed for version in ("3.11.0", "3.12.0", "3.13.0", "3.14.0")), f"{name} {allowed}"


def test_pins_are_sorted_and_exact():
    comment, *pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert comment.startswith("#") and pins == sorted(pins, key=str.lower)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins), "no address, no build of one machine"


def test_no_committed_file_names_an_index_or_a_folder_that_only_one_machine_has():
    named = r"file:/[/a-z]|(index|find)[-_](url|links)|//(localhost|[0-9.]+)(:[0-9]+)?/simple"
    found = subprocess.run(
        ["git", "grep", "-IniE", named, "--", ".", ":!tests/test_ways_in.py"], cwd=ROOT, capture_output=True, text=True
    )
    assert not found.stderr
    elsewhere = [line[:200] for line in found.stdout.splitlines() if "https://download.pytorch.org/whl/cpu" not in line]
    assert not elsewhere


def test_before_a_commit_the_same_is_said_as_by_make_lint_and_nothing_is_downloaded():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local" and {hook["language"] for hook in repository["hooks"]} == {"system"}
    lint = (ROOT / "Makefile").read_text().split("\nlint:")[1].split("\n\n")[0]
    assert lint.splitlines()[1:] == [f"\t{hook['entry']}" for hook in repository["hooks"]]


def test_a_run_without_bubblewrap_says_loudly_how_many_attacks_were_not_tried(tmp_path):
    run = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "1", "tests/grading/attacks/test_attacks.py"]
    done = subprocess.run(run, cwd=ROOT, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True)
    (line,) = [line for line in done.stdout.splitlines() if "bubblewrap" in line]
    attacks, others = map(int, re.search(r"(\d+) ATTACKS WERE NOT TRIED, nor (\d+) other tests", line).groups())
    assert attacks == len(PROGRAMS) + len(FOLDERS) and others and f"{attacks + others} skipped" in done.stdout
    assert "sudo apt install bubblewrap" in line or sys.platform != "linux"
