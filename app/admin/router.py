"""All routes of the admin page."""

from __future__ import annotations

from app.admin.routes import imports, keys, operations, overview, products, rules, sign_in

ROUTERS = tuple(module.router for module in (sign_in, overview, products, rules, imports, keys, operations))
