"""The facts of northern Mali on 1 August 2023 and after, shipped as package data.

`load()` reads the files of this folder and returns one frozen `Theatre`. Nothing else in the
package reads them. Names are loaded when they are first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
