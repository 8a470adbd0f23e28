"""What is handed on names nobody and opens nothing, whatever stands around it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.license import new_license_key
from app.platform.redaction import redacted, without_secrets
from app.practice.accounts import sample_accounts, sample_api_keys

SECRETS = [
    secret
    for account in sample_accounts()
    for secret in (account.access_token, account.id_token, account.refresh_token)
] + [sample_api_keys()[0].key, new_license_key(bytes(range(25)))]
EMAILS = [account.email for account in sample_accounts()]
HOME, USER = "/home/ann.lee", "ann.lee"
ANY = st.text(max_size=40)


@given(before=ANY, secret=st.sampled_from(SECRETS), after=ANY)
def test_no_secret_stays_whatever_stands_around_it(before: str, secret: str, after: str) -> None:
    text = before + secret + after
    assert secret not in without_secrets(text)
    assert secret not in redacted(text, home=HOME, user=USER)


@given(before=ANY, email=st.sampled_from(EMAILS), after=ANY)
def test_no_address_stays(before: str, email: str, after: str) -> None:
    assert email not in redacted(before + email + after, home=HOME, user=USER)


@given(before=st.text(alphabet=st.characters(exclude_categories=["L", "N"]), max_size=20), after=ANY)
def test_no_home_folder_and_no_name_stays(before: str, after: str) -> None:
    said = redacted(f"{before}{HOME}/x{before} {USER}/ {after}", home=HOME, user=USER)
    assert HOME not in said
    assert USER not in said.replace(after, "")


@given(
    user=st.text("abcdef0123", min_size=1, max_size=8), password=st.text("abcXYZ-._~!$;*,%1", min_size=1, max_size=20)
)
def test_no_proxys_password_stays(user: str, password: str) -> None:
    secret = f"{user}:{password}"
    said = redacted(f"the proxy socks5://{secret}@proxy.lan:1080 refused", home=HOME, user=USER)
    assert said == "the proxy socks5://…@proxy.lan:1080 refused"


@given(text=ANY)
def test_what_has_been_redacted_stays_as_it_is(text: str) -> None:
    once = redacted(text, home=HOME, user=USER)
    assert redacted(once, home=HOME, user=USER) == once


@pytest.mark.parametrize(
    ("home", "text", "expected"),
    [
        ("/home/ann", 'File "/home/ann/w/app/x.py"', 'File "~/w/app/x.py"'),
        ("/home/ann", "/home/anna/x and /home/ann", "~/x and ~"),
        ("", "/Users/Ann/Library and /home/bob", "~/Library and ~"),
        (r"C:\Users\Ann Lee", r"C:\Users\Ann Lee\AppData and c:/users/ann lee/x", r"~\AppData and ~/x"),
        (r"C:\Users\Ann Lee", r"'C:\\Users\\Ann Lee\\AppData'", r"'~\\AppData'"),
        ("", r"D:\Users\Ann Lee\AppData\x", r"~\AppData\x"),
        ("/", "/usr/lib/x", "/usr/lib/x"),
    ],
)
def test_home_folders_of_every_system(home: str, text: str, expected: str) -> None:
    assert redacted(text, home=home) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /auth/callback?code=ac_Zx91&state=abc", "GET /auth/callback?code=…&state=abc"),
        ('{"refresh_token": "anything at all"}', '{"refresh_token": "…"}'),
        ("turn r-5f0c9a1234567890 token=t-5f0c9a12 in=1200", "turn r-5f0c9a1234567890 token=t-5f0c9a12 in=1200"),
        ("port_owner failed in restart_of_the_gateway", "port_owner failed in restart_of_the_gateway"),
    ],
)
def test_what_is_named_a_secret_goes_and_the_rest_can_still_be_read(text: str, expected: str) -> None:
    assert redacted(text, home=HOME, user=USER) == expected


def test_a_name_that_everybody_has_is_left() -> None:
    assert redacted("the root logger", user="root") == "the root logger"


@pytest.mark.parametrize("text", ["a" * 40_000, "eyJaaaaaaaa" * 5_000])
def test_a_long_run_of_letters_does_not_hold_up_the_start(text: str) -> None:
    begun = time.process_time()
    assert redacted(text, home=HOME, user=USER) == text
    assert time.process_time() - begun < 1.0
