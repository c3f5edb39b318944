"""All routes of the admin page."""

from __future__ import annotations

from app.admin.routes import imports, keys, operations, overview, products, sign_in

ROUTERS = tuple(module.router for module in (sign_in, overview, products, imports, keys, operations))
