"""Every command and every piece of Python in README and docs/ does what it says.

All blocks of a page run one after the other, in one folder with small recordings under the names
that pages use and, for Python, in one namespace: what a page makes, the rest of the page has.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer.main
from eventvision_apps.cli.main import app
from ruamel.yaml import YAML
from snippets import Block, blocks_of
from typer.testing import CliRunner

from eventvision.core import cache_folder
from eventvision.io import convert, cut, open_source, open_writer
from eventvision.pipeline import RunConfig, replay

ROOT = Path(__file__).parents[2]
STREET = str(ROOT / "recordings" / "street.aedat4")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = typer.main.get_command(app)
NOT_HERE = {
    r"(daemon(?!.*--(check|schema|sample))|serve) ": "runs until it is told to stop",
    r"daemon --install": "writes into the system",
    r"gui\b": "opens a window",
    r".*\bcamera:": "needs a camera",
    r".*\b(tcp|udp)://": "needs a peer",
    r"cameras --install-udev(?! --dry-run)": "writes into the system",
    r"batch .*--ray": "needs a cluster",
    r"replay (?!.*--end).*(--sim|sim:)": "runs until it is stopped",
    r"compare digits-nano$": "compiles the simulated FPGA",
    r"(train|finetune) ": "learns for minutes to days",
}
"""Commands that are understood by the parser, but not run, and why."""
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    """A folder with a few moments of a recording, under the names that pages use."""
    folder = tmp_path_factory.mktemp("recordings")
    take = str(folder / "take.aedat4")
    parts = [str(folder / f"part{i}.aedat4") for i in range(2)]
    for part, start_s in zip(parts, (0.0, 1.4), strict=True):
        cut(STREET, part, start_s, start_s + 0.03)
    with open_source(STREET) as street, closing(open_writer(take, street.info.sensor)) as writer:
        for part in parts:
            with open_source(part) as source:
                for packet in source:
                    writer.write(packet)
    for name in ("recording", "in", "street", "broken", "FILE", "RECORDING", "recordings/street"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(take, folder / (name if name.isupper() else f"{name}.aedat4"))
    for name in (
        "recording.raw",
        "take.raw",
        "broken.raw",
        "session-1/a.dat",
        "recordings/b.raw",
        "more/c.raw",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        convert(take, str(folder / name))
    frames = folder / "frames"
    frames.mkdir()
    for number in range(4):
        grey = np.roll(np.arange(64 * 48, dtype=np.uint8).reshape(48, 64), number, axis=1)
        cv2.imwrite(str(frames / f"{number}.png"), grey)
    for film in ("film.mp4", "drive.mp4"):
        replay(RunConfig(source=take, end_s=0.03, tasks=("reconstruction",), video=folder / film))
    return folder


@pytest.fixture
def desk(recordings, tmp_path, monkeypatch) -> Path:
    """A copy of these, to work in; nothing is kept in the user's folders."""
    folder = tmp_path / "desk"
    shutil.copytree(recordings, folder)
    for name in ("models", "examples"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("mine", "my-model"):
        (folder / name).symlink_to(ROOT / "models" / "perception-nano")
    shutil.copy(ROOT / "apps" / "daemon" / "files" / "eventvision.yaml", folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("EVENTVISION_CACHE", str(cache_folder()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return folder


def blocks(page: str) -> list[Block]:
    return list(blocks_of(ROOT / page, ROOT))


@pytest.mark.timeout(1800)  # seconds on a machine with nothing else to do
@pytest.mark.parametrize("page", [name for name in NAMES if blocks(name)])
def test_what_a_page_shows_works(page, desk):
    namespace: dict[str, object] = {}
    problems = []
    for block in blocks(page):
        try:
            do(block, namespace, desk)
        except Exception as error:
            problems.append(f"{block.where}: {type(error).__name__}: {error}")
    assert not problems, "\n".join(problems)


def do(block: Block, namespace: dict[str, object], desk: Path) -> None:
    for command in block.commands:
        if block.is_synopsis:
            is_named_rightly(command)
        else:
            run(command, block)
    if block.language == "python":
        code = block.given + "\n" + block.text if block.treatment == "run" else imports(block.text)
        exec(compile(code, block.where, "exec"), namespace)
    elif block.language == "yaml":
        YAML(typ="safe").load(block.text)
        for name in ("run.yaml", "gate.yaml"):
            (desk / name).write_text(block.text)


def imports(text: str) -> str:
    """Return only what a piece of code imports, so that at least these names are there."""
    lines = ast.parse(text).body
    return "\n".join(ast.unparse(it) for it in lines if isinstance(it, ast.Import | ast.ImportFrom))


def run(command: str, block: Block) -> None:
    """Parse a command of eventvision, and run it if the page does not say why not."""
    words = shlex.split(command, comments=True)
    words = words[1:] if words[0] == "sudo" else words
    words = words[: words.index(">")] if ">" in words else words
    if words[0] == "python":
        find_module(words[2:], is_run=block.treatment == "run")
    else:
        understand(words[1:])
    here = not any(re.match(form, shlex.join(words[1:])) for form in NOT_HERE)
    if words[0] != "python" and block.treatment == "run" and here:
        outcome = CliRunner().invoke(app, words[1:])
        told = f"{command}\n{outcome.output}{outcome.exception!r}"
        assert outcome.exit_code == 0, told


def understand(words: list[str]) -> None:
    """Let the parser of a command read its words; nothing runs."""
    name, *rest = words
    if not name.startswith("-"):
        assert name in COMMANDS.commands, f"there is no command {name}"
        COMMANDS.commands[name].make_context(name, rest)


def is_named_rightly(command: str) -> None:
    """Of a command shown in general, check that it and its options exist."""
    program, name, *rest = command.split()
    if program == "python":
        find_module([*rest], is_run=False)
        return
    assert name in COMMANDS.commands, command
    known = {flag for option in COMMANDS.commands[name].params for flag in option.opts}
    assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", command)) <= known, command


def find_module(words: list[str], *, is_run: bool) -> None:
    """Run a module, or see that it is there."""
    if is_run:
        command = [sys.executable, "-m", *words]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        assert outcome.returncode == 0, f"{words}\n{outcome.stderr}"
    else:
        assert importlib.util.find_spec(words[0]) is not None, words[0]


@pytest.mark.parametrize("page", NAMES)
def test_commands_outside_of_fences_are_understood(page):
    text = (ROOT / page).read_text()
    for line in re.findall(r"^    (eventvision .*)$", text, re.MULTILINE):
        understand(shlex.split(line)[1:])
    for words in re.findall(r"^    python -m (\S.*)$", text, re.MULTILINE):
        find_module(words.split(), is_run=False)


def test_remarks_of_pages_are_well_formed():
    for name in NAMES:
        for remark in re.findall(r"<!--([\s\S]*?)-->", (ROOT / name).read_text()):
            well = r" (?:(?:parsed only|shown only|picture|keys): \S.*|given:\n[\s\S]+)\s"
            assert re.fullmatch(well, remark), f"{name}: {remark}"


def test_a_block_that_is_not_run_says_why():
    for name in NAMES:
        for block in blocks(name):
            assert block.treatment == "run" or len(block.reason.split()) > 1, block.where
