"""aiosmtpd as the tests want it. Says where it listens, then what is tried to log in with, one line each."""
import asyncio, json, logging, ssl, sys
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult

# It tells of every client that ends a handshake.
logging.disable()
wanted = json.loads(sys.argv[1])


def authenticate(server, session, envelope, mechanism, data):
    print(mechanism, flush=True)
    if wanted["refuses_login"]:
        return AuthResult(success=False, handled=False, message=wanted["refuses_login"])
    is_right = (data.login, data.password) == (b"calendar", "pässword".encode())
    return AuthResult(success=is_right, handled=is_right)


async def main():
    tls = None
    if wanted["tls"] != "none":
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(wanted["chain"], wanted["key"])
    handler = Mailbox(wanted["maildir"])
    settings = dict(
        enable_SMTPUTF8=wanted["smtputf8"],
        authenticator=authenticate,
        auth_required=wanted["tls"] != "none",
        # It takes only STARTTLS for TLS.
        auth_require_tls=wanted["tls"] == "starttls",
        auth_exclude_mechanism=wanted["without"],
        tls_context=tls if wanted["tls"] == "starttls" else None,
        require_starttls=wanted["tls"] == "starttls",
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, loop=loop, **settings), wanted["address"], 0, ssl=tls if wanted["tls"] == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
