"""The notebooks run from top to bottom on small batches, and are kept without output."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

BOOKS = sorted((Path(__file__).parents[1] / "runs").glob("*.ipynb"))
FEW = {"RUNS = 100": "RUNS = 12", "RUNS = 60": "RUNS = 12", "runs=20": "runs=3"}


def test_both_are_there():
    assert [book.stem for book in BOOKS] == ["compare_outcomes", "write_your_own"]


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_kept_without_output(book):
    for cell in nbformat.read(book, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_runs_from_top_to_bottom(book, tmp_path):
    notebook = nbformat.read(book, as_version=4)
    for cell in notebook.cells:
        for many, few in FEW.items():
            cell.source = cell.source.replace(many, few)
    library = Path(__file__).parents[1] / "scenarios"
    shutil.copytree(library, tmp_path / "scenarios")
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert not [out for out in outputs if out.output_type == "error"]
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    tables = [out for out in outputs if "text/html" in out.get("data", {})]
    assert len(pictures) >= 2
    assert len(tables) >= 3
    assert len(list(tmp_path.glob("notebook-*/manifest.json"))) >= 1
