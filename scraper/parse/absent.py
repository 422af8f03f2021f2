"""Soft 404: pages that come with status 200 and say, in their title, that there is nothing.

A part of the title must say so and nothing else; parts are what dashes, bars and the like set apart, the site's name
from the page's. Titles that only mention the words ("How to fix a 404 error in nginx", "Lost and not found: a film")
are pages like others. In doubt a page is one.
"""

from __future__ import annotations

import re

__all__ = ["says_nothing_is_here"]

_LONGEST = 150
"""Characters of a title; a longer one is no notice."""

_APART = re.compile(r"\s+[-/]+\s+|(?:[|\u2013\u2014·•»«\u203a\u2039]|::)+")
_WORD = re.compile(r"[^\W_]+")
_EDGES = " \t.-,:;!?…¡¿()[]\"'“”„«»*#。！？、"  # noqa: RUF001  # as they are written in Chinese
_NOISE = frozenset(
    {
        "404",
        "error",
        "errors",
        "erreur",
        "fehler",
        "fout",
        "błąd",
        "erro",
        "errore",
        "ошибка",
        "chyba",
        "fel",
        "fejl",
        "hata",
    }
    | {
        "status",
        "code",
        "oops",
        "ooops",
        "ops",
        "ups",
        "hoppla",
        "sorry",
        "whoops",
        "uh",
        "oh",
        "错误",
        "エラー",
        "오류",
    }
)
"""Words around the notice that say nothing of their own."""

_TABLE = """
not found|page not found|file not found|document not found|content not found|url not found|resource not found
this page was not found|the page was not found|page was not found|page could not be found|page cannot be found
page can't be found|this page could not be found|this page cannot be found|this page can't be found|no page found
the page could not be found|the page cannot be found|the page can't be found|the requested page was not found
the requested page could not be found|the requested url was not found|the page you requested was not found
the page you requested could not be found|the page you requested cannot be found|requested page not found
the page you are looking for was not found|the page you are looking for could not be found
the page you're looking for can't be found|the page you are looking for doesn't exist
page does not exist|page doesn't exist|this page does not exist|this page doesn't exist|the page does not exist
page no longer exists|this page no longer exists|page not available|page unavailable|this page isn't available
this page is not available|page is not available|page is no longer available|this page is no longer available
nothing found|no such page|page missing|missing page|we can't find that page|we couldn't find that page
we can't find this page|we could not find that page|we can't find the page you're looking for
product not found|file or directory not found|http 404 not found|http error 404 not found
that page can't be found|oops that page can't be found

nicht gefunden|seite nicht gefunden|datei nicht gefunden|die seite wurde nicht gefunden|seite wurde nicht gefunden
diese seite wurde nicht gefunden|die seite konnte nicht gefunden werden|seite konnte nicht gefunden werden
diese seite konnte nicht gefunden werden|die angeforderte seite wurde nicht gefunden|objekt nicht gefunden
seite existiert nicht|diese seite existiert nicht|die seite existiert nicht|seite nicht vorhanden

introuvable|page introuvable|page non trouvée|page pas trouvée|page inexistante|fichier introuvable
cette page n'existe pas|la page n'existe pas|page inconnue|cette page est introuvable
la page demandée est introuvable|la page demandée n'existe pas|document introuvable|contenu introuvable
la page est introuvable|la page que vous recherchez est introuvable

no encontrado|no encontrada|página no encontrada|pagina no encontrada|la página no existe|página no existe
esta página no existe|no se encontró la página|no se ha encontrado la página|página no disponible
página inexistente|archivo no encontrado|contenido no encontrado|no se encuentra la página

não encontrado|não encontrada|página não encontrada|pagina não encontrada|página não existe|a página não existe
esta página não existe|página inexistente|conteúdo não encontrado|a página não foi encontrada|página indisponível

non trovata|non trovato|pagina non trovata|la pagina non esiste|pagina inesistente|questa pagina non esiste
la pagina non è stata trovata|pagina non disponibile|documento non trovato

niet gevonden|pagina niet gevonden|deze pagina bestaat niet|pagina bestaat niet|de pagina is niet gevonden
pagina kan niet worden gevonden|deze pagina is niet gevonden

nie znaleziono|nie znaleziono strony|strona nie została znaleziona|strona nie istnieje|strona nieznaleziona
brak strony|nie ma takiej strony|podana strona nie istnieje

не найдено|не найдена|страница не найдена|страница не существует|такой страницы не существует
такой страницы нет|нет такой страницы|запрашиваемая страница не найдена
файл не найден|документ не найден|к сожалению, страница не найдена
сторінку не знайдено|сторінка не знайдена|сторінка не існує|не знайдено

stránka nenalezena|stránka nebyla nalezena|nenalezeno|stránka neexistuje|stránka sa nenašla|stránka nenájdená
sidan hittades inte|sidan kunde inte hittas|sidan finns inte|hittades inte|sidan saknas
siden blev ikke fundet|siden findes ikke|siden ikke fundet|siden ble ikke funnet|siden finnes ikke|ikke funnet
sivua ei löydy|sivua ei löytynyt|sivua ei ole|ei löytynyt
sayfa bulunamadı|bulunamadı|aradığınız sayfa bulunamadı|sayfa mevcut değil
η σελίδα δεν βρέθηκε|δεν βρέθηκε|δε βρέθηκε|η σελίδα δεν υπάρχει
az oldal nem található|nem található|a keresett oldal nem található|a lap nem található
pagina nu a fost găsită|pagină inexistentă|pagina nu există|страницата не е намерена|страница није пронађена

页面不存在|找不到页面|页面未找到|页面找不到了|您访问的页面不存在|你访问的页面不存在|您要找的页面不存在|网页不存在
無法找到該頁面|找不到頁面|頁面不存在|找不到網頁|网页未找到|未找到页面|找不到该页面|找不到此頁面|抱歉，页面不存在
ページが見つかりません|ページが見つかりませんでした|お探しのページは見つかりませんでした|お探しのページが見つかりません
お探しのページは見つかりません|見つかりません|見つかりませんでした|ページは存在しません|ページが存在しません|指定されたページは存在しません
페이지를 찾을 수 없습니다|페이지를 찾을 수 없음|찾을 수 없습니다|존재하지 않는 페이지입니다|존재하지 않는 페이지

الصفحة غير موجودة|لم يتم العثور على الصفحة|غير موجود|صفحه یافت نشد|صفحه پیدا نشد|یافت نشد
הדף לא נמצא|העמוד לא נמצא|לא נמצא|דף לא נמצא
không tìm thấy trang|trang không tồn tại|không tìm thấy|halaman tidak ditemukan|tidak ditemukan|ไม่พบหน้า|ไม่พบหน้านี้
पृष्ठ नहीं मिला|পৃষ্ঠা পাওয়া যায়নি
"""  # noqa: RUF001  # so it is written
"""What is written in the place of a page, by languages."""


def says_nothing_is_here(title: str) -> bool:
    """Whether the title of a page that came with status 200 says that there is none.

    >>> says_nothing_is_here("404: Page not found | Example"), says_nothing_is_here("How to fix a 404 error in nginx")
    (True, False)
    """
    if len(title) > _LONGEST:
        return False
    text = title.lower()
    if "404" not in text and _TELLING.isdisjoint(_WORD.findall(text)):  # nearly always
        return False
    return any(map(_is_notice, _APART.split(text)))


def _is_notice(part: str) -> bool:
    words = _words(part)
    first, end = 0, len(words)
    while first < end and words[first] in _NOISE:
        first += 1
    while first < end and words[end - 1] in _NOISE:
        end -= 1
    said = " ".join(words[first:end])
    return said in _NOTICES if said else "404" in words


def _words(text: str) -> list[str]:
    """Without the signs around them; the number stands by itself."""
    text = text.replace("404", " 404 ").replace("_", " ").replace("\u2019", "'")
    return [word for piece in text.split() if (word := piece.strip(_EDGES))]


_NOTICES = frozenset(" ".join(_words(notice)) for line in _TABLE.splitlines() for notice in line.split("|")) - {""}
_TELLING = frozenset(max(_WORD.findall(notice), key=len) for notice in _NOTICES)
"""Of each notice the longest word: a title without any of them is none."""
