"""The addresses of all pages."""

from django.urls import path, register_converter

from ordna.web.views import (
    accounts,
    connections,
    flow_map,
    labels,
    messages,
    order,
    orders,
    privacy,
    shipments,
    stock,
    work,
)


class OrderId:
    """What an order's id is made of; anything else is a 404 before any query."""

    regex = "[0-9A-Za-z_-]{1,100}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(OrderId, "order")

urlpatterns = [
    path("", flow_map.show, name="flow_map"),
    path("orders", orders.show, name="orders"),
    path("orders/<order:order_id>", order.show, name="order"),
    path("orders/<order:order_id>/requests", order.ask, name="ask"),
    path("orders/<order:order_id>/parts/<order:part>/rates", labels.choose, name="rates"),
    path("orders/<order:order_id>/parts/<order:part>/packing-slip.pdf", labels.packing_slip, name="packing_slip"),
    path("orders/<order:order_id>/labels/<order:label>.<slug:form>", labels.printed, name="label_file"),
    path("shipments", shipments.show, name="shipments"),
    path("shipments/hand-over", shipments.hand_over, name="hand_over"),
    path("shipments/hand-overs/<str:handover>/manifest.pdf", shipments.manifest, name="manifest"),
    path("connections/carrier", shipments.connect, name="connect_carrier"),
    path("work", work.show, name="work"),
    path("connections", connections.show, name="connections"),
    path("connections/connect", connections.connect, name="connect"),
    path("connections/retry", connections.retry, name="retry"),
    path("connections/messages/retry", messages.retry, name="retry_message"),
    path("connections/outgoing", connections.outgoing, name="outgoing"),
    path("connections/<int:connection_id>/go-live", connections.go_live, name="go_live"),
    path("connections/<int:connection_id>/mode", connections.mode, name="connection_mode"),
    path("personal-data", privacy.show, name="privacy"),
    path("personal-data/erase", privacy.erase, name="privacy_erase"),
    path("personal-data/<int:request_id>/export", privacy.export, name="privacy_export"),
    path("personal-data/<int:request_id>/done", privacy.done, name="privacy_done"),
    path("stock", stock.show, name="stock"),
    path("stock/item", stock.item, name="stock_item"),
    path("stock/book", stock.book, name="stock_book"),
    path("stock/keep", stock.keep, name="stock_keep"),
    path("stock/locations", stock.places, name="stock_places"),
    path("stock/check", stock.check, name="stock_check"),
    path("stock/mend", stock.mend, name="stock_mend"),
    path("merchants", accounts.merchants, name="merchants"),
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-in/<str:token>", accounts.sign_in_by_link, name="sign_in_by_link"),
    path("sign-out", accounts.sign_out, name="sign_out"),
]

handler400 = "ordna.web.errors.bad_request"
handler403 = "ordna.web.errors.forbidden"
handler404 = "ordna.web.errors.not_found"
handler500 = "ordna.web.errors.server_error"
