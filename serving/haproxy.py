"""Stands in for HAProxy: makes the configuration that Ray Serve wrote ours, then becomes HAProxy.

Whatever HAProxy or Ray would answer by itself is one line of JSON; headers by which callers could steer Ray are taken
off; callers are let in at HOST, all else listens on loopback; no request goes to a system log. A request is passed on
once it is whole, so that it can be repeated where its replica ends or does not answer; with no replica left it is
refused, not held: a server within HAProxy does that, which is asked last. (HAProxy itself would close the connection
without a word where it repeats a request that first went over a connection that others had used.) What HAProxy 2.8 says
of bytes that are no HTTP stands in its binary, and no setting reaches it: HAProxy runs as a copy in which these texts
are ours. What is beyond MOST rankings a replica, the replicas' own bound, is refused before it costs them time. Run as
`haproxy.py BINARY HOST MOST ARGUMENT...` by the launcher's script, for Ray Serve names one executable. Needs the
standard library alone, since it starts at every reload.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

NO_ROUTE = "no route has this path; routes are at /docs"
ANSWERS = {
    400: "no HTTP request, or one of too many headers; send it as /docs shows",
    403: NO_ROUTE,
    404: NO_ROUTE,
    405: "the route of this path takes another method; routes are at /docs",
    408: "the request did not arrive in time; send it again",
    413: "the body is over 1,000,000 bytes; send fewer candidates or events at a time",
    422: "this transfer coding is not read; send the body as it is, or chunked",
    500: "the endpoint failed, which its log explains; send the request again",
    502: "a replica ended before it answered; send the request again",
    503: "no replica can take the request now; send it again in a second",
    504: "no replica answered in time; send the request again",
}
"""By status, what the caller is told where HAProxy or Ray Serve answers and no route of ours."""
BUILT_IN = (400, 408, 422, 500)
"""Statuses that HAProxy's parser of HTTP answers with by itself."""
STEERING = (
    *("serve_multiplexed_model_id", "serve-multiplexed-model-id", "x-request-timeout-seconds"),
    *("x-request-disconnect-disabled", "x-session-id", "upgrade"),
)
"""Headers by which a caller would choose a replica, a timeout or another protocol."""
NOBODY = "nobody"
"""The server of every backend that is asked where no replica is left."""
RANKED = "ranked"
"""What rankings under way are counted by."""
NO_PAGE = "!{ res.hdr(content-security-policy) -m found }"
"""A page of the console brings its policy; nothing of HAProxy or Ray does."""
SECTIONS = ("global", "defaults", "frontend", "backend", "listen")
METHODS = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE"
SYSTEM_LOG = "log 127.0.0.1:"
"""Begins what sends a line a request, with all that its query string holds, to whoever listens for UDP."""
LOOPBACK = "127.0.0.1"
ARRIVAL_SECONDS = 30
"""How long a request may take to arrive, its body with it."""
LONGEST_HEADERS = 65_536
"""Bytes of the path, and of all headers, each."""
CONNECT_MS = 300
"""How long a replica may take to accept a connection, and the pause before the last one that is left is asked again."""
SPARE_MS = 1_000
"""What a replica gets beyond a deadline; then another one is asked, and a slate of the first is not recorded."""
DEADLINES_MS = {"/v1/rank": 150, "/v1/search/": 150, "/v1/feed/": 150, "/v1/review/": 150}
"""Deadlines of requests that name none, by the beginnings of their paths."""
DEADLINE = "req.body,json_query('$.deadline_ms','int')"


def main(arguments: list[str]) -> None:
    """Rewrite the file behind -f and replace this process by HAProxy with the same arguments."""
    binary, host, most, *options = arguments
    path = Path(options[options.index("-f") + 1])
    configuration = path.read_text()
    answers = write_answers(path.parent)
    path.write_text(rewritten(configuration, answers, host, int(most)))
    os.execv(binary, [binary, *options])  # noqa: S606 - HAProxy, as Ray Serve would start it


def write_answers(folder: Path) -> dict[int, Path]:
    """Files that HAProxy answers from, by status."""
    paths = {status: folder / f"answer-{status}.http" for status in ANSWERS}
    for status, path in paths.items():
        path.write_text(_answer_in_full(status, "Retry-After: 1\r\n" if status == 503 else ""), newline="")
    return paths


def copied(binary: Path, folder: Path) -> Path:
    """A copy of HAProxy in `folder` whose built-in answers are ours; one that is not found, or too short, stays."""
    image = binary.read_bytes()
    for status in BUILT_IN:
        own = _answer_in_full(status, "Connection: close\r\n").encode()
        found = re.search(rb"HTTP/1\.1 %d [^\0]+</html>\n\0" % status, image)
        if found is not None and len(own) < len(found[0]):
            image = image[: found.start()] + own.ljust(len(found[0]), b"\0") + image[found.end() :]
    copy = folder / binary.name
    copy.write_bytes(image)
    copy.chmod(0o755)
    (folder / "lib").symlink_to(binary.parent / "lib")
    return copy


def rewritten(configuration: str, answers: dict[int, Path], host: str, most: int) -> str:
    """The configuration with our answers, rules and addresses; once more rewritten it stays as it is."""
    if _MARK in configuration:
        return configuration
    lines = configuration.splitlines()
    nobody = answers[503].with_name(f"{NOBODY}.sock")
    return "\n".join([*_lines(lines, answers, host, nobody, most), *_nobody(nobody), *_counted()]) + "\n"


def _lines(lines: list[str], answers: dict[int, Path], host: str, nobody: Path, most: int) -> Iterator[str]:
    yield _MARK
    section = ""
    for line in lines:
        if line.lstrip().startswith(("errorfile ", SYSTEM_LOG)) or line.endswith(" backup"):
            continue
        section = line.strip() if line.split()[:1] and line.split()[0] in SECTIONS else section
        yield from _healthy(_of_refusal(re.sub(r"^(\s*bind )\*?:(\d+)", rf"\g<1>{LOOPBACK}:\2", line)), lines)
        if line.strip() == "defaults":
            yield from (f"    errorfile {status} {path}" for status, path in answers.items())
            yield f"    timeout http-request {ARRIVAL_SECONDS}s"
            yield "    option http-buffer-request"
        elif line.strip().startswith("bind ") and section == "frontend http_frontend":
            if host != LOOPBACK:
                yield f"    bind {host}:{line.rpartition(':')[2]}"
            yield from (f"    {rule}" for rule in _rules())
        elif line.startswith("backend http-"):
            yield from (f"    {rule}" for rule in (*_bound(most), *_patience()))
            yield f"    server {NOBODY} unix@{nobody} backup"


def _healthy(line: str, lines: list[str]) -> Iterator[str]:
    """That a backend has a server means one of its replicas: NOBODY is always there."""
    rule = re.match(r"(\s*acl \S+ )nbsrv\((\S+)\) ge 1$", line)
    replicas = _servers(rule[2], lines) if rule else []
    yield from (f"{rule[1]}srv_is_up({rule[2]}/{name})" for name in replicas) if rule and replicas else (line,)


def _servers(backend: str, lines: list[str]) -> list[str]:
    """Names of the replicas of a backend."""
    inside, names = False, []
    for line in lines:
        words = line.split()
        if words and words[0] in SECTIONS:
            inside = words == ["backend", backend]
        elif inside and words[:1] == ["server"] and words[-1] != "backup":
            names.append(words[1])
    return names


def _nobody(address: Path) -> Iterator[str]:
    """The server that refuses."""
    yield f"frontend {NOBODY}"
    yield f"    bind unix@{address} mode 600"
    yield f"    http-request return {_answer(503)}"


def _bound(most: int) -> Iterator[str]:
    """Of a backend of replicas: rankings under way beyond `most` a replica are refused."""
    ranking = f"{{ path_beg {' '.join(DEADLINES_MS)} }}"
    yield f"http-request track-sc0 str({RANKED}) table {RANKED} if {ranking}"
    yield f"http-request set-var(txn.{RANKED}) sc_conn_cur(0,{RANKED}) if {ranking}"
    yield f"http-request return {_answer(503)} if {ranking} {{ nbsrv,mul({most}),sub(txn.{RANKED}) lt 0 }}"


def _counted() -> Iterator[str]:
    """The table in which rankings under way are counted."""
    yield f"backend {RANKED}"
    yield f"    stick-table type string len {len(RANKED)} size 1 store conn_cur"


def _rules() -> Iterator[str]:
    """Of the frontend: what is refused, what is taken off requests, and what becomes of answers that are not ours."""
    yield f"http-request return {_answer(400)} if !{{ path_beg / }}"
    long = f"{{ url,length gt {LONGEST_HEADERS} }} or {{ req.hdrs,length gt {LONGEST_HEADERS} }}"
    yield f"http-request return {_answer(400)} if {long}"
    yield f"http-request return {_answer(405)} if !{{ method {METHODS} }}"
    yield from (f"http-request del-header {name}" for name in STEERING)
    yield "http-request del-header x-request-id if !{ req.hdr(x-request-id) -m reg ^[!-~]{1,200}$ }"
    for status in ANSWERS:
        foreign = f"{{ status {status} }} !{{ res.hdr(content-type) -m beg application/json }} {NO_PAGE}"
        ours = 504 if status == 408 else status  # Ray's 408 is a replica that took too long
        yield f"http-response return {_answer(ours)} if {foreign}"


def _patience() -> Iterator[str]:
    """Of a backend of replicas: how long one may take, by the deadline of the request as far as its body shows it."""
    yield f"timeout connect {CONNECT_MS}ms"
    for path, deadline_ms in DEADLINES_MS.items():
        plain = f"{{ path_beg {path} }} {{ req.hdr_cnt(content-encoding) eq 0 }}"
        yield f"http-request set-timeout server {deadline_ms + SPARE_MS} if {plain}"
    yield f"http-request set-timeout server {DEADLINE},add({SPARE_MS}) if {{ {DEADLINE} -m int 1:60000 }}"


def _of_refusal(line: str) -> str:
    """Ray's plain-text 404 for an application that is not there yet as ours."""
    if "http-request return status 404 content-type text/plain" not in line:
        return line
    return f"    http-request return {_answer(503)}"


def _answer(status: int) -> str:
    retry = " hdr retry-after 1" if status == 503 else ""
    return f"status {status} content-type application/json string '{_body(status)}'{retry}"


def _answer_in_full(status: int, headers: str = "") -> str:
    body = _body(status)
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}"


def _body(status: int) -> str:
    return json.dumps({"error": ANSWERS[status]})


_MARK = "# made ours"
_REASONS = {
    **{400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout"},
    **{413: "Content Too Large", 422: "Unprocessable Content", 500: "Internal Server Error", 502: "Bad Gateway"},
    **{503: "Service Unavailable", 504: "Gateway Timeout"},
}

if __name__ == "__main__":
    main(sys.argv[1:])
