"""Fixtures are in engine_fixtures.py, which test/differential uses too."""
from engine_fixtures import *  # noqa: F401, F403
