"""The offline stages of Sketchfind, one file each, and the command line that calls them."""

import app as app  # first, as it sizes the pools of threads that torch and FAISS bring
