"""The Sketchfind server: catalogue, search in a gallery, and HTTP interface."""

from app.core.cpu_limits import set_default_pool_sizes

set_default_pool_sizes()  # before any import of torch or FAISS, which create their thread pools
