"""Gives every HTML page the same frame: escaping, style, script, figures as data, a policy that lets nothing out."""

from __future__ import annotations

import base64
import hashlib
import io
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import jinja2
    from matplotlib.figure import Figure

_HOME = "radnec.evaluation"


class Picture(NamedTuple):
    """A figure as a data URI.

    Parameters
    ----------
    uri : str
        The picture.
    caption : str
        What it shows.
    alt : str
        Its text for those who cannot see it.
    file : str
        What the file is called that a reader saves it as.
    """

    uri: str
    caption: str
    alt: str
    file: str


def environment(package: str = _HOME) -> jinja2.Environment:
    """Return the environment of a package's templates, to which the shared ones belong.

    Parameters
    ----------
    package : str
        Package with a folder ``templates``. Its templates extend ``page.html``, and import ``parts.html``.

    Returns
    -------
    jinja2.Environment
        Everything is escaped; a name that is not given is an error.

    Examples
    --------
    >>> environment().from_string("{{ name }}").render(name="<b>")
    '&lt;b&gt;'
    """
    import jinja2

    loaders = [jinja2.PackageLoader(name) for name in dict.fromkeys((package, _HOME))]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    script = _script()
    made.globals |= {"script": script, "policy": _policy(script)}
    return made


def svg_uri(figure: Figure) -> str:
    """Return a figure as SVG in a data URI, the same each time."""
    import matplotlib as mpl

    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # The salt makes the file the same each time; without it, ids inside are random.
    with mpl.rc_context({"svg.hashsalt": "radnec"}):
        return _uri(figure, "svg", "svg+xml", transparent=True, metadata=nothing)


def png_uri(figure: Figure, *, dpi: int) -> str:
    """Return a figure as PNG in a data URI, the same each time."""
    return _uri(figure, "png", "png", dpi=dpi, metadata={"Software": None})


def _uri(figure: Figure, kind: str, mime: str, **options: object) -> str:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a $ in a name of the user's begins no formula
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, **options)  # type: ignore[arg-type]
    return f"data:image/{mime};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


@cache
def _script() -> str:
    return resources.files(_HOME).joinpath("templates", "page.js").read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Return a policy under which only the page's own script runs, and nothing is fetched."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    allowed = f"img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
