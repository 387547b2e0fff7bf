"""The files of the demo's territories and the generator of what no open source has; README.md names the sources."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
