"""Routes that add, change and delete products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from fastapi import APIRouter, Request, Response

from app.api.authentication import WriteAccess
from app.api.bulk_patch import patch_in_batches
from app.api.requests.patch_lines import PATCH_LINES_DOCS, open_patch_lines
from app.api.requests.product_id_paths import ProductId, unknown_product_error
from app.api.requests.product_ids import IDS_DOCS, read_product_ids
from app.api.requests.product_patches import PATCH_DOCS, read_patch
from app.api.requests.product_upload import PUT_DOCS, PhotoUpload, ProductUpload, read_product
from app.api.schemas.errors import error_docs
from app.api.schemas.patches import PatchReport
from app.api.schemas.products import ProductDetails
from app.api.schemas.writes import Deleted, DeletedMany
from app.asgi.body_memory import Reservation, WriteBody
from app.asgi.dependencies import ServiceOf
from app.asgi.disconnect import cancel_on_disconnect
from app.asgi.errors import ApiError
from app.core.error_text import MOST_LINK, cut, truncate
from app.ingest.product_preparer import DraftPhoto, ProductUpdate
from app.products.product import Product
from app.serving.service import Service
from model.preprocessing.images import UnreadableImageError

router = APIRouter(tags=["writes"])


@router.put(
    "/products/{product_id:path}",
    responses={
        201: {"model": ProductDetails, "description": "Created"},
        **error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra={"requestBody": PUT_DOCS},
)
async def put_product(
    request: Request,
    response: Response,
    product_id: ProductId,
    service: ServiceOf,
    key: WriteAccess,
    reservation: WriteBody,
) -> ProductDetails:
    """Add or replace a product. Without photos, or without metadata, the product keeps those that it has.

    Photos are files in the request, or are fetched from the URLs in `image_link`.
    """
    upload = await read_product(request, reservation, service.settings.max_write_bytes)
    if upload.links:
        upload = replace(upload, photos=await _fetch_photos(service, reservation, upload.links))
    written = await service.put(_build_update(product_id, upload))
    response.status_code = 200 if written.old else 201
    return ProductDetails.from_product(written.product, photo_size=service.gallery.photos.size(written.product.photo))


@router.patch(
    "/products/{product_id:path}",
    responses=error_docs(401, 403, 404, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": PATCH_DOCS},
)
async def patch_product(
    request: Request, product_id: ProductId, service: ServiceOf, key: WriteAccess, reservation: WriteBody
) -> ProductDetails:
    """Change fields of a product, as a JSON merge patch: missing fields stay, null removes one. Its photos stay."""
    patch = await read_patch(request, reservation, service.settings.max_write_bytes, product_id)
    [outcome] = await service.patch([patch])
    if outcome.product is None:
        raise unknown_product_error(product_id)
    if outcome.error is not None:
        raise ApiError(422, "invalid_product", outcome.error)
    return ProductDetails.from_product(outcome.product, photo_size=service.gallery.photos.size(outcome.product.photo))


@router.patch(
    "/products",
    responses=error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": PATCH_LINES_DOCS},
)
async def patch_products(request: Request, service: ServiceOf, key: WriteAccess, reservation: WriteBody) -> PatchReport:
    """Change fields of many products, one in each line of a JSON Lines body, in the order of the lines.

    Lines are stored in batches. If the client disconnects, whole batches are stored, and the rest is not.
    """
    async with open_patch_lines(request, service.settings.max_feed_bytes) as batches:
        return await cancel_on_disconnect(request, patch_in_batches(service, batches))


@router.delete("/products/{product_id:path}", responses=error_docs(401, 403, 404, 422, 429, 500, 503))
async def delete_product(
    product_id: ProductId, service: ServiceOf, key: WriteAccess, reservation: WriteBody
) -> Deleted:
    """Delete a product."""
    revisions = await service.delete([product_id])
    if product_id not in revisions:
        raise unknown_product_error(product_id)
    return Deleted(product_id=product_id, revision=revisions[product_id])


@router.delete(
    "/products",
    responses=error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": IDS_DOCS},
)
async def delete_products(
    request: Request, service: ServiceOf, key: WriteAccess, reservation: WriteBody
) -> DeletedMany:
    """Delete the products of a JSON list of ids, all in one transaction. Unknown ids are only counted."""
    product_ids = await read_product_ids(request, reservation, service.settings.max_write_bytes)
    return DeletedMany.from_revisions(product_ids, await service.delete(product_ids))


def _build_update(product_id: str, upload: ProductUpload) -> ProductUpdate:
    """Return the update of a product that an upload describes."""

    def describe(old: Product | None) -> Product:
        if old is None and not upload.photos:
            message = f"product {truncate(product_id)} is new and has no photo: expected a file in the field 'photo'"
            raise ApiError(422, "missing_photo", message)
        if upload.metadata is not None:
            return upload.metadata.to_product(product_id, old)
        if old is not None:
            return old
        try:
            return Product(product_id, title=product_id)
        except ValueError as error:
            raise ApiError(422, "invalid_product", str(error)) from None

    photos = [DraftPhoto(photo.link, partial(_return_data, photo.data), photo.name) for photo in upload.photos]
    return ProductUpdate(product_id, describe, photos or None)


def _return_data(data: bytes, _known: str | None) -> bytes:
    """Return the bytes of a photo that has been read already."""
    return data


async def _fetch_photos(service: Service, reservation: Reservation, links: Sequence[str]) -> list[PhotoUpload]:
    """Fetch the photos of links. Raises ApiError."""
    try:
        fetched = await service.fetch_photos(links)
    except UnreadableImageError as error:
        raise ApiError(422, "photo_not_fetched", str(error)) from None
    reservation.grow_to(reservation.size + sum(map(len, fetched)))
    return [PhotoUpload(f"photo {cut(link, MOST_LINK)}", data, link) for link, data in zip(links, fetched, strict=True)]
