"""Offline stages of Sketchfind and the command line that calls them."""

import app as app  # first, because it sizes the thread pools of torch and FAISS
