"""Whom we believe that they are upstream: the system's certificate authorities."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi


def client_context() -> ssl.SSLContext:
    """A TLS context that checks names and certificates.

    The system's authorities count, with SSL_CERT_FILE and SSL_CERT_DIR as OpenSSL reads them. A Python that knows none
    (the one from python.org on macOS, until its own installation step was run; a bundle) gets certifi's.
    """
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not _authorities_in_folder():
        context.load_verify_locations(certifi.where())
    return context


def _authorities_in_folder() -> bool:
    # OpenSSL looks into the folder only when it needs one, so that the context does not count them.
    folder = ssl.get_default_verify_paths().capath
    try:
        return folder is not None and any(Path(folder).iterdir())
    except OSError:
        return False
