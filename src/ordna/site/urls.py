"""All addresses: the API below /api/, everything else a page."""

from django.urls import include, path

from ordna.api.urls import urlpatterns as api
from ordna.web.urls import handler400, handler403, handler404, handler500
from ordna.web.urls import urlpatterns as web

urlpatterns = [path("api/", include(api)), path("", include(web))]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
