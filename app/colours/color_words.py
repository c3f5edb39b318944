"""Words for the palette's names in the page's languages, by which products of measured colours are found."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COLOR_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "black": ("Black", "Schwarz", "Negro", "Noir", "黑"),
        "white": ("White", "Weiß", "Blanco", "Blanc", "白"),
        "grey": ("Grey", "Grau", "Gris", "Gris", "灰"),
        "beige": ("Beige", "Beige", "Beige", "Beige", "米色"),
        "brown": ("Brown", "Braun", "Marrón", "Marron", "棕"),
        "red": ("Red", "Rot", "Rojo", "Rouge", "红"),
        "orange": ("Orange", "Orange", "Naranja", "Orange", "橙"),
        "yellow": ("Yellow", "Gelb", "Amarillo", "Jaune", "黄"),
        "green": ("Green", "Grün", "Verde", "Vert", "绿"),
        "blue": ("Blue", "Blau", "Azul", "Bleu", "蓝"),
        "purple": ("Purple", "Lila", "Morado", "Violet", "紫"),
        "pink": ("Pink", "Rosa", "Rosa", "Rose", "粉"),
    }
)
"""Words in English, German, Spanish, French and Chinese."""
