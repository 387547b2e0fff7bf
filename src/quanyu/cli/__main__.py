"""``python -m quanyu.cli``."""

from quanyu.cli import main

main()
