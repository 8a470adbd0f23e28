"""ChatMock as its own command line starts it, with a login of nobody, against an upstream on this machine.

Runs in ChatMock's environment: only its packages and the standard library are there.

usage: chatmock_start.py PORT UPSTREAM_PORT HOME
"""

import base64
import json
import logging
import os
import sys
from pathlib import Path

port, upstream_port, home = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])


def _part(content: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


account = {"chatgpt_account_id": "bench"}
token = f"{_part({'alg': 'none'})}.{_part({'exp': 4102444800, 'https://api.openai.com/auth': account})}.x"
tokens = {"access_token": token, "id_token": token, "refresh_token": "", "account_id": "bench"}
home.mkdir(parents=True, exist_ok=True)
(home / "auth.json").write_text(json.dumps({"tokens": tokens}), encoding="utf-8")
os.environ |= {"CHATGPT_LOCAL_HOME": str(home), "CHATGPT_LOCAL_MODEL_SYNC": "false"}

import chatmock.config  # noqa: E402 - it reads the environment
import chatmock.model_catalog  # noqa: E402
import chatmock.upstream  # noqa: E402

# They take the addresses over by value, so that each has its own.
base_url = f"http://127.0.0.1:{upstream_port}/codex"
for module in (chatmock.config, chatmock.model_catalog, chatmock.upstream):
    for name, value in (("CHATGPT_CODEX_BASE_URL", base_url), ("CHATGPT_RESPONSES_URL", f"{base_url}/responses")):
        if hasattr(module, name):
            setattr(module, name, value)

from chatmock.app import create_app  # noqa: E402

logging.getLogger("werkzeug").setLevel(logging.ERROR)
create_app(model_sync=False).run(host="127.0.0.1", port=port, use_reloader=False, threaded=True)
