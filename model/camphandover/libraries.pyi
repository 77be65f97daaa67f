import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xarray as xr

__all__ = ["np", "pa", "pc", "pd", "pq", "xr"]
