"""The command line: parses, calls the API, prints."""

from radnec.cli.app import main

__all__ = ["main"]
