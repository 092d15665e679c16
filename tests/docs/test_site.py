"""The documents build without a warning, ask nothing of the web, and show commands and settings as they are."""

import os
import re
import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_pages_load_nothing_from_elsewhere(built):
    loaded = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=\"?((?:https?:)?//[^\"\s>]+)")
    found = {address for page in built.rglob("*.html") for address in loaded.findall(page.read_text())}
    assert found == set()


def test_reference_has_the_commands_help_the_settings_and_the_docstrings(built):
    read = {name: (built / f"reference/{name}.html").read_text() for name in ("command-line", "settings", "library")}
    assert "Show the run in outputs/ and reports/" in read["command-line"]
    assert "min_inliers" in read["settings"]
    assert 'id="lesionflow.evaluate.conformal"' in read["library"]
