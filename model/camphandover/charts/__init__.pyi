# mypy: ignore-errors
# ruff: noqa: F403
# The charts of all files; what else they name is not of `ch.plots`, and may have one name in two.
from .control import *
from .discovery import *
from .falls import *
from .forests import *
from .horizons import *
from .maps import *
from .patterns import *
from .scores import *
from .series import *
