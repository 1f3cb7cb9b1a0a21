"""The same cluster and stand as test/engine."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "engine"))

from engine_fixtures import *  # noqa: E402, F403
