"""All addresses: the API below /api/, everything else a page."""

from django.urls import include, path

from ordna.api import urls as api
from ordna.web import urls as web

urlpatterns = [path("api/", include(api)), path("", include(web))]

handler400 = web.handler400
handler403 = web.handler403
handler404 = web.handler404
handler500 = web.handler500
