"""Compare the readings of all files, measure large ones, and print one JSON object, as a proof has it."""

from __future__ import annotations

import json

from tests.writers import comparison, files, large


def main() -> None:
    """Print figures, objections and details."""
    found = {name: comparison.compare(content) for name, content in files.files()}
    objections = [f"{name}: {difference}" for name, difference in found.items() if difference]
    details = []
    for told, objection in large.measure():
        details.append(told)
        objections += [objection] if objection else []
    figures = f"{len(found):,} files by four writers read like pyarrow reads them, but for {len(objections)}"
    print(json.dumps({"figures": figures, "objections": objections, "details": details}))


if __name__ == "__main__":
    main()
