"""The framing of event streams, read back by botocore."""

from bedrock_simulator.event_stream import event, frame
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

names = st.text(min_size=1, max_size=40, alphabet=st.characters(codec="ascii", categories=("L", "N")))


def read(data):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


@settings(deadline=None)
@given(st.dictionaries(names, st.text(max_size=100), max_size=4), st.binary(max_size=500))
def test_botocore_reads_back_every_frame(headers, payload):
    (message,) = read(frame(headers, payload))
    assert (message.headers, message.payload) == (headers, payload)


def test_several_events_follow_each_other():
    found = read(event("chunk", {"a": 1}) + event("metadata", {"b": "é"}))
    assert [message.headers[":event-type"] for message in found] == ["chunk", "metadata"]
    assert found[1].payload == '{"b": "é"}'.encode()
