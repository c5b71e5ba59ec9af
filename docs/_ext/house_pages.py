"""Pages of the site that are made from the project's own files, anew in every build."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.cli import get_docs_for_click
from typer.main import get_command

from radnec.cli.app import app as command_line
from radnec.imaging.findings import FINDINGS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
GENERATED = DOCS / "generated"
#: Where notebooks lie that were run, if they were; those of the repository hold no results.
NOTEBOOKS = Path(os.environ.get("RADNEC_DOCS_NOTEBOOKS", ROOT / "notebooks"))

#: Pages that live elsewhere in the repository, by their place in the site.
COPIED = {
    "data_schema.md": "data_schema",
    "CHANGELOG.md": "changelog",
    "SECURITY.md": "security",
    "CONTRIBUTING.md": "contributing",
    "benchmarks/README.md": "benchmarks",
}
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def with_links_in_the_site(text: str, page: Path) -> str:
    """Return the text of a page with its links to other files of the repository led to their pages in the site."""

    def there(link: re.Match[str]) -> str:
        target = (page.parent / link[1]).resolve()
        if not target.is_relative_to(ROOT):
            return link[0]
        name = target.relative_to(ROOT).as_posix()
        if name in COPIED:
            return f"](/generated/{COPIED[name]}.md{link[2] or ''})"
        if name.startswith("notebooks/"):
            return f"](/generated/notebooks/{target.stem}.ipynb)"
        if name.startswith("docs/"):
            return f"](/{name.removeprefix('docs/')}{link[2] or ''})"
        return link[0]

    return LINK.sub(there, text)


def command_line_page() -> str:
    """Return the reference of the command line, from the commands themselves."""
    command = get_command(command_line)
    context = command.make_context("radnec", [], resilient_parsing=True)
    text = get_docs_for_click(obj=command, ctx=context, name="radnec")
    # The lists of commands cut their sentences short; the headings that follow list them as well.
    text = re.sub(r"\*\*Commands\*\*:\n\n(\* .*\n)+", "", text)
    text = re.sub(r"^(#+) `(.*)`$", r"\1 \2", text, flags=re.MULTILINE)
    return text.replace("# radnec\n", "# Command line\n", 1)


def checks_page() -> str:
    """Return the table of what ``radnec check`` can find."""
    lines = [
        "# Checks of images and masks",
        "",
        "What `radnec.check` (`radnec check cohort.csv`) can find. `mute` leaves a code out; exit code 1 says that a",
        "finding of severity error is there.",
        "",
        "| code | severity | what | why it matters | what to do |",
        "|---|---|---|---|---|",
    ]
    for finding in FINDINGS.values():
        cells = {name: str(value).replace("|", "\\|") for name, value in asdict(finding).items()}
        lines.append("| {code} | {severity} | {name} | {explanation} | {fix} |".format(**cells))
    return "\n".join(lines) + "\n"


def write_pages(*_: Any) -> None:
    """Write all generated pages, and leave alone those that have not changed."""
    for source, name in COPIED.items():
        page = ROOT / source
        _write(GENERATED / f"{name}.md", with_links_in_the_site(page.read_text(encoding="utf-8"), page))
    _write(GENERATED / "command_line.md", command_line_page())
    _write(GENERATED / "checks.md", checks_page())
    (GENERATED / "notebooks").mkdir(exist_ok=True)
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        shutil.copy2(notebook, GENERATED / "notebooks")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _lead_links(_: Sphinx, name: str, content: list[str]) -> None:
    page = DOCS / f"{name}.md"
    if page.exists() and not name.startswith("generated/"):
        content[0] = with_links_in_the_site(content[0], page)


def _without_the_refusal(*event: Any) -> tuple[str, str | None] | None:
    """Leave out the parameter by which settings refuse values without a name."""
    *_, signature, result = event
    return (signature.replace("*nameless, ", "*, "), result) if signature else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the pages before the sources are read."""
    app.connect("config-inited", write_pages)
    app.connect("source-read", _lead_links)
    app.connect("autodoc-process-signature", _without_the_refusal)
    return {"parallel_read_safe": True}
