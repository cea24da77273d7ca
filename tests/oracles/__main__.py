"""Compare everything, and print one JSON object: figures, objections and details, as a proof has them."""

from __future__ import annotations

import json

from tests.oracles import metrics, rates, statistics


def main() -> None:
    """Print what was compared, what differs by more than it may, and every figure."""
    details, objections = [], []
    for what, differs, allowed in (*metrics.compare(), *statistics.compare()):
        details.append(f"{differs:9.1e}  {what}")
        if not differs <= allowed:
            objections.append(f"{what}: differs by {differs:.1e}, allowed {allowed:.0e}")
    compared = len(details)
    for what, figure, least, most in rates.compare():
        details.append(f"{figure:9.4f}  {what}")
        if not least <= figure <= most:
            objections.append(f"{what}: {figure:.4f}, allowed {least} to {most}")
    figures = f"{compared} comparisons, {len(details) - compared} rates of coverage and error"
    print(json.dumps({"figures": figures, "objections": objections, "details": details}))


if __name__ == "__main__":
    main()
