"""Routes of the admin page that show the rules, try a changed text of them, and save it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.admin.admin_route import AdminRoute
from app.admin.forms import FormOf, get_field
from app.admin.rendering import redirect, render
from app.admin.rules_trial import Trial, try_rules
from app.admin.session import Session, SessionOf
from app.asgi.dependencies import LimitedReads, ServiceOf
from app.asgi.errors import ApiError
from app.database.merchandising.stored_rules import RulesChangedError, version_of
from app.rules.rule_set import InvalidRulesError, parse_rules
from app.serving.service import Service
from app.serving.shop_rules import RulesInFileError

router = APIRouter(route_class=AdminRoute, include_in_schema=False)

_log = logging.getLogger(__name__)


@router.get("/admin/rules", dependencies=[LimitedReads])
def show_rules(request: Request, session: SessionOf, service: ServiceOf) -> Response:
    """Show the rules as text, and the mistakes in a file that cannot be used."""
    text = ""
    mistakes: Sequence[str] = ()
    try:
        text = service.rules.read()
        parse_rules(text)
    except InvalidRulesError as error:
        mistakes = error.problems
    return _render_rules(request, session, service, text, version_of(text), mistakes=mistakes)


@router.post("/admin/rules")
async def change_rules(request: Request, session: SessionOf, service: ServiceOf, form: FormOf) -> Response:
    """Try the text of the form, or save it in place of the rules with which the form was opened."""
    text, seen, words = f"{get_field(form, 'text')}\n".lstrip(), get_field(form, "version"), get_field(form, "q")
    try:
        if get_field(form, "action") == "check":
            trial = await try_rules(request, service, parse_rules(text), words)
            return _render_rules(request, session, service, text, seen, words=words, trial=trial)
        await run_in_threadpool(service.rules.replace, text, seen)
    except InvalidRulesError as error:
        return _render_rules(request, session, service, text, seen, 422, words=words, mistakes=error.problems)
    except ApiError as error:
        return _render_rules(request, session, service, text, seen, error.status, words=words, problem=error.message)
    except RulesInFileError as error:
        return _render_rules(request, session, service, text, seen, 409, words=words, problem=str(error))
    except RulesChangedError:
        stored = await run_in_threadpool(service.rules.read)
        problem = "Somebody has saved other rules since this page was opened. They are below: take over what you need."
        problem += " A second Save replaces them."
        version = version_of(stored)
        return _render_rules(request, session, service, text, version, 409, words=words, problem=problem, newer=stored)
    _log.info("the rules were replaced on the admin page by key %r", session.key.name)
    return redirect("/admin/rules?notice=rules-saved")


def _render_rules(
    request: Request,
    session: Session,
    service: Service,
    text: str,
    version: str,
    status: int = 200,
    *,
    words: str = "",
    mistakes: Sequence[str] = (),
    trial: Trial | None = None,
    problem: str | None = None,
    newer: str | None = None,
) -> Response:
    """Render the text of the rules with what became of it. `version` is that of the rules which a save replaces."""
    context = {"text": text, "version": version, "words": words, "mistakes": mistakes, "trial": trial, "newer": newer}
    path = service.rules.path
    return render(request, "rules.html", session, status, path=path, problem=problem, **context)
