"""Commands that make keys, and sign and verify model files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from radnec.cli.options import Existing
from radnec.cli.printing import FINDINGS
from radnec.errors import BundleSignatureError

#: Environment variable that holds the passphrase of the private key, so that it stands in no list of processes.
PASSPHRASE = "RADNEC_KEY_PASSPHRASE"  # noqa: S105  # its name


def keys(
    out: Annotated[Path, typer.Option(help="Private key to write, such as department.key; *.pub is written beside.")],
) -> None:
    """Make a pair of ed25519 keys to sign models with; the private one is readable by its owner alone.

    It is encrypted where the environment variable RADNEC_KEY_PASSPHRASE holds a passphrase.

    Example: radnec keys --out department.key
    """
    from radnec.bundle.signature import fingerprint, read_public_key
    from radnec.service.signing import make_keys

    private, public = make_keys(out, passphrase=os.environ.get(PASSPHRASE))
    typer.echo(f"Wrote {private}, which only the signer may have, and {public}, for everyone.")
    typer.echo(f"Fingerprint: {fingerprint(read_public_key(public))}")


def sign(
    model: Annotated[Path, Existing],
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Private key that radnec keys wrote.")],
) -> None:
    """Sign a model file; the signature is written beside it as text, model.radnec.sig.

    The passphrase of an encrypted key is read from the environment variable RADNEC_KEY_PASSPHRASE.

    Example: radnec sign model.radnec --key department.key
    """
    from radnec.service import signing

    typer.echo(f"Wrote {signing.sign(model, key, passphrase=os.environ.get(PASSPHRASE))}.")


def verify(
    model: Annotated[Path, Existing],
    public_key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Public key of who must have signed.")],
) -> None:
    """Check that a model file is the one that was signed by a key; nothing of the model is read.

    Exit code 1 when it is not signed, signed by another key, or changed; 2 when the key or a file cannot be read.

    Example: radnec verify model.radnec --public-key department.pub
    """
    from radnec.service import signing

    try:
        found = signing.verify(model, public_key)
    except BundleSignatureError as error:
        typer.echo(f"radnec: {error}", err=True)
        raise typer.Exit(FINDINGS) from None
    typer.echo(f"{model} is as it was signed by the key {found}.")
