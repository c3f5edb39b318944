"""Routes of the admin page that find, change and delete products."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.admin.admin_route import AdminRoute
from app.admin.forms import Form, FormOf, get_field
from app.admin.product_form import BEFORE, NEW_TEXTS, TEXTS, fill_form, label_translations, read_changes
from app.admin.rendering import redirect, render
from app.admin.session import Session, SessionOf
from app.api.requests.product_id_paths import ProductId, unknown_product_error
from app.api.requests.query_parameters import NulFreeText
from app.asgi.dependencies import LimitedReads, ServiceOf
from app.asgi.errors import ApiError
from app.catalogue.admin.product_search import find_products
from app.products.product import AVAILABILITIES, Product
from app.serving.service import Service
from app.words.word_query import WordQuery

router = APIRouter(route_class=AdminRoute, include_in_schema=False)

_PAGE = 50  # products


@router.get("/admin/products", dependencies=[LimitedReads])
def list_products(
    request: Request,
    session: SessionOf,
    service: ServiceOf,
    q: Annotated[NulFreeText, Query(max_length=600)] = "",
    after: Annotated[NulFreeText | None, Query(max_length=1000)] = None,
) -> Response:
    """List the products that have some words or an id."""
    try:
        query = WordQuery(q, service.settings.language)
    except ValueError as error:
        raise ApiError(422, "invalid_parameter", str(error), {"parameter": "q"}) from None
    page = find_products(service.gallery.catalogue, query, after, _PAGE)
    return render(request, "products.html", session, q=q, after=after, page=page)


@router.get("/admin/products/{product_id:path}", dependencies=[LimitedReads])
def show_product(request: Request, session: SessionOf, service: ServiceOf, product_id: ProductId) -> Response:
    """Show a product as a form."""
    product = _get_product(service, product_id)
    texts = fill_form(product)
    return _render_product(request, session, product, texts | _prefix(texts))


@router.post("/admin/products/{product_id:path}")
async def save_product(
    request: Request, session: SessionOf, service: ServiceOf, form: FormOf, product_id: ProductId
) -> Response:
    """Change the fields of a product that an operator has changed."""
    product = await run_in_threadpool(_get_product, service, product_id)
    try:
        patch = read_changes(form, product_id)
    except ApiError as error:
        return _render_product(request, session, product, form, error.status, error.message)
    if patch is None:
        return redirect(f"{_path_of(product_id)}?notice=unchanged")
    [outcome] = await service.patch([patch])
    if outcome.product is None:
        raise unknown_product_error(product_id)
    if outcome.error is not None:
        return _render_product(request, session, product, form, 422, outcome.error)
    return redirect(f"{_path_of(product_id)}?notice=saved")


@router.post("/admin/deletions")
async def delete_product(service: ServiceOf, form: FormOf) -> Response:
    """Delete a product. The form has to confirm it."""
    product_id = get_field(form, "product_id")
    if form.get("confirmed") != "yes":
        message = "the deletion is not confirmed: expected a tick beside the button"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "confirmed"})
    if product_id not in await service.delete([product_id]):
        raise unknown_product_error(product_id)
    return redirect("/admin/products?notice=deleted")


def _get_product(service: Service, product_id: str) -> Product:
    """Return a product. Raises ApiError for an unknown id."""
    product = service.gallery.catalogue.get(product_id)
    if product is None:
        raise unknown_product_error(product_id)
    return product


def _render_product(
    request: Request,
    session: Session,
    product: Product,
    texts: Form,
    status: int = 200,
    problem: str | None = None,
) -> Response:
    """Render a product with the texts of its form, and the problem with them."""
    context = {"labels": TEXTS, "availabilities": AVAILABILITIES, "before": BEFORE, "texts": texts}
    context |= {"translations": label_translations(texts), "new_texts": texts.get(NEW_TEXTS, "")}
    return render(request, "product.html", session, status, product=product, problem=problem, **context)


def _prefix(texts: dict[str, str]) -> dict[str, str]:
    return {f"{BEFORE}{name}": text for name, text in texts.items()}


def _path_of(product_id: str) -> str:
    return f"/admin/products/{quote(product_id)}"
