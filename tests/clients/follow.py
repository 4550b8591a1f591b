"""Follows the stream of an account with PyPI's jmapc, as its users do: follow.py <host:port> <token>

One line of JSON for each state event. It ends only when the client gives up.
"""

import json
import sys

from jmapc import Client

host, token = sys.argv[1:]
client = Client.create_with_api_token(host=host, api_token=token)
for event in client.events:
    changed = {account: {"Email": state.email} for account, state in event.data.changed.items()}
    print(json.dumps({"event": "state", "id": event.id, "data": {"changed": changed}}), flush=True)
