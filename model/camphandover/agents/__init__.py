"""The model as Mesa knows it: `NorthernMali`, its commanders, and views on its tables."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
