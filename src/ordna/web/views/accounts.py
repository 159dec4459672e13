"""Signing in by a link that works once, signing out, and changing merchants."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ordna.engine import clock
from ordna.store import accounts
from ordna.store.read import connections
from ordna.store.read.door import view
from ordna.web.desk import database, desk, switch

SPENT = "This link was used already, or it is older than 15 minutes. The command ordna sign-in prints a new one."


@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page for whoever is not signed in."""
    said = "Open the one-time link that Ordna printed when it started. It works once, for 15 minutes."
    return render(request, "ordna/alone.html", {"heading": "Sign in", "sentence": said})


@require_http_methods(["GET", "POST"])
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Looking at a link spends nothing (mail scanners look at links too); pressing the button does."""
    now = clock.now()
    if request.method == "POST":
        user = accounts.spend_link(token, now)
        if user is None:
            return _spent(request)
        login(request, user)
        return redirect("flow_map")
    if not accounts.link_is_good(token, now):
        return _spent(request)
    said = "This link signs you in, once."
    return render(request, "ordna/alone.html", {"heading": "Welcome", "sentence": said, "token": token})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session on the server."""
    logout(request)
    return redirect("sign_in")


@require_http_methods(["GET", "POST"])
def merchants(request: HttpRequest) -> HttpResponse:
    """Choose the merchant to work for."""
    if request.method == "POST":
        wanted = request.POST.get("merchant", "")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19 and switch(request, int(wanted))):
            raise Http404
        return redirect("flow_map")
    choices = []
    for merchant_id in desk(request).merchant_ids:
        with view(database(), merchant_id) as seen:
            merchant = connections.merchant(seen)
        if merchant is not None:
            choices.append(merchant)
    context = {"heading": "Switch merchant", "sentence": "For whom do you work now?", "choices": choices}
    return render(request, "ordna/alone.html", context)


def _spent(request: HttpRequest) -> HttpResponse:
    return render(request, "ordna/alone.html", {"heading": "This link no longer works", "sentence": SPENT}, status=410)
