"""Recordings: answers kept as redacted files, and played back with no network and no credentials.

``%config ApiConn.record = "recordings/"`` keeps each answer, one JSON file a request. With ``ApiConn.replay``, or the
environment variable ``APICONN_REPLAY`` where the notebook shall stay as it is, the same calls are answered from there:
below the client and above the door, so that no token is asked for and no secret is read.
"""

from apiconn_nb.recording.mode import is_recording, is_replaying, use
from apiconn_nb.recording.tape import REPLAYED, Tape, note

__all__ = ["REPLAYED", "Tape", "is_recording", "is_replaying", "note", "use"]
