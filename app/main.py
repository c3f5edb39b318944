"""The FastAPI application: routes, middleware, and the state that they share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import attrgetter

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.admin.commands import Commands
from app.admin.router import ROUTERS as ADMIN_ROUTERS
from app.api.authentication import ReadAccess
from app.api.requests.query_parameters import KnownParameters
from app.api.routes import events, imports, monitoring, product_writes, products, rules, search, strokes
from app.asgi.access_log import AccessLog
from app.asgi.body_memory import MemoryBudgets
from app.asgi.dependencies import LimitedReads
from app.asgi.errors import UnexpectedErrors, install_error_handlers
from app.asgi.middleware import AllowedOrigins, HeadAsGet, SecurityHeaders
from app.asgi.rate_limit import RateLimiters
from app.core.shutdown import SECONDS, Shutdown
from app.database.read_limits import ReadLimits
from app.observability.metrics import Metrics
from app.serving.service import Service
from app.settings import Settings, load_settings, unknown_settings
from app.web import pages
from app.web.assets import STATIC, Assets, PageFiles
from app.web.examples.gallery_examples import GalleryExamples
from app.web.shop.shop import Shop, read_shop

_API_VERSION = "1"
_log = logging.getLogger(__name__)
_DESCRIPTION = "Draw a product, find that very product. Every error is `{error: {code, message, detail}}`."


def create_app(settings: Settings | None = None, service: Service | None = None, shop: Shop | None = None) -> FastAPI:
    """Return the app of a gallery. It opens the gallery at its start, unless `service` has opened it.

    Settings default to the environment, so this function is also a factory for ASGI servers. The shop defaults to that
    of the settings. Raises SettingsError and ShopFileError.
    """
    if settings is None:
        for warning in unknown_settings():
            _log.warning(warning)
    chosen = settings or load_settings()
    metrics = service.metrics if service else Metrics()
    read_limits = service.reads if service else ReadLimits(chosen.search_timeout)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = service or Service(chosen, metrics, read_limits).start()
        yield
        app.state.commands.close()
        if service is None:  # else the caller, which opened it, closes it
            app.state.service.close(Shutdown(SECONDS))
        app.state.service = None

    app = FastAPIOffline(
        title="Sketchfind",
        version=_API_VERSION,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        favicon_url="/static/icons/favicon.svg",
        redirect_slashes=False,
        generate_unique_id_function=attrgetter("name"),  # operationId: the name of the route's function
    )
    app.state.shop = shop = shop or read_shop(chosen.shop)
    app.state.examples = GalleryExamples(shop.examples)
    app.state.assets = assets = Assets(STATIC, shop.files)
    app.state.metrics = metrics
    app.state.rate_limiters = RateLimiters(chosen.search_rate, chosen.write_rate)
    app.state.memory_budgets = MemoryBudgets(chosen)
    app.state.read_limits = read_limits
    app.state.commands = Commands(chosen)
    install_error_handlers(app)
    _add_middleware(app, chosen, metrics)
    _add_routes(app, assets)
    return app


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Add the middleware. The last one added is the outermost."""
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(GZipMiddleware, minimum_size=256)
    app.add_middleware(HeadAsGet)
    if settings.cors_origins:
        app.add_middleware(AllowedOrigins, origins=settings.cors_origins)
    app.add_middleware(SecurityHeaders, docs_path="/docs", embed_origins=settings.embed_origins)
    app.add_middleware(AccessLog, metrics=metrics)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))


def _add_routes(app: FastAPI, assets: Assets) -> None:
    """Add the routes of the static files, the page, the HTTP interface and the admin page.

    Routes are tried in this order, and one visit asks for about a hundred static files.
    """
    app.mount("/static", PageFiles(assets), name="static")
    app.include_router(pages.router)
    app.include_router(monitoring.router)
    app.include_router(search.router, dependencies=[LimitedReads, ReadAccess, KnownParameters])
    app.include_router(products.router, dependencies=[LimitedReads, ReadAccess, KnownParameters])
    app.include_router(products.photo_router)
    app.include_router(product_writes.router, dependencies=[KnownParameters])
    app.include_router(imports.router, dependencies=[KnownParameters])
    app.include_router(rules.router, dependencies=[KnownParameters])
    app.include_router(events.router, dependencies=[ReadAccess, KnownParameters])
    app.include_router(strokes.router, dependencies=[ReadAccess, KnownParameters])
    for router in ADMIN_ROUTERS:
        app.include_router(router)
