"""What a backup brought to another computer is taken by upstream and lets clients in, in both placements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp

from app.practice.accounts import sample_accounts, sample_api_keys
from tests.commandline.conftest import Instances

PLUS, KEY = sample_accounts()[0], sample_api_keys()[0]
PASSPHRASE = "correct horse"


async def test_clients_go_on_with_their_license_on_the_other_computer(instances: Instances, tmp_path: Path) -> None:
    async with instances.open() as handle:
        await handle.call("token.import", text=PLUS.auth_json(), label="mine")
        await handle.call("token.add", api_key=KEY.key)
        key = (await handle.call("license.create", label="Ann"))["key"]
        text = (await handle.call("backup.export", passphrase=PASSPHRASE))["text"]
    async with replace(instances, data_dir=tmp_path / "other").open() as handle:
        before = handle.snapshot().revision
        done = await handle.call("backup.import", text=text, passphrase=PASSPHRASE)
        assert [item["label"] for item in done["shared_logins"]] == ["mine"]
        seen = handle.snapshot()
        assert seen.revision > before
        assert [token.label for token in seen.tokens] == ["mine", "API key 2"]
        for token in seen.tokens:
            assert (await handle.call("token.test", id=token.id))["ok"]
        base_url = (await handle.call("gateway.start", port=0))["base_url"]
        async with aiohttp.ClientSession(headers={"Authorization": key}) as client:
            body = {"model": "gpt-5", "input": "ping", "stream": True}
            async with client.post(f"{base_url}/responses", json=body) as answer:
                assert answer.status == 200
                assert b"response.completed" in await answer.read()
