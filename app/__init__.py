"""The server of Sketchfind: the catalogue, the gallery that searches it, and the HTTP interface."""

from app.core.cpu_limits import set_default_pool_sizes

set_default_pool_sizes()  # here, since whatever is imported of this package may import torch or FAISS
