"""Are there known vulnerabilities in what requirements.lock pins: `make audit`. Asks https://osv.dev, by pip-audit.

Exit status 1 where there is one that ACCEPTED does not name, 2 where pip-audit failed; 0 where there is none, and where
nobody could be asked, which is printed. Nothing is installed or resolved.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
SECONDS = 240
PIP_AUDIT = ("--vulnerability-service", "osv", "--no-deps", "--disable-pip", "--progress-spinner", "off")
UNREACHED = re.compile(r"\b(ConnectionError|ConnectTimeout|ReadTimeout|ServiceUnavailable|ProxyError|SSLError)\b")
ACCEPTED: Mapping[str, str] = {}
"""Advisories that do not apply here, by their id or an alias -> why."""


def main() -> int:
    """Print what was found; the exit status."""
    command = [sys.executable, "-m", "pip_audit", *PIP_AUDIT, "--timeout", "5", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--requirement", str(LOCK)], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        audited = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _not_asked(f"no answer within {SECONDS} s")
    except (ValueError, KeyError):
        if found := UNREACHED.search(done.stderr):
            return _not_asked(found[0])
        print(done.stderr.strip(), file=sys.stderr)
        return 2
    return report(audited)


def report(audited: list[dict[str, Any]]) -> int:
    """Print the vulnerabilities of what pip-audit says of each package; the exit status."""
    skipped = [each["name"] for each in audited if "skip_reason" in each]
    if skipped:
        print(f"not known to the advisories, and not audited: {', '.join(skipped)}")
    lines = list(_vulnerable(audited))
    print("\n".join([*lines, f"{len(audited) - len(skipped)} packages audited, {len(lines)} known vulnerabilities"]))
    return 1 if lines else 0


def _vulnerable(audited: list[dict[str, Any]]) -> Iterator[str]:
    for package in audited:
        for found in package.get("vulns", ()):
            if not ACCEPTED.keys() & {found["id"], *found.get("aliases", ())}:
                fixed = ", ".join(found.get("fix_versions", ())) or "none yet"
                yield f"{package['name']} {package['version']}: {found['id']}; fixed in: {fixed}"


def _not_asked(why: str) -> int:
    print(f"the dependencies were not audited: https://osv.dev could not be asked ({why})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
