"""Request and response bodies of partial updates."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.api.schemas.imports import ProblemInfo
from app.api.schemas.writes import ProductFields, Texts, parse_product
from app.asgi.errors import ApiError
from app.products.product_patch import ProductPatch


class PatchBody(ProductFields):
    """Changes of a product. Fields that are missing stay; null removes a field."""

    attributes: dict[str, Texts | None] | None = Field(
        None,
        description="attributes to change by name; null removes one, others stay",
        examples=[{"heel": "high", "lining": None}],
    )

    def to_patch(self, product_id: str) -> ProductPatch:
        """Return the changes of the product with that id. Raises ApiError id_mismatch."""
        self.check_id(product_id)
        given = self.model_fields_set - {"product_id", "attributes"}
        fields = {name: value for name, value in self.values(product_id).items() if name in given}
        attributes: dict[str, list[str]] | None = None
        if self.attributes is not None or "attributes" not in self.model_fields_set:
            attributes = {name: texts or [] for name, texts in (self.attributes or {}).items()}
        return ProductPatch(product_id, fields, attributes, self.translations())


def parse_patch(data: bytes, product_id: str) -> ProductPatch:
    """Parse the changes of a product as JSON. Raises ApiError invalid_product, id_mismatch or body_too_large."""
    return parse_product(data, PatchBody).to_patch(product_id)


def parse_patch_line(data: bytes) -> ProductPatch:
    """Parse the changes of the product whose id they have. Raises ApiError as parse_patch()."""
    body = parse_product(data, PatchBody)
    if body.product_id is None or "\0" in body.product_id:
        problem = "is missing" if body.product_id is None else "has a NUL character"
        raise ApiError(422, "invalid_product", f"product_id {problem}: expected the id of a product")
    return body.to_patch(body.product_id)


class PatchReport(BaseModel):
    """Outcome of a bulk update. Each line that is not blank is counted once."""

    changed: int = Field(description="lines that changed a product", examples=[9817])
    unchanged: int = Field(description="lines whose product already was as they say", examples=[180])
    unknown: int = Field(description="lines with the id of no product", examples=[2])
    error_count: int = Field(description="lines that cannot be used", examples=[1])
    unknown_ids: list[str] = Field(description="the first 100 of the unknown ids", examples=[["boot-3", "boot-4"]])
    errors: list[ProblemInfo] = Field(description="the first 100 of the errors")
    revision: int | None = Field(description="revision of the last change; null if nothing changed", examples=[331])
