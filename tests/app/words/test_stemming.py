from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.words.stemming import Language, common_beginning, is_stop_word, stem
from app.words.tokens import word_key

FAMILIES: dict[Language, str] = {
    "en": """
        boot boots, shoe shoes, dress dresses, watch watches, box boxes, lace laces, accessory accessories,
        glass glasses, trousers trouser, brush brushes, bench benches, sofa sofas, blouse blouses, body
        bodies, jersey jerseys, wallet wallets, striped stripe stripes, print printed prints, quilted quilt,
        running run, hooded hood, leather leathers, mattress mattresses, tie ties, toy toys, berry berries,
        heel heels heeled, sleeve sleeves sleeved, slipper slippers, zip zipped zips, wedge wedges, necklace
        necklaces, earring earrings, bracelet bracelets, backpack backpacks, case cases, vase vases, cover
        covers, sock socks, jean jeans, short shorts, legging leggings
    """,
    "de": """
        rot rote roten rotem roter rotes, weiß weiße weißen weißer weißes, schwarz schwarze schwarzen
        schwarzer, blau blaue blauen blauer, grau graue grauer, grün grüne grünen grüner, braun braune
        brauner, gelb gelbe gelber, rosa, lila, beige, Schuh Schuhe Schuhen Schuhs, Stuhl Stühle Stühlen,
        Jacke Jacken, Herr Herren, Dame Damen, Kind Kinder Kindern, Uhr Uhren, Kleid Kleider Kleidern, Glas
        Gläser Gläsern, Sofa Sofas, Stiefel Stiefeln Stiefels, Tasche Taschen, Lampe Lampen, Tisch Tische
        Tischen, Schrank Schränke Schränken, Bett Betten, Regal Regale Regalen, Hose Hosen, Rock Röcke
        Röcken, Bluse Blusen, Hemd Hemden, Pullover Pullovern, Mantel Mäntel Mänteln, Kette Ketten, Ring
        Ringe Ringen, Ohrring Ohrringe Ohrringen, Hut Hüte Hüten, Mütze Mützen, Schal Schals, Handschuh
        Handschuhe, Gürtel Gürteln, Rucksack Rucksäcke, Koffer Koffern, Sandale Sandalen, Absatz Absätze,
        Pumps, Clog Clogs, Sneaker Sneakers, Vase Vasen, Teppich Teppiche Teppichen, Kissen, Decke Decken,
        Becher Bechern, Tasse Tassen, Teller Tellern, Sessel Sesseln, Hocker Hockern, Bank Bänke, Spiegel
        Spiegeln, Brille Brillen, Sonnenbrille Sonnenbrillen, Armband Armbänder Armbändern, Top Tops, Shirt
        Shirts, Parka Parkas, Kimono Kimonos, Poncho Ponchos, Gitarre Gitarren, Fahrrad Fahrräder
        Fahrrädern, gestreift gestreifte gestreiften, kariert karierte kariertes, lang lange langer langes,
        kurz kurze kurzer, neu neue neuer neues, klein kleine kleiner, groß große großer großes, Möbel Möbeln
    """,
    "fr": """
        vert verte verts vertes, gris grise grises, chapeau chapeaux, cheval chevaux, brodé brodée brodés
        brodées, chaussure chaussures, botte bottes, bottine bottines, sac sacs, robe robes, rouge rouges,
        bleu bleue bleus bleues, noir noire noirs noires, violet violette violets violettes, doré dorée
        dorés dorées, imprimé imprimée imprimés, pantalon pantalons, chemise chemises, jupe jupes, manteau
        manteaux, veste vestes, lampe lampes, chaise chaises, fauteuil fauteuils, canapé canapés, bureau
        bureaux, table tables, bijou bijoux, collier colliers, bague bagues, montre montres, lunette
        lunettes, ceinture ceintures, gant gants, écharpe écharpes, bonnet bonnets, sandale sandales,
        escarpin escarpins, talon talons, basket baskets, homme hommes, femme femmes, enfant enfants, rayé
        rayée rayés rayées, verre verres, rond ronde ronds rondes, court
        courte courts courtes, cuir cuirs, vase vases, miroir miroirs, rideau rideaux, coussin coussins,
        tapis, vélo vélos, guitare guitares, matelassé matelassée, rosé rosée
    """,
    "es": """
        rojo roja rojos rojas, azul azules, luz luces, zapatilla zapatillas, zapato zapatos, bota botas,
        botín botines, blanco blanca blancos blancas, negro negra negros negras, verde verdes, gris grises,
        marrón marrones, amarillo amarilla amarillos, bolso bolsos, vestido vestidos, falda faldas, camisa
        camisas, pantalón pantalones, sillón sillones, silla sillas, mesa mesas, lámpara lámparas, sofá
        sofás, reloj relojes, collar collares, anillo anillos, pendiente pendientes, cinturón cinturones,
        guante guantes, gorro gorros, bufanda bufandas, sandalia sandalias, tacón tacones, deportivo
        deportiva deportivos deportivas, mujer mujeres, hombre hombres, niño niña niños niñas, largo larga
        largos largas, corto corta cortos cortas, algodón, cuero cueros, chaqueta chaquetas, abrigo abrigos,
        mochila mochilas, maleta maletas, gafa gafas, jarrón jarrones, espejo espejos, cojín cojines,
        alfombra alfombras, estampado estampada estampados, bordado bordada, lápiz lápices, capaz capaces,
        pez peces
    """,
    "it": """
        rosso rossa rossi rosse, bianco bianca bianchi bianche, grigio grigia grigi grigie, stivale stivali,
        scarpa scarpe, nero nera neri nere, verde verdi, azzurro azzurra azzurri azzurre, giallo gialla
        gialli gialle, marrone marroni, borsa borse, vestito vestiti, gonna gonne, camicia camicie,
        pantalone pantaloni, giacca giacche, cappotto cappotti, sandalo sandali, tacco tacchi, sedia sedie,
        tavolo tavoli, lampada lampade, divano divani, poltrona poltrone, orologio orologi, collana collane,
        anello anelli, orecchino orecchini, cintura cinture, guanto guanti, cappello cappelli, sciarpa
        sciarpe, zaino zaini, valigia valigie, occhiale occhiali, specchio specchi, cuscino cuscini, tappeto
        tappeti, vaso vasi, donna donne, bambino bambina bambini bambine, lungo lunga lunghi lunghe, corto
        corta corti corte, largo larga larghi larghe, antico antica antichi antiche, ricamato ricamata
        ricamati, stampato stampata stampati, felpa felpe, maglia maglie, libreria librerie, bicicletta
        biciclette, chitarra chitarre, gioiello gioielli, braccialetto braccialetti, ballerina ballerine,
        mocassino mocassini
    """,
}

DIFFERENT: list[tuple[Language, Sequence[str]]] = [
    ("en", ["red", "reds!", "reed", "boss", "boots", "bus"]),
    ("de", ["rot", "rosa", "Schal", "Schuh", "Bus", "See"]),
    ("fr", ["robe", "rouge", "sac", "bas", "bois"]),
    ("es", ["rojo", "rosa", "bota", "bolso"]),
    ("it", ["rosso", "rosa", "borsa", "scarpa"]),
]


@pytest.mark.parametrize("language", FAMILIES)
def test_forms_of_a_word_have_one_stem_and_other_words_have_others(language: Language) -> None:
    stems = list[str]()
    for family in FAMILIES[language].split(","):
        keys = [word_key(form) for form in family.split()]
        assert len({stem(key, language) for key in keys}) == 1, family
        assert all(key.startswith(common_beginning(other, language)) for key in keys for other in keys), family
        stems.append(stem(keys[0], language))
    assert len(set(stems)) == len(stems)


@pytest.mark.parametrize(("language", "words"), DIFFERENT)
def test_other_words_have_other_stems(language: Language, words: Sequence[str]) -> None:
    assert len({stem(word_key(word), language) for word in words}) == len(words)


def test_without_a_language_a_word_is_its_own_stem() -> None:
    assert stem("boots", None) == "boots" and not is_stop_word("the", None)


def test_short_words_keep_their_letters() -> None:
    languages: list[Language] = ["de", "en", "es", "fr", "it"]
    assert {stem(word, language) for language in languages for word in ("as", "es", "te", "e")} == {
        "as",
        "es",
        "te",
        "e",
    }


def test_stop_words_are_of_their_language() -> None:
    assert is_stop_word("the", "en") and is_stop_word("fur", "de") and not is_stop_word("the", "de")
