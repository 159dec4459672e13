"""All addresses: the API below /api/, everything else a page."""

from django.urls import include, path

from ordna.api.urls import urlpatterns as api
from ordna.web.urls import urlpatterns as web

urlpatterns = [path("api/", include(api)), path("", include(web))]
