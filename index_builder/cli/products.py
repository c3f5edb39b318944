"""Commands that change or list the products of a gallery, also while servers are running."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.core.error_text import readable, truncate
from index_builder.cli.console import exit_if_failed, plain_errors, print_report, print_result, progress_bar
from index_builder.cli.options import Catalogue, Complete, Json, MaxRemoved, Photos, Private

Gallery = Annotated[Path, typer.Option(metavar="DIR", help="Gallery made by `sketchfind build`.")]
_Texts = Annotated[list[str] | None, typer.Option(help="One value; may be repeated.", show_default="none")]


def add(
    product_id: Annotated[str, typer.Argument(metavar="ID", help="ID of the product to add or replace.")],
    gallery: Gallery,
    photo: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Photo file; may be repeated.")] = None,
    title: Annotated[str | None, typer.Option(help="Title shown with the results.", show_default="the ID")] = None,
    category: Annotated[str | None, typer.Option(help="Path such as 'Shoes > Boots'.", show_default="none")] = None,
    price: Annotated[
        str | None, typer.Option(help="Price with currency, such as '59.90 EUR'.", show_default="none")
    ] = None,
    link: Annotated[str | None, typer.Option(help="URL of the product's page.", show_default="none")] = None,
    color: _Texts = None,
    gender: Annotated[
        str | None, typer.Option(help="Group it is made for, such as women.", show_default="none")
    ] = None,
    brand: Annotated[str | None, typer.Option(help="Brand.", show_default="none")] = None,
    size: _Texts = None,
    size_system: Annotated[
        str | None, typer.Option(help="System of the sizes, such as EU.", show_default="none")
    ] = None,
    size_type: Annotated[str | None, typer.Option(help="Type of the sizes, such as tall.", show_default="none")] = None,
    group_id: Annotated[
        str | None, typer.Option(help="Common to the variants of one product.", show_default="none")
    ] = None,
    availability: Annotated[
        str | None, typer.Option(help="in_stock, out_of_stock, preorder or backorder.", show_default="none")
    ] = None,
    description: Annotated[str | None, typer.Option(help="Description in plain text.", show_default="none")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Further property; may be repeated.")
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="Text in another language, such as title_de=Stiefel; may be repeated."),
    ] = None,
    catalogue: Catalogue = None,
    photos: Photos = None,
    *,
    as_json: Json = False,
) -> None:
    """Add or replace a product. Without photos, or without metadata, the product keeps those that it has."""
    from app.gallery.layout import GalleryLocation
    from app.products.languages.translations import split_name
    from index_builder.gallery.edit import add_product

    texts = {"title": title, "product_type": category, "price": price, "link": link, "gender": gender}
    texts |= {"brand": brand, "availability": availability, "description": description}
    texts |= {"size_system": size_system, "size_type": size_type, "item_group_id": group_id}
    fields = {name: [value] for name, value in texts.items() if value}
    fields |= {name: values for name, values in {"color": color, "size": size}.items() if values}
    for pair in attribute or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"--attribute is {truncate(pair)}: expected NAME=VALUE")
        fields.setdefault(name.strip(), []).append(value)
    for pair in text or ():
        name, equals, value = pair.partition("=")
        if not value.strip() or split_name(name.strip()) is None:
            raise ValueError(f"--text is {truncate(pair)}: expected NAME=TEXT, such as title_de=Stiefel")
        fields.setdefault(name.strip(), []).append(value)
    change = add_product(GalleryLocation(gallery, catalogue, photos), product_id, fields, photo or [])
    print_result({"product_id": product_id, "outcome": change.outcome} if as_json else change.outcome, as_json=as_json)


def remove(
    product_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="IDs of the products to remove.")],
    gallery: Gallery,
    catalogue: Catalogue = None,
    photos: Photos = None,
    *,
    as_json: Json = False,
) -> None:
    """Remove products: all of them, or none if one is missing."""
    from app.gallery.layout import GalleryLocation
    from index_builder.gallery.edit import remove_products

    count = remove_products(GalleryLocation(gallery, catalogue, photos), product_ids)
    print_result({"removed": count} if as_json else f"{count} removed", as_json=as_json)


def import_(
    source: Annotated[Path, typer.Argument(metavar="FEED", help="Feed file or photo folder.")],
    gallery: Gallery,
    *,
    complete: Complete = False,
    max_removed: MaxRemoved = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count and report errors; write nothing.")] = False,
    language: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Language of texts to add to products, such as de.", show_default="none"),
    ] = None,
    allow_private_addresses: Private = False,
    catalogue: Catalogue = None,
    photos: Photos = None,
    as_json: Json = False,
) -> None:
    """Update a gallery from a feed or photo folder. Unchanged products are skipped.

    With a language, only the texts of the feed are added to products, in that language.
    """
    from app.gallery.layout import GalleryLocation
    from app.products.languages.codes import read_language
    from index_builder.gallery.build import SourceOptions
    from index_builder.gallery.edit import import_products, import_texts_in

    if language is not None and complete:
        raise ValueError("--complete is given: expected it without --language, which only adds texts to products")
    code = None if language is None else read_language(language)
    options = SourceOptions(max_removed if complete else None, allow_private_addresses, dry_run)

    with progress_bar(quiet=as_json) as progress:
        location = GalleryLocation(gallery, catalogue, photos)
        if code is None:
            report = import_products(location, source, progress, options)
        else:
            report = import_texts_in(code, location, source, progress, is_dry_run=dry_run)
    print_report(report, as_json=as_json)
    exit_if_failed(report)


def list_(
    gallery: Gallery,
    after: Annotated[
        str | None, typer.Option(metavar="ID", help="ID after which the list begins.", show_default="none")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number of products to list.")] = 50,
    catalogue: Catalogue = None,
    *,
    as_json: Json = False,
) -> None:
    """List products with id, title, category and price, sorted by id."""
    from app.api.schemas.products import ProductInfo
    from app.gallery.layout import GalleryLocation

    with closing(GalleryLocation(gallery, catalogue).open_catalogue()) as opened:
        products = opened.page(after, limit + 1)
    page = products[:limit]
    following = page[-1].product_id if len(products) > limit else None
    if as_json:
        infos = [ProductInfo.from_product(product).model_dump() for product in page]
        print_result({"products": infos, "next": following}, as_json=as_json)
        return
    for product in page:
        price = "" if product.price is None else f"{product.price} {product.currency or ''}".strip()
        print("\t".join((product.product_id, product.title, product.category or "", price)))


imports = typer.Typer(help="List and cancel the imports of running servers.", no_args_is_help=True)


@imports.command("list")
@plain_errors
def list_imports(
    gallery: Gallery,
    after: Annotated[
        str | None,
        typer.Option(metavar="ID", help="ID after which the list begins.", show_default="none"),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number of imports to list.")] = 20,
    catalogue: Catalogue = None,
    *,
    as_json: Json = False,
) -> None:
    """List the imports of servers, newest first, with id, state, start, counts and message."""
    from app.api.schemas.imports import OperationPage
    from app.gallery.layout import GalleryLocation

    with closing(GalleryLocation(gallery, catalogue).open_catalogue()) as opened:
        if after is not None and opened.operations.get(after) is None:
            raise ValueError(f"there is no import {truncate(after)} in {gallery}")
        jobs = opened.operations.page(after, limit + 1)
    if as_json:
        print_result(OperationPage.from_jobs(jobs, limit).model_dump(), as_json=as_json)
        return
    for job in jobs[:limit]:
        created = datetime.fromtimestamp(job.created, UTC).isoformat(" ", "seconds")
        print("\t".join((job.id, job.state, created, str(job.counts), readable(job.message or ""))))


@imports.command()
@plain_errors
def cancel(
    import_id: Annotated[str, typer.Argument(metavar="ID", help="ID of the import.")],
    gallery: Gallery,
    catalogue: Catalogue = None,
    *,
    as_json: Json = False,
) -> None:
    """Cancel an import. The server that runs it ends it within seconds; what it has written stays."""
    from app.gallery.layout import IMPORTS, GalleryLocation
    from app.ingest.feed_store import FeedStore

    with closing(GalleryLocation(gallery, catalogue).open_catalogue()) as opened:
        if not opened.operations.cancel(import_id):
            raise ValueError(f"there is no import {truncate(import_id)} in {gallery} that is not over")
        FeedStore(gallery / IMPORTS, opened.operations).sweep()
    print_result({"cancelled": import_id} if as_json else f"{import_id} cancelled", as_json=as_json)
