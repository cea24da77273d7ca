"""Acts: a purchase that is renewed for years keeps who began it, and its row stays small."""

from __future__ import annotations

from datetime import UTC, datetime

from tunedrop.domain.serving import acts
from tunedrop.domain.serving.acts import EXPIRY, MOST_ACTS, Act, Author

NOW = datetime(2026, 11, 30, tzinfo=UTC)
DANA = Author("arn:aws:iam::123456789012:user/dana", "request-1")


def test_a_long_row_lets_go_of_the_middle_and_keeps_who_began_it():
    done: tuple[Act, ...] = acts.after((), "asked", DANA, NOW)
    done = acts.after(done, "bought", acts.ours("bedrock-1"), NOW)
    for number in range(2 * MOST_ACTS):
        done = acts.after(done, "renewed", Author(DANA.by, f"renewal-{number}"), NOW)
    done = acts.after(done, "released", EXPIRY, NOW)
    assert len(done) == MOST_ACTS
    assert [act.did for act in (*done[:3], done[-1])] == ["asked", "bought", "renewed", "released"]
    assert done[-2].request_id == f"renewal-{2 * MOST_ACTS - 1}"
