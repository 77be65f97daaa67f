"""Charts of a batch; each takes a batch, or shares, and draws on axes or makes figures and files.

What is named here is loaded when it is first used: matplotlib is not needed to know which charts
are there.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
