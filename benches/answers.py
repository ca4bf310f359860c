"""Our answers as files for nginx, and proof that both servers do the same work."""

import contextlib
import hashlib
import http.client
import json
import random
import shutil

from servers import Trouble

PAGE_SIZE = 50
PAGE = "/services?full=true&page={}"
EXPORT = "/services?format=ndjson&full=true"


def pages(ids):
    """The numbers of all pages."""
    return range(1, -(-len(ids) // PAGE_SIZE) + 1)


def paths(ids):
    """Each service and page: its path with us and its path below nginx's root."""
    services = [(f"/services/{id}", f"/services/{id[:2]}/{id}") for id in ids]
    return services, [(PAGE.format(number), f"/pages/{number}") for number in pages(ids)]


def save(server, ids, root):
    """Save every answer that is measured below `root`; the pages and the export must hold each service once."""
    services, listing = paths(ids)
    listed = []
    with connected(server) as connection:
        for path, static in services:
            _write(root / static[1:], body(connection, path))
        for path, static in listing:
            page = body(connection, path)
            _write(root / static[1:], page)
            read = json.loads(page)
            if read["total_items"] != len(ids) or read["total_pages"] != len(listing):
                raise Trouble(f"{path} counts {read['total_items']} services on {read['total_pages']} pages")
            listed += [service["id"] for service in read["contents"]]
        _write(root / "up", b"up")
    download(server, EXPORT, root / "export")
    with open(root / "export", "rb") as lines:
        exported = [json.loads(line)["id"] for line in lines]
    for what, found in (("pages hold", listed), ("export holds", exported)):
        if sorted(found) != sorted(ids):
            raise Trouble(f"the {what} {len(found)} services, {len(set(found))} different ones, of {len(ids)}")


def download(server, path, file):
    """Save one answer, however long."""
    with connected(server) as connection, open(file, "wb") as saved:
        connection.request("GET", path)
        shutil.copyfileobj(connection.getresponse(), saved, 1 << 20)


def check_same(ours, nginx, ids, root):
    """nginx must answer with the bytes of the files. Ours made them a moment ago, so the export and a twentieth of the
    rest are asked for again. Opens every file in nginx, too."""
    pairs = sum(paths(ids), [])
    again = set(random.Random(1).sample(range(len(pairs)), len(pairs) // 20))
    with connected(ours) as mine, connected(nginx) as other:
        for number, (path, static) in enumerate(pairs):
            expected = (root / static[1:]).read_bytes()
            if body(other, static) != expected or (number in again and body(mine, path) != expected):
                raise Trouble(f"the answers to {path} differ")
        if _digest(mine, EXPORT) != _digest(other, "/export"):
            raise Trouble("the exports differ")


def connected(server):
    """A connection that is kept open, to be closed by `with`."""
    return contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port))


def body(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise Trouble(f"{path} was answered with {answer.status}: {content[:200].decode(errors='replace')}")
    return content


def _digest(connection, path):
    connection.request("GET", path)
    return hashlib.file_digest(connection.getresponse(), "sha256").hexdigest()


def _write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
