"""A process that refreshes the token `t-plus` of a data folder over and over, to be killed by a test.

Says `using <refresh token>` on its standard output as soon as a pair is in use; the secrets are made-up ones.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.core.credential import ChatGPTLogin
from tests.gateway.fresh import rig


async def main(folder: Path, issuer: str) -> None:
    async with rig(folder, issuer=issuer) as here:
        while True:
            here.clock.pass_by(60)
            await here.refresher.refresh("t-plus", "unauthorized_recovery")
            login = here.state.secrets["t-plus"].credential
            assert isinstance(login, ChatGPTLogin)
            print("using", login.refresh_token, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
