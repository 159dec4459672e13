"""Practice Post's words for where a parcel is, and ours: states of the shipment machine, "" for what is no news."""

PROGRESS = {
    "created": "",
    "in_transit": "in_transit",
    "delayed": "delayed",
    "out_for_delivery": "out_for_delivery",
    "attempted": "attempted",
    "failed": "failed",
    "returned": "returned",
    "delivered": "delivered",
}
