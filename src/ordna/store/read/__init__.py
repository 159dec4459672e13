"""Read models: what pages and the API show, as frozen values. Nothing here writes.

door         the reader role: connections that see the merchants of one request and nothing else
orders       the list, with its filters and its keyset paging
order        one order with its journal, decisions, tasks and effects
flow_map     where open orders stand
work         open tasks
connections  links to outside systems, merchants, the flow in force
"""
